import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { monthsIn } from "../../src/platform/months.ts";

/** The local date of an instant, by another way than the code's: `2026-11-01`. */
const dateIn = (timeZone: string, at: number) =>
  new Intl.DateTimeFormat("en-CA", { timeZone, year: "numeric", month: "2-digit", day: "2-digit" }).format(at);
const zones = Intl.supportedValuesOf("timeZone");
const years = { min: Date.UTC(1975, 0, 2), max: Date.UTC(2090, 0) };

describe("the months of any time zone", () => {
  test("follow each other without a gap, and each begins on its first day", () => {
    fc.assert(
      fc.property(fc.constantFrom(...zones), fc.integer(years), (zone, at) => {
        const monthAt = monthsIn(zone);
        const { number, from, until } = monthAt(at);
        expect(from <= at && at < until).toBe(true);
        expect(monthAt(until).from).toBe(until);
        expect(monthAt(from - 1).until).toBe(from);
        expect(dateIn(zone, from)).toBe(`${Math.floor(number / 100)}-${String(number % 100).padStart(2, "0")}-01`);
        expect(dateIn(zone, from - 1).endsWith("-01")).toBe(false);
        const next = number % 100 === 12 ? number + 89 : number + 1;
        expect(monthAt(until).number).toBe(next);
      }),
      { numRuns: 400 },
    );
  });

  test("are the same whatever was asked before", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        fc.array(fc.integer(years), { minLength: 2, maxLength: 6 }),
        (zone, list) => {
          const used = monthsIn(zone);
          for (const at of list) expect(used(at)).toEqual(monthsIn(zone)(at));
        },
      ),
      { numRuns: 100 },
    );
  });
});

test.each([
  ["UTC", Date.UTC(2026, 10, 30, 23, 59, 59, 999), 202611, Date.UTC(2026, 10, 1), Date.UTC(2026, 11, 1)],
  ["UTC", Date.UTC(2026, 11, 31, 12), 202612, Date.UTC(2026, 11, 1), Date.UTC(2027, 0, 1)],
  // Summer time ends on 1 November 2026 at two: the month begins before that, at UTC−4, and ends at UTC−5.
  ["America/New_York", Date.UTC(2026, 10, 1, 4), 202611, Date.UTC(2026, 10, 1, 4), Date.UTC(2026, 11, 1, 5)],
  ["America/New_York", Date.UTC(2026, 10, 1, 4) - 1, 202610, Date.UTC(2026, 9, 1, 4), Date.UTC(2026, 10, 1, 4)],
  ["Europe/Berlin", Date.UTC(2027, 2, 15), 202703, Date.UTC(2027, 1, 28, 23), Date.UTC(2027, 2, 31, 22)],
  // As far from UTC as it goes, on either side.
  ["Pacific/Kiritimati", Date.UTC(2026, 10, 30, 10), 202612, Date.UTC(2026, 10, 30, 10), Date.UTC(2026, 11, 31, 10)],
  ["Pacific/Pago_Pago", Date.UTC(2026, 11, 1, 10, 59), 202611, Date.UTC(2026, 10, 1, 11), Date.UTC(2026, 11, 1, 11)],
  // Clocks were put forward at midnight of the first: that day had no midnight, and began at one.
  ["America/Asuncion", Date.UTC(2017, 9, 1, 4), 201710, Date.UTC(2017, 9, 1, 4), Date.UTC(2017, 10, 1, 3)],
] as const)("in %s, %d lies in %d", (zone, at, number, from, until) => {
  expect(monthsIn(zone)(at)).toEqual({ number, from, until });
});
