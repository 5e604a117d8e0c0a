/** The coding agents, each with what it tells its hooks and what it understands from them. */
import { type Host, type HostName, json, type Kinds, type Outcome, readCommon, refusal, silence } from "../event.ts";
import { copilotEvent, cursorEvent, opencodeEvent } from "./shapes.ts";

const CLAUDE_EVENTS: Kinds = {
  PreToolUse: "before",
  PermissionRequest: "prompt",
  PostToolUse: "after",
  PostToolUseFailure: "after",
  PermissionDenied: "after",
  Stop: "end",
  SessionEnd: "end",
};

const preToolUse = ({ kind, reason }: Outcome) =>
  json({
    hookSpecificOutput: { hookEventName: "PreToolUse", permissionDecision: kind, permissionDecisionReason: reason },
  });

const permissionRequest = ({ kind, reason }: Outcome) =>
  json({
    hookSpecificOutput: {
      hookEventName: "PermissionRequest",
      decision: kind === "allow" ? { behavior: "allow" } : { behavior: "deny", message: reason },
    },
  });

/** Claude Code, and what follows it to the letter. */
const claudeCode: Host = {
  name: "claude-code",
  title: "Claude Code",
  read: (value) => readCommon(value, CLAUDE_EVENTS),
  print(outcome, event) {
    if (outcome.kind === "pass") return silence;
    if (event === null) return refusal(outcome.reason);
    return event.kind === "prompt" ? permissionRequest(outcome) : preToolUse(outcome);
  },
};

/** Before a tool, VS Code takes Claude Code's words; it has no event for its own prompts. */
const vscode: Host = {
  ...claudeCode,
  name: "vscode",
  title: "VS Code",
  read: (value) => readCommon(value, { PreToolUse: "before" }),
};

/** Codex refuses whole answers for one unknown field, and allows only where it would have asked. */
const codex: Host = {
  name: "codex",
  title: "Codex",
  read: (value) => readCommon(value, { PreToolUse: "before", PermissionRequest: "prompt" }),
  print(outcome, event) {
    if (outcome.kind === "pass") return silence;
    if (event === null) return refusal(outcome.reason);
    if (event.kind === "prompt") return permissionRequest(outcome);
    return outcome.kind === "allow" ? silence : preToolUse(outcome);
  },
};

/** Cursor takes silence for a failure, so that something is always said. */
const cursor: Host = {
  name: "cursor",
  title: "Cursor",
  read: (value) => cursorEvent(value),
  print({ kind, reason }) {
    if (kind !== "deny") return json({ permission: "allow" });
    return json({ permission: "deny", user_message: reason, agent_message: reason });
  },
};

const gemini: Host = {
  name: "gemini",
  title: "Gemini CLI",
  read: (value) => readCommon(value, { BeforeTool: "before" }),
  print: ({ kind, reason }) => json(kind === "deny" ? { decision: "deny", reason } : { decision: "allow" }),
};

const copilot: Host = {
  name: "copilot",
  title: "GitHub Copilot",
  read: (value) => copilotEvent(value),
  print(outcome, event) {
    const { kind, reason } = outcome;
    if (kind === "pass") return silence;
    if (event === null) return refusal(reason);
    if (event.kind === "prompt")
      return json(kind === "allow" ? { behavior: kind } : { behavior: kind, message: reason });
    return json({ permissionDecision: kind, permissionDecisionReason: reason });
  },
};

/** opencode has no hook that is a program: the plugin that calls this one is ours. */
const opencode: Host = {
  name: "opencode",
  title: "opencode",
  read: (value) => opencodeEvent(value),
  print: ({ kind, reason }) => json({ decision: kind, reason }),
};

/** By their names. */
export const hosts: Readonly<Record<HostName, Host>> = {
  "claude-code": claudeCode,
  codex,
  cursor,
  gemini,
  copilot,
  vscode,
  opencode,
};

/** What a person calls a host, or null. */
export function hostNamed(name: string): Host | null {
  return Object.hasOwn(hosts, name) ? hosts[name as HostName] : null;
}
