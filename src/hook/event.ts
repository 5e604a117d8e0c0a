import { z } from "zod";
import type { Action } from "./verdict.ts";

/** What a host's hook is told, in one shape for all hosts. */
export interface HookEvent {
  /** The host's own name of the event. */
  readonly event: string;
  /**
   * `before`: any call, before it runs. `prompt`: a call about which the host would ask its user. `after`: a call has
   * run or was refused, so a question about it is stale. `end`: all questions of the session are. `other`: nothing to do.
   */
  readonly kind: "before" | "prompt" | "after" | "end" | "other";
  readonly session: string;
  /** One id for this very call, or null where the host gives none. */
  readonly callId: string | null;
  readonly turn: string | null;
  readonly cwd: string;
  readonly tool: string;
  readonly input: unknown;
}

/** What the hook says to its host. `pass`: no opinion, the host goes on as if there were no hook. */
export interface Outcome {
  readonly kind: "allow" | "pass" | "deny";
  readonly reason: string;
}

/** What is written, and how the hook ends. */
export interface Printed {
  readonly stdout: string;
  readonly stderr: string;
  readonly status: number;
}

/** The names that the command line takes. */
export type HostName = "claude-code" | "codex" | "cursor" | "gemini" | "copilot" | "vscode" | "opencode";

/** One coding agent. */
export interface Host {
  readonly name: HostName;
  /** As a person knows it. */
  readonly title: string;
  /** @throws EventError for what is no event of this host */
  read(value: unknown): HookEvent;
  /** What this host understands as the outcome; `event` is null where what came in could not be read. */
  print(outcome: Outcome, event: HookEvent | null): Printed;
}

/** What came in is no event of the host. */
export class EventError extends Error {
  override readonly name = "EventError";
}

/** Held against a schema. @throws EventError that names the field */
export function checked<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new EventError(`the host's event can't be read: ${issue?.path.join(".") || "it"} ${issue?.message}`);
}

const name = z.string("must be text").min(1, "must not be empty").max(1_000, "is too long");

/** The shape that Claude Code began with, and that most hosts have taken over. */
export const commonEvent = z.looseObject(
  {
    hook_event_name: name,
    session_id: name.optional(),
    cwd: z.string("must be text").max(4_096, "is too long").optional(),
    turn_id: name.nullish(),
    prompt_id: name.nullish(),
    tool_use_id: name.nullish(),
    tool_name: name.optional(),
    tool_input: z.unknown().optional(),
  },
  "must be a JSON object",
);

/** Kinds by the host's names of its events. */
export type Kinds = Readonly<Record<string, Exclude<HookEvent["kind"], "other">>>;

/** Reads an event of the common shape. @throws EventError */
export function readCommon(value: unknown, kinds: Kinds): HookEvent {
  const told = checked(commonEvent, value);
  const kind = Object.hasOwn(kinds, told.hook_event_name) ? (kinds[told.hook_event_name] ?? "other") : "other";
  // An event of a tool that is not known here might be one that lets it run.
  if (kind === "other" && told.tool_input !== undefined)
    throw new EventError(`the event ${told.hook_event_name} is not known: run pausepoint hook install again`);
  const isAboutCall = kind === "before" || kind === "prompt" || kind === "after";
  if (isAboutCall && (told.tool_name === undefined || told.tool_input === undefined))
    throw new EventError("the host's event can't be read: tool_name or tool_input is missing");
  if (kind !== "other" && told.session_id === undefined)
    throw new EventError("the host's event can't be read: session_id is missing");
  return {
    event: told.hook_event_name,
    kind,
    session: told.session_id ?? "",
    callId: told.tool_use_id ?? null,
    turn: told.turn_id ?? told.prompt_id ?? null,
    cwd: told.cwd ?? "",
    tool: told.tool_name ?? "",
    input: told.tool_input ?? null,
  };
}

/** Output of one line of JSON, exit status 0. */
export function json(value: object): Printed {
  return { stdout: `${JSON.stringify(value)}\n`, stderr: "", status: 0 };
}

/** Nothing said: the host goes on. */
export const silence: Printed = { stdout: "", stderr: "", status: 0 };

/** What every host but opencode takes as a refusal, whatever the event: exit status 2 and the reason on stderr. */
export function refusal(reason: string): Printed {
  return { stdout: "", stderr: `${reason}\n`, status: 2 };
}

const POSIX_SHELLS = new Set([
  "Bash",
  "bash",
  "Shell",
  "shell",
  "run_shell_command",
  "run_in_terminal",
  "execute_bash",
]);
const OTHER_SHELLS = /^(powershell|pwsh|cmd)$/i;

/** What the rules look at. @throws EventError for a shell without a command */
export function actionOf({ tool, input }: HookEvent): Action {
  const members = typeof input === "object" && input !== null ? (input as Record<string, unknown>) : {};
  const isOther = OTHER_SHELLS.test(tool);
  if (isOther || POSIX_SHELLS.has(tool)) {
    if (typeof members.command !== "string")
      throw new EventError("the host's event can't be read: a shell without a command");
    return { kind: "command", command: members.command, isPosix: !isOther };
  }
  return { kind: "tool", tool, files: filesIn(members) };
}

/** The files that a tool writes, by the names that hosts have for them, and those of a patch. */
function filesIn(members: Record<string, unknown>): string[] {
  const named = ["file_path", "filePath", "path", "notebook_path", "absolute_path"].flatMap((name) =>
    typeof members[name] === "string" ? [members[name]] : [],
  );
  const texts = ["command", "patch", "patchText", "input"].flatMap((name) =>
    typeof members[name] === "string" ? [members[name]] : [],
  );
  const patched = texts.flatMap((text) =>
    [...text.matchAll(/^\*\*\* (?:Add File|Update File|Delete File|Move to): (.+)$/gm)].map((match) => match[1] ?? ""),
  );
  return [...named, ...patched];
}
