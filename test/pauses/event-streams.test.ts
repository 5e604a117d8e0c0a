import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { Key } from "../../src/access/index.ts";
import { EventStreams } from "../../src/pauses/event-streams.ts";
import { EventTable } from "../../src/pauses/event-table.ts";
import type { Pause } from "../../src/pauses/index.ts";
import { forgetOldEvents } from "../../src/pauses/sweep.ts";
import { IdSource, idOf } from "../../src/platform/ids.ts";
import { createLog } from "../../src/platform/log.ts";
import { DAY, HOUR, openTestDatabase, seededRandom } from "../support/database.ts";

let db: Awaited<ReturnType<typeof openTestDatabase>>;
let table: EventTable;
let streams: EventStreams;
let shown: number[];
let logged: string[];
let pause: Pause;
let world: number;
beforeEach(async () => {
  db = await openTestDatabase();
  table = new EventTable(db.writer);
  ({ pause } = await db.ask(db.live.key));
  world = db.live.key.world.n;
  shown = [];
  logged = [];
  streams = new EventStreams({
    writer: db.writer,
    clock: db.clock,
    log: createLog(
      "warn",
      "text",
      () => db.clock.now(),
      (line) => logged.push(line),
    ),
    show(n) {
      shown.push(n);
      return pause;
    },
  });
});
afterEach(async () => {
  streams.stop();
  await db[Symbol.asyncDispose]();
});

/** Writes events as {@link recordEvent} does, and answers their ids. */
async function tell(count: number, key: Key = db.live.key): Promise<string[]> {
  const insert = db.connection.prepare(
    "INSERT INTO events (id, world_n, pause_n, type, at) VALUES (?, ?, 1, 'pause.cancelled', ?)",
  );
  const ids = Array.from({ length: count }, () => db.context.ids.next("evt").id);
  await turn();
  db.connection.transaction(() => ids.map((id) => insert.run(id, key.world.n, db.clock.now())))();
  streams.told();
  return ids;
}

/** What is read in one turn of the event loop shares one look at the database. */
const turn = () => new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)));

function listen(key: Key, lastId: string | null = null, signal = new AbortController().signal) {
  const reader = streams.open(key, lastId, signal).body.getReader();
  let text = "";
  return {
    leave: () => reader.cancel(),
    /** Everything up to and with what `end` stands in, since the last time. */
    async until(end: string): Promise<string> {
      while (!text.includes(end)) {
        const { done, value } = await reader.read();
        if (done) throw new Error(`over before ${end}`);
        text += new TextDecoder().decode(value);
      }
      const cut = text.indexOf("\n\n", text.indexOf(end)) + 2;
      const taken = text.slice(0, cut);
      text = text.slice(cut);
      return taken;
    },
    async over(): Promise<void> {
      while (!(await reader.read()).done);
    },
  };
}

const idsIn = (text: string) => [...text.matchAll(/^id: (\w+)\nevent: pause/gm)].map(([, id]) => id ?? "");

describe("an event stream", () => {
  test("reads no further than its reader does, and loses nothing", async () => {
    const stream = listen(db.live.key);
    await stream.until("retry");
    const ids: string[] = [];
    for (let batch = 0; batch < 20; batch++) ids.push(...(await tell(100)));
    for (let turns = 0; turns < 100; turns++) await turn();
    // One page waits for the reader, whatever has happened since.
    expect(shown.length).toBeGreaterThan(0);
    expect(shown.length).toBeLessThanOrEqual(100);
    expect(idsIn(await stream.until(ids.at(-1)!))).toEqual(ids);
  });

  test("large pauses make short pages", async () => {
    pause = { ...pause, metadata: { filler: "x".repeat(30_000) } };
    const stream = listen(db.live.key);
    await stream.until("retry");
    const ids = await tell(40);
    for (let turns = 0; turns < 50; turns++) await turn();
    expect(shown.length).toBeLessThanOrEqual(6);
    expect(idsIn(await stream.until(ids.at(-1)!))).toEqual(ids);
  });

  test("finds its world's events among thousands of others, when it is told and when it resumes", async () => {
    const stream = listen(db.live.key);
    const first = (await tell(1))[0]!;
    await stream.until(first);
    await tell(5_000, db.test.key);
    const [second] = await tell(1);
    expect(idsIn(await stream.until(second!))).toEqual([second!]);
    expect(idsIn(await listen(db.live.key, first).until(second!))).toEqual([second!]);
  });

  test("that breaks is ended and logged, and the others go on", async () => {
    const [broken, whole] = [listen(db.live.key), listen(db.test.key)];
    await Promise.all([broken.until("retry"), whole.until("retry")]);
    const kept = pause;
    pause = null as unknown as Pause;
    await tell(1);
    await broken.over();
    expect(logged.join()).toContain("event stream failed");
    pause = kept;
    const [id] = await tell(1, db.test.key);
    await whole.until(id!);
    expect(streams.count).toBe(1);
  });

  test("ends when storage can't be read, at an event and at a heartbeat, and the process goes on", async () => {
    const table = (name: string) => db.connection.exec(`ALTER TABLE ${name}`);
    for (const [name, tried] of [
      ["events", () => streams.told()],
      ["api_keys", () => db.clock.turn(15_000)],
    ] as const) {
      const stream = listen(db.live.key);
      await stream.until("retry");
      for (let turns = 0; turns < 5; turns++) await turn();
      table(`${name} RENAME TO gone`);
      tried();
      await stream.over();
      expect([streams.count, logged.splice(0).join()]).toEqual([0, expect.stringContaining("event streams failed")]);
      table(`gone RENAME TO ${name}`);
    }
  });

  test("whose reader was gone before it began takes no place", () => {
    streams.open(db.live.key, null, AbortSignal.abort());
    expect(streams.count).toBe(0);
  });

  test("that was read too slowly, so that events were forgotten meanwhile, tells it by a reset", async () => {
    const stream = listen(db.live.key);
    const ids = await tell(300);
    // It holds its first page, and its reader comes back after the rest is gone.
    for (let turns = 0; turns < 20; turns++) await turn();
    db.clock.turn(8 * DAY);
    await db.writer.write((tx) => forgetOldEvents(tx, db.clock.now()));
    const [last] = await tell(1);
    const text = await stream.until("event: reset");
    expect(idsIn(text)).toEqual(ids.slice(0, idsIn(text).length));
    expect(idsIn(text).length).toBeLessThan(300);
    expect(text).toContain(`id: ${last}\nevent: reset\n`);
    const [next] = await tell(1);
    expect(idsIn(await stream.until(next!))).not.toContain(last);
  });
});

