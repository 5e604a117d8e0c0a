import type { Tx, Work } from "../storage/index.ts";
import { IDEMPOTENCY_KEPT } from "./create.ts";
import * as queries from "./queries.ts";

const AT_ONCE = 500;

/** Forgets idempotency keys whose time is over. Answers whether more may wait. */
export function* forgetStaleKeys(tx: Tx, now: number): Work<boolean> {
  const stale = yield* tx.all(queries.staleIdempotency, { before: now - IDEMPOTENCY_KEPT, limit: AT_ONCE });
  for (const { world_n, key } of stale) yield* tx.run(queries.forgetIdempotency, { world_n, key });
  return stale.length === AT_ONCE;
}
