import { appendEntry, newEntry } from "../audit/index.ts";
import type { Tx, Work } from "../storage/index.ts";
import type { WebhookContext } from "./context.ts";
import * as queries from "./queries.ts";

/**
 * Disables an endpoint in the appliance's own name. `why` is shown as its `disabled_reason` and stands in the log in the
 * clear, so it must hold no address. Answers whether the endpoint was enabled until now.
 */
export function* disableEndpoint(
  tx: Tx,
  { clock, random }: Pick<WebhookContext, "clock" | "random">,
  endpointN: number,
  why: string,
): Work<boolean> {
  const found = yield* tx.one(queries.endpointByNumber, { n: endpointN });
  if (found === undefined || found.deleted_at !== null || found.status === "disabled") return false;
  const world = yield* tx.one(queries.worldByNumber, { n: found.world_n });
  if (world === undefined) throw new Error(`the world ${found.world_n} of an endpoint is gone`);
  yield* tx.run(queries.disableEndpoint, { n: endpointN, reason: why });
  yield* appendEntry(
    tx,
    newEntry(random, {
      type: "webhook.disabled",
      at: clock.now(),
      actor: { type: "system", id: null },
      world: { n: world.n, project: world.project, mode: world.mode },
      pause: null,
      plain: { webhook_id: found.id, why },
    }),
  );
  return true;
}

/** Notes that an attempt has failed at a time. Answers since when everything has. */
export function* noteFailure(tx: Tx, endpointN: number, now: number): Work<number> {
  const found = yield* tx.one(queries.endpointByNumber, { n: endpointN });
  if (found === undefined) return now;
  if (found.failing_since !== null) return found.failing_since;
  yield* tx.run(queries.setFailingSince, { n: endpointN, at: now });
  return now;
}

/** Notes that an attempt got through: what failed before does not count any more. */
export function* noteSuccess(tx: Tx, endpointN: number): Work<void> {
  const found = yield* tx.one(queries.endpointByNumber, { n: endpointN });
  if (found === undefined || found.failing_since === null) return;
  yield* tx.run(queries.setFailingSince, { n: endpointN, at: null });
}