test("a thousand streams are open at once, in whatever worlds, and none after the stop", async () => {
  const worlds = Array.from({ length: 11 }, (_, n) => ({
    ...db.live.key,
    world: { ...db.live.key.world, n: 100 + n },
  }));
  const open = worlds.slice(0, 10).flatMap((key) => Array.from({ length: 100 }, () => listen(key)));
  expect(streams.count).toBe(1_000);
  expect(() => listen(worlds[10]!)).toThrow("1000 event streams are open already");
  await open[0]?.leave();
  listen(worlds[10]!);
  streams.stop();
  expect(streams.count).toBe(0);
  await Promise.all(open.slice(1).map((stream) => stream.over()));
  expect(() => listen(worlds[0]!)).toThrow("stopping");
});

describe("looking an event up by its id", () => {
  test("finds each of its world, and none of another", async () => {
    const ids: string[] = [];
    for (let n = 0; n < 40; n++) ids.push((await tell(1, n % 3 === 0 ? db.test.key : db.live.key))[0]!);
    await turn();
    for (const [index, id] of ids.entries()) {
      // The pause that was there before has the first number.
      expect(table.find(world, id)).toBe(index % 3 === 0 ? null : index + 2);
    }
  });

  test("finds none that was never made, whatever it sorts between", async () => {
    await tell(20);
    await turn();
    expect(table.find(world, idOf("evt", new Uint8Array(16)))).toBeNull();
    expect(table.find(world, idOf("evt", new Uint8Array(16).fill(255)))).toBeNull();
    expect(table.find(world, new IdSource(db.clock, seededRandom("other")).next("evt").id)).toBeNull();
  });

  test("over a clock that was set back by an hour finds the right one or none", async () => {
    const before = await tell(50);
    db.clock.turn(2 * HOUR);
    const wrong = await tell(50);
    db.clock.set(db.clock.now() - HOUR);
    const after = await tell(50);
    db.clock.turn(3 * HOUR);
    const later = await tell(50);
    await turn();
    const numbers = [...before, ...wrong, ...after, ...later].map((id) => table.find(world, id));
    for (const [index, n] of numbers.entries()) expect([null, index + 2]).toContain(n);
    expect(numbers.slice(150)).toEqual(later.map((_, index) => 152 + index));
  });
});

describe("the sweep of events", () => {
  const sweep = async () => {
    let rounds = 1;
    while (await db.writer.write((tx) => forgetOldEvents(tx, db.clock.now()))) rounds++;
    return rounds;
  };
  const kept = () => db.count("SELECT count(*) FROM events");

  test("forgets what is older than seven days, in batches, and nothing younger", async () => {
    const old = await tell(1_200);
    db.clock.turn(DAY);
    const young = await tell(700);
    await turn();
    db.clock.turn(6 * DAY);
    expect([await sweep(), kept()]).toEqual([1, 1_901]);
    db.clock.turn(1);
    expect([await sweep(), kept()]).toEqual([3, 700]);
    expect(table.find(world, old.at(-1)!)).toBeNull();
    expect(table.find(world, young[0]!)).toBe(1_202);
  });

  test("keeps the newest of all, so that it can be resumed from and its number never comes again", async () => {
    const ids = await tell(3);
    db.clock.turn(30 * DAY);
    await sweep();
    expect(kept()).toBe(1);
    expect(table.find(world, ids[2]!)).toBe(4);
    const stream = listen(db.live.key, ids[2]!);
    const [next] = await tell(1);
    expect(idsIn(await stream.until(next!))).toEqual([next!]);
    await turn();
    expect(table.find(world, next!)).toBe(5);
  });
});
