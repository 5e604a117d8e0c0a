import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { listKeys, revokeKey } from "../../src/access/index.ts";
import { withFolder } from "../../src/cli/folder.ts";
import { IdSource } from "../../src/platform/ids.ts";
import { type Appliance, restarted, startAppliance } from "../support/appliance.ts";
import { HOUR, MINUTE, seededRandom } from "../support/database.ts";
import { eventually } from "../support/eventually.ts";
import { EventReader } from "./event-reader.ts";
import { expectInvalid, expectProblem } from "./problem.ts";

let appliance: Appliance;
let key: string;
const open: EventReader[] = [];
beforeAll(async () => {
  appliance = await startAppliance();
  key = appliance.keys.test;
});
afterEach(async () => {
  for (const reader of open.splice(0)) reader.cut();
  await listening(0);
});
afterAll(() => appliance.stop());

async function listen(wanted: { key?: string; lastId?: string; query?: string; at?: Appliance } = {}) {
  const reader = await EventReader.open((wanted.at ?? appliance).url, wanted.key ?? key, wanted);
  open.push(reader);
  return reader;
}

/** Resolves when so many streams are open. */
async function listening(count: number): Promise<void> {
  await eventually(
    () => appliance.app.listening,
    (open) => open === count,
  );
}

const respond = (id: string, choice = "Approve") =>
  appliance.post(`/v1/test/pause/${id}/respond`, appliance.keys.test, { choice });
const cancel = (id: string, by = key) => appliance.post(`/v1/pause/${id}/cancel`, by, { reason: "not needed" });
const told = ({ event, data }: { event: string; data: { data?: { pause_id?: string } } }) => [
  event,
  data.data?.pause_id,
];

