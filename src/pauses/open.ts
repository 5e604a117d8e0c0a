import { appendEntry, newEntry, type World } from "../audit/index.ts";
import type { Tx, Work } from "../storage/index.ts";
import type { PauseContext } from "./context.ts";
import type { Origin } from "./end.ts";
import * as queries from "./queries.ts";

/** Records that a recipient's link was opened, the first time only. Decides nothing. */
export function* recordOpened(
  tx: Tx,
  context: PauseContext,
  opened: {
    readonly pause: { readonly n: number; readonly id: string };
    readonly world: World;
    readonly position: number;
    readonly origin: Origin;
  },
): Work<void> {
  const at = context.clock.now();
  const { pause, world, position, origin } = opened;
  const { changes } = yield* tx.run(queries.markOpened, { pause_n: pause.n, position, at });
  if (changes === 0) return;
  yield* appendEntry(
    tx,
    newEntry(context.random, {
      type: "pause.opened",
      at,
      actor: { type: "human", id: `${pause.id}/${position}` },
      world,
      pause,
      plain: { recipient: position },
      committed: { ip: origin.ip, user_agent: origin.userAgent },
    }),
  );
}
