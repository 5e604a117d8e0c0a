import { expect, test } from "bun:test";
import { numberOfPause } from "../../src/pauses/queries.ts";
import { openTestDatabase } from "../support/database.ts";

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

test("reads of one turn see one state of the database, and the next turn sees what another process has committed", async () => {
  await using db = await openTestDatabase();
  const { n, pause } = await db.ask(db.test.key);
  await nextTurn();
  const id = pause.pause_id;
  const beside = db.beside();
  expect(db.writer.one(numberOfPause, { id })?.n).toBe(n);
  beside.connection.exec(`UPDATE pauses SET id = 'pause_renamed' WHERE n = ${n}`);
  expect(db.writer.one(numberOfPause, { id })?.n).toBe(n);
  await nextTurn();
  expect(db.writer.one(numberOfPause, { id })).toBeUndefined();
  beside.close();
});

test("what was written is read in the very turn in which the write was answered, also after a read before it", async () => {
  await using db = await openTestDatabase();
  expect(db.writer.one(numberOfPause, { id: "pause_none" })).toBeUndefined();
  const { n, pause } = await db.ask(db.test.key);
  expect(db.writer.one(numberOfPause, { id: pause.pause_id })?.n).toBe(n);
});

test("the log is folded into the file also in a turn that has read", async () => {
  await using db = await openTestDatabase();
  const { pause } = await db.ask(db.test.key);
  db.writer.one(numberOfPause, { id: pause.pause_id });
  expect(() => db.writer.foldLog()).not.toThrow();
  const log = db.connection.pragma("wal_checkpoint(PASSIVE)") as { log: number; checkpointed: number }[];
  expect(log[0]?.checkpointed).toBe(log[0]!.log);
});