describe("GET /v1/events", () => {
  test("tells a pause's creation and each way to end as they happen, with the webhook's body", async () => {
    const reader = await listen();
    expect(reader.retry).toBe(2_000);
    expect(Object.fromEntries(reader.headers)).toMatchObject({
      "content-type": "text/event-stream",
      "cache-control": "no-store",
      "x-accel-buffering": "no",
    });
    const asked = await appliance.ask(key, { message: "Pay\nthe invoice?\r\n\u2028" });
    const [created] = await reader.take(1);
    expect(created).toEqual({
      id: expect.stringMatching(/^evt_[0-9a-z]{26}$/),
      event: "pause.created",
      data: { type: "pause.created", timestamp: asked.created_at, data: asked },
    });

    const answered = (await respond(asked.pause_id)).body;
    const withdrawn = (await cancel((await appliance.ask(key)).pause_id)).body;
    const late = await appliance.ask(key, { timeout_hours: 1 });
    appliance.clock.turn(HOUR);
    const ended = await appliance.pause(key, late.pause_id);
    const rest = await reader.take(5);
    expect(rest.map(told)).toEqual([
      ["pause.responded", answered.pause_id],
      ["pause.created", withdrawn.pause_id],
      ["pause.cancelled", withdrawn.pause_id],
      ["pause.created", late.pause_id],
      ["pause.timed_out", late.pause_id],
    ]);
    expect(rest[0]?.data.timestamp).toBe(answered.responded_at);
    expect(rest[0]?.data.data).toMatchObject({
      status: "responded",
      response_choice: "Approve",
      message: asked.message,
    });
    expect(rest[2]?.data.data).toMatchObject({ status: "cancelled", cancel_reason: "not needed" });
    expect(rest[4]?.data.data).toMatchObject({ status: ended.status, response_choice: null });
    const ids = [created, ...rest].map((event) => event?.id ?? "");
    expect(ids).toEqual([...ids].sort());
  });

  test("begins with what comes from now on", async () => {
    await appliance.ask(key);
    const reader = await listen();
    const { pause_id } = await appliance.ask(key);
    expect((await reader.take(1)).map(told)).toEqual([["pause.created", pause_id]]);
  });

  test("shows a pause as it was created, whatever became of it since", async () => {
    const before = await listen();
    await appliance.ask(key);
    const [mark] = await before.take(1);
    const asked = await appliance.ask(key, { recipient: ["+13128471928", "+13128471999"] });
    await appliance.messages(asked);
    await respond(asked.pause_id);
    const [created, responded] = await (await listen({ lastId: mark!.id })).take(2);
    expect(created?.data.data).toEqual(asked);
    expect(responded?.data.data).toMatchObject({ status: "responded", reached: true });
  });

  test("goes on right behind Last-Event-ID, by header or by query, and the header counts", async () => {
    const first = await listen();
    for (let n = 0; n < 3; n++) await appliance.ask(key);
    const events = await first.take(3);
    first.cut();
    const missed = await appliance.ask(key);
    const [one, two] = events;
    const byHeader = await listen({ lastId: two!.id });
    expect((await byHeader.take(2)).map(told)).toEqual([told(events[2]!), ["pause.created", missed.pause_id]]);
    const byQuery = await listen({ query: `?last_event_id=${two!.id}` });
    expect(await byQuery.take(1)).toEqual([events[2]!]);
    const byBoth = await listen({ lastId: one!.id, query: `?last_event_id=${events[2]!.id}` });
    expect(await byBoth.take(2)).toEqual(events.slice(1));
  });

  test("who is cut off before the first event resumes from where it began", async () => {
    await appliance.ask(key);
    const reader = await listen();
    reader.cut();
    const { pause_id } = await appliance.ask(key);
    const again = await listen({ lastId: reader.lastId });
    expect((await again.take(1)).map(told)).toEqual([["pause.created", pause_id]]);
  });

  test("resumes over a restart, also when the clock was set back a little meanwhile", async () => {
    const first = await startAppliance();
    const before = await EventReader.open(first.url, first.keys.live);
    const asked = await first.ask(first.keys.live);
    // The newest event is much younger than the newest pause.
    first.clock.turn(5 * MINUTE);
    await first.post(`/v1/pause/${asked.pause_id}/cancel`, first.keys.live);
    const [, cancelled] = await before.take(2);
    await first.app.stop();
    await before.over();
    first.clock.set(first.clock.now() - 4 * MINUTE);
    const second = await restarted(first);
    const missed = await second.ask(second.keys.live);
    const after = await EventReader.open(second.url, second.keys.live, { lastId: cancelled!.id });
    const next = await second.ask(second.keys.live);
    const events = await after.take(2);
    expect(events.map(told)).toEqual([missed, next].map(({ pause_id }) => ["pause.created", pause_id]));
    expect(events[0]!.id > cancelled!.id).toBe(true);
    const last = await EventReader.open(second.url, second.keys.live, { lastId: events[0]!.id });
    expect(await last.take(1)).toEqual(events.slice(1));
    await second.stop();
  });

  test("tells nothing of another project or of the other mode", async () => {
    const { test: tests, live, otherTest, otherLive } = appliance.keys;
    const keys = [tests, live, otherTest, otherLive];
    const readers = await Promise.all(keys.map((each) => listen({ key: each })));
    const asked = [];
    for (let round = 0; round < 3; round++) for (const each of keys) asked.push(await appliance.ask(each));
    for (const [index, reader] of readers.entries()) {
      const own = asked.filter((_, place) => place % keys.length === index);
      expect((await reader.take(3)).map(told)).toEqual(own.map(({ pause_id }) => ["pause.created", pause_id]));
      expect(reader.told).toEqual([]);
    }
  });

  test("an id that is unknown, no id, or another world's is told by a reset, and then it goes on from now", async () => {
    const foreign = await Promise.all([
      listen({ key: appliance.keys.live }),
      listen({ key: appliance.keys.otherTest }),
    ]);
    const ids: string[] = [];
    for (const [index, reader] of foreign.entries()) {
      await appliance.ask(index === 0 ? appliance.keys.live : appliance.keys.otherTest);
      ids.push((await reader.take(1))[0]!.id);
    }
    const { id: unmade } = new IdSource(appliance.clock, seededRandom("unmade")).next("evt");
    for (const lastId of [...ids, unmade, "evt_00000000000000000000000000", "evt_no", "7", "pause_x"]) {
      const reader = await listen({ lastId });
      const { pause_id } = await appliance.ask(key);
      const [reset, created] = await reader.take(2);
      expect([reset?.event, reset?.data]).toEqual(["reset", {}]);
      expect(told(created!)).toEqual(["pause.created", pause_id]);
      // From there on it can resume.
      expect(reset?.id).not.toBe(lastId);
      const again = await listen({ lastId: reset!.id });
      expect((await again.take(1)).map(told)).toEqual([["pause.created", pause_id]]);
    }
  });

  test("sends a comment every 15 seconds", async () => {
    const readers = [await listen(), await listen({ key: appliance.keys.live })];
    for (const beats of [1, 2]) {
      appliance.clock.turn(14_999);
      const { pause_id } = await appliance.ask(key);
      expect((await readers[0]!.take(1)).map(told)).toEqual([["pause.created", pause_id]]);
      expect(readers.map(({ comments }) => comments)).toEqual([beats - 1, beats - 1]);
      appliance.clock.turn(1);
      for (const reader of readers) await reader.until(() => reader.comments === beats);
    }
  });

  test("ends with its key within a heartbeat, and other keys' streams go on", async () => {
    const short = await appliance.newKey({ mode: "test" });
    const [reader, other] = [await listen({ key: short }), await listen()];
    await withFolder(appliance.config, async ({ writer, context: { random } }) => {
      const { clock } = appliance;
      const newest = writer.all(listKeys, {}).at(-1)!;
      await writer.write((tx) =>
        revokeKey(tx, { clock, random, ids: new IdSource(clock, random) }, newest.id, { type: "operator", id: null }),
      );
    });
    appliance.clock.turn(15_000);
    await reader.over();
    await listening(1);
    await other.until(() => other.comments === 1);
    await expect(listen({ key: short })).rejects.toThrow("401");
  });

  test("a client that leaves is forgotten at once", async () => {
    const readers = await Promise.all(Array.from({ length: 20 }, () => listen()));
    await listening(20);
    for (const reader of readers) reader.cut();
    await listening(0);
  });

  test("a key without pauses:read and a query that is not known are refused", async () => {
    const writing = await appliance.newKey({ mode: "test", scopes: ["pauses:write"] });
    expectProblem(await appliance.get("/v1/events", writing), "scope");
    expectInvalid(await appliance.get("/v1/events?from=1", key), "from");
    expectInvalid(await appliance.get("/v1/events?last_event_id=1&last_event_id=2", key), "last_event_id");
  });

  test("HEAD answers with the headers and opens nothing", async () => {
    const { status, headers, text } = await appliance.call("/v1/events", { key, method: "HEAD" });
    expect([status, headers.get("content-type"), text]).toEqual([200, "text/event-stream", ""]);
    expect(appliance.app.listening).toBe(0);
  });

  test("a hundred streams of a project and mode are open at once, and a place that is left can be taken", async () => {
    const readers = await Promise.all(Array.from({ length: 100 }, () => listen()));
    const refused = await appliance.get("/v1/events", key);
    expectProblem(refused, "rate-limited");
    expect(refused.headers.get("retry-after")).toBe("15");
    const elsewhere = await listen({ key: appliance.keys.live });
    readers[50]!.cut();
    await listening(100);
    readers[50] = await listen();
    const { pause_id } = await appliance.ask(key);
    for (const reader of readers) expect((await reader.take(1)).map(told)).toEqual([["pause.created", pause_id]]);
    expect(elsewhere.told).toEqual([]);
  });

  test("a reader that takes nothing holds back nobody, and gets everything once it reads", async () => {
    const slow = await stalled(appliance, key);
    const fast = await listen();
    const metadata = { filler: "x".repeat(15_000) };
    const expected: string[] = [];
    for (let batch = 0; batch < 15; batch++) {
      const asked = await Promise.all(Array.from({ length: 40 }, () => appliance.ask(key, { metadata })));
      expect((await fast.take(asked.length)).length).toBe(asked.length);
      expected.push(...asked.map(({ pause_id }) => pause_id).sort());
    }
    const text = await readOn(slow, expected.length);
    expect([...text.matchAll(/^data: .*?"pause_id":"(pause_\w+)"/gm)].map(([, id = ""]) => id)).toEqual(expected);
  }, 120_000);

  test("500 pauses, a reader that is cut off again and again: each event once, in order", async () => {
    const random = seededRandom("cut off");
    const draw = (below: number) => Buffer.from(random.bytes(4)).readUInt32BE() % below;
    const whole = await listen();
    let reader = await listen();
    let cuts = 0;
    const seen: string[] = [];
    let writing = true;
    const work = (async () => {
      for (let batch = 0; batch < 25; batch++) {
        await Promise.all(
          Array.from({ length: 20 }, async () => {
            const { pause_id } = await appliance.ask(key);
            await respond(pause_id, draw(2) === 0 ? "Approve" : "Reject");
          }),
        );
      }
      writing = false;
    })();
    while (writing || seen.length < 1_000) {
      const few = Math.min(1 + draw(60), 1_000 - seen.length);
      await reader.until(() => reader.told.length >= few);
      // Whole events alone count; what was cut off in the middle comes again.
      reader.cut();
      await reader.over();
      seen.push(...reader.told.splice(0).map(({ id }) => id));
      cuts++;
      reader = await listen({ lastId: reader.lastId });
      if (seen.length >= 1_000) break;
    }
    await work;
    const all = await whole.take(1_000);
    expect(seen).toEqual(all.map(({ id }) => id));
    expect(new Set(seen).size).toBe(1_000);
    expect(all.map(({ event }) => event).filter((event) => event === "pause.responded")).toHaveLength(500);
    expect(cuts).toBeGreaterThan(15);
  }, 120_000);
});

