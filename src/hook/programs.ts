/**
 * What the built-in rules hold to be dangerous: what destroys, reaches others, changes who may do what, or runs words
 * that a reader of command lines can't follow. A person is asked about each.
 */
import { readCommand, type SimpleCommand, type Word } from "./shell.ts";

/** Why a person is asked; null where there is no reason to. */
export type Reason = string | null;

/** A command with what runs other commands taken off: `env`, `nohup`, `timeout 5`, `bash -c "…"` and so on. */
export interface Unwrapped {
  readonly commands: readonly SimpleCommand[];
  readonly unclear: readonly string[];
}

const ALWAYS: Readonly<Record<string, string>> = {
  ...named("runs as another user", "sudo su doas pkexec runuser setpriv chroot"),
  ...named("reaches another machine", "ssh scp sftp rsync ftp telnet nc ncat netcat socat rclone"),
  ...named(
    "runs words that are not followed here",
    "eval source . trap alias parallel watch script flock expect at batch",
  ),
  ...named(
    "destroys or overwrites disks",
    "dd mkfs fdisk parted sgdisk wipefs shred blkdiscard mkswap lvremove vgremove",
  ),
  ...named("deletes or cuts files", "rmdir unlink truncate srm"),
  ...named("stops the machine or its services", "shutdown reboot halt poweroff systemctl service launchctl init"),
  ...named("ends other programs", "kill killall pkill"),
  ...named("changes who may do what", "chown chgrp setfacl passwd usermod useradd userdel groupmod visudo chattr"),
  ...named("changes the machine", "crontab mount umount iptables nft ufw sysctl modprobe insmod rmmod"),
  ...named(
    "changes infrastructure",
    "terraform tofu pulumi kubectl helm ansible ansible-playbook aws gcloud az doctl fly flyctl heroku vercel netlify wrangler",
  ),
  ...named(
    "works on a database",
    "psql mysql mariadb sqlplus sqlite3 mongosh mongo redis-cli dropdb createdb pg_restore",
  ),
  ...named("reads or writes secrets", "gpg pass vault op security secret-tool"),
  ...named("sends mail", "mail mailx sendmail mutt"),
};

const SHELLS = new Set(["sh", "bash", "zsh", "dash", "ksh", "ash", "fish", "csh", "tcsh", "pwsh", "powershell", "cmd"]);
/** Options behind which a program is given as text. */
const INTERPRETERS: Readonly<Record<string, RegExp>> = {
  python: /^-[A-Za-z]*c|^-$/,
  node: /^(-[A-Za-z]*[ep]|--eval|--print|-r|--require|--import|-)(=|$)/,
  nodejs: /^(-[A-Za-z]*[ep]|--eval|--print|-)(=|$)/,
  bun: /^(-e|--eval|-p|--print|-)(=|$)/,
  deno: /^(eval|repl|-)$/,
  perl: /^-[A-Za-z0-9]*[eEMm]|^-$/,
  ruby: /^-[A-Za-z]*[er]|^-$/,
  php: /^-[A-Za-z]*r|^-$/,
  lua: /^-[A-Za-z]*e|^-$/,
  osascript: /./,
};

