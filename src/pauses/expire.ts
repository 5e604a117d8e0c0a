import type { Tx, Work } from "../storage/index.ts";
import type { PauseContext } from "./context.ts";
import { endByClock, loadPause } from "./end.ts";
import * as queries from "./queries.ts";

/** Pauses of a world ended in one unit of work at most, so that a flood of expiries lets others write in between. */
const EXPIRED_AT_ONCE = 100;

/** Ends what is due, earliest first. Answers how many were ended: as many as fit means that more may wait. */
export function* expireDue(tx: Tx, context: PauseContext): Work<{ readonly ended: number; readonly more: boolean }> {
  const now = context.clock.now();
  let ended = 0;
  let more = false;
  for (const world of yield* tx.all(queries.worlds, {})) {
    const due = yield* tx.all(queries.duePauses, { world_n: world.n, now, limit: EXPIRED_AT_ONCE });
    for (const { n } of due) {
      const pause = yield* loadPause(tx, n);
      if (pause !== undefined && (yield* endByClock(tx, context, pause))) ended++;
    }
    more ||= due.length === EXPIRED_AT_ONCE;
  }
  return { ended, more };
}

/** Ends one pause if its time is over: whoever touches it first does. */
export function* expireOne(tx: Tx, context: PauseContext, n: number): Work<boolean> {
  const pause = yield* loadPause(tx, n);
  return pause !== undefined && (yield* endByClock(tx, context, pause));
}

/** A test lets the time be over now. Answers false when the pause has ended before. */
export function* expireForTest(tx: Tx, context: PauseContext, n: number): Work<boolean> {
  const pause = yield* loadPause(tx, n);
  if (pause === undefined || pause.state.status !== "pending") return false;
  return yield* endByClock(tx, context, pause, true);
}
