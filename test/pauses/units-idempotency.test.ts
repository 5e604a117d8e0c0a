import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { answerPause } from "../../src/pauses/answer.ts";
import { NOWHERE } from "../../src/pauses/end.ts";
import { Problem } from "../../src/platform/problem.ts";
import { chainFaults, DAY, HOUR, openTestDatabase } from "../support/database.ts";

let db: Awaited<ReturnType<typeof openTestDatabase>>;
beforeEach(async () => {
  db = await openTestDatabase();
});
afterEach(() => db[Symbol.asyncDispose]());

const BODY = { recipient: "+13128471928", channel: "sms", message: "Pay?", timeout_hours: 100 };
const create = (body: object = BODY, name = "order-1", key = db.live.key) => db.create(key, { ...body }, name);
const pauses = () => db.count("SELECT count(*) FROM pauses");

async function answer(n: number): Promise<void> {
  const command = { pauseN: n, position: 0, choice: "Approve", comment: null, via: "page", origin: NOWHERE } as const;
  await db.writer.write((tx) => answerPause(tx, db.context, command));
}

async function created(result = create()): Promise<number> {
  const made = await result;
  if (made.kind !== "created") throw new Error("it was a replay");
  return db.numberOf(made.pause.pause_id);
}

describe("an idempotency key", () => {
  test("makes one pause and texts one person, however often the same is asked", async () => {
    const n = await created();
    for (let again = 0; again < 3; again++) expect(await create()).toEqual({ kind: "replayed", pauseN: n });
    expect(pauses()).toBe(1);
    expect(db.count("SELECT count(*) FROM deliveries")).toBe(1);
    expect(db.log(n)).toHaveLength(1);
  });

  test("makes one pause also when fifty of the same arrive at once", async () => {
    const results = await Promise.all(Array.from({ length: 50 }, () => create()));
    expect(results.map(({ kind }) => kind).filter((kind) => kind === "created")).toHaveLength(1);
    expect(pauses()).toBe(1);
  });

  test("is refused for another body, before anything is written", async () => {
    await created();
    const before = db.log().length;
    const other = create({ ...BODY, message: "Pay twice?" });
    await expect(other).rejects.toMatchObject({ slug: "idempotency-mismatch", status: 422 });
    await expect(other).rejects.toBeInstanceOf(Problem);
    expect(pauses()).toBe(1);
    expect(db.log()).toHaveLength(before);
  });

  test("is each world's own: the other mode and another project use it for themselves", async () => {
    const other = await db.newKey("live", { project: "other" });
    await created();
    await created(create(BODY, "order-1", db.test.key));
    await created(create(BODY, "order-1", other.key));
    expect(pauses()).toBe(3);
    expect(await create(BODY, "order-1", (await db.newKey("live")).key)).toMatchObject({ kind: "replayed" });
  });

  test("is not used up by a create that failed: nothing of it is kept", async () => {
    db.connection.exec(
      "CREATE TEMP TRIGGER no_entries BEFORE INSERT ON audit_entries BEGIN SELECT RAISE(ABORT, 'no'); END",
    );
    await expect(create()).rejects.toThrow("no");
    db.connection.exec("DROP TRIGGER no_entries");
    expect(pauses()).toBe(0);
    await created();
    expect(chainFaults(db.connection)).toEqual([]);
  });
});

describe("an idempotency key is remembered", () => {
  test("for as long as its pause is pending, however long that is", async () => {
    const n = await created();
    db.clock.turn(99 * HOUR);
    expect(await create()).toEqual({ kind: "replayed", pauseN: n });
    await expect(create({ ...BODY, message: "Other?" })).rejects.toBeInstanceOf(Problem);
  });

  test("until a day after its pause has ended, and is then free for a fresh one with any body", async () => {
    const n = await created();
    db.clock.turn(50 * HOUR);
    await answer(n);
    db.clock.turn(DAY - 1);
    expect(await create()).toEqual({ kind: "replayed", pauseN: n });
    await expect(create({ ...BODY, message: "Other?" })).rejects.toBeInstanceOf(Problem);
    db.clock.turn(1);
    const fresh = await created(create({ ...BODY, message: "Other?" }));
    expect(fresh).not.toBe(n);
    expect(await create({ ...BODY, message: "Other?" })).toEqual({ kind: "replayed", pauseN: fresh });
    expect(db.count("SELECT count(*) FROM idempotency_keys")).toBe(1);
  });

  test("for a day at least when its pause has ended at once", async () => {
    const n = await created();
    await answer(n);
    db.clock.turn(DAY - 1);
    expect(await create()).toEqual({ kind: "replayed", pauseN: n });
    db.clock.turn(1);
    expect(await created()).not.toBe(n);
  });
});