/** Programs that are dangerous with certain words. Words that the shell fills in could be any of them. */
const WITH_WORDS: Readonly<Record<string, { readonly words: RegExp; readonly why: string }>> = {
  rm: { words: /^-|^\/|^~|^\.\.?(\/|$)/, why: "deletes files" },
  mv: { words: /^\/|^~|^-.*f/, why: "moves or overwrites files" },
  cp: { words: /^\/(?!tmp\/)|^~/, why: "overwrites files" },
  ln: { words: /^-.*f/, why: "replaces files" },
  chmod: { words: /^-R|--recursive|777|^[^+]*\+[\s\S]*s|^[4-7]\d{3}$/, why: "changes who may do what" },
  find: {
    words: /^-(delete|exec|execdir|ok|okdir|fprint|fprint0|fprintf|fls)$/,
    why: "deletes files or runs commands on them",
  },
  tar: { words: /^--?(to-command|checkpoint-action|use-compress-program|rsh-command|I)/, why: "runs another program" },
  curl: {
    words: /^(-[A-Za-z]*[dFTXoOKH]|--(data|form|upload|request|json|output|remote-name|config|header|url-query))/,
    why: "sends something to another machine, or writes what it gets",
  },
  wget: {
    words: /^--?(post|method|body|use-askpass|execute|e$|O|output-document|i$|input-file)/,
    why: "sends something to another machine, or writes what it gets",
  },
  docker: {
    words: /^(run|exec|rm|rmi|kill|stop|push|prune|build|compose|system|volume|cp|load|login|start)$/,
    why: "works on containers",
  },
  podman: {
    words: /^(run|exec|rm|rmi|kill|stop|push|prune|build|compose|system|volume|cp|load|login|start)$/,
    why: "works on containers",
  },
  npm: {
    words:
      /^(publish|unpublish|deprecate|owner|access|token|login|adduser|dist-tag|team|org|exec|x|config|set|--script-shell.*)$/,
    why: "publishes, or runs what is not in the project",
  },
  pnpm: {
    words: /^(publish|unpublish|deprecate|dlx|exec|config|login)$/,
    why: "publishes, or runs what is not in the project",
  },
  yarn: { words: /^(publish|npm|dlx|exec|config|login)$/, why: "publishes, or runs what is not in the project" },
  cargo: { words: /^(publish|yank|owner|login|--config.*)$/, why: "publishes" },
  gem: { words: /^(push|yank|owner)$/, why: "publishes" },
  twine: { words: /^upload$/, why: "publishes" },
  gh: {
    words:
      /^(api|merge|delete|create|close|secret|auth|release|workflow|variable|ssh-key|gpg-key|edit|comment|review|run|repo)$/,
    why: "acts on GitHub",
  },
  glab: { words: /^(api|merge|delete|create|close|auth|release|variable)$/, why: "acts on GitLab" },
  history: { words: /^-[cw]/, why: "rewrites the history" },
  pausepoint: { words: /./, why: "is the program that asks" },
  awk: { words: /system|getline|\||>|^-[fi]|^--/, why: "may run other programs" },
  sed: {
    words: /^(-[A-Za-z]*[if]|--(in-place|file))|[ew]\s*$|(^|[;{}\d$/])\s*[ew](\s|$)/,
    why: "may change files or run other programs",
  },
  git: {
    words:
      /^(push|clean|filter-branch|filter-repo|reflog|gc|prune|update-ref|replace|daemon|send-email|config|remote|submodule|bisect|difftool|mergetool|credential.*|worktree|rebase|reset|restore|checkout|switch|stash|rm|branch|tag|am|apply|-c.*|-C|--(exec-path|config-env|git-dir|work-tree|upload-pack|receive-pack|ext-diff|textconv|output|open-files-in-pager|exec|namespace)(=.*)?|-O.*|-x)$/,
    why: "changes history, branches, remotes or what git runs",
  },
};

/** Of the git words above, the forms that only look. Read as the whole line behind `git`. */
const GIT_LOOKS = [
  /^branch( (-a|-r|-v|-vv|--list|--show-current|--all|--remotes))*$/,
  /^tag( (-l|--list|-n))?$/,
  /^remote( (-v|show|--verbose))?$/,
  /^stash (list|show)$/,
  /^(checkout|switch) (-b|-c) [\w./-]+$/,
  /^worktree list$/,
  /^reflog$/,
];

/** Variables that change nothing but how output looks or which surroundings a program takes itself to be in. */
const HARMLESS_VARIABLE =
  /^(CI|NODE_ENV|FORCE_COLOR|NO_COLOR|TZ|LANG|LC_[A-Z]+|TERM|COLUMNS|DEBUG|RUST_LOG|RUST_BACKTRACE|GOOS|GOARCH|CGO_ENABLED)$/;
/** Variables that make a later program run or load something else. */
const LOADING_VARIABLE =
  /^(PATH|IFS|ENV|SHELL|HOME|CDPATH|BASH_.*|PROMPT_COMMAND|PS4|LD_.*|DYLD_.*|GIT_.*|SSH_.*|NODE_OPTIONS|NODE_PATH|PYTHON.*|PERL.*|RUBY.*|JAVA_TOOL_OPTIONS|.*PAGER|.*EDITOR|VISUAL|BROWSER|LESS.*|.*_COMMAND|.*_?PROXY|.*_proxy|npm_config_.*|NPM_CONFIG_.*|CARGO_.*|RUSTC.*|CC|CXX|LD|MAKEFLAGS|PAUSEPOINT_.*)$/;

