import type { EventType, Tx, Work } from "../storage/index.ts";
import type { PauseContext } from "./context.ts";
import * as queries from "./queries.ts";

/** Writes an event for streams and webhooks in the unit of what it tells, and answers its id. */
export function* recordEvent(
  tx: Tx,
  context: PauseContext,
  event: { readonly pauseN: number; readonly worldN: number; readonly type: EventType; readonly at: number },
): Work<string> {
  const { id } = context.ids.next("evt");
  const { worldN: world_n, pauseN: pause_n, type, at } = event;
  yield* tx.run(queries.insertEvent, { id, world_n, pause_n, type, at });
  tx.after(context.hints.told);
  return id;
}
