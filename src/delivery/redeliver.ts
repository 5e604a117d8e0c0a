import type { DeliveryKind, DeliveryStatus, PauseStatus, Tx, Work } from "../storage/index.ts";
import type { DeliveryContext } from "./context.ts";
import * as queries from "./queries.ts";

/** What has to be known of a delivery to send it again. */
export interface Redeliverable {
  readonly pause_n: number;
  readonly ordinal: number;
  readonly kind: DeliveryKind;
  readonly lane: string;
  readonly status: DeliveryStatus;
  readonly pause_status: PauseStatus | null;
  readonly pause_erased_at: number | null;
  readonly endpoint_status: string | null;
  readonly endpoint_deleted_at: number | null;
}

/**
 * Queues a delivery once more, with all its attempts before it: a webhook that is done with in whatever way, a message
 * that failed while its question still waits. Answers why not, or null.
 */
export function* redeliver(tx: Tx, context: DeliveryContext, delivery: Redeliverable): Work<string | null> {
  const { pause_n, ordinal, lane, kind } = delivery;
  if (delivery.status === "queued" || delivery.status === "sending") return "It is still waiting to be delivered.";
  if (kind === "webhook" && (delivery.endpoint_status === "disabled" || delivery.endpoint_deleted_at !== null))
    return "Its endpoint is disabled or deleted; enable it first.";
  if (delivery.pause_erased_at !== null) return "What it told was erased.";
  if (kind !== "webhook") {
    if (delivery.status !== "failed" || kind === "notice")
      return "Only a question that could not be sent is sent again.";
    if (delivery.pause_status !== "pending") return "Its pause has ended; nobody needs to be asked any more.";
  }
  const { changes } = yield* tx.run(queries.requeue, { pause_n, ordinal, now: context.clock.now() });
  if (changes === 0) return "It is still waiting to be delivered.";
  tx.after(() => context.wake(lane));
  return null;
}