/** Files that decide what an agent, a shell or git runs, or that hold keys: writing there gives away more than a file. */
const GUARDED_PATH =
  /(^|\/)(\.claude|\.codex|\.cursor|\.gemini|\.copilot|\.opencode|\.ssh|\.gnupg|\.aws|\.kube|\.config\/(pausepoint|opencode|git)|\.pausepoint|\.git\/(hooks|config)|\.github\/(hooks|workflows|copilot)|\.husky)(\/|$)|(^|\/)(pausepoint\.(hooks\.json|config\.ts)|opencode\.jsonc?|\.mcp\.json|\.?(bashrc|bash_profile|zshrc|zprofile|zshenv|profile|npmrc|netrc|pypirc|gitconfig|env|envrc))$|(^|\/)state\/pausepoint(\/|$)|^\/(etc|boot|usr|bin|sbin|lib|dev|sys|proc|root)\//;

/** Whether a file is one of those whose change a person should see. */
export function isGuardedPath(path: string): boolean {
  return GUARDED_PATH.test(path.replaceAll("\\", "/").replaceAll(/\/(\.?\/)+/g, "/"));
}

export function isHarmlessVariable(name: string): boolean {
  return HARMLESS_VARIABLE.test(name);
}

/** The name that a program goes by, whatever folder it is called from. */
export function programName(word: Word): string {
  return word.text.slice(word.text.lastIndexOf("/") + 1).replace(/\.exe$/i, "");
}

/** Why a person is asked before this one command runs. */
export function dangerOf(command: SimpleCommand): Reason {
  const { assignments, words, writes, isFed } = command;
  const loading = assignments.find((name) => LOADING_VARIABLE.test(name));
  if (loading !== undefined) return `sets ${loading}, which changes what programs run`;
  for (const target of writes) {
    if (!target.isFixed) return "writes to a file whose name the shell fills in";
    if (isGuardedPath(target.text)) return `writes to ${target.text}`;
  }
  const [program, ...rest] = words;
  if (program === undefined) return null;
  if (!program.isFixed) return "runs a program whose name the shell fills in";
  const name = programName(program);
  const guarded = rest.find((word) => isGuardedPath(word.text));
  if (guarded !== undefined && !READERS_OF_NAMES.has(name)) return `touches ${guarded.text}`;
  if (Object.hasOwn(ALWAYS, name)) return ALWAYS[name] ?? null;
  if (/^mkfs\./.test(name)) return "destroys or overwrites disks";
  if (SHELLS.has(name)) {
    const script = rest.find((word) => !word.text.startsWith("-"));
    return script === undefined || isFed || rest.some((word) => word.text === "-s")
      ? "feeds a shell with words that are not followed here"
      : null;
  }
  const interpreter = INTERPRETERS[name.replace(/(?<![\d.])[\d.]+$/, "")];
  if (interpreter !== undefined) {
    const isInline = rest.some((word) => interpreter.test(word.text));
    const hasScript = rest.some((word) => word.isFixed && !word.text.startsWith("-"));
    const onlyTells = rest.length === 1 && /^(-v|-V|--version|--help|-h)$/.test(rest[0]?.text ?? "");
    if (!onlyTells && (isInline || !hasScript)) return "runs a program that stands in the command itself";
  }
  if (["export", "declare", "typeset", "readonly", "local"].includes(name)) {
    const set = rest.find((word) => !word.isFixed || LOADING_VARIABLE.test(word.text.replace(/\+?=.*$/s, "")));
    return set === undefined ? null : "sets a variable that changes what programs run";
  }
  return wordsDanger(name, rest);
}

/** Programs whose arguments are only text to them. */
const READERS_OF_NAMES = new Set([
  "echo",
  "printf",
  "test",
  "[",
  "true",
  "false",
  "ls",
  "cd",
  "pwd",
  "stat",
  "basename",
  "dirname",
]);

function wordsDanger(name: string, rest: readonly Word[]): Reason {
  const rule = Object.hasOwn(WITH_WORDS, name)
    ? WITH_WORDS[name]
    : WITH_WORDS[name.replace(/^[gmn](?=awk$)|^g(?=sed$)/, "")];
  if (rule === undefined) return null;
  if (name === "git") {
    const line = rest.map(({ text }) => text).join(" ");
    if (rest.every(({ isFixed }) => isFixed) && GIT_LOOKS.some((looks) => looks.test(line))) return null;
    // Behind the subcommand stand file names, messages and revisions; what git runs is decided by options.
    const subcommand = rest.findIndex((word) => !word.text.startsWith("-"));
    const deciding = rest.filter((word, index) => index <= subcommand || subcommand < 0 || word.text.startsWith("-"));
    const filledIn = rest.some((word, index) => index <= subcommand && !word.isFixed);
    const isRisky = deciding.some((word, index) =>
      // A message given as -m "…" is one word of its own and begins with no dash.
      index > subcommand && /^-[a-z]$/.test(word.text) && !/^-[cxO]$/.test(word.text)
        ? false
        : rule.words.test(word.text),
    );
    return filledIn || isRisky ? rule.why : null;
  }
  if (rest.some((word) => rule.words.test(word.text))) return rule.why;
  return rest.some((word) => !word.isFixed) ? `${rule.why}, and the shell fills in with what` : null;
}

