import { afterEach, beforeEach, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { releaseHolds } from "../../src/privacy/holds.ts";
import { eraseOld, Privacy } from "../../src/privacy/index.ts";
import { Subject } from "../../src/privacy/subject.ts";
import { DAY, openTestDatabase } from "../support/database.ts";

let db: Awaited<ReturnType<typeof openTestDatabase>>;
let privacy: Privacy;
const OPERATOR = { type: "operator", id: null } as const;
const HELD = "+13128471928";
const OTHER = "+13125550143";
beforeEach(async () => {
  db = await openTestDatabase();
  const directory = { people: {}, defaultRegion: "US" };
  privacy = new Privacy({ writer: db.writer, context: db.context, directory, dataDir: db.folder });
});
afterEach(async () => {
  await db[Symbol.asyncDispose]();
  rmSync(db.folder, { recursive: true, force: true });
});

const erase = (recipient: string, dryRun = false) =>
  privacy.erase(recipient, { actor: OPERATOR, reason: null, dryRun });
const messageOf = (n: number) => db.connection.prepare("SELECT message FROM pauses WHERE n = ?").pluck().get(n);

test("a hold forbids an erasure in plain words, also a dry run, until it is released", async () => {
  const { n } = await db.ask(db.live.key, { recipient: HELD });
  const hold = await privacy.hold("(312) 847-1928", "case 12", OPERATOR);
  for (const dryRun of [false, true])
    await expect(erase(HELD, dryRun)).rejects.toMatchObject({
      slug: "legal-hold",
      message: expect.stringContaining(`A legal hold (${hold.id}, since 2026-11-23T14:00:00.000Z) forbids`),
    });
  expect(messageOf(n)).toBe("Pay?");
  expect((await privacy.release(HELD, OPERATOR)).map(({ id }) => id)).toEqual([hold.id]);
  expect((await erase(HELD)).pauses).toBe(1);
  expect(db.log().map(({ type }) => type)).toEqual(expect.arrayContaining(["legal_hold.set", "legal_hold.released"]));
});

test("a hold is kept without the address that it is about", async () => {
  await privacy.hold(HELD, "case 12", OPERATOR);
  const rows = db.connection.prepare("SELECT * FROM legal_holds").all();
  expect(JSON.stringify(rows)).not.toMatch(/847\D?1928/);
  expect(JSON.stringify(db.log())).not.toMatch(/847\D?1928/);
  expect(privacy.holds()).toEqual([
    { id: expect.stringMatching(/^hold_/), reason: "case 12", set_at: "2026-11-23T14:00:00.000Z", released_at: null },
  ]);
});

test("a pause that also asked somebody on hold is kept when another recipient is erased, and counted", async () => {
  const both = await db.ask(db.live.key, { recipient: [HELD, OTHER] });
  const own = await db.ask(db.live.key, { recipient: OTHER });
  await privacy.hold(HELD, "case 12", OPERATOR);
  expect(await erase(OTHER)).toMatchObject({ pauses: 1, kept_on_hold: 1, complete: true });
  expect([messageOf(both.n), messageOf(own.n)]).toEqual(["Pay?", "[erased]"]);
});

test("the calendar passes over what is on hold, and takes it once that is released", async () => {
  const { n } = await db.ask(db.live.key, { recipient: HELD, timeout_hours: 1 });
  await privacy.hold(HELD, "case 12", OPERATOR);
  db.connection.prepare("UPDATE pauses SET status = 'timed_out', ended_at = ? WHERE n = ?").run(db.clock.now(), n);
  db.clock.turn(10 * DAY);
  expect(await eraseOld(db.writer, db.context, () => 9)).toEqual({ pauses: 0, complete: true });
  expect(messageOf(n)).toBe("Pay?");
  const subject = Subject.of(db.context.digests, [HELD]);
  await db.writer.write((tx) => releaseHolds(tx, db.context, { subject, actor: OPERATOR }));
  expect((await eraseOld(db.writer, db.context, () => 9)).pauses).toBe(1);
  expect(messageOf(n)).toBe("[erased]");
});
