import type { Month, Months } from "../platform/months.ts";
import { Problem } from "../platform/problem.ts";
import { type RatePolicy, rateLimitFields } from "../platform/rate-limit-fields.ts";
import type { SharedState, Tx, Work } from "../storage/index.ts";
import type { Key } from "./keys.ts";
import * as queries from "./queries.ts";

/** How many pauses a key has created in a month, and how many it may. */
export interface Quota {
  readonly used: number;
  readonly limit: number;
  readonly month: Month;
}

interface Count {
  readonly month: number;
  readonly pauses: number;
}

/**
 * Counts one more pause of a key, in the unit of work that creates it: what is taken back is not counted, and of however
 * many at once exactly as many get through as are left. Each key counts for itself, in both modes, also one without a
 * plan, so that an operator sees what it uses.
 *
 * The count is kept in memory between commits and written once a batch, so that a create costs no row more.
 *
 * @returns what is left of `limit`; null without one.
 * @throws Problem `quota` once `limit` is reached, before anything is written.
 */
export function* countPause(
  tx: Tx,
  key: Pick<Key, "n">,
  { limit, monthAt }: { readonly limit: number | null; readonly monthAt: Months },
  now: number,
): Work<Quota | null> {
  const month = monthAt(now);
  const tally = tallyOf(key.n);
  const newest = yield* tx.shared(tally.state);
  // Not in memory, or another month than that of the last pause: a new one, or an old one where the clock was set back.
  const before =
    newest.month === month.number
      ? newest.pauses
      : ((yield* tx.one(queries.pausesInMonth, { key_n: key.n, month: month.number }))?.pauses ?? 0);
  if (limit !== null && before >= limit) throw usedUp({ used: before, limit, month }, now);
  // The end of the batch writes one month of a key: where another begins within a batch, the last one is written here.
  if (newest !== NOTHING && newest.month !== month.number)
    yield* tx.run(queries.setPausesInMonth, { key_n: key.n, ...newest });
  tx.share(tally.state, { month: month.number, pauses: before + 1 });
  tx.closing(tally.write);
  return limit === null ? null : { used: before + 1, limit, month };
}

/** What an answer says of a quota, in header fields. */
export function quotaFields({ used, limit, month }: Quota, now: number): Record<string, string> {
  const policy: RatePolicy = { name: "month", quota: limit, windowSeconds: (month.until - month.from) / 1000 };
  return rateLimitFields(policy, limit - used, (month.until - now) / 1000);
}

function usedUp(quota: Quota, now: number): Problem {
  const { limit, month } = quota;
  const next = new Date(month.until).toISOString().replace(".000Z", "Z");
  return new Problem(
    "quota",
    `The key's plan allows ${limit} ${limit === 1 ? "pause" : "pauses"} a month; the next month begins at ${next}.`,
    {
      headers: {
        "retry-after": String(Math.max(1, Math.ceil((month.until - now) / 1000))),
        ...quotaFields(quota, now),
      },
    },
  );
}

/** Before anything was counted in this process, or after another one has written. */
const NOTHING: Count = { month: 0, pauses: 0 };

interface Tally {
  readonly state: SharedState<Count>;
  readonly write: (tx: Tx) => Work<void>;
}

/** By the key's number: the same object each time, since that is what shared state and the end of a batch go by. */
const tallies = new Map<number, Tally>();

function tallyOf(keyN: number): Tally {
  const known = tallies.get(keyN);
  if (known !== undefined) return known;
  const state: SharedState<Count> = {
    name: "pauses of a key in a month",
    // biome-ignore lint/correctness/useYield: which month is asked for is known only where it is counted
    *load() {
      return NOTHING;
    },
  };
  const tally: Tally = {
    state,
    *write(tx) {
      const { month, pauses } = yield* tx.shared(state);
      yield* tx.run(queries.setPausesInMonth, { key_n: keyN, month, pauses });
    },
  };
  tallies.set(keyN, tally);
  return tally;
}
