import type { Random } from "../platform/random.ts";

const FIRST_MS = 2_000;
const LONGEST_MS = 15 * 60_000;
const LONGEST_RETRY_AFTER_MS = 24 * 3_600_000;
const JITTER = 0.2;

/**
 * How long a message waits after a failed attempt (1, 2, …): doubling from two seconds to a quarter of an hour, ±20 %,
 * so that what failed together does not come back together. What the peer asked for only lengthens it, to at most a day.
 */
export function backOff(attempt: number, retryAfterMs: number | null, random: Random): number {
  return lengthened(jittered(Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt - 1, 20)), random), retryAfterMs);
}

/**
 * How long a webhook waits after a failed attempt (1, 2, …), by the schedule of the configuration in seconds, ±20 %;
 * null when the schedule is used up.
 */
export function scheduled(
  attempt: number,
  retrySeconds: readonly number[],
  retryAfterMs: number | null,
  random: Random,
): number | null {
  const seconds = retrySeconds[attempt - 1];
  return seconds === undefined ? null : lengthened(jittered(seconds * 1000, random), retryAfterMs);
}

/** A span ±20 %, in whole milliseconds. */
export function jittered(milliseconds: number, random: Random): number {
  const [high = 0, low = 0] = random.bytes(2);
  return Math.round(milliseconds * (1 - JITTER + 2 * JITTER * ((high * 256 + low) / 65_535)));
}

function lengthened(milliseconds: number, retryAfterMs: number | null): number {
  return Math.max(milliseconds, Math.min(retryAfterMs ?? 0, LONGEST_RETRY_AFTER_MS));
}
