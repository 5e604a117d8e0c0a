import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { expireDue, expireForTest, expireOne } from "../../src/pauses/expire.ts";
import { pauseByNumber } from "../../src/pauses/queries.ts";
import { chainFaults, HOUR, openTestDatabase, START } from "../support/database.ts";

let db: Awaited<ReturnType<typeof openTestDatabase>>;
beforeEach(async () => {
  db = await openTestDatabase();
});
afterEach(async () => {
  expect(chainFaults(db.connection)).toEqual([]);
  expect(db.fatal).toEqual([]);
  await db[Symbol.asyncDispose]();
});

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);
const row = (n: number) => db.writer.one(pauseByNumber, { n });
const types = (n: number) => db.log(n).map(({ type }) => type);

describe("the clock", () => {
  test("ends only what is due, earliest first", async () => {
    const long = await db.ask(db.live.key, { timeout_hours: 3 });
    const middle = await db.ask(db.live.key, { timeout_hours: 2 });
    const short = await db.ask(db.live.key, { timeout_hours: 1, timeout_default: "Reject" });
    db.clock.turn(2 * HOUR - 1);
    expect(await db.writer.write((tx) => expireDue(tx, db.context))).toEqual({ ended: 1, more: false });
    expect(await db.writer.write((tx) => expireOne(tx, db.context, middle.n))).toBe(false);
    db.clock.turn(2 * HOUR);
    expect(await db.writer.write((tx) => expireDue(tx, db.context))).toEqual({ ended: 2, more: false });
    expect(db.hinted.ended).toEqual([short.n, middle.n, long.n]);
    expect([short, middle, long].map(({ n }) => row(n)?.status)).toEqual(["responded", "timed_out", "timed_out"]);
    expect(await db.writer.write((tx) => expireOne(tx, db.context, middle.n))).toBe(false);
  });

  test("may be forced by a test, which the entry says, and the expiry that was promised stays in the record", async () => {
    const { n } = await db.ask(db.test.key);
    db.clock.turn(HOUR);
    const force = () => db.writer.write((tx) => expireForTest(tx, db.context, n));
    expect(await force()).toBe(true);
    expect(row(n)).toMatchObject({ status: "timed_out", expires_at: START + 24 * HOUR, ended_at: START + HOUR });
    expect(db.log(n)[1]).toMatchObject({ type: "pause.timed_out", data: { forced: true } });
    expect(await force()).toBe(false);
    expect(types(n)).toHaveLength(2);
  });
});

describe("hundreds of pauses that are due at once", () => {
  test("are ended a hundred in one piece, each exactly once, though two sweeps run side by side", async () => {
    const asked = await Promise.all(
      upTo(350).map((index) =>
        db.ask(db.live.key, { timeout_hours: 1, timeout_default: index % 2 === 0 ? "Reject" : null }),
      ),
    );
    await Promise.all(upTo(100).map(() => db.ask(db.live.key, { timeout_hours: 2 })));
    db.clock.turn(HOUR);
    const sweep = async () => {
      const ended: number[] = [];
      for (;;) {
        const swept = await db.writer.write((tx) => expireDue(tx, db.context));
        ended.push(swept.ended);
        if (!swept.more) return ended;
      }
    };
    const [one, two] = await Promise.all([sweep(), sweep()]);
    expect(Math.max(...one, ...two)).toBe(100);
    expect([...one, ...two].reduce((sum, count) => sum + count, 0)).toBe(350);
    expect([...db.hinted.ended].sort((a, b) => a - b)).toEqual(asked.map(({ n }) => n).sort((a, b) => a - b));
    expect(db.count("SELECT count(*) FROM pauses WHERE response_source = 'timeout_default'")).toBe(175);
    expect(db.count("SELECT count(*) FROM pauses WHERE status = 'timed_out'")).toBe(175);
    expect(db.count("SELECT count(*) FROM pauses WHERE status = 'pending'")).toBe(100);
    // Nothing more is due, though a hundred still wait.
    expect(await db.writer.write((tx) => expireDue(tx, db.context))).toEqual({ ended: 0, more: false });
    const endings = db.log().filter(({ type }) => type === "pause.timed_out" || type === "pause.responded");
    expect(new Set(endings.map(({ pause_id }) => pause_id)).size).toBe(350);
    expect(endings).toHaveLength(350);
  });
});
