/** An old backup brings back what was erased since; the list of erasures takes it away again. */
import { expect, test } from "bun:test";
import { copyFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { verifyLive } from "../../src/audit/index.ts";
import { applyErasures, Privacy } from "../../src/privacy/index.ts";
import { knownBackups, readErasures } from "../../src/privacy/ledger.ts";
import { HOUR, openTestDatabase, seededRandom, TestDatabase, temporaryFolder } from "../support/database.ts";

const NUMBER = "+13128471928";
const OPERATOR = { type: "operator", id: null } as const;

async function erasedAfterBackup() {
  const db = await openTestDatabase();
  const folder = temporaryFolder();
  const { n, pause } = await db.ask(db.live.key, { recipient: NUMBER });
  const kept = await db.ask(db.live.key, { recipient: "+13125550143" });
  // The reads of this turn share a transaction.
  await new Promise((resolve) => setImmediate(resolve));
  db.connection.exec(`VACUUM INTO '${join(folder, "pausepoint.db")}'`);
  const directory = { people: {}, defaultRegion: "US" };
  const privacy = new Privacy({ writer: db.writer, context: db.context, directory, dataDir: db.folder });
  db.clock.turn(HOUR);
  await privacy.erase(NUMBER, { actor: OPERATOR, reason: null, dryRun: false });
  return { db, folder, n, id: pause.pause_id, keptN: kept.n, file: join(db.folder, "erasures.jsonl") };
}
const messageOf = (db: TestDatabase, n: number) =>
  db.connection.prepare("SELECT message FROM pauses WHERE n = ?").pluck().get(n);
const erasures = (db: TestDatabase) => db.log().filter(({ type }) => type === "data.erased");

test("what a backup brings back is erased again, tells so, and is not erased a third time", async () => {
  const { db, folder, n, keptN, file } = await erasedAfterBackup();
  await using _ = db;
  await using restored = new TestDatabase(folder, db.clock, seededRandom("restored"));
  expect(messageOf(restored, n)).toBe("Pay?");
  expect(await applyErasures(restored, file)).toEqual({ pauses: 1, complete: true });
  expect([messageOf(restored, n), messageOf(restored, keptN)]).toEqual(["[erased]", "Pay?"]);
  expect(erasures(restored).map(({ data }) => data.why)).toEqual(["restored"]);
  expect(await applyErasures(restored, file)).toEqual({ pauses: 0, complete: true });
  expect(erasures(restored)).toHaveLength(1);
  expect(verifyLive(restored.connection).fault).toBeNull();
  expect(readFileSync(join(folder, "pausepoint.db")).includes(NUMBER)).toBe(false);
});

test("what was asked of the same person after the erasure stays", async () => {
  const { db, file } = await erasedAfterBackup();
  await using _ = db;
  db.clock.turn(1);
  const { n } = await db.ask(db.live.key, { recipient: NUMBER });
  expect((await applyErasures(db, file)).pauses).toBe(0);
  expect(messageOf(db, n)).toBe("Pay?");
});

test("beside another secret the pauses are still known by their ids", async () => {
  const { db, folder, n, file } = await erasedAfterBackup();
  await using _ = db;
  await using restored = new TestDatabase(folder, db.clock, seededRandom("restored"));
  const lines = readErasures(file).map((line) => JSON.stringify({ ...line, digests: ["A".repeat(43)] }));
  writeFileSync(file, `${lines.join("\n")}\n`);
  expect((await applyErasures(restored, file)).pauses).toBe(1);
  expect(messageOf(restored, n)).toBe("[erased]");
});

test("a list that a crash has cut is read up to there, one that was damaged is refused with its line", async () => {
  const { db, file, id } = await erasedAfterBackup();
  await using _ = db;
  const whole = readFileSync(file, "utf8");
  writeFileSync(file, whole + whole.slice(0, 40));
  expect(readErasures(file).flatMap(({ pause_ids }) => pause_ids)).toEqual([id]);
  writeFileSync(file, `{"erasure":1}\n${whole}`);
  expect(() => readErasures(file)).toThrow(`line 1 of ${file} can't be read; restore the file`);
});

test("a folder without lists knows of no erasure and no backup", async () => {
  const folder = temporaryFolder();
  expect([readErasures(join(folder, "erasures.jsonl")), knownBackups(folder)]).toEqual([[], []]);
  copyFileSync(import.meta.path, join(folder, "backups.jsonl"));
  expect(() => knownBackups(folder)).toThrow("can't be read");
  rmSync(folder, { recursive: true });
});
