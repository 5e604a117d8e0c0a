import type { Tx, Work } from "../storage/index.ts";
import { forgetMessagesTo, messagesAfter, messagesTo, setMessagesTo } from "./ceiling-queries.ts";
import type { DeliveryContext } from "./context.ts";

const HOUR = 3_600_000;

/** A message that is to be queued: where it leads, and which recipient of the pause it is for. */
export interface Planned {
  readonly destination: string;
  readonly position: number;
}

/** A recipient who has had enough for now. */
export interface Full {
  readonly position: number;
  /** When there is room again. */
  readonly at: number;
}

/**
 * Takes room for messages under the ceiling that protects a person: at most `perHour` in any hour to one address, over
 * all live keys and channels. It counts when a message is queued, in the unit of work that queues it, and outlives a
 * restart. An address stands in the table as a keyed number alone.
 *
 * @returns those who have no room for theirs; then nothing was written, for nobody.
 */
export function* takeRoom(
  tx: Tx,
  { digests }: Pick<DeliveryContext, "digests">,
  planned: readonly Planned[],
  perHour: number,
  now: number,
): Work<readonly Full[]> {
  const full: Full[] = [];
  const taken: { n: number; times: number[] }[] = [];
  for (const [n, messages] of byNumber(planned, digests)) {
    const row = yield* tx.one(messagesTo, { n });
    const times = row === undefined ? [] : recent(row, now);
    const tooMany = times.length + messages.length - perHour;
    if (tooMany > 0) {
      const at = (times[Math.min(tooMany, times.length) - 1] ?? now) + HOUR;
      full.push(...[...new Set(messages.map(({ position }) => position))].map((position) => ({ position, at })));
      continue;
    }
    for (let message = 0; message < messages.length; message++) times.push(now);
    taken.push({ n, times });
  }
  if (full.length > 0) return full;
  for (const { n, times } of taken) yield* tx.run(setMessagesTo, { n, ...packed(times) });
  return full;
}

/** One message to one person is by far the most that is asked, and grouping costs more than looking. */
function byNumber(
  planned: readonly Planned[],
  digests: DeliveryContext["digests"],
): Iterable<readonly [number, readonly Planned[]]> {
  const [only] = planned;
  if (only !== undefined && planned.length === 1) return [[digests.numberOf(only.destination), planned]];
  return Map.groupBy(planned, ({ destination }) => digests.numberOf(destination));
}

/** What a row keeps: the newest time, and how many milliseconds before it each one was. */
interface Times {
  readonly newest_at: number;
  readonly before: Uint8Array;
}

function packed(times: readonly number[]): Times {
  let newest_at = 0;
  for (const at of times) if (at > newest_at) newest_at = at;
  const before = new Uint32Array(times.length);
  for (let index = 0; index < times.length; index++) before[index] = newest_at - (times[index] ?? 0);
  return { newest_at, before: new Uint8Array(before.buffer) };
}

/** A time to come was counted before the clock was set back: within an hour on either side counts. */
function recent({ newest_at, before }: Times, now: number): number[] {
  const times: number[] = [];
  for (const milliseconds of new Uint32Array(before.slice().buffer)) {
    const at = newest_at - milliseconds;
    if (Math.abs(now - at) < HOUR) times.push(at);
  }
  return times;
}

const AT_ONCE = 500;

/**
 * Forgets those who have had no message for an hour, some rows at a time. Answers where to go on, or null at the end.
 *
 * @param after where the last call ended; -1 to begin.
 */
export function* forgetMessages(tx: Tx, after: number, now: number): Work<number | null> {
  const rows = yield* tx.all(messagesAfter, { after, limit: AT_ONCE });
  for (const { n, newest_at } of rows) if (Math.abs(now - newest_at) >= HOUR) yield* tx.run(forgetMessagesTo, { n });
  return rows.length < AT_ONCE ? null : (rows.at(-1)?.n ?? null);
}
