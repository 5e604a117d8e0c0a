import { expect, test } from "bun:test";
import { exactTime, relativeTime } from "../../../src/respond/page/time.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

test.each([
  [30 * DAY, "in 30 days"],
  [2 * DAY, "in 2 days"],
  [2 * DAY - HOUR, "in 2 days"],
  [2 * DAY - 6 * HOUR, "in 42 hours"],
  [4 * HOUR - 1, "in 4 hours"],
  [4 * HOUR - 10 * MINUTE, "in 3 hours"],
  [2 * HOUR - 1, "in 2 hours"],
  [HOUR, "in 60 minutes"],
  [61 * SECOND, "in 1 minute"],
  [50 * SECOND, "in 50 seconds"],
  [SECOND, "in 1 second"],
  [0, "now"],
  [-53 * SECOND, "now"],
  [-3 * MINUTE, "3 minutes ago"],
  [-26 * HOUR, "26 hours ago"],
  [-3 * DAY, "3 days ago"],
])("%d ms from now is told as %p", (distance, words) => {
  expect(relativeTime(distance, "en")).toBe(words);
});

test.each([
  ["de", 3, "in 3 Stunden"],
  ["ar", 2, "خلال ساعتين"],
  ["ar", 3, "خلال 3 ساعات"],
  ["ar", 11, "خلال 11 ساعة"],
])("a plural is the language's own: %s, %d hours", (locale, hours, words) => {
  expect(relativeTime(hours * HOUR, locale)).toBe(words);
});

const AT = Date.UTC(2026, 10, 24, 17, 7);

test.each([
  ["en", "Tuesday, November 24, 2026 at 6:07 PM\n(Central European Standard Time)"],
  ["en-GB", "Tuesday, 24 November 2026 at 18:07\n(Central European Standard Time)"],
  ["de", "Dienstag, 24. November 2026 um 18:07\n(Mitteleuropäische Normalzeit)"],
])("an exact time names its zone, in %s", (locale, words) => {
  // Spaces between time and AM/PM differ between versions of the locale data.
  expect(exactTime(AT, locale, "Europe/Berlin").replace(/[\u00A0\u202F]/g, " ")).toBe(words);
});

test("the hour that comes twice in autumn is told apart", () => {
  const first = exactTime(Date.UTC(2026, 9, 25, 0, 30), "en", "Europe/Berlin");
  const second = exactTime(Date.UTC(2026, 9, 25, 1, 30), "en", "Europe/Berlin");
  expect(first).toContain("Summer Time");
  expect(second).toContain("Standard Time");
});

test("a reader whose region counts years otherwise still gets the day that the log names", () => {
  expect(exactTime(AT, "ar-SA", "Asia/Riyadh")).toMatch(/2026|٢٠٢٦/);
});
