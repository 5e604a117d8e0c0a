/** Where each host keeps its hooks, and what is written there: the command, a limit later than the hook's own, and the switch that fails closed. */
import { join } from "node:path";
import { hostLimitSeconds } from "./deadline.ts";
import type { HostName } from "./event.ts";
import { PLUGIN } from "./plugin.ts";

export type Scope = "user" | "project";

export interface Place {
  readonly home: string;
  readonly project: string;
}

/** How a host is set up. */
export interface Setup {
  /** The file, relative to home or project. */
  file(scope: Scope, place: Place): string;
  /** The settings with the hook in them; `settings` is what stood there, an empty object for a new file. Pure. */
  add(settings: Json, command: Command): Json;
  /** The settings without it. */
  remove(settings: Json): Json;
  /** The hooks of ours that are there: each with its command and its limit in seconds. */
  found(settings: Json): readonly Found[];
  /** What the person must still do. */
  readonly next: readonly string[];
}

export interface Command {
  /** The executable and what comes before `hook`. */
  readonly program: readonly string[];
  readonly host: HostName;
  readonly minutes: number;
}

export interface Found {
  readonly event: string;
  readonly words: readonly string[];
  readonly limitSeconds: number | null;
  readonly failsClosed: boolean | null;
}

export type Json = { readonly [name: string]: unknown };

