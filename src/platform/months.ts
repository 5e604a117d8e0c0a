/** A calendar month of some time zone, as a stretch of time. */
export interface Month {
  /** `202611` for November 2026: grows with time, and is the same on every machine. */
  readonly number: number;
  /** Its first instant. */
  readonly from: number;
  /** The first instant of the next one. */
  readonly until: number;
}

/** The month that an instant lies in. Every instant lies in exactly one. */
export type Months = (at: number) => Month;

/**
 * The calendar months of a time zone, by its IANA name. A month begins with the first instant whose local date is its
 * first day, so also where that day has no midnight, as clocks were put forward then.
 *
 * @example
 * monthsIn("America/New_York")(Date.UTC(2026, 10, 1, 3)).number // 202610: it is still October there
 */
export function monthsIn(timeZone: string): Months {
  const startOf = timeZone === "UTC" ? (index: number) => Date.UTC(1970, index) : startsIn(timeZone);
  let last: Month = { number: 0, from: 0, until: 0 };
  return (at) => {
    if (at >= last.from && at < last.until) return last;
    // No zone is a day from UTC, so it is this month there or one beside it.
    const utc = new Date(at);
    let index = (utc.getUTCFullYear() - 1970) * 12 + utc.getUTCMonth();
    if (startOf(index) > at) index--;
    else if (startOf(index + 1) <= at) index++;
    const number = (1970 + Math.floor(index / 12)) * 100 + (((index % 12) + 12) % 12) + 1;
    last = { number, from: startOf(index), until: startOf(index + 1) };
    return last;
  };
}

/** No zone is further from UTC than this. */
const FARTHEST = 26 * 3_600_000;

/** When the month with this index (0 is January 1970) begins in a zone; found by halving, to the millisecond. */
function startsIn(timeZone: string): (index: number) => number {
  const local = new Intl.DateTimeFormat("en-u-ca-iso8601", { timeZone, year: "numeric", month: "numeric" });
  const indexAt = (at: number) => {
    const parts = Object.fromEntries(local.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
    return ((parts.year ?? 0) - 1970) * 12 + (parts.month ?? 1) - 1;
  };
  return (index) => {
    let before = Date.UTC(1970, index) - FARTHEST;
    let within = Date.UTC(1970, index) + FARTHEST;
    while (within - before > 1) {
      const middle = Math.floor((before + within) / 2);
      if (indexAt(middle) >= index) within = middle;
      else before = middle;
    }
    return within;
  };
}
