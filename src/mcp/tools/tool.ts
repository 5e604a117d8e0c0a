import type { JSONObject, ToolAnnotations } from "@modelcontextprotocol/server";
import type { PausePoint } from "../../../clients/typescript/src/index.ts";
import type { Clock } from "../../platform/clock.ts";

/** What the tools need of the HTTP API: over the network for stdio, over the router itself inside the server. */
export type PauseApi = Pick<PausePoint, "createPause" | "getPause" | "cancelPause" | "listPauses" | "getAuditLog">;

/** What one call of a tool works with. */
export interface ToolCall {
  readonly api: PauseApi;
  readonly clock: Clock;
  /** Aborted once nobody waits for the answer any more. */
  readonly signal: AbortSignal;
  /**
   * Whether a wait goes on while the server is away, as it may over the network. Inside the server it may not: there
   * it would hold up the server's own end.
   */
  readonly outlivesServer: boolean;
  /** Tells who waits how far the wait is, in seconds. Goes nowhere where the client did not ask for it. */
  progress(done: number, total: number, message: string): void;
}

export type Arguments = Readonly<Record<string, unknown>>;

/** A tool as it is listed and called. Both schemas are JSON Schema 2020-12; without one for the output it answers text. */
export interface Tool {
  readonly name: string;
  readonly title: string;
  /** Written for a model: when to use it, what to put in, what the answer means. */
  readonly description: string;
  readonly annotations: ToolAnnotations;
  readonly inputSchema: JSONObject & { readonly type: "object" };
  readonly outputSchema?: JSONObject & { readonly type: "object" };
  /**
   * The structured result, which is also its text. What the arguments are held against is the HTTP API itself, wherever it can be.
   *
   * @throws Problem | ProblemError for arguments and requests that are refused, ConnectionError where there is no server
   */
  run(args: Arguments, call: ToolCall): Promise<object>;
}
