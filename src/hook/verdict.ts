/** What becomes of a call before anybody is asked: the rules over the command, no network. */
import { dangerOf, isGuardedPath, isHarmlessVariable, unwrapped } from "./programs.ts";
import type { Rules } from "./rules.ts";
import { readCommand, type SimpleCommand, type Word } from "./shell.ts";

/** A call of a tool, as far as the rules look at it. */
export type Action =
  /** A command line; `isPosix` is false for a shell that is not read here, such as PowerShell. */
  | { readonly kind: "command"; readonly command: string; readonly isPosix: boolean }
  /** Another tool: its name, and the files that it names. */
  | { readonly kind: "tool"; readonly tool: string; readonly files: readonly string[] };

export interface Verdict {
  readonly kind: "allow" | "pass" | "ask" | "deny";
  /** In words that go behind "It". */
  readonly why: string;
}

type Settled = Pick<Rules, "deny" | "ask" | "allow" | "otherwise">;

/** The strictest of what its parts come to. A part that can't be understood is for a person. */
export function verdictOf(action: Action, rules: Settled): Verdict {
  if (action.kind === "tool") return toolVerdict(action.tool, action.files, rules);
  if (!action.isPosix) return { kind: "ask", why: "is written for a shell that is not read here" };
  const read = readCommand(action.command);
  const parts = read.commands.map((command) => unwrapped(command));
  const unclear = [...read.unclear, ...parts.flatMap((part) => part.unclear)];
  const verdicts = parts.flatMap((part) => part.commands).map((command) => commandVerdict(command, rules));
  // What wraps others, such as `env` or `bash -c`, can be named by a rule too.
  verdicts.push(...read.commands.flatMap((command) => stricterVerdict(command, rules) ?? []));
  if (unclear.length > 0) verdicts.push({ kind: "ask", why: `holds ${unclear[0]}` });
  return strictest(verdicts);
}

function strictest(verdicts: readonly Verdict[]): Verdict {
  for (const kind of ["deny", "ask", "pass", "allow"] as const) {
    const found = verdicts.find((verdict) => verdict.kind === kind);
    if (found !== undefined) return found;
  }
  return { kind: "ask", why: "holds no command" };
}

/** What the rules that forbid or ask say of one command. */
function stricterVerdict({ words }: SimpleCommand, rules: Settled): Verdict | null {
  const denied = ruleFor(rules.deny, words, false);
  if (denied !== undefined) return { kind: "deny", why: `is forbidden by the rule "${denied}"` };
  const asked = ruleFor(rules.ask, words, false);
  return asked === undefined ? null : { kind: "ask", why: `is named by the rule "${asked}"` };
}

function ruleFor(patterns: readonly string[], words: readonly Word[], strict: boolean): string | undefined {
  return patterns.find((pattern) => matches(pattern.split(" "), words, strict));
}

function commandVerdict(command: SimpleCommand, rules: Settled): Verdict {
  const stricter = stricterVerdict(command, rules);
  if (stricter !== null) return stricter;
  const danger = dangerOf(command);
  const allowed = isPlain(command) ? ruleFor(rules.allow, command.words, true) : undefined;
  if (allowed !== undefined && (danger === null || !allowed.includes("*")))
    return { kind: "allow", why: `is allowed by the rule "${allowed}"` };
  if (danger !== null) return { kind: "ask", why: danger };
  // Nothing but a descriptor was moved, or a harmless variable set.
  if (command.words.length === 0 && command.writes.length === 0 && command.assignments.every(isHarmlessVariable))
    return { kind: "allow", why: "runs nothing" };
  return { kind: rules.otherwise, why: "is not named by any rule" };
}

/** Nothing stands around the words that an allow rule does not see. */
function isPlain({ assignments, words, writes }: SimpleCommand): boolean {
  return words.length > 0 && writes.length === 0 && assignments.every(isHarmlessVariable);
}

/**
 * Whether words are those of a pattern: `*` at its end stands for any more words or none, elsewhere for one. `strict` is
 * how an allow rule reads: each word as written and known. A rule that denies or asks also knows a program by its path,
 * and takes a word that the shell fills in to be the one that it looks for.
 */
function matches(pattern: readonly string[], words: readonly Word[], strict: boolean): boolean {
  const open = pattern.at(-1) === "*";
  const fixed = open ? pattern.slice(0, -1) : pattern;
  if (words.length < fixed.length || (!open && strict && words.length !== fixed.length)) return false;
  if (strict && words.some((word) => !word.isFixed)) return false;
  return fixed.every((wanted, index) => {
    const word = words[index];
    if (word === undefined) return false;
    if (wanted === "*" || word.text === wanted) return true;
    if (strict) return false;
    return !word.isFixed || (index === 0 && word.text.endsWith(`/${wanted}`));
  });
}

const READING_TOOL = /^(Read|read|read_file|view|Glob|glob|Grep|grep|LS|list|search_file_content|list_directory)$/;

function toolVerdict(tool: string, files: readonly string[], rules: Settled): Verdict {
  const matched = (patterns: readonly string[]) => patterns.find((pattern) => toolMatches(pattern, tool));
  const denied = matched(rules.deny);
  if (denied !== undefined) return { kind: "deny", why: `is forbidden by the rule "${denied}"` };
  const asked = matched(rules.ask);
  if (asked !== undefined) return { kind: "ask", why: `is named by the rule "${asked}"` };
  const guarded = READING_TOOL.test(tool) ? undefined : files.find(isGuardedPath);
  if (guarded !== undefined) return { kind: "ask", why: `writes to ${guarded}` };
  const allowed = matched(rules.allow);
  if (allowed !== undefined) return { kind: "allow", why: `is allowed by the rule "${allowed}"` };
  return { kind: rules.otherwise, why: "is not named by any rule" };
}

/** Tools are named as `tool:NAME`, with `*` for any characters: a program and a tool of one name stay apart. */
function toolMatches(pattern: string, tool: string): boolean {
  if (!pattern.startsWith("tool:")) return false;
  const parts = pattern
    .slice("tool:".length)
    .split("*")
    .map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`, "s").test(tool);
}
