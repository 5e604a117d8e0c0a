/**
 * A pause as an MCP task, where a client asks for one: by `task` in the call (2025-11-25, "task-augmented requests"),
 * or by declaring the extension `io.modelcontextprotocol/tasks` (2026-07-28). The task is the pause: its id is the
 * `pause_id`, so nothing is kept here, and a task outlives every restart. Cancelling it withdraws the question.
 */
import {
  type CallToolResult,
  CLIENT_CAPABILITIES_META_KEY,
  MissingRequiredClientCapabilityError,
  ProtocolError,
  ProtocolErrorCode,
  RELATED_TASK_META_KEY,
  type Server,
  type ServerCapabilities,
  type ServerContext,
} from "@modelcontextprotocol/server";
import { z } from "zod";
import { type Pause, ProblemError } from "../../clients/typescript/src/index.ts";
import { check } from "../platform/schema.ts";
import { told } from "./outcome.ts";
import { refusalOf } from "./refusal.ts";
import { pauseId } from "./schemas.ts";
import { shown } from "./shown.ts";
import type { ToolCall } from "./tools/tool.ts";
import { waitForEnd } from "./wait.ts";

/** The one tool whose end is worth waiting for. */
const TASK_TOOL = "create_pause_request";
const EXTENSION = "io.modelcontextprotocol/tasks";
const POLL_MS = 5_000;
const HELD_SECONDS = 50;

/** What the server declares; the SDK leaves `tasks` out for 2026-07-28, where the extension takes its place. */
export const taskCapabilities = {
  tasks: { cancel: {}, requests: { tools: { call: {} } } },
  extensions: { [EXTENSION]: {} },
} satisfies ServerCapabilities;

/** What the list of tools says of a tool; left out by the SDK for 2026-07-28. */
export function taskSupport(tool: string): { execution?: { taskSupport: "optional" } } {
  return tool === TASK_TOOL ? { execution: { taskSupport: "optional" } } : {};
}

/**
 * Whether a call is to be answered with a task.
 *
 * @throws ProtocolError for a tool that is none (2025-11-25, tool-level negotiation)
 */
export function wantsTask(tool: string, params: object, context: ServerContext): boolean {
  if (isModern(context)) return tool === TASK_TOOL && declaresTasks(context);
  if (!("task" in params) || params.task === undefined) return false;
  if (tool === TASK_TOOL) return true;
  throw new ProtocolError(ProtocolErrorCode.MethodNotFound, `${tool} can't be called as a task; call it without.`);
}

/** The result of a create as the task that it has begun. A refusal begins none. */
export function asTask(result: CallToolResult, context: ServerContext): CallToolResult {
  const modern = isModern(context);
  if (result.isError === true) {
    if (modern) return result;
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, textIn(result));
  }
  const pause = result.structuredContent as unknown as Pause;
  // The SDK checks either as a tool's result, so the content stays, which a task's may hold as well.
  if (!modern) return { ...result, task: taskOf(pause) };
  return pause.status === "pending"
    ? { content: result.content, resultType: "task", ...extensionTaskOf(pause) }
    : result;
}

/** Answers what a client asks about its tasks. */
export function offerTasks(server: Server, callOf: (context: ServerContext) => ToolCall): void {
  const answer = (method: string, work: (taskId: string, call: ToolCall, modern: boolean) => Promise<object>) =>
    server.setRequestHandler(method, asked, async ({ taskId }, context) => {
      refuseUndeclared(context);
      return {
        ...(await orProtocolError(() => work(check(pauseId, taskId, "body"), callOf(context), isModern(context)))),
      };
    });
  answer("tasks/get", async (taskId, { api, signal }, modern) => {
    const pause = await api.getPause(taskId, { signal });
    if (!modern) return taskOf(pause);
    const result = { ...shown(told(pause)), resultType: "complete" };
    return { ...extensionTaskOf(pause), ...(statusOf(pause) === "completed" ? { result } : {}) };
  });
  answer("tasks/result", async (taskId, call) => ({
    ...shown(told(await ended(taskId, call))),
    _meta: { [RELATED_TASK_META_KEY]: { taskId } },
  }));
  // No task here asks its client for anything, so there is nothing to update (SEP-2663: what is unknown is ignored).
  answer("tasks/update", async (taskId, { api, signal }) => {
    await api.getPause(taskId, { signal });
    return {};
  });
  answer("tasks/cancel", async (taskId, { api, signal }, modern) => {
    const cancel = api.cancelPause(taskId, { reason: "The task was cancelled.", signal });
    if (!modern) return taskOf(await cancel);
    // Cooperative there: a task that has ended stays as it is, and that is no error.
    await cancel.catch(passEnded);
    return {};
  });
}

const asked = { params: z.looseObject({ taskId: z.string() }) };

async function ended(id: string, call: ToolCall): Promise<Pause> {
  for (;;) {
    const start = call.clock.now();
    const pause = await waitForEnd(id, HELD_SECONDS, call);
    if (pause.status !== "pending") return pause;
    if (call.clock.now() - start < HELD_SECONDS * 1000)
      throw new ProtocolError(ProtocolErrorCode.InternalError, "The server is stopping; ask again in some seconds.");
  }
}

/** As of 2025-11-25. */
function taskOf(pause: Pause) {
  return { ...common(pause), ttl: null, pollInterval: POLL_MS };
}

/** As of the extension (SEP-2663). */
function extensionTaskOf(pause: Pause) {
  return { ...common(pause), ttlMs: null, pollIntervalMs: POLL_MS };
}

function common(pause: Pause) {
  const ended = pause.status === "pending" ? null : pause.status === "timed_out" ? pause.expires_at : null;
  return {
    taskId: pause.pause_id,
    status: statusOf(pause),
    statusMessage: pause.status === "pending" ? "Waiting for a person's answer." : `The pause is ${pause.status}.`,
    createdAt: pause.created_at,
    lastUpdatedAt: pause.responded_at ?? pause.cancelled_at ?? ended ?? pause.created_at,
  };
}

/** A pause that timed out is a completed task: its result says that nobody answered. */
function statusOf({ status }: Pause): "working" | "completed" | "cancelled" {
  return status === "pending" ? "working" : status === "cancelled" ? "cancelled" : "completed";
}

/** A request of 2026-07-28 carries its envelope; an older one has none. */
function isModern({ mcpReq }: ServerContext): boolean {
  return mcpReq.envelope !== undefined;
}

function declaresTasks({ mcpReq }: ServerContext): boolean {
  return declaring.safeParse(mcpReq.envelope).success;
}

const declaring = z.object({
  [CLIENT_CAPABILITIES_META_KEY]: z.object({ extensions: z.object({ [EXTENSION]: z.looseObject({}) }) }),
});

/** SEP-2663: whoever has not declared the extension gets no answer about tasks. */
function refuseUndeclared(context: ServerContext): void {
  if (!isModern(context) || declaresTasks(context)) return;
  throw new MissingRequiredClientCapabilityError(
    { requiredCapabilities: { extensions: { [EXTENSION]: {} } } },
    `Declare the extension ${EXTENSION} with the request.`,
  );
}

async function orProtocolError<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const refusal = refusalOf(error, "the task");
    if (refusal === null) throw error;
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, textIn(refusal));
  }
}

function passEnded(error: unknown): void {
  if (!(error instanceof ProblemError && error.status === 409)) throw error;
}

function textIn({ content }: CallToolResult): string {
  return content.map((block) => (block.type === "text" ? block.text : "")).join("\n");
}
