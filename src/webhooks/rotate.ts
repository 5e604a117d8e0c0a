import { appendEntry, newEntry } from "../audit/index.ts";
import type { Tx, Work } from "../storage/index.ts";
import type { Asker, WebhookContext } from "./context.ts";
import type { EndpointRow, WorldRow } from "./queries.ts";
import * as queries from "./queries.ts";

/**
 * Gives an endpoint its next secret; the one until now signs beside it for a while, any older one never again.
 * Undefined: the asker sees no such endpoint.
 */
export function* rotateEndpoint(
  tx: Tx,
  context: WebhookContext,
  asker: Asker,
  id: string,
): Work<EndpointRow | undefined> {
  const found = yield* tx.one(queries.findEndpoint, { id, world_n: asker.world.n });
  if (found === undefined) return undefined;
  const at = context.clock.now();
  yield* tx.run(queries.rotateEndpointSecret, { n: found.n, at });
  yield* recordRotation(tx, context, asker, id);
  return { ...found, secret_version: found.secret_version + 1, secret_rotated_at: at };
}

/** As {@link rotateEndpoint}, for the default secret of the asker's world. */
export function* rotateDefaultSecret(tx: Tx, context: WebhookContext, asker: Asker): Work<WorldRow> {
  yield* tx.run(queries.rotateWorldSecret, { n: asker.world.n, at: context.clock.now() });
  yield* recordRotation(tx, context, asker, null);
  const rotated = yield* tx.one(queries.worldByNumber, { n: asker.world.n });
  if (rotated === undefined) throw new Error(`the world ${asker.world.n} of a key is gone`);
  return rotated;
}

/** Without a `webhook_id` the entry tells of the world's default secret. */
function* recordRotation(
  tx: Tx,
  { clock, random }: WebhookContext,
  { world, actor }: Asker,
  webhookId: string | null,
): Work<void> {
  yield* appendEntry(
    tx,
    newEntry(random, {
      type: "webhook.secret_rotated",
      at: clock.now(),
      actor,
      world,
      pause: null,
      plain: { webhook_id: webhookId },
    }),
  );
}