/** Settings that are not what the host itself could read. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
}

const SHELL_WORD = /^[\w@%+=:,./-]+$/;

/** A command line for a shell. */
function line({ program, host }: Command): string {
  return [...program, "hook", host]
    .map((word) => (SHELL_WORD.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`))
    .join(" ");
}

/** Whether a hook is ours: it runs `… hook NAME`. */
function isOurs(entry: unknown, host: HostName): boolean {
  return wordsOf(entry, host) !== null;
}

function wordsOf(entry: unknown, host: HostName): readonly string[] | null {
  const { command, exec, args } = objectOr(entry);
  const program = typeof command === "string" ? command : typeof exec === "string" ? exec : null;
  if (program === null) return null;
  if (Array.isArray(args)) {
    const words = args.filter((word) => typeof word === "string");
    return words.at(-2) === "hook" && words.at(-1) === host ? [program, ...words] : null;
  }
  const words =
    program
      .match(/'(?:[^']|'\\'')*'|\S+/g)
      ?.map((word) => word.replaceAll("'\\''", "\u0000").replaceAll("'", "").replaceAll("\u0000", "'")) ?? [];
  return words.at(-2) === "hook" && words.at(-1) === host ? words : null;
}

function objectOr(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

/** The `hooks` of settings. @throws SettingsError where something else stands there */
function hooksIn(settings: Json): Record<string, readonly unknown[]> {
  const { hooks = {} } = settings;
  if (typeof hooks !== "object" || hooks === null || Array.isArray(hooks))
    throw new SettingsError('"hooks" is no object');
  for (const [event, list] of Object.entries(hooks))
    if (!Array.isArray(list)) throw new SettingsError(`"hooks.${event}" is no list`);
  return hooks as Record<string, readonly unknown[]>;
}

interface Shape {
  /** By event: what goes into its list. */
  readonly events: (command: Command) => Readonly<Record<string, object>>;
  readonly host: HostName;
  /** Whether hooks stand in groups of one matcher each. */
  readonly isGrouped: boolean;
  readonly base?: Json;
  readonly limit: (hook: Record<string, unknown>) => number | null;
  readonly failsClosed: (hook: Record<string, unknown>) => boolean | null;
}

/** Adds, takes away and finds hooks in the one structure that all hosts share: lists by event. */
function listed(shape: Shape): Pick<Setup, "add" | "remove" | "found"> {
  const { host, isGrouped } = shape;
  const without = (list: readonly unknown[]) =>
    list.flatMap((entry) => {
      if (!isGrouped) return isOurs(entry, host) ? [] : [entry];
      const { hooks, ...group } = objectOr(entry);
      if (!Array.isArray(hooks) || !hooks.some((hook) => isOurs(hook, host))) return [entry];
      const kept = hooks.filter((hook) => !isOurs(hook, host));
      return kept.length === 0 ? [] : [{ ...group, hooks: kept }];
    });
  const remove = (settings: Json): Json => {
    if (settings.hooks === undefined) return settings;
    const lists = Object.entries(hooksIn(settings)).flatMap(([event, list]) => {
      const kept = without(list);
      return kept.length === 0 && list.length > 0 ? [] : [[event, kept] as const];
    });
    const { hooks: _, ...rest } = settings;
    return lists.length === 0 ? rest : { ...settings, hooks: Object.fromEntries(lists) };
  };
  return {
    remove,
    add(settings, command) {
      const cleared = remove(settings);
      const hooks = { ...hooksIn(cleared) };
      for (const [event, entry] of Object.entries(shape.events(command)))
        hooks[event] = [...(hooks[event] ?? []), entry];
      return { ...shape.base, ...cleared, hooks };
    },
    found(settings) {
      return Object.entries(hooksIn(settings)).flatMap(([event, list]) =>
        list
          .flatMap((entry) => (isGrouped ? ((objectOr(entry).hooks as unknown[] | undefined) ?? []) : [entry]))
          .flatMap((hook) => {
            const words = wordsOf(hook, host);
            if (words === null) return [];
            const own = objectOr(hook);
            return [{ event, words, limitSeconds: shape.limit(own), failsClosed: shape.failsClosed(own) }];
          }),
      );
    },
  };
}

const seconds = (name: string) => (hook: Record<string, unknown>) =>
  typeof hook[name] === "number" ? hook[name] : null;
const noSwitch = () => null;
const WAITING = "Waiting for an answer from a phone";

function grouped(matcher: string | null, hook: object): object {
  return { ...(matcher === null ? {} : { matcher }), hooks: [hook] };
}

const CLAUDE_TOOLS = "Bash|PowerShell|Write|Edit|MultiEdit|NotebookEdit|mcp__.*";

export const setups: Readonly<Record<HostName, Setup>> = {
  "claude-code": {
    file: (scope, { home, project }) => join(scope === "user" ? home : project, ".claude/settings.json"),
    ...listed({
      host: "claude-code",
      isGrouped: true,
      limit: seconds("timeout"),
      failsClosed: (hook) => hook.onFailure === "block",
      events(command) {
        const [program = "", ...args] = [...command.program, "hook", command.host];
        const run = { type: "command", command: program, args };
        const asks = { ...run, timeout: hostLimitSeconds(command.minutes), onFailure: "block", statusMessage: WAITING };
        const tells = { ...run, timeout: 30 };
        return {
          PreToolUse: grouped(CLAUDE_TOOLS, asks),
          PermissionRequest: grouped("Bash|mcp__.*", asks),
          PostToolUse: grouped("Bash|mcp__.*", tells),
          PostToolUseFailure: grouped("Bash|mcp__.*", tells),
          PermissionDenied: grouped("Bash|mcp__.*", tells),
          Stop: grouped(null, tells),
        };
      },
    }),
    next: ["Start a new session: Claude Code reads its hooks when a session begins."],
  },
  codex: {
    file: (scope, { home, project }) => join(scope === "user" ? home : project, ".codex/hooks.json"),
    ...listed({
      host: "codex",
      isGrouped: true,
      limit: seconds("timeout"),
      failsClosed: noSwitch,
      events(command) {
        const hook = {
          type: "command",
          command: line(command),
          timeout: hostLimitSeconds(command.minutes),
          statusMessage: WAITING,
        };
        return {
          PreToolUse: grouped("^Bash$|^apply_patch$|^mcp__", hook),
          PermissionRequest: grouped("^Bash$|^mcp__", hook),
        };
      },
    }),
    next: [
      "In Codex, run /hooks once and trust the new hooks: until then, and after each change, it does not run them.",
    ],
  },
  cursor: {
    file: (scope, { home, project }) => join(scope === "user" ? home : project, ".cursor/hooks.json"),
    ...listed({
      host: "cursor",
      isGrouped: false,
      base: { version: 1 },
      limit: seconds("timeout"),
      failsClosed: (hook) => hook.failClosed === true,
      events(command) {
        const hook = { command: line(command), timeout: hostLimitSeconds(command.minutes), failClosed: true };
        return {
          beforeShellExecution: hook,
          beforeMCPExecution: hook,
          preToolUse: { ...hook, matcher: "Write|Edit|Delete" },
        };
      },
    }),
    next: ["Restart Cursor, or look into its Hooks settings whether the hooks are listed."],
  },
  gemini: {
    file: (scope, { home, project }) => join(scope === "user" ? home : project, ".gemini/settings.json"),
    ...listed({
      host: "gemini",
      isGrouped: true,
      limit: (hook) => (typeof hook.timeout === "number" ? hook.timeout / 1000 : null),
      failsClosed: noSwitch,
      events(command) {
        const hook = {
          type: "command",
          name: "pausepoint",
          command: line(command),
          timeout: hostLimitSeconds(command.minutes) * 1000,
        };
        return {
          BeforeTool: { matcher: "run_shell_command|write_file|replace|mcp_.*", sequential: true, hooks: [hook] },
        };
      },
    }),
    next: [
      "Gemini CLI still asks at the terminal after an approval, unless you run it with --yolo or a policy that allows the tool.",
    ],
  },
  copilot: {
    file: (scope, { home, project }) =>
      scope === "user" ? join(home, ".copilot/hooks/pausepoint.json") : join(project, ".github/hooks/pausepoint.json"),
    ...listed({
      host: "copilot",
      isGrouped: false,
      base: { version: 1 },
      limit: seconds("timeoutSec"),
      failsClosed: noSwitch,
      events(command) {
        const [exec, ...args] = [...command.program, "hook", command.host];
        return { PreToolUse: { type: "command", exec, args, timeoutSec: hostLimitSeconds(command.minutes) } };
      },
    }),
    next: ["Copilot lets a call run when its limit is over, whatever is set: leave timeoutSec as it was written."],
  },
  vscode: {
    file: (scope, { home, project }) =>
      scope === "user"
        ? join(home, ".copilot/hooks/pausepoint-vscode.json")
        : join(project, ".github/hooks/pausepoint-vscode.json"),
    ...listed({
      host: "vscode",
      isGrouped: false,
      limit: seconds("timeout"),
      failsClosed: noSwitch,
      events: (command) => ({
        PreToolUse: { type: "command", command: line(command), timeout: hostLimitSeconds(command.minutes) },
      }),
    }),
    next: ["Agent hooks are a preview in VS Code, and an organisation may have turned them off."],
  },
  opencode: {
    file: (scope, { home, project }) =>
      scope === "user"
        ? join(home, ".config/opencode/plugins/pausepoint.ts")
        : join(project, ".opencode/plugins/pausepoint.ts"),
    add: (_, command) => ({ text: PLUGIN(command.program) }),
    remove: () => ({}),
    found({ text }) {
      const words = typeof text === "string" ? /^const COMMAND = (\[.*\]);$/m.exec(text)?.[1] : undefined;
      if (words === undefined) return [];
      return [
        { event: "tool.execute.before", words: JSON.parse(words) as string[], limitSeconds: null, failsClosed: true },
      ];
    },
    next: ["Start opencode anew: it reads its plugins when it starts."],
  },
};
