import type { Clock } from "./clock.ts";

/**
 * Retry-After (RFC 9110, section 10.2.3), in seconds or as a date, as milliseconds from now; 0 for a date that has
 * passed, null when it is absent or neither of the two. Not limited: a peer may ask for a year.
 */
export function readRetryAfter(value: string | null, clock: Clock): number | null {
  const text = value?.trim() ?? "";
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  // The three spellings of section 5.6.7; the last one, of asctime, does not say that it is GMT.
  const date = / GMT$/.test(text) ? text : / \d{4}$/.test(text) ? `${text} GMT` : "";
  const at = Date.parse(date);
  return Number.isNaN(at) ? null : Math.max(0, at - clock.now());
}
