import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { tools } from "../../src/mcp/tools/index.ts";
import { type Appliance, startAppliance } from "../support/appliance.ts";
import { environment, folderWith } from "../support/binary.ts";
import { documentAt, project, tableOf } from "./documents.ts";

const document = documentAt("docs/mcp.md");

interface Setup {
  readonly command?: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly url?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly bearer_token_env_var?: string;
}

/** The server in a client's configuration, whatever that client calls the place. */
function setupIn(text: string, language: string): Setup {
  const read = (language === "toml" ? Bun.TOML.parse(text) : JSON.parse(text)) as Record<string, Record<string, Setup>>;
  const servers = read.mcpServers ?? read.servers ?? read.mcp_servers;
  return servers?.pausepoint ?? {};
}

const samples = document.fences.filter(
  ({ marker, language }) => marker?.detail.startsWith("mcp") || language === "toml",
);

let appliance: Appliance;
let folder: string;
beforeAll(async () => {
  appliance = await startAppliance();
  folder = folderWith();
  const program = join(folder, "pausepoint");
  writeFileSync(program, `#!/bin/sh\nexec "${process.execPath}" "${join(project, "src/main.ts")}" "$@"\n`);
  chmodSync(program, 0o755);
});
afterAll(async () => {
  await appliance.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** A value as the client fills it in: the server's address and the key, however that client writes a variable. */
function filled(value: string): string {
  return value
    .replace("https://approve.example.com", appliance.url)
    .replace(
      /pp_live_…|\$\{(env:)?PAUSEPOINT_API_KEY\}|\$\{input:pausepoint-key\}|\$PAUSEPOINT_API_KEY/,
      appliance.keys.live,
    );
}

function allFilled(values: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, filled(value)]));
}

async function toolsThrough(setup: Setup): Promise<string[]> {
  const { command, args = [], env, url, headers, bearer_token_env_var: variable } = setup;
  const bearer = variable === "PAUSEPOINT_API_KEY" ? { authorization: `Bearer ${appliance.keys.live}` } : {};
  const path = { PATH: `${folder}:${process.env.PATH}` };
  const client = new Client({ name: "test", version: "1" });
  await client.connect(
    command === undefined
      ? new StreamableHTTPClientTransport(new URL(filled(url ?? "")), {
          requestInit: { headers: { ...allFilled(headers), ...bearer } },
        })
      : new StdioClientTransport({
          command: command.replace("/usr/local/bin", folder),
          args: [...args],
          env: { ...(environment(path) as Record<string, string>), ...allFilled(env) },
          stderr: "ignore",
        }),
  );
  // A call, since the list is given without a key over stdio.
  const { isError } = await client.callTool({ name: "list_pause_requests", arguments: {} });
  expect(isError).not.toBe(true);
  const { tools } = await client.listTools();
  await client.close();
  return tools.map(({ name }) => name);
}

describe("docs/mcp.md", () => {
  test("shows a configuration for each of these clients", () => {
    expect(samples.length).toBe(8);
  });

  test.each(samples.map((fence) => [fence.place, fence] as const))(
    "a client set up so has the tools: %s",
    async (_, fence) => {
      expect(await toolsThrough(setupIn(fence.text, fence.language))).toEqual(tools.map(({ name }) => name));
    },
  );

  test("lists every tool with its arguments, and no other", () => {
    const listed = tableOf(document, "tool").map(([name, args]) => [name, args]);
    const served = tools.map(({ name, inputSchema }) => [
      `\`${name}\``,
      Object.keys(inputSchema.properties as object)
        .map((argument) => `\`${argument}\``)
        .join(", "),
    ]);
    expect(listed.map(([name, args]) => [name, args?.split(", ").sort()])).toEqual(
      served.map(([name, args]) => [name, args?.split(", ").sort()]),
    );
  });

  test("says which scope each tool needs", async () => {
    const args: Record<string, object> = {
      create_pause_request: { recipient: "+13128471928", channel: "sms", message: "?" },
      poll_pause_request: { pause_id: "pause_1", wait_seconds: 0 },
      cancel_pause_request: { pause_id: "pause_1" },
    };
    const none = await appliance.newKey({ mode: "test", scopes: ["receipts:consume"] });
    for (const [tool = "", , scope = ""] of tableOf(document, "tool")) {
      const name = tool.replaceAll("`", "");
      const { text } = await appliance.call("/mcp", {
        key: none,
        headers: { accept: "application/json, text/event-stream" },
        body: { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name, arguments: args[name] ?? {} } },
      });
      expect(text).toContain(`The key lacks the scope ${scope.replaceAll("`", "")}.`);
    }
  });
});
