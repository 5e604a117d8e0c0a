import { afterEach, beforeEach, expect, test } from "bun:test";
import { verifyLive } from "../../src/audit/index.ts";
import { cancelPause } from "../../src/pauses/cancel.ts";
import { contentDays } from "../../src/platform/config/schema.ts";
import { eraseOld } from "../../src/privacy/index.ts";
import { DAY, openTestDatabase, type TestKey } from "../support/database.ts";

let db: Awaited<ReturnType<typeof openTestDatabase>>;
beforeEach(async () => {
  db = await openTestDatabase();
});
afterEach(async () => {
  expect(verifyLive(db.connection).fault).toBeNull();
  await db[Symbol.asyncDispose]();
});

async function cancelled({ key }: TestKey): Promise<number> {
  const { n, pause } = await db.ask(key, { timeout_hours: 8_760 });
  await db.writer.write((tx) => cancelPause(tx, db.context, { key, pauseId: pause.pause_id, reason: "no longer" }));
  return n;
}
const messageOf = (n: number) => db.connection.prepare("SELECT message FROM pauses WHERE n = ?").pluck().get(n);
const keep = (days: number | null) => eraseOld(db.writer, db.context, () => days);
const erasures = () => db.log().filter(({ type }) => type === "data.erased");

test("content goes once a pause has ended so many days ago, to the millisecond, and not before", async () => {
  const n = await cancelled(db.live);
  db.clock.turn(90 * DAY);
  expect((await keep(90)).pauses).toBe(0);
  db.clock.turn(1);
  expect(await keep(90)).toEqual({ pauses: 1, complete: true });
  expect(messageOf(n)).toBe("[erased]");
  expect(erasures().map(({ data, actor }) => [data.why, actor.type])).toEqual([["retention", "system"]]);
});

test("a pause that waits is kept, however long ago it was asked", async () => {
  const { n } = await db.ask(db.live.key, { timeout_hours: 8_760 });
  db.clock.turn(300 * DAY);
  expect((await keep(1)).pauses).toBe(0);
  expect(messageOf(n)).toBe("Pay?");
});

test("without a setting nothing is ever taken away", async () => {
  const n = await cancelled(db.live);
  db.clock.turn(3_000 * DAY);
  expect((await keep(null)).pauses).toBe(0);
  expect(messageOf(n)).toBe("Pay?");
});

test("many go in small units, each with an entry that lists its pauses, and none twice", async () => {
  for (let i = 0; i < 120; i++) await cancelled(db.test);
  db.clock.turn(2 * DAY);
  expect((await keep(1)).pauses).toBe(120);
  expect(erasures().map(({ data }) => (data.pause_ids as string[]).length)).toEqual([50, 50, 20]);
  expect((await keep(1)).pauses).toBe(0);
  expect(erasures()).toHaveLength(3);
});

test("each project keeps it as long as its own setting says", async () => {
  const other = await db.newKey("live", { project: "finance" });
  const mine = await cancelled(db.live);
  const theirs = await cancelled(other);
  const config = {
    retention: { contentDays: 90 },
    projects: {
      finance: { displayName: "Finance", logo: null, accent: null, timeZone: "UTC", retention: { contentDays: 10 } },
    },
  };
  db.clock.turn(11 * DAY);
  await eraseOld(db.writer, db.context, (project) => contentDays(config, project));
  expect([messageOf(mine), messageOf(theirs)]).toEqual(["Pay?", "[erased]"]);
});
