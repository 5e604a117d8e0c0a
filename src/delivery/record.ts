import { appendEntry, newEntry, type World } from "../audit/index.ts";
import type { SendResult } from "../channels/channel.ts";
import type { Clock } from "../platform/clock.ts";
import type { Random } from "../platform/random.ts";
import type { Tx, Work } from "../storage/index.ts";
import * as queries from "./queries.ts";
import { backOff } from "./schedule.ts";

export interface DeliveryContext {
  readonly clock: Clock;
  readonly random: Random;
}

/** A message that is due, with all that is needed to send and record it. */
export interface DueMessage {
  readonly pause_n: number;
  readonly ordinal: number;
  readonly id: string;
  readonly position: number;
  readonly channel: string;
  /** Attempts made before this one. */
  readonly attempts: number;
  readonly due_at: number;
  readonly address: string;
  readonly destination: string;
  readonly pause_id: string;
  readonly pause_status: string;
  readonly message: string;
  readonly created_at: number;
  readonly expires_at: number;
  readonly world_n: number;
  readonly mode: "live" | "test";
  readonly project: string;
}

/** Takes due messages for sending, until the end of a lease: after a crash between claim and send they are due again. */
export function* claimDue(
  tx: Tx,
  context: DeliveryContext,
  carrier: string,
  limit: number,
  leaseMs: number,
): Work<DueMessage[]> {
  const now = context.clock.now();
  const due = yield* tx.all(queries.dueDeliveries, { carrier, now, limit });
  const claimed: DueMessage[] = [];
  for (const message of due) {
    if (isOver(message, now)) yield* cancel(tx, message, now);
    else {
      yield* tx.run(queries.lease, { pause_n: message.pause_n, ordinal: message.ordinal, due_at: now + leaseMs });
      claimed.push(message);
    }
  }
  return claimed;
}

/** The outbox takes what is due at once: nothing leaves, so there is nothing to lease and nothing to fail. */
export function* deliverToOutbox(tx: Tx, context: DeliveryContext, carrier: string, limit: number): Work<DueMessage[]> {
  const now = context.clock.now();
  const due = yield* tx.all(queries.dueDeliveries, { carrier, now, limit });
  const delivered: DueMessage[] = [];
  for (const message of due) {
    if (isOver(message, now)) yield* cancel(tx, message, now);
    else {
      yield* settle(tx, message, {
        status: "delivered",
        due_at: message.due_at,
        provider_id: null,
        error: null,
        finished_at: now,
      });
      yield* appendEntry(tx, deliveredEntry(context, message, now, null));
      delivered.push(message);
    }
  }
  return delivered;
}

/** Makes what an earlier process had claimed due again. */
export function* freeLeases(tx: Tx, carrier: string, now: number): Work<void> {
  yield* tx.run(queries.freeLeases, { carrier, now });
}

/** Records what became of one attempt: sent, to be tried again, or failed for good. */
export function* recordAttempt(
  tx: Tx,
  context: DeliveryContext,
  message: DueMessage,
  result: SendResult,
  startedAt: number,
): Work<void> {
  const now = context.clock.now();
  const attempt = message.attempts + 1;
  yield* tx.run(queries.insertAttempt, {
    pause_n: message.pause_n,
    ordinal: message.ordinal,
    attempt,
    at: startedAt,
    took_ms: Math.max(0, now - startedAt),
    outcome: result.outcome,
    status: result.status,
    error: result.outcome === "sent" ? null : result.error,
    excerpt: result.excerpt,
  });
  if (result.outcome === "sent") {
    const settled = yield* settle(tx, message, {
      status: "sent",
      due_at: message.due_at,
      provider_id: result.providerId,
      error: null,
      finished_at: now,
    });
    if (settled) yield* appendEntry(tx, deliveredEntry(context, message, now, result.providerId));
    return;
  }
  const again = result.outcome === "retry" ? now + backOff(attempt, result.retryAfterMs, context.random) : null;
  if (again !== null && again < message.expires_at) {
    yield* settle(tx, message, {
      status: "queued",
      due_at: again,
      provider_id: null,
      error: result.error,
      finished_at: null,
    });
    return;
  }
  const settled = yield* settle(tx, message, {
    status: "failed",
    due_at: message.due_at,
    provider_id: null,
    error: result.error,
    finished_at: now,
  });
  if (!settled) return;
  yield* appendEntry(
    tx,
    newEntry(context.random, {
      ...common(message, now),
      type: "pause.delivery_failed",
      plain: { channel: message.channel, recipient: message.position, attempts: attempt },
      committed: { error: result.error },
    }),
  );
}

/** A message expires with its question: nothing is sent after the pause has ended. */
function isOver(message: DueMessage, now: number): boolean {
  return message.pause_status !== "pending" || now >= message.expires_at;
}

function* cancel(tx: Tx, message: DueMessage, now: number): Work<void> {
  yield* settle(tx, message, {
    status: "cancelled",
    due_at: message.due_at,
    provider_id: null,
    error: null,
    finished_at: now,
  });
}

/** Settles a row that is still waiting or under way; false when another attempt or the pause's end did before. */
function* settle(
  tx: Tx,
  message: DueMessage,
  values: {
    status: "queued" | "sent" | "delivered" | "failed" | "cancelled";
    due_at: number;
    provider_id: string | null;
    error: string | null;
    finished_at: number | null;
  },
): Work<boolean> {
  const { pause_n, ordinal } = message;
  return (yield* tx.run(queries.settle, { pause_n, ordinal, ...values })).changes === 1;
}

function deliveredEntry(context: DeliveryContext, message: DueMessage, at: number, providerId: string | null) {
  return newEntry(context.random, {
    ...common(message, at),
    type: "pause.delivered",
    plain: { channel: message.channel, recipient: message.position, attempts: message.attempts + 1 },
    committed: { provider_id: providerId },
  });
}

function common(message: DueMessage, at: number) {
  const world: World = { n: message.world_n, project: message.project, mode: message.mode };
  return {
    at,
    actor: { type: "system", id: null } as const,
    world,
    pause: { n: message.pause_n, id: message.pause_id },
  };
}
