/**
 * The MCP server as the official SDK's `Server`: five tools, the same for stdio and HTTP and for every revision. The
 * SDK speaks the protocol of each; here is only what is listed and what a call does.
 */
import {
  type CallToolResult,
  ProtocolError,
  ProtocolErrorCode,
  Server,
  type ServerContext,
} from "@modelcontextprotocol/server";
import type { Clock } from "../platform/clock.ts";
import { version } from "../platform/version.ts";
import { refusalOf } from "./refusal.ts";
import { asText, shown } from "./shown.ts";
import { asTask, offerTasks, taskCapabilities, taskSupport, wantsTask } from "./tasks.ts";
import { tools } from "./tools/index.ts";
import type { PauseApi, Tool, ToolCall } from "./tools/tool.ts";

/** What a server works with: one for each HTTP request, or one for the life of a pipe. */
export interface McpServerParts {
  readonly api: PauseApi;
  readonly clock: Clock;
  readonly outlivesServer: boolean;
  /** Beside the five that every agent has. */
  readonly more?: readonly Tool[];
}

const INSTRUCTIONS =
  "PausePoint asks a person before you go on. Before an action that cannot be undone, costs money, reaches others or needs approval, call create_pause_request, then poll_pause_request until it is no longer pending. Act only on a person's choice (response_source human). Silence, a timeout, a default set by the clock and a cancelled question are no consent.";

const LISTED = { "tools/list": { ttlMs: 300_000, cacheScope: "public" } } as const;

/** A server that is not connected yet. */
export function mcpServer(parts: McpServerParts): Server {
  const server = new Server(
    { name: "pausepoint", title: "PausePoint", version: version.number },
    { capabilities: { tools: {}, ...taskCapabilities }, instructions: INSTRUCTIONS, cacheHints: LISTED },
  );
  const offered = [...tools, ...(parts.more ?? [])];
  server.setRequestHandler("tools/list", () => ({ tools: offered.map(listed) }));
  server.setRequestHandler("tools/call", async (request, context) => {
    const { name, arguments: args = {} } = request.params;
    const tool = offered.find((one) => one.name === name);
    if (tool === undefined) {
      const known = offered.map((one) => one.name).join(", ");
      throw new ProtocolError(
        ProtocolErrorCode.InvalidParams,
        `There is no tool ${JSON.stringify(name)}; there are ${known}.`,
      );
    }
    const isTask = wantsTask(name, request.params, context);
    const result = await resultOf(tool, args, callOf(parts, context));
    return isTask ? asTask(result, context) : result;
  });
  offerTasks(server, (context) => callOf(parts, context));
  return server;
}

function listed({ run: _, ...tool }: Tool) {
  return { ...tool, ...taskSupport(tool.name) };
}

/** Runs a tool. What is refused is a result too, which the model reads; what breaks here is an error of the protocol. */
async function resultOf(tool: Tool, args: Record<string, unknown>, call: ToolCall): Promise<CallToolResult> {
  try {
    const result = await tool.run(args, call);
    return tool.outputSchema === undefined ? asText(result) : shown(result);
  } catch (error) {
    const refusal = refusalOf(error, tool.name);
    if (refusal === null) throw error;
    return refusal;
  }
}

function callOf({ api, clock, outlivesServer }: McpServerParts, { mcpReq }: ServerContext): ToolCall {
  const token = mcpReq._meta?.progressToken;
  return {
    api,
    clock,
    outlivesServer,
    signal: mcpReq.signal,
    progress(progress, total, message) {
      if (token === undefined) return;
      const params = { progressToken: token, progress, total, message };
      // A reader who has gone misses nothing: the result tells the same.
      mcpReq.notify({ method: "notifications/progress", params }).catch(() => {});
    },
  };
}
