import type { Key } from "../access/index.ts";
import type { Tx, Work } from "../storage/index.ts";
import type { PauseContext } from "./context.ts";
import { endByClock, endPause, loadPause, NO_ANSWER } from "./end.ts";
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
  const decision = decide(pause.state, { type: "cancel" }, context.clock.now());
  if (decision.accepted && decision.ending !== null) {
    const actor = { type: "developer", id: key.id } as const;
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
  return { n, refusal: decision.refusal };
}
