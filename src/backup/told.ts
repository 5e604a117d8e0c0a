import { appendEntry, newEntry } from "../audit/index.ts";
import { type Clock, isoTime } from "../platform/clock.ts";
import type { Random } from "../platform/random.ts";
import type { Tx, Work } from "../storage/index.ts";
import * as queries from "./queries.ts";

/** Writes into the log, at the first start after a restore, from which backup it goes on. */
export function* tellRestores(tx: Tx, { clock, random }: { clock: Clock; random: Random }): Work<void> {
  for (const { n, made_at, seq } of yield* tx.all(queries.untoldRestores, {})) {
    const told = yield* appendEntry(
      tx,
      newEntry(random, {
        type: "log.restored",
        at: clock.now(),
        actor: { type: "operator", id: null },
        world: null,
        pause: null,
        plain: { made_at: isoTime(made_at), seq },
      }),
    );
    yield* tx.run(queries.markTold, { n, entry_seq: told.seq });
  }
}
