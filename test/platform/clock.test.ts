import { describe, expect, test } from "bun:test";
import { isoTime, LONGEST_TIMER, systemClock } from "../../src/platform/clock.ts";

/** Resolves behind every timer that is due by now. */
const aTurn = () => new Promise<void>((resolve) => systemClock.after(1, resolve));

describe("the machine's clock", () => {
  test("tells the time that the machine has", () => {
    const before = Date.now();
    const told = systemClock.now();
    expect(told).toBeGreaterThanOrEqual(before);
    expect(told).toBeLessThanOrEqual(Date.now());
  });

  test("calls a timer once, and never one that was taken back", async () => {
    const called: string[] = [];
    systemClock.after(0, () => called.push("kept"));
    systemClock.after(0, () => called.push("taken back"))();
    await aTurn();
    await aTurn();
    expect(called).toEqual(["kept"]);
  });

  test("never calls a timer at once because it is too far away for the machine to count", async () => {
    const called: number[] = [];
    const far = [2 ** 31, 2 ** 40, Number.MAX_SAFE_INTEGER, Number.POSITIVE_INFINITY];
    const takeBack = far.map((milliseconds) => systemClock.after(milliseconds, () => called.push(milliseconds)));
    await aTurn();
    await aTurn();
    expect(called).toEqual([]);
    for (const stop of takeBack) stop();
    expect(LONGEST_TIMER).toBeLessThan(2 ** 31);
  });

  test("calls a timer that was due in the past", async () => {
    const called: string[] = [];
    systemClock.after(-5_000, () => called.push("late"));
    await aTurn();
    expect(called).toEqual(["late"]);
  });
});

describe("a time in an answer", () => {
  test("is RFC 3339 in UTC, always with milliseconds", () => {
    expect(isoTime(0)).toBe("1970-01-01T00:00:00.000Z");
    expect(isoTime(Date.UTC(2026, 10, 23, 14, 0, 1, 120))).toBe("2026-11-23T14:00:01.120Z");
  });
});
