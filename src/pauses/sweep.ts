import type { Tx, Work } from "../storage/index.ts";
import { IDEMPOTENCY_KEPT } from "./create.ts";
import * as queries from "./queries.ts";

const AT_ONCE = 500;
/** How long an event can be resumed from. */
const EVENTS_KEPT = 7 * 86_400_000;

/** Forgets idempotency keys whose time is over. Answers whether more may wait. */
export function* forgetStaleKeys(tx: Tx, now: number): Work<boolean> {
  const stale = yield* tx.all(queries.staleIdempotency, { before: now - IDEMPOTENCY_KEPT, limit: AT_ONCE });
  for (const { world_n, key } of stale) yield* tx.run(queries.forgetIdempotency, { world_n, key });
  return stale.length === AT_ONCE;
}

/**
 * Forgets the oldest events, as far as their time is over. Answers whether more may wait. The newest of all stays: who
 * has seen it can resume from it, and SQLite never gives its number again.
 */
export function* forgetOldEvents(tx: Tx, now: number): Work<boolean> {
  const oldest = (yield* tx.all(queries.oldestEvents, { limit: AT_ONCE + 1 })).slice(0, -1);
  const kept = oldest.findIndex(({ at }) => at >= now - EVENTS_KEPT);
  const last = (kept < 0 ? oldest : oldest.slice(0, kept)).at(-1);
  if (last === undefined) return false;
  yield* tx.run(queries.forgetEventsUpTo, { n: last.n });
  return kept < 0 && oldest.length === AT_ONCE;
}
