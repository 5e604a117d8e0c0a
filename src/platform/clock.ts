/** Time, handed in: the whole appliance reads it from here, so that a test turns thirty days in a millisecond. */
export interface Clock {
  /** Milliseconds since the Unix epoch, from the system clock; may jump when the operator sets it. */
  now(): number;
  /**
   * Calls `callback` once after about `milliseconds` and returns a function that takes the call back.
   * A timer is a hint, never the truth: what is due stands in the database.
   * Delays above {@link LONGEST_TIMER} are cut to it: the caller looks again, or takes {@link afterLong}.
   */
  after(milliseconds: number, callback: () => void): () => void;
}

/** setTimeout fires at once above 2^31-1 ms (24.8 days); everything longer is cut to this and armed again. */
export const LONGEST_TIMER = 60_000;

/** The machine's own clock. Timers do not keep the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(milliseconds, callback) {
    const timer = setTimeout(callback, Math.max(0, Math.min(milliseconds, LONGEST_TIMER)));
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** As {@link Clock.after} for a delay of any length, which is counted by timers alone: setting the clock moves nothing. */
export function afterLong(clock: Clock, milliseconds: number, callback: () => void): () => void {
  let stop = () => {};
  const arm = (left: number) => {
    const step = Math.min(left, LONGEST_TIMER);
    stop = clock.after(step, () => (left > step ? arm(left - step) : callback()));
  };
  arm(milliseconds);
  return () => stop();
}

/** RFC 3339 in UTC with milliseconds, the one spelling of a time in every answer and log entry. */
export function isoTime(milliseconds: number): string {
  const place = milliseconds & (RECENT - 1);
  if (recentTimes[place] !== milliseconds) {
    recentTexts[place] = new Date(milliseconds).toISOString();
    recentTimes[place] = milliseconds;
  }
  return recentTexts[place] as string;
}

/** What happens together is written with the same few times, again and again. */
const RECENT = 64;
const recentTimes = new Array<number>(RECENT).fill(Number.NaN);
const recentTexts = new Array<string>(RECENT).fill("");
