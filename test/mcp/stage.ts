/** The official client of the SDK, at either revision, over HTTP or over the pipes of `pausepoint mcp`. */
import { join } from "node:path";
import {
  type CallToolResult,
  Client,
  type ClientCapabilities,
  StreamableHTTPClientTransport,
} from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import type { Pause } from "../../src/pauses/index.ts";
import { environment } from "../support/binary.ts";

export const revisions = ["2025-11-25", "2026-07-28"] as const;
export type Revision = (typeof revisions)[number];
export const transports = ["http", "stdio"] as const;
export type TransportName = (typeof transports)[number];

const root = join(import.meta.dir, "../..");
const fromSource = [process.execPath, join(root, "src/main.ts")];

export interface Connecting {
  readonly over: TransportName;
  readonly revision: Revision;
  readonly url: string;
  readonly key: string;
  readonly capabilities?: ClientCapabilities;
  /** What `pausepoint` is, for stdio; else the source. */
  readonly program?: readonly string[];
}

/** A connected client; close it. */
export async function connect(wanted: Connecting): Promise<Client> {
  const { over, revision, url, key, capabilities = {}, program = fromSource } = wanted;
  const client = new Client(
    { name: "test", version: "1" },
    { capabilities, versionNegotiation: { mode: revision === "2026-07-28" ? { pin: revision } : "legacy" } },
  );
  const [command = "", ...args] = program;
  await client.connect(
    over === "http"
      ? new StreamableHTTPClientTransport(new URL("/mcp", url), {
          requestInit: { headers: { authorization: `Bearer ${key}` } },
        })
      : new StdioClientTransport({
          command,
          args: [...args, "mcp"],
          env: environment({ PAUSEPOINT_URL: url, PAUSEPOINT_API_KEY: key }) as Record<string, string>,
          stderr: "ignore",
        }),
  );
  return client;
}

/** What a tool answered, whose text must say the same as its structure. */
export async function use<T = Pause & { readonly next_step: string }>(
  client: Client,
  name: string,
  args: Record<string, unknown> = {},
): Promise<T> {
  const result = (await client.callTool({ name, arguments: args })) as CallToolResult;
  const text = textOf(result);
  if (result.isError === true) throw new Error(`${name} was refused: ${text}`);
  if (text !== JSON.stringify(result.structuredContent)) throw new Error("text and structure differ");
  return result.structuredContent as T;
}

/** The words of a refusal, which the call must end in. */
export async function refused(client: Client, name: string, args: Record<string, unknown> = {}): Promise<string> {
  const result = (await client.callTool({ name, arguments: args })) as CallToolResult;
  if (result.isError !== true || result.structuredContent !== undefined) throw new Error(`${name} was not refused`);
  return textOf(result);
}

export function textOf({ content }: CallToolResult): string {
  return content.map((block) => (block.type === "text" ? block.text : "")).join("\n");
}
