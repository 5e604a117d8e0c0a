import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { countPause, usageOf } from "../../src/access/index.ts";
import { insertProject as insertProjectTwice } from "../../src/access/queries.ts";
import { builtInPlans } from "../../src/platform/config/plans.ts";
import { monthsIn } from "../../src/platform/months.ts";
import { Problem } from "../../src/platform/problem.ts";
import type { Work } from "../../src/storage/index.ts";
import { DAY, openTestDatabase, START } from "../support/database.ts";

let db: Awaited<ReturnType<typeof openTestDatabase>>;
beforeEach(async () => {
  db = await openTestDatabase();
});
afterEach(() => db[Symbol.asyncDispose]());

const monthAt = monthsIn("UTC");
/** Counts a pause; whether it got through. */
const count = (n: number, limit: number | null, now: number) =>
  db.writer
    .write((tx) => countPause(tx, { n }, { limit, monthAt }, now))
    .then(
      () => true,
      (error: unknown) => {
        if (error instanceof Problem && error.slug === "quota") return false;
        throw error;
      },
    );

describe("the count of a key's month", () => {
  test("whatever is asked at once, by whichever key and in whichever month, is exact", async () => {
    const keys = [db.live.key.n, db.test.key.n];
    let year = 2030;
    const burst = fc.record({
      key: fc.nat({ max: 1 }),
      month: fc.nat({ max: 3 }),
      size: fc.integer({ min: 1, max: 12 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(burst, { maxLength: 8 }), fc.integer({ min: 1, max: 15 }), async (bursts, limit) => {
        year++;
        const used = new Map<string, number>();
        const results = await Promise.all(
          bursts.map(async ({ key, month, size }) => {
            const at = Date.UTC(year, month, 15);
            const through = await Promise.all(
              Array.from({ length: size }, () => count(keys[key] as number, limit, at)),
            );
            return { name: `${key} ${month}`, size, through: through.filter(Boolean).length };
          }),
        );
        for (const [name, group] of Map.groupBy(results, ({ name }) => name)) {
          const asked = group.reduce((sum, { size }) => sum + size, 0);
          used.set(name, Math.min(limit, asked));
          expect(group.reduce((sum, { through }) => sum + through, 0)).toBe(Math.min(limit, asked));
        }
        for (const [name, pauses] of used) {
          const [key = 0, month = 0] = name.split(" ").map(Number);
          const number = monthAt(Date.UTC(year, month, 15)).number;
          const stored = "SELECT pauses FROM key_months WHERE key_n = ? AND month = ?";
          expect(db.count(stored, keys[key], number)).toBe(pauses);
        }
      }),
      { numRuns: 40 },
    );
  });

  test("leaves out what was taken back, though its neighbours of the same commit stay", async () => {
    const { n } = db.live.key;
    const failing = db.writer.write(function* (tx): Work<void> {
      yield* countPause(tx, { n }, { limit: 3, monthAt }, START);
      yield* tx.run(insertProjectTwice, { name: "default", created_at: 0 });
    });
    const outcomes = await Promise.allSettled([count(n, 3, START), failing, count(n, 3, START), count(n, 3, START)]);
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled", "fulfilled"]);
    expect(await count(n, 3, START)).toBe(false);
    expect(db.count("SELECT pauses FROM key_months")).toBe(3);
  });

  test("is written once a commit, however many pauses share it", async () => {
    const { n } = db.live.key;
    const written: string[] = [];
    db.connection.function("noted", () => void written.push("x"));
    db.connection.exec("CREATE TEMP TRIGGER noting AFTER INSERT ON key_months BEGIN SELECT noted(); END");
    db.connection.exec("CREATE TEMP TRIGGER changing AFTER UPDATE ON key_months BEGIN SELECT noted(); END");
    await Promise.all(Array.from({ length: 100 }, () => count(n, null, START)));
    expect(db.count("SELECT pauses FROM key_months")).toBe(100);
    expect(written.length).toBeLessThan(10);
  });

  test("is seen by another process, and goes on from what another process has counted", async () => {
    const { n } = db.live.key;
    await count(n, null, START);
    const beside = db.beside();
    try {
      await beside.writer.write((tx) => countPause(tx, { n }, { limit: null, monthAt }, START));
    } finally {
      beside.close();
    }
    expect(await count(n, 3, START)).toBe(true);
    expect(await count(n, 3, START)).toBe(false);
  });
});

test("what keys have used is told for a month, with the limit of their plan", async () => {
  const { live, test: other } = db;
  for (let times = 0; times < 3; times++) await count(live.key.n, null, START);
  await count(live.key.n, null, START + 30 * DAY);
  const usage = usageOf(db.writer, builtInPlans, monthAt(START));
  expect(usage({ n: live.key.n, plan: "free" })).toEqual({ used: 3, limit: 50 });
  expect(usage({ n: other.key.n, plan: null })).toEqual({ used: 0, limit: null });
  expect(usage({ n: other.key.n, plan: "gone" })).toEqual({ used: 0, limit: null });
});
