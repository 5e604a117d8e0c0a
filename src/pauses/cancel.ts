import type { Key } from "../access/index.ts";
import type { Actor } from "../audit/index.ts";
import type { Tx, Work } from "../storage/index.ts";
import type { PauseContext } from "./context.ts";
import { endByClock, endPause, type LoadedPause, loadPause, NO_ANSWER } from "./end.ts";
import { decide, type Refusal } from "./pause.ts";
import * as queries from "./queries.ts";

/** Withdraws a pause for its asker. Undefined when the key sees no such pause; null when it is cancelled now. */
export function* cancelPause(
  tx: Tx,
  context: PauseContext,
  command: { readonly key: Key; readonly pauseId: string; readonly reason: string | null },
): Work<{ readonly n: number; readonly refusal: Refusal | null } | undefined> {
  const { key, pauseId, reason } = command;
  const seen = yield* tx.one(queries.findPause, { id: pauseId, world_n: key.world.n });
  const pause = seen === undefined ? undefined : yield* loadPause(tx, seen.n);
  if (pause === undefined) return undefined;
  const { n } = pause.row;
  return { n, refusal: yield* withdraw(tx, context, pause, { type: "developer", id: key.id }, reason) };
}

/** Withdraws a pause for another reason than its asker's, if it still waits. False when it ended otherwise. */
export function* withdrawPause(
  tx: Tx,
  context: PauseContext,
  n: number,
  actor: Actor,
  reason: string | null = null,
): Work<boolean> {
  const pause = yield* loadPause(tx, n);
  return pause !== undefined && (yield* withdraw(tx, context, pause, actor, reason)) === null;
}

function* withdraw(
  tx: Tx,
  context: PauseContext,
  pause: LoadedPause,
  actor: Actor,
  reason: string | null,
): Work<Refusal | null> {
  const decision = decide(pause.state, { type: "cancel" }, context.clock.now());
  if (decision.accepted && decision.ending !== null) {
    yield* endPause(tx, context, pause, decision.ending, {
      actor,
      via: null,
      comment: null,
      reason,
      answer: NO_ANSWER,
      forced: false,
    });
  } else {
    yield* endByClock(tx, context, pause);
  }
  return decision.refusal;
}
