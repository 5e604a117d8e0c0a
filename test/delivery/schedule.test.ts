import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { backOff } from "../../src/delivery/schedule.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Chance that always draws the same bytes. */
const drawing = (high: number, low: number) => ({ bytes: () => new Uint8Array([high, low]) });
const byte = fc.integer({ min: 0, max: 255 });
const attempt = fc.integer({ min: 1, max: 10_000 });

/** Two seconds, doubled with each attempt, a quarter of an hour at most. */
const base = (number: number) => Math.min(15 * MINUTE, 2_000 * 2 ** Math.min(number - 1, 30));

describe("the wait before the next attempt", () => {
  test("is two seconds at first and doubles, a fifth more or less, up to a quarter of an hour", () => {
    fc.assert(
      fc.property(attempt, byte, byte, (number, high, low) => {
        const wait = backOff(number, null, drawing(high, low));
        expect(wait).toBeGreaterThanOrEqual(base(number) * 0.8);
        expect(wait).toBeLessThanOrEqual(base(number) * 1.2);
        expect(Number.isInteger(wait)).toBe(true);
      }),
    );
  });

  test("uses the whole range, so that what failed together does not come back together", () => {
    expect(backOff(1, null, drawing(0, 0))).toBe(1_600);
    expect(backOff(1, null, drawing(255, 255))).toBe(2_400);
    expect(backOff(10_000, null, drawing(255, 255))).toBe(18 * MINUTE);
    const waits = new Set(Array.from({ length: 256 }, (_, low) => backOff(9, null, drawing(128, low))));
    expect(waits.size).toBeGreaterThan(100);
  });

  test("is lengthened by what the peer asks for, never shortened, and to a day at most", () => {
    fc.assert(
      fc.property(attempt, byte, byte, fc.integer({ min: 0, max: 100 * HOUR }), (number, high, low, asked) => {
        const own = backOff(number, null, drawing(high, low));
        expect(backOff(number, asked, drawing(high, low))).toBe(Math.max(own, Math.min(asked, 24 * HOUR)));
      }),
    );
  });
});
