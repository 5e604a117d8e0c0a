import type { Tx, Work } from "../storage/index.ts";
import type { PauseContext } from "./context.ts";
import { endByClock, loadPause } from "./end.ts";
import * as queries from "./queries.ts";

/** Pauses ended in one unit of work at most, so that a flood of expiries lets others write in between. */
const EXPIRED_AT_ONCE = 100;

/** Ends what is due, earliest first. Answers how many were ended: as many as fit means that more may wait. */
export function* expireDue(tx: Tx, context: PauseContext): Work<{ readonly ended: number; readonly more: boolean }> {
  const due = yield* tx.all(queries.duePauses, { now: context.clock.now(), limit: EXPIRED_AT_ONCE });
  let ended = 0;
  for (const { n } of due) {
    const pause = yield* loadPause(tx, n);
    if (pause !== undefined && (yield* endByClock(tx, context, pause))) ended++;
  }
  return { ended, more: due.length === EXPIRED_AT_ONCE };
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