describe("an appliance that stops", () => {
  test("ends its streams at once, those too that nobody reads", async () => {
    const stopping = await startAppliance();
    const reader = await EventReader.open(stopping.url, stopping.keys.test);
    const slow = await stalled(stopping, stopping.keys.test);
    const metadata = { filler: "x".repeat(15_000) };
    for (let batch = 0; batch < 10; batch++) {
      await Promise.all(Array.from({ length: 40 }, () => stopping.ask(stopping.keys.test, { metadata })));
    }
    await reader.take(400);
    expect(stopping.app.listening).toBe(2);
    const stopped = stopping.stop();
    await eventually(
      () => stopping.app.listening,
      (listening) => listening === 0,
    );
    await reader.over();
    // What lies in its connection is waited for as any answer is, for a few seconds.
    slow.destroy();
    await stopped;
  }, 120_000);
});

/** A connection that has asked for events and reads nothing of what comes. */
async function stalled(at: Appliance, by: string): Promise<Socket> {
  const before = at.app.listening;
  const socket = connect(at.app.port, "127.0.0.1");
  socket.pause();
  await new Promise((resolve) => socket.once("connect", resolve));
  socket.write(`GET /v1/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${by}\r\n\r\n`);
  while (at.app.listening === before) await new Promise((resolve) => setImmediate(resolve));
  return socket;
}

/** Reads on until so many events are there. */
async function readOn(socket: Socket, count: number): Promise<string> {
  const chunks: Buffer[] = [];
  let ends = 0;
  const done = new Promise<void>((resolve, reject) => {
    socket.on("close", () => reject(new Error(`closed after ${ends} events`)));
    socket.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      for (let at = chunk.indexOf("event: "); at >= 0; at = chunk.indexOf("event: ", at + 1)) ends++;
      if (ends >= count && chunk.includes("}}\n\n", Math.max(0, chunk.length - 50))) resolve();
    });
  });
  socket.resume();
  await done;
  socket.removeAllListeners("close");
  socket.destroy();
  // Without the sizes that HTTP puts between the chunks.
  return Buffer.concat(chunks)
    .toString()
    .replaceAll(/\r\n[0-9a-f]+\r\n/g, "");
}
