import { afterAll, beforeAll, describe, expect } from "bun:test";
import { type Appliance, question, startAppliance } from "../support/appliance.ts";
import { peer, peerTest } from "./peers.ts";

const EXTENSION = "io.modelcontextprotocol/tasks";
const framing = {
  protocolVersion: "2026-07-28",
  clientInfo: { name: "test", version: "1" },
  clientCapabilities: { extensions: { [EXTENSION]: {} } },
};

let appliance: Appliance;
beforeAll(async () => {
  appliance = await startAppliance();
});
afterAll(() => appliance.stop());

interface Session {
  callTool(name: string, args: object): Promise<Execution>;
  close(): Promise<void>;
}
interface Execution {
  settle(): Promise<{ outcome: object }>;
  cancel(): Promise<void>;
}

/** The requester of the official Tasks package over a client of 2026-07-28. */
async function taskSession(): Promise<Session> {
  const { Client, StreamableHTTPClientTransport } = await peer("@modelcontextprotocol/client/dist/index.mjs");
  const { createTaskSessionFromClient } = await peer("@modelcontextprotocol/ext-tasks/dist/client/index.js");
  const client = new Client(framing.clientInfo, {
    capabilities: framing.clientCapabilities,
    versionNegotiation: { mode: { pin: framing.protocolVersion } },
  });
  const headers = { authorization: `Bearer ${appliance.keys.test}` };
  await client.connect(new StreamableHTTPClientTransport(new URL("/mcp", appliance.url), { requestInit: { headers } }));
  const session = createTaskSessionFromClient(client, {
    endpointId: "pausepoint",
    rawDispatch: send,
    v2RequestFraming: framing,
  });
  return session;
}

/** What the package leaves to its host at this revision: one JSON-RPC request, as it goes over HTTP. */
async function send(request: { method: string; params: { name?: string; taskId?: string } }): Promise<object> {
  const { text, headers } = await appliance.call("/mcp", {
    key: appliance.keys.test,
    body: { jsonrpc: "2.0", id: 1, ...request },
    headers: {
      accept: "application/json, text/event-stream",
      "mcp-protocol-version": framing.protocolVersion,
      "mcp-method": request.method,
      "mcp-name": request.params.name ?? request.params.taskId ?? "",
    },
  });
  const streamed = headers.get("content-type")?.includes("event-stream") === true;
  const { result, error } = JSON.parse(streamed ? (/^data: (.*)$/m.exec(text)?.[1] ?? "{}") : text);
  return error === undefined ? { kind: "result", result } : { kind: "error", error };
}

async function newest(): Promise<string> {
  return (await appliance.get("/v1/pause?limit=1", appliance.keys.test)).body.data[0].pause_id;
}

describe("the Tasks extension of 2026-07-28", () => {
  peerTest(
    "gives a client that declares it a task, which completes with the person's answer",
    async () => {
      const session = await taskSession();
      const execution = await session.callTool("create_pause_request", question());
      const pause_id = await newest();
      const [message] = await appliance.messages({ pause_id, recipient: "" });
      await appliance.choose(message!.link, "Approve");
      const { outcome } = await execution.settle();
      expect(outcome).toMatchObject({
        status: "completed",
        result: { structuredContent: { pause_id, response_choice: "Approve", response_source: "human" } },
      });
      await session.close();
    },
    120_000,
  );

  peerTest(
    "withdraws the question when the client cancels the task",
    async () => {
      const session = await taskSession();
      const execution = await session.callTool("create_pause_request", question());
      const pause_id = await newest();
      await execution.cancel();
      expect((await appliance.pause(appliance.keys.test, pause_id)).status).toBe("cancelled");
      await session.close();
    },
    120_000,
  );

  peerTest(
    "gives other tools, and refusals, their results at once",
    async () => {
      const session = await taskSession();
      const listed = await (await session.callTool("list_pause_requests", { limit: 1 })).settle();
      expect(listed.outcome).toMatchObject({ result: { structuredContent: { data: [expect.anything()] } } });
      const refused = await (await session.callTool("create_pause_request", {})).settle();
      expect(refused.outcome).toMatchObject({ result: { isError: true } });
      await session.close();
    },
    120_000,
  );
});
