const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/**
 * How far away a moment is, in words of `locale`: "in 3 hours", "2 days ago", "now". `milliseconds` is positive for what
 * comes. Rounded down but for the last tenth of a unit: 3 h 59 min are 4 hours, and no page promises an hour that is not
 * there. The page's script counts in the same way.
 */
export function relativeTime(milliseconds: number, locale: string): string {
  const distance = Math.abs(milliseconds);
  const [unit, size] = unitFor(distance);
  if (milliseconds <= 0 && unit === "second") {
    return new Intl.RelativeTimeFormat(locale, { numeric: "auto" }).format(0, "second");
  }
  const count = Math.sign(milliseconds) * Math.floor(distance / size + 0.1);
  return new Intl.RelativeTimeFormat(locale).format(count, unit);
}

/** Hours up to two days and minutes up to two hours: one unit, and never so coarse that it misleads. */
function unitFor(distance: number): [Intl.RelativeTimeFormatUnit, number] {
  if (distance >= 1.9 * DAY) return ["day", DAY];
  if (distance >= 1.9 * HOUR) return ["hour", HOUR];
  if (distance >= 0.9 * MINUTE) return ["minute", MINUTE];
  return ["second", SECOND];
}

/**
 * A moment in full in the zone given and, on a second line, that zone's name: "Tuesday, November 24, 2026 at 6:07 PM",
 * "(Central European Standard Time)". `at` is milliseconds since the epoch, `timeZone` an IANA name. Always the Gregorian calendar, so that
 * page, log and receipt name the same day. Throws a RangeError for an unknown zone.
 */
export function exactTime(at: number, locale: string, timeZone: string): string {
  const date = new Intl.DateTimeFormat(locale, {
    dateStyle: "full",
    timeStyle: "short",
    calendar: "gregory",
    timeZone,
  });
  const zone = new Intl.DateTimeFormat(locale, { timeZoneName: "long", timeZone })
    .formatToParts(at)
    .find((part) => part.type === "timeZoneName");
  return `${date.format(at)}\n(${zone?.value ?? timeZone})`;
}
