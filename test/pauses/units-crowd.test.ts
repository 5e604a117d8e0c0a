import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { answerPause, REJECTED_RECORDED } from "../../src/pauses/answer.ts";
import { cancelPause } from "../../src/pauses/cancel.ts";
import { NOWHERE } from "../../src/pauses/end.ts";
import { expireOne } from "../../src/pauses/expire.ts";
import { pauseByNumber } from "../../src/pauses/queries.ts";
import { chainFaults, HOUR, openTestDatabase } from "../support/database.ts";

let db: Awaited<ReturnType<typeof openTestDatabase>>;
beforeEach(async () => {
  db = await openTestDatabase();
});
afterEach(async () => {
  expect(chainFaults(db.connection)).toEqual([]);
  expect(db.fatal).toEqual([]);
  await db[Symbol.asyncDispose]();
});

const TEN = Array.from({ length: 10 }, (_, index) => `+1312847${1900 + index}`);
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);

function answer(n: number, position: number, choice: string) {
  const command = { pauseN: n, position, choice, comment: null, via: "page", origin: NOWHERE } as const;
  return db.writer.write((tx) => answerPause(tx, db.context, command));
}

function typesOf(n: number): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { type } of db.log(n)) counts[type] = (counts[type] ?? 0) + 1;
  return counts;
}

describe("a thousand answers at once, from ten people", () => {
  test("are one that counts, and 999 that are refused and recorded", async () => {
    const { n } = await db.ask(db.live.key, { recipient: TEN });
    const results = await Promise.all(
      upTo(1_000).map((index) => answer(n, (index + 3) % 10, index % 2 === 0 ? "Approve" : "Reject")),
    );
    expect(results.filter(({ accepted }) => accepted)).toHaveLength(1);
    expect(results[0]).toEqual({ accepted: true });
    expect(db.writer.one(pauseByNumber, { n })).toMatchObject({
      status: "responded",
      response_choice: "Approve",
      responded_by: 3,
    });
    expect(db.count("SELECT count(*) FROM answers WHERE pause_n = ?", n)).toBe(1);
    expect(typesOf(n)).toEqual({ "pause.created": 1, "pause.responded": 1, "response.rejected": 999 });
    expect(db.hinted.ended).toEqual([n]);
  });
});

describe("a flood of late answers", () => {
  test("is recorded a thousand times, then closed by one entry, and writes nothing more", async () => {
    const { n } = await db.ask(db.live.key, { recipient: TEN });
    await answer(n, 0, "Reject");
    await Promise.all(upTo(REJECTED_RECORDED + 200).map((index) => answer(n, index % 10, "Approve")));
    await answer(n, 0, "Approve");
    expect(typesOf(n)).toEqual({ "pause.created": 1, "pause.responded": 1, "response.rejected": 1_001 });
    const rejected = db.log(n).filter(({ type }) => type === "response.rejected");
    expect(rejected.filter(({ data }) => data.closed === true)).toHaveLength(1);
    expect(rejected.at(-1)).toMatchObject({ actor: { type: "system", id: null } });
    expect(rejected.at(-1)?.data).toEqual({ why: "responded", closed: true });
  });
});

describe("answers, cancels and the clock at once", () => {
  test("end each of a hundred pauses exactly once, by whoever was first", async () => {
    const asked = await Promise.all(upTo(100).map(() => db.ask(db.live.key, { timeout_hours: 1 })));
    db.clock.turn(HOUR - 1);
    const racing = asked.flatMap(({ n, pause }, index) => {
      const entrants = [
        () => answer(n, 0, "Approve"),
        () =>
          db.writer.write((tx) =>
            cancelPause(tx, db.context, { key: db.live.key, pauseId: pause.pause_id, reason: null }),
          ),
        () => db.writer.write((tx) => expireOne(tx, db.context, n)),
      ];
      return [...entrants.slice(index % 3), ...entrants.slice(0, index % 3)].map((enter) => enter());
    });
    db.clock.turn(1);
    await Promise.all(racing);
    // The units run after the clock has moved: the clock wins every race, whoever was first in the queue.
    expect(db.count("SELECT count(*) FROM pauses WHERE status = 'timed_out'")).toBe(100);
    const endings = db.log().filter(({ type }) => /^pause\.(responded|timed_out|cancelled)$/.test(type));
    expect(endings).toHaveLength(100);
    expect(new Set(endings.map(({ pause_id }) => pause_id)).size).toBe(100);
    expect(db.hinted.ended).toHaveLength(100);
  });
});

describe("the database itself", () => {
  test("refuses a second end, whatever the code would do", async () => {
    const { n } = await db.ask(db.live.key);
    await answer(n, 0, "Approve");
    const change = (set: string) => () => db.connection.exec(`UPDATE pauses SET ${set} WHERE n = ${n}`);
    expect(change("status = 'cancelled', response_choice = NULL, response_source = NULL")).toThrow("a pause ends once");
    expect(change("status = 'pending', ended_at = NULL, response_choice = NULL, response_source = NULL")).toThrow(
      "a pause ends once",
    );
    expect(change("response_choice = NULL")).toThrow("CHECK constraint failed");
    const twice = `INSERT INTO answers (pause_n, ordinal, position, choice, source, at) VALUES (${n}, 0, 0, 'Reject', 'human', 1)`;
    expect(() => db.connection.exec(twice)).toThrow("UNIQUE constraint failed");
  });
});
