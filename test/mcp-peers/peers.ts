/**
 * Official programs of the MCP project, in a folder of packages of their own, which `npm ci` here installs: too many
 * packages for the project itself. They are imported by path, so that the types hold without them.
 */
import { join } from "node:path";
import type { Client } from "@modelcontextprotocol/client";
import { testNeeding } from "../support/needs.ts";

export const peerTest = testNeeding("test/mcp-peers/node_modules");
export const packages = join(import.meta.dir, "node_modules");

/** A module of one of the packages, by its path below `node_modules`. */
// biome-ignore lint/suspicious/noExplicitAny: the packages may not be there to take types from
export function peer(path: string): Promise<any> {
  return import(join(packages, path));
}

/** What the SDK of 2025-11-25 calls its client, as far as the tests use it. */
export interface OldClient {
  connect(transport: object): Promise<void>;
  close(): Promise<void>;
  getServerVersion(): { name: string };
  listTools: Client["listTools"];
  callTool: Client["callTool"];
  readonly experimental: {
    readonly tasks: {
      callToolStream(
        params: { name: string; arguments: object },
        schema: undefined,
        options: { task: { ttl?: number } },
      ): AsyncIterable<TaskMessage>;
      getTask(taskId: string): Promise<{ taskId: string; status: string; ttl: number | null }>;
      cancelTask(taskId: string): Promise<{ status: string }>;
    };
  };
}

export type TaskMessage =
  | { readonly type: "taskCreated" | "taskStatus"; readonly task: { readonly taskId: string; readonly status: string } }
  | { readonly type: "result"; readonly result: { readonly structuredContent: Record<string, unknown> } }
  | { readonly type: "error"; readonly error: Error };

/** A connected client of the SDK that speaks 2025-11-25 and nothing newer. */
export async function oldClient(transport: object): Promise<OldClient> {
  const { Client } = await peer("@modelcontextprotocol/sdk/dist/esm/client/index.js");
  const client: OldClient = new Client({ name: "test", version: "1" }, { capabilities: { tasks: {} } });
  await client.connect(transport);
  return client;
}

export async function oldHttp(url: string, key: string): Promise<object> {
  const { StreamableHTTPClientTransport } = await peer("@modelcontextprotocol/sdk/dist/esm/client/streamableHttp.js");
  return new StreamableHTTPClientTransport(new URL("/mcp", url), {
    requestInit: { headers: { authorization: `Bearer ${key}` } },
  });
}

export async function oldStdio(program: readonly string[], env: Record<string, string>): Promise<object> {
  const { StdioClientTransport } = await peer("@modelcontextprotocol/sdk/dist/esm/client/stdio.js");
  const [command, ...args] = program;
  return new StdioClientTransport({ command, args: [...args, "mcp"], env, stderr: "ignore" });
}