const WRAPPERS: Readonly<Record<string, { readonly options: RegExp; readonly arguments: number }>> = {
  env: { options: /^(-i|-)$/, arguments: 0 },
  nohup: { options: /^$/, arguments: 0 },
  nice: { options: /^-n?\d+$|^--adjustment=-?\d+$/, arguments: 0 },
  ionice: { options: /^-c\d$|^-n\d$/, arguments: 0 },
  setsid: { options: /^-[cfw]+$/, arguments: 0 },
  stdbuf: { options: /^-[ioe][0L]$/, arguments: 0 },
  time: { options: /^-[pv]$/, arguments: 0 },
  timeout: { options: /^(--preserve-status|--foreground|-k\d+s?|-s\w+)$/, arguments: 1 },
  command: { options: /^-p$/, arguments: 0 },
  builtin: { options: /^$/, arguments: 0 },
  exec: { options: /^-[cl]+$/, arguments: 0 },
  busybox: { options: /^$/, arguments: 0 },
  xargs: { options: /^(-0|-r|-t|-x|-[nPL]\d+|-I\{\}|--null|--no-run-if-empty)$/, arguments: 0 },
};

const ASKING_WHERE = /^-[vV]$/;

/** Takes off what runs other commands, as deep as it goes, and reads what is given to a shell as text. */
export function unwrapped(command: SimpleCommand, depth = 0): Unwrapped {
  const [program, ...rest] = command.words;
  if (program === undefined || !program.isFixed) return { commands: [command], unclear: [] };
  if (depth > 8) return { commands: [command], unclear: ["commands nested too deeply"] };
  const name = programName(program);
  if (SHELLS.has(name)) return shellText(command, rest, depth);
  const wrapper = Object.hasOwn(WRAPPERS, name) ? WRAPPERS[name] : undefined;
  if (wrapper === undefined || (name === "command" && ASKING_WHERE.test(rest[0]?.text ?? "")))
    return { commands: [command], unclear: [] };
  const assignments = [...command.assignments];
  let at = 0;
  for (; at < rest.length; at++) {
    const word = rest[at];
    if (word === undefined || !word.isFixed) break;
    if (name === "env" && /^[A-Za-z_]\w*=/.test(word.text))
      assignments.push(word.text.slice(0, word.text.indexOf("=")));
    else if (!(word.text.startsWith("-") && wrapper.options.test(word.text))) break;
  }
  if (rest[at]?.text.startsWith("-") === true)
    return { commands: [command], unclear: [`${name} with ${rest[at]?.text}`] };
  const words = rest.slice(at + wrapper.arguments);
  // What xargs adds is not known here.
  const given = name === "xargs" ? [...words, { text: "…", isFixed: false }] : words;
  if (words.length === 0) return { commands: [{ ...command, assignments }], unclear: [] };
  return unwrapped({ ...command, assignments, words: given }, depth + 1);
}

/** `bash -c "…"`: the text is read like the rest. */
function shellText(command: SimpleCommand, rest: readonly Word[], depth: number): Unwrapped {
  const at = rest.findIndex((word) => /^-(?=[A-Za-z]+$)[A-Za-z]*c/.test(word.text));
  if (at < 0) return { commands: [command], unclear: [] };
  const text = rest[at + 1];
  if (at !== 0 || text === undefined || !text.isFixed)
    return { commands: [command], unclear: ["a shell whose words are not known here"] };
  if (!/^(ba|da|k|z|a)?sh$/.test(programName(command.words[0] ?? text)))
    return { commands: [command], unclear: ["a shell of another kind"] };
  const read = readCommand(text.text, depth + 1);
  const inner = read.commands.map((one) =>
    unwrapped(
      { ...one, assignments: [...command.assignments, ...one.assignments], isFed: one.isFed || command.isFed },
      depth + 1,
    ),
  );
  return {
    // What the shell itself is given around it counts too: `bash -c "…" > file`.
    commands: [...inner.flatMap(({ commands }) => commands), { ...command, words: [] }],
    unclear: [...read.unclear, ...inner.flatMap(({ unclear }) => unclear)],
  };
}

function named(why: string, programs: string): Record<string, string> {
  return Object.fromEntries(programs.split(" ").map((name) => [name, why]));
}
