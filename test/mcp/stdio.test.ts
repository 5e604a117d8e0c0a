import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { type Appliance, question, startAppliance } from "../support/appliance.ts";
import { Pipe } from "./pipe.ts";

const program = [process.execPath, join(import.meta.dir, "../../src/main.ts")];

let appliance: Appliance;
const open: Pipe[] = [];
beforeAll(async () => {
  appliance = await startAppliance();
});
afterEach(async () => {
  for (const pipe of open.splice(0)) {
    pipe.kill("SIGKILL");
    await pipe.ended;
  }
});
afterAll(() => appliance.stop());

function start(env: Record<string, string> = {}): Pipe {
  const pipe = new Pipe(program, { PAUSEPOINT_URL: appliance.url, PAUSEPOINT_API_KEY: appliance.keys.test, ...env });
  open.push(pipe);
  return pipe;
}

describe("its end", () => {
  test.each(["closeInput", "SIGTERM", "SIGINT"] as const)(
    "comes with %s at once, also while a wait is held",
    async (how) => {
      const pipe = await start().ready();
      const { pause_id } = await appliance.ask(appliance.keys.test);
      pipe.use(1, "poll_pause_request", { pause_id, wait_seconds: 50 });
      await appliance.held(1);
      const started = performance.now();
      if (how === "closeInput") pipe.closeInput();
      else pipe.kill(how);
      expect(await pipe.ended).toBe(0);
      expect(performance.now() - started).toBeLessThan(30_000);
      expect(await pipe.rest()).toEqual([]);
      expect(await pipe.stderr).toBe("");
      await appliance.held(0);
    },
  );
});

describe("its input", () => {
  test("what is no message is passed over, and the next request is answered", async () => {
    const pipe = start();
    for (const line of [
      "{",
      "",
      "null",
      "[]",
      '{"jsonrpc":"1.0"}',
      "\u0000",
      '{"jsonrpc":"2.0","result":1,"id":99}',
      "\r",
    ])
      pipe.write(`${line}\n`);
    pipe.ask(7, "tools/list");
    const { id, result } = await pipe.message();
    expect([id, result.tools.length]).toEqual([7, 5]);
  });

  test("a request may come in pieces, with a line end of Windows, and several in one piece", async () => {
    const pipe = start();
    const line = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" });
    pipe.write(line.slice(0, 20));
    pipe.write(`${line.slice(20)}\r\n${line.replace('"id":1', '"id":2')}\n`);
    expect([(await pipe.message()).id, (await pipe.message()).id]).toEqual([1, 2]);
  });

  test("several waits are held at once, and each is answered under its own id", async () => {
    const pipe = await start().ready();
    const pauses = await Promise.all([1, 2, 3].map(() => appliance.ask(appliance.keys.test)));
    for (const [index, { pause_id }] of pauses.entries()) pipe.use(index, "poll_pause_request", { pause_id });
    await appliance.held(3);
    const answered = new Map<number, string>();
    for (const pause of pauses.toReversed()) {
      const [message] = await appliance.messages(pause);
      await appliance.choose(message!.link, "Approve");
      const { id, result } = await pipe.message();
      answered.set(id, result.structuredContent.pause_id);
    }
    expect(answered).toEqual(new Map(pauses.map(({ pause_id }, index) => [index, pause_id])));
  });

  test("a call that the client takes back no longer holds the server", async () => {
    const pipe = await start().ready();
    const { pause_id } = await appliance.ask(appliance.keys.test);
    pipe.use(5, "poll_pause_request", { pause_id, wait_seconds: 50 });
    await appliance.held(1);
    pipe.write(`${JSON.stringify({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 5 } })}\n`);
    await appliance.held(0);
  });

  test("a message of 50 MB ends it with a sentence, not with a fault", async () => {
    const pipe = start();
    pipe.write(`"${"x".repeat(50_000_000)}`);
    expect(await pipe.ended).toBeLessThan(2);
    const said = await pipe.stderr;
    expect(said).toStartWith("pausepoint mcp: ");
    expect(said).not.toContain("    at ");
  });
});

describe("its settings", () => {
  test.each([
    [{ PAUSEPOINT_API_KEY: "" }, "Set PAUSEPOINT_API_KEY to a key"],
    [{ PAUSEPOINT_API_KEY: "pp_test_cut" }, "PAUSEPOINT_API_KEY is no whole key"],
    [{ PAUSEPOINT_URL: "approve.example.com" }, "PAUSEPOINT_URL must be the server's address"],
    [{ PAUSEPOINT_URL: "file:///etc" }, "PAUSEPOINT_URL must be the server's address"],
  ])("%j is refused with what to set", async (env, said) => {
    const pipe = start(env);
    expect(await pipe.ended).toBe(2);
    expect(await pipe.stderr).toStartWith(said);
    expect(await pipe.rest()).toEqual([]);
  });

  test("a key that the server does not know is a refusal that the agent can pass on", async () => {
    const other = await startAppliance();
    const pipe = start({ PAUSEPOINT_API_KEY: other.keys.live });
    await other.stop();
    pipe.use(1, "list_pause_requests");
    const { result } = await pipe.message();
    expect(result.isError).toBe(true);
    expect(result.content[0].text).toContain("PausePoint needs a valid API key in the settings of this MCP server");
  });
});

describe("without a server", () => {
  const nowhere = () => start({ PAUSEPOINT_URL: "http://127.0.0.1:9" });

  test("the tools are listed", async () => {
    const pipe = nowhere();
    pipe.ask(1, "tools/list");
    expect((await pipe.message()).result.tools).toHaveLength(5);
  });

  test("a call is refused with what to do, a create with how not to ask twice", async () => {
    const pipe = nowhere();
    pipe.use(1, "create_pause_request", question({ idempotency_key: "k" }));
    const created = await pipe.message();
    expect(created.result.isError).toBe(true);
    expect(created.result.content[0].text).toContain("Call again with the same idempotency_key and arguments");
    for (const [tool, args] of [
      ["list_pause_requests", {}],
      ["get_audit_log", {}],
      ["cancel_pause_request", { pause_id: "pause_1" }],
      ["poll_pause_request", { pause_id: "pause_1", wait_seconds: 0 }],
    ] as const) {
      pipe.use(2, tool, args);
      const { result } = await pipe.message();
      expect(result.isError).toBe(true);
      expect(result.content[0].text).toContain("No answer from PausePoint: ");
    }
  });
});
