import { afterEach, beforeEach, expect, test } from "bun:test";
import fc from "fast-check";
import { forgetMessages, takeRoom } from "../../src/delivery/index.ts";
import { DAY, HOUR, MINUTE, openTestDatabase, START } from "../support/database.ts";

let db: Awaited<ReturnType<typeof openTestDatabase>>;
beforeEach(async () => {
  db = await openTestDatabase();
});
afterEach(() => db[Symbol.asyncDispose]());

const people = ["+13128471928", "+13128471929", "cfo@example.com"] as const;
const take = (destinations: readonly string[], perHour: number, now: number) =>
  db.writer.write((tx) =>
    takeRoom(
      tx,
      db.context,
      destinations.map((destination, position) => ({ destination, position })),
      perHour,
      now,
    ),
  );

test("whoever is asked whenever, nobody gets more than so many in any hour, and nobody waits without need", async () => {
  let begin = START;
  const ask = fc.record({
    after: fc.integer({ min: 0, max: 30 * MINUTE }),
    whom: fc.uniqueArray(fc.constantFrom(...people), { minLength: 1 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(ask, { maxLength: 40 }), fc.integer({ min: 1, max: 4 }), async (asks, perHour) => {
      const sent: Record<string, number[]> = {};
      // Each run long after the one before, over the same table.
      begin += DAY;
      let now = begin;
      for (const { after, whom } of asks) {
        now += after;
        const recent = (person: string) => (sent[person] ?? []).filter((at) => at > now - HOUR);
        const full = whom.filter((person) => recent(person).length >= perHour);
        const answer = await take(whom, perHour, now);
        expect(answer.map(({ position }) => whom[position])).toEqual(full);
        // There is room again when the oldest of the last so many is an hour old.
        for (const { position, at } of answer)
          expect(at).toBe((recent(whom[position] as string).at(-perHour) ?? 0) + HOUR);
        if (full.length === 0) for (const person of whom) sent[person] = [...(sent[person] ?? []), now];
        now = Math.max(now, begin);
      }
    }),
    { numRuns: 60 },
  );
});

test("two messages of one create to the same phone count as two", async () => {
  const [phone] = people;
  expect(await take([phone, phone], 3, START)).toEqual([]);
  expect(await take([phone, phone], 3, START)).toHaveLength(2);
  expect(await take([phone], 3, START)).toEqual([]);
  expect(await take([phone, phone], 1, START + DAY)).toHaveLength(2);
});

test("a mail address in another case is the same person's", async () => {
  expect(await take(["CFO@example.com", "cfo@example.com"], 1, START)).toHaveLength(2);
  expect(await take(["CFO@example.com", "cfo@example.com"], 2, START)).toEqual([]);
  expect(await take(["cfo@EXAMPLE.com"], 2, START)).toHaveLength(1);
});

test("a ceiling that was lowered counts what was there before", async () => {
  const [phone] = people;
  for (let times = 0; times < 5; times++) await take([phone], 5, START + times);
  expect(await take([phone], 2, START + 10)).toEqual([{ position: 0, at: START + 3 + HOUR }]);
  expect(await take([phone], 2, START + 3 + HOUR)).toEqual([]);
});

test("a clock that was set back by a day holds nobody up for a day", async () => {
  const [phone] = people;
  await take([phone], 1, START);
  expect(await take([phone], 1, START - DAY)).toEqual([]);
  expect(await take([phone], 1, START - DAY - MINUTE)).toHaveLength(1);
});

test("whoever had no message for an hour is forgotten, however many there are, and nobody else", async () => {
  const many = Array.from({ length: 1_200 }, (_, index) => `agent-${index}@example.com`);
  await take(many, 20, START);
  await take([people[0]], 20, START + 30 * MINUTE);
  let after: number | null = -1;
  for (; after !== null; ) {
    const from: number = after;
    after = await db.writer.write((tx) => forgetMessages(tx, from, START + HOUR));
  }
  expect(db.count("SELECT count(*) FROM recipient_messages")).toBe(1);
  expect(await take([people[0]], 1, START + HOUR)).toHaveLength(1);
});
