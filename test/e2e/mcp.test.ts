import { expect } from "bun:test";
import type { Pause } from "../../src/pauses/index.ts";
import { Pipe } from "../mcp/pipe.ts";
import { connect, revisions, transports, use } from "../mcp/stage.ts";
import { environment, Started, serveBinary } from "../support/binary.ts";
import { pathOf, testNeeding } from "../support/needs.ts";

const binaryTest = testNeeding("dist/pausepoint");
const question = { recipient: "+1 (312) 847-1928", channel: "sms", message: "Wire $8,400 to Meridian?" };
const pairs = transports.flatMap((over) => revisions.map((revision) => ({ over, revision })));

for (const { over, revision } of pairs) {
  binaryTest(`an agent uses all five tools over ${over}, at revision ${revision}`, async () => {
    await using server = await serveBinary();
    const program = [pathOf("dist/pausepoint")];
    const client = await connect({ over, revision, url: server.url, key: server.key, program });
    expect(client.getServerVersion()?.name).toBe("pausepoint");
    expect((await client.listTools()).tools).toHaveLength(5);
    const asked = await use(client, "create_pause_request", { ...question, idempotency_key: "one" });
    expect((await use(client, "create_pause_request", { ...question, idempotency_key: "one" })).pause_id).toBe(
      asked.pause_id,
    );
    const waiting = use(client, "poll_pause_request", { pause_id: asked.pause_id, wait_seconds: 50 });
    expect((await server.choose(await server.link(asked.pause_id), "Approve")).status).toBe(303);
    expect(await waiting).toMatchObject({ response_choice: "Approve", response_source: "human" });
    const other = await use(client, "create_pause_request", question);
    expect(await use(client, "cancel_pause_request", { pause_id: other.pause_id })).toMatchObject({
      status: "cancelled",
    });
    const listed = await use<{ data: Pause[] }>(client, "list_pause_requests", {});
    expect(listed.data.map(({ pause_id }) => pause_id)).toEqual([other.pause_id, asked.pause_id]);
    const log = await use<{ data: { type: string }[] }>(client, "get_audit_log", { pause_id: other.pause_id });
    expect(log.data.map(({ type }) => type)).toContain("pause.cancelled");
    await client.close();
  });
}

/** A pipe to the executable, as an agent's host starts it. */
function pipeTo(url: string, key: string): Pipe {
  return new Pipe([pathOf("dist/pausepoint")], { PAUSEPOINT_URL: url, PAUSEPOINT_API_KEY: key });
}

binaryTest("a wait outlives the restart of the server, by a stop and by a kill", async () => {
  await using server = await serveBinary();
  const { port } = new URL(server.url);
  const pipe = pipeTo(server.url, server.key);
  let running = server.process;
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    pipe.use(1, "create_pause_request", question);
    const { pause_id } = (await pipe.message()).result.structuredContent;
    pipe.use(2, "poll_pause_request", { pause_id, wait_seconds: 50 });
    // Held for a while itself, so that the wait has reached the server before it.
    await server.pause(pause_id, 0.3);
    process.kill(running.pid, signal);
    await running.ended;
    running = new Started(["serve", "--port", port, "--json"], server.folder, environment());
    await running.line();
    expect((await server.choose(await server.link(pause_id), "Reject")).status).toBe(303);
    const { id, result } = await pipe.message();
    expect([id, result.isError, result.structuredContent.response_choice]).toEqual([2, undefined, "Reject"]);
  }
  pipe.closeInput();
  expect(await pipe.ended).toBe(0);
  await running.stop();
});

binaryTest("a server that stays away is told to the agent once its wait is over", async () => {
  const server = await serveBinary();
  const pipe = pipeTo(server.url, server.key);
  pipe.use(1, "create_pause_request", question);
  const { pause_id } = (await pipe.message()).result.structuredContent;
  await server.stop();
  pipe.use(2, "poll_pause_request", { pause_id, wait_seconds: 1 });
  const { result } = await pipe.message();
  expect(result.isError).toBe(true);
  expect(result.content[0].text).toContain("Nothing is lost: the server keeps every pause.");
  pipe.kill("SIGTERM");
  expect(await pipe.ended).toBe(0);
});

binaryTest(
  "an answer far longer than a pipe holds comes whole, also when the client asks and closes its side",
  async () => {
    await using server = await serveBinary();
    for (let count = 0; count < 100; count++)
      await server.ask({ message: "x".repeat(1_600), metadata: { pad: "y".repeat(3_000) } });
    const pipe = pipeTo(server.url, server.key);
    pipe.use(1, "list_pause_requests", { limit: 100 });
    const { result } = await pipe.message();
    expect(result.structuredContent.data).toHaveLength(100);
    expect(result.content[0].text.length).toBeGreaterThan(400_000);
    pipe.closeInput();
    expect(await pipe.ended).toBe(0);
    expect(await pipe.rest()).toEqual([]);
    expect(await pipe.stderr).toBe("");
  },
);
