import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { expectProblem } from "../http/problem.ts";
import { type Answer, type Appliance, startAppliance } from "../support/appliance.ts";
import { connect, revisions, use } from "./stage.ts";

let appliance: Appliance;
beforeAll(async () => {
  appliance = await startAppliance((config) => ({ ...config, mcp: { hosts: ["pausepoint.internal"] } }));
});
afterAll(() => appliance.stop());

const ACCEPT = { accept: "application/json, text/event-stream" };

/** Posts what a client of 2025-11-25 would, or anything else. */
function post(body: unknown, headers: Record<string, string> = {}, key = appliance.keys.test): Promise<Answer> {
  return appliance.call("/mcp", { key, body, headers: { ...ACCEPT, ...headers } });
}

const listing = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "list_pause_requests", arguments: {} } };

/** The messages in an answer, which is a stream or one body. */
function messagesIn({ text, headers }: Answer) {
  if (headers.get("content-type")?.startsWith("text/event-stream") !== true) return [JSON.parse(text)];
  return [...text.matchAll(/^data: (.*)$/gm)].map(([, data = ""]) => JSON.parse(data));
}

describe("who may come in", () => {
  test("without a valid key nobody, and the answer says how to authenticate", async () => {
    for (const authorization of [undefined, "Bearer pp_test_no", `Basic ${appliance.keys.test}`]) {
      const answer = await appliance.call("/mcp", {
        body: listing,
        headers: { ...ACCEPT, ...(authorization === undefined ? {} : { authorization }) },
      });
      expectProblem(answer, "no-key");
      expect(answer.headers.get("www-authenticate")).toBe('Bearer realm="pausepoint"');
    }
  });

  test("no web page of another site, by its Host or its Origin", async () => {
    for (const host of [
      "evil.example",
      "evil.example:8787",
      "localhost.evil.example",
      "",
      "127.0.0.1@evil.example",
      "a b",
    ])
      expectProblem(await post(listing, { host }), "other-site");
    for (const origin of [
      "http://evil.example",
      "null",
      "file://",
      "https://localhost.evil.example",
      "http://203.0.113.7",
    ])
      expectProblem(await post(listing, { origin }), "other-site");
  });

  test("this machine, the address it listens on and the names in the configuration", async () => {
    const port = appliance.app.port;
    for (const host of [
      `localhost:${port}`,
      `127.0.0.1:${port}`,
      `[::1]:${port}`,
      "10.1.2.3",
      "pausepoint.internal",
      "PausePoint.Internal:80",
    ])
      expect((await post(listing, { host })).status).toBe(200);
    for (const origin of ["http://localhost:6274", "http://127.0.0.1", "https://pausepoint.internal"])
      expect((await post(listing, { origin })).status).toBe(200);
  });

  test("only POST", async () => {
    for (const method of ["GET", "DELETE", "PUT", "PATCH", "OPTIONS"]) {
      const answer = await appliance.call("/mcp", { method, key: appliance.keys.test, headers: ACCEPT });
      expectProblem(answer, "method-not-allowed");
      expect(answer.headers.get("allow")).toBe("POST");
    }
  });
});

