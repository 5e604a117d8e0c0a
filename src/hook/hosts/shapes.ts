/** Events of the hosts that do not speak the common shape. */
import { z } from "zod";
import { checked, commonEvent, EventError, type HookEvent, readCommon } from "../event.ts";

const name = z.string("must be text").min(1, "must not be empty").max(1_000, "is too long");
const folder = z.string("must be text").max(4_096, "is too long");

const cursorShape = z.looseObject(
  {
    hook_event_name: name,
    conversation_id: name,
    generation_id: name.nullish(),
    workspace_roots: z.array(folder).nullish(),
    cwd: folder.nullish(),
    command: z.string().nullish(),
    tool_name: name.nullish(),
    tool_input: z.unknown().optional(),
    tool_use_id: name.nullish(),
  },
  "must be a JSON object",
);

/** `beforeShellExecution`, `beforeMCPExecution`, `preToolUse`. @throws EventError */
export function cursorEvent(value: unknown): HookEvent {
  const told = checked(cursorShape, value);
  const common = {
    event: told.hook_event_name,
    session: told.conversation_id,
    callId: told.tool_use_id ?? null,
    turn: told.generation_id ?? null,
    cwd: told.cwd ?? told.workspace_roots?.[0] ?? "",
  };
  if (told.hook_event_name === "beforeShellExecution") {
    if (typeof told.command !== "string") throw new EventError("the host's event can't be read: command is missing");
    return { ...common, kind: "before", tool: "Shell", input: { command: told.command } };
  }
  if (told.hook_event_name === "beforeMCPExecution" || told.hook_event_name === "preToolUse") {
    if (typeof told.tool_name !== "string")
      throw new EventError("the host's event can't be read: tool_name is missing");
    const isMcp = told.hook_event_name === "beforeMCPExecution";
    const tool = isMcp ? `mcp__${told.tool_name}` : told.tool_name;
    return { ...common, kind: "before", tool, input: parsed(told.tool_input) };
  }
  if (told.tool_input !== undefined || typeof told.command === "string")
    throw new EventError(`the event ${told.hook_event_name} is not known: run pausepoint hook install again`);
  return { ...common, kind: "other", tool: "", input: null };
}

const copilotShape = z.looseObject(
  { sessionId: name, cwd: folder.nullish(), toolName: name, toolArgs: z.unknown() },
  "must be a JSON object",
);

/** With names of events as in Claude Code, Copilot speaks its shape; in its own one no event is named. @throws EventError */
export function copilotEvent(value: unknown): HookEvent {
  if (commonEvent.safeParse(value).success)
    return readCommon(value, { PreToolUse: "before", PermissionRequest: "prompt" });
  const told = checked(copilotShape, value);
  return {
    event: "preToolUse",
    kind: "before",
    session: told.sessionId,
    callId: null,
    turn: null,
    cwd: told.cwd ?? "",
    tool: told.toolName,
    input: parsed(told.toolArgs),
  };
}

const opencodeShape = z.strictObject(
  { event: z.literal("tool.execute.before"), session: name, call: name, cwd: folder, tool: name, args: z.unknown() },
  "must be a JSON object",
);

/** What the plugin sends. @throws EventError */
export function opencodeEvent(value: unknown): HookEvent {
  const { event, session, call, cwd, tool, args } = checked(opencodeShape, value);
  return { event, kind: "before", session, callId: call, turn: null, cwd, tool, input: args ?? null };
}

/** Some hosts hand arguments over as the text of a JSON value. */
function parsed(value: unknown): unknown {
  if (typeof value !== "string") return value ?? null;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}
