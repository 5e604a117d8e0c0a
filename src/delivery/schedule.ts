import type { Random } from "../platform/random.ts";

const FIRST_MS = 2_000;
const LONGEST_MS = 15 * 60_000;
const LONGEST_RETRY_AFTER_MS = 24 * 3_600_000;
const JITTER = 0.2;

/**
 * How long to wait after a failed attempt (1, 2, …): doubling from two seconds to a quarter of an hour, ±20 %, so that
 * what failed together does not come back together. What the peer asked for only lengthens it, to at most a day.
 */
export function backOff(attempt: number, retryAfterMs: number | null, random: Random): number {
  const base = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt - 1, 20));
  const [high = 0, low = 0] = random.bytes(2);
  const jittered = base * (1 - JITTER + 2 * JITTER * ((high * 256 + low) / 65_535));
  return Math.round(Math.max(jittered, Math.min(retryAfterMs ?? 0, LONGEST_RETRY_AFTER_MS)));
}