describe("a body that is no message", () => {
  test.each([
    ["cut JSON", "{", 400, -32_700],
    ["an empty body", "", 400, -32_700],
    ["bytes that are no UTF-8", new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x7d]), 400, -32_700],
    ["an empty batch", "[]", 400, -32_600],
    ["null", "null", 400, -32_600],
    ["an object of another kind", '{"a":1}', 400, -32_600],
  ] as const)("%s is refused in the protocol's own terms", async (_, body, status, code) => {
    const answer = await post(body);
    expect([answer.status, JSON.parse(answer.text).error.code]).toEqual([status, code]);
  });

  test("another media type is 415, an Accept that leaves out the answer 406, a version that nobody knows 400", async () => {
    expect((await post("{}", { "content-type": "text/plain" })).status).toBe(415);
    expect((await post(listing, { accept: "application/json" })).status).toBe(406);
    expect((await post(listing, { "mcp-protocol-version": "1999-01-01" })).status).toBe(400);
    expect((await post(listing, { "mcp-protocol-version": "2026-07-28" })).status).toBe(400);
  });

  test("one that is too long is 413, however long", async () => {
    expectProblem(await post(JSON.stringify({ ...listing, padding: "x".repeat(65_536) })), "too-large");
    expect((await post(new Uint8Array(50_000_000))).status).toBe(413);
  });

  test("wrong arguments, an unknown method and an unknown tool are errors with the request's own id", async () => {
    const code = async (method: string, params?: unknown) => {
      const [message] = messagesIn(await post({ jsonrpc: "2.0", id: "seven", method, params }));
      return [message.id, message.error.code];
    };
    expect(await code("tools/call", { name: "list_pause_requests", arguments: [] })).toEqual(["seven", -32_602]);
    expect(await code("tools/call", {})).toEqual(["seven", -32_602]);
    expect(await code("tools/call", { name: "constructor", arguments: {} })).toEqual(["seven", -32_602]);
    expect(await code("tools/eat")).toEqual(["seven", -32_601]);
  });

  test("a batch, which older revisions know, is answered message by message", async () => {
    const answers = messagesIn(await post([listing, { ...listing, id: 2 }]));
    expect(answers.map(({ id }) => id).sort()).toEqual([1, 2]);
  });

  test.each(["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"])(
    "a client of %s is opened to at its revision",
    async (protocolVersion) => {
      const params = { protocolVersion, capabilities: {}, clientInfo: { name: "test", version: "1" } };
      const [{ result }] = messagesIn(await post({ jsonrpc: "2.0", id: 1, method: "initialize", params }));
      expect(result).toMatchObject({
        protocolVersion,
        serverInfo: { name: "pausepoint" },
        capabilities: { tools: {} },
      });
    },
  );

  test("a tool that is no task is not called as one", async () => {
    const params = { name: "list_pause_requests", arguments: {}, task: {} };
    const [{ error }] = messagesIn(await post({ jsonrpc: "2.0", id: 1, method: "tools/call", params }));
    expect(error).toMatchObject({ code: -32_601, message: expect.stringContaining("call it without") });
  });

  test("nothing of all that was logged as a fault", () => {
    expect(appliance.logged).toEqual([]);
  });
});

describe.each(revisions)("a wait at revision %s", (revision) => {
  const connectHere = (to = appliance) => connect({ over: "http", revision, url: to.url, key: to.keys.test });

  test("lasts wait_seconds, and never more than 50", async () => {
    const client = await connectHere();
    const { pause_id } = await appliance.ask(appliance.keys.test);
    for (const [wait_seconds, lasts] of [
      [3, 3],
      [undefined, 25],
      [500, 50],
    ] as const) {
      let done = false;
      const waiting = use(client, "poll_pause_request", { pause_id, wait_seconds }).then((pause) => {
        done = true;
        return pause;
      });
      await appliance.held(1);
      appliance.clock.turn(lasts * 1000 - 1);
      await appliance.get("/healthz", "");
      expect(done).toBe(false);
      appliance.clock.turn(1);
      expect(await waiting).toMatchObject({ status: "pending", pause_id });
    }
    await client.close();
  });

  test("ends with the client that has left", async () => {
    const client = await connectHere();
    const { pause_id } = await appliance.ask(appliance.keys.test);
    const waiting = client.callTool({ name: "poll_pause_request", arguments: { pause_id } }).catch(() => "left");
    await appliance.held(1);
    await client.close();
    expect(await waiting).toBe("left");
    await appliance.held(0);
  });

  test("does not hold up a server that stops: it is told as pending", async () => {
    const stopping = await startAppliance();
    const client = await connectHere(stopping);
    const { pause_id } = await stopping.ask(stopping.keys.test);
    const waiting = use(client, "poll_pause_request", { pause_id });
    await stopping.held(1);
    const started = performance.now();
    await stopping.stop();
    expect(performance.now() - started).toBeLessThan(20_000);
    expect(await waiting).toMatchObject({ status: "pending" });
    await client.close();
  });
});
