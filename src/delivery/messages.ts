import { appendEntry, newEntry, type World } from "../audit/index.ts";
import type { Channel, Conclusion, OutgoingMessage, SendResult } from "../channels/channel.ts";
import type { LogFields } from "../platform/log.ts";
import type { DeliveryKind, DeliveryStatus, Mode, Tx, Work } from "../storage/index.ts";
import type { Health } from "./breaker.ts";
import type { DeliveryContext } from "./context.ts";
import { Cut, type Traffic } from "./lane.ts";
import * as queries from "./queries.ts";
import { backOff } from "./schedule.ts";

/** A message to a person that is due, with all that is needed to send and record it. */
export interface DueMessage {
  readonly pause_n: number;
  readonly ordinal: number;
  readonly id: string;
  readonly kind: DeliveryKind;
  readonly lane: string;
  readonly position: number;
  readonly channel: string;
  readonly step: number;
  /** Attempts made before this one. */
  readonly attempts: number;
  /** Of these, those before it was last sent again by hand. */
  readonly begun_after: number;
  readonly due_at: number;
  readonly reply_code: string | null;
  readonly address: string;
  readonly opened_at: number | null;
  readonly destination: string;
  readonly pause_id: string;
  readonly pause_status: string;
  readonly message: string;
  readonly options: string;
  readonly details: string;
  readonly timeout_default: string | null;
  readonly expires_at: number;
  readonly ended_at: number | null;
  readonly response_choice: string | null;
  readonly response_source: string | null;
  readonly responded_by: number | null;
  readonly world_n: number;
  readonly mode: Mode;
  readonly project: string;
}

/** A notice knows the message that it is about. */
export type ClaimedMessage = DueMessage & {
  readonly asked: { readonly id: string; readonly providerId: string | null } | null;
  /** Over a channel with sessions: when they last wrote. */
  readonly heardAt: number | null;
};

/** Makes the text of a message: the template and the link are not the queue's business. */
export interface Compose {
  ask(message: DueMessage & { readonly heardAt?: number | null }): OutgoingMessage;
  notice(message: ClaimedMessage): Conclusion;
}

/** What a channel brings to people: questions, and word that one is over. */
export class MessageTraffic implements Traffic<ClaimedMessage, SendResult> {
  readonly #channel: Channel;
  readonly #compose: Compose;
  readonly #context: DeliveryContext;
  /** What each message under way says, without its link. */
  readonly #texts = new WeakMap<ClaimedMessage, string>();

  constructor(channel: Channel, compose: Compose, context: DeliveryContext) {
    this.#channel = channel;
    this.#compose = compose;
    this.#context = context;
  }

  *claim(tx: Tx, lane: string, limit: number, leaseMs: number): Work<readonly ClaimedMessage[]> {
    const now = this.#context.clock.now();
    const claimed: ClaimedMessage[] = [];
    for (const message of yield* tx.all(queries.dueMessages, { lane, now, limit })) {
      const { pause_n, ordinal } = message;
      if (yield* isNeedless(tx, this.#context, message, now))
        yield* settleLast(tx, this.#context, message, { status: "cancelled", finished_at: now });
      else if (message.kind === "ask" && (yield* isOptedOut(tx, this.#context, lane, message.destination)))
        yield* fail(tx, this.#context, message, message.attempts, optedOutWords(this.#channel));
      else {
        yield* tx.run(queries.lease, { pause_n, ordinal, due_at: now + leaseMs });
        const asked = message.kind === "notice" ? yield* askedAs(tx, message) : null;
        const heard = this.#channel.hasSessions
          ? yield* tx.one(queries.findHeard, heardOf(this.#context, message))
          : undefined;
        claimed.push({ ...message, asked, heardAt: heard?.at ?? null });
      }
    }
    return claimed;
  }

  async attempt(message: ClaimedMessage, signal: AbortSignal): Promise<SendResult> {
    if (message.kind === "ask") {
      const outgoing = this.#compose.ask(message);
      const text = this.#channel.textOf?.(outgoing);
      if (text !== undefined) this.#texts.set(message, text.replaceAll(outgoing.link, "{link}").toWellFormed());
      return await this.#channel.send(outgoing, signal);
    }
    const sent = await this.#channel.conclude?.(this.#compose.notice(message), signal);
    return sent ?? { outcome: "sent", providerId: null, status: null, excerpt: null };
  }

  broken(cause: Error): SendResult {
    // What was not foreseen may repeat the message in its words.
    const error =
      cause instanceof Cut ? cause.message : `the channel failed in a way that was not foreseen (${cause.name})`;
    return { outcome: "retry", error, status: null, excerpt: null, retryAfterMs: null };
  }

  *record(tx: Tx, message: ClaimedMessage, result: SendResult, startedAt: number): Work<void> {
    const { clock, random } = this.#context;
    const now = clock.now();
    const attempts = message.attempts + 1;
    const isErased = (yield* tx.one(queries.erasedAt, { pause_n: message.pause_n })) !== undefined;
    yield* tx.run(queries.insertAttempt, {
      pause_n: message.pause_n,
      ordinal: message.ordinal,
      attempt: attempts,
      at: startedAt,
      took_ms: Math.max(0, now - startedAt),
      outcome: result.outcome,
      status: result.status,
      // What came back may repeat what was sent.
      error: isRefusal(result) && !isErased ? result.error : null,
      excerpt: isErased ? null : result.excerpt,
      encoding: result.segments?.encoding ?? null,
      segments: result.segments?.count ?? null,
    });
    // Whoever erased it has also settled it.
    if (isErased) return;
    if (!isRefusal(result)) {
      const { providerId: provider_id, outcome: status } = result;
      if (!(yield* settleLast(tx, this.#context, message, { status, provider_id, finished_at: now }))) return;
      if (message.kind !== "ask") return;
      const text = this.#texts.get(message) ?? null;
      yield* appendEntry(tx, arrivedEntry(this.#context, { ...message, text }, attempts, status, provider_id, now));
      // It ended while this was on its way: who was just asked is told so too.
      yield* tellIfOver(tx, this.#context, message.pause_n);
      return;
    }
    const again =
      result.outcome === "retry" ? now + backOff(attempts - message.begun_after, result.retryAfterMs, random) : null;
    if (again !== null && again < untilWhen(message)) {
      yield* settle(tx, message, { status: "queued", due_at: again, error: result.error });
      return;
    }
    yield* fail(tx, this.#context, message, attempts, result.error);
  }

  health(result: SendResult): Health {
    if (result.outcome !== "retry") return { kind: "up" };
    if (result.isChannelDown === true) return { kind: "closed", forMs: result.retryAfterMs };
    // An answer, whatever it says, is a sign of life.
    return result.status === null ? { kind: "down" } : { kind: "up" };
  }

  measure({ lane }: ClaimedMessage, { outcome }: SendResult, tookMs: number): void {
    const { metrics } = this.#context;
    metrics.messageAttempts.add(1, lane, outcome);
    metrics.messageAttemptSeconds.observe(Math.max(0, tookMs) / 1000, lane);
  }

  about({ pause_id }: ClaimedMessage): LogFields {
    return { pause_id };
  }

  trouble(result: SendResult): LogFields | null {
    if (!isRefusal(result)) return null;
    const { outcome, status, error } = result;
    return { outcome, status, error };
  }
}

function isRefusal(result: SendResult): result is Extract<SendResult, { readonly error: string }> {
  return result.outcome === "retry" || result.outcome === "failed";
}

/** What is said of a message that is not sent because its recipient asked for no more. */
export function optedOutWords({ addressKind }: Pick<Channel, "addressKind">): string {
  return addressKind === "phone"
    ? "this number has asked for no more texts; its owner has to reply START first"
    : "this recipient has asked for no more messages; they have to reply START first";
}

/** How long word that a question is over is worth sending. */
const NOTICE_MS = 3_600_000;

/** Whether a message need not be sent any more. */
export function* isNeedless(tx: Tx, context: DeliveryContext, message: DueMessage, now: number): Work<boolean> {
  return isOver(message, now) || (yield* isSeen(tx, context, message));
}

/** A question expires with its pause. */
function isOver(message: DueMessage, now: number): boolean {
  if (message.kind === "notice") return now >= untilWhen(message);
  return message.pause_status !== "pending" || now >= message.expires_at;
}

/**
 * A later step of a fallback is not taken once the link was opened. But for mail: a scanner opens each link of a mail, so
 * that behind one the next step is taken unless somebody has answered.
 */
function* isSeen(tx: Tx, { scanned }: DeliveryContext, message: DueMessage): Work<boolean> {
  const { kind, step, attempts, opened_at, position, pause_n } = message;
  if (kind !== "ask" || step === 0 || attempts > 0 || opened_at === null) return false;
  const asks = yield* tx.all(queries.asksOf, { pause_n });
  return !asks.some((ask) => ask.position === position && ask.step < step && scanned.has(ask.lane));
}

function untilWhen(message: DueMessage): number {
  return message.kind === "notice" ? (message.ended_at ?? 0) + NOTICE_MS : message.expires_at;
}

/** Whether somebody has asked for no more messages over a channel. */
export function* isOptedOut(
  tx: Tx,
  { digests }: Pick<DeliveryContext, "digests">,
  lane: string,
  destination: string,
): Work<boolean> {
  return (yield* tx.one(queries.findOptOut, { channel: lane, digest: digests.of(destination, lane) })) !== undefined;
}

function heardOf({ digests }: DeliveryContext, { lane, destination }: DueMessage) {
  return { channel: lane, digest: digests.of(destination, lane) };
}

/** The message that a notice is about, by our id and the carrier's own. */
function* askedAs(tx: Tx, { pause_n, position, channel }: DueMessage): Work<ClaimedMessage["asked"]> {
  const asks = yield* tx.all(queries.asksOf, { pause_n });
  const ask = asks.find((each) => each.position === position && each.channel === channel);
  return ask === undefined ? null : { id: ask.id, providerId: ask.provider_id };
}

/** A message that never arrives; the next step of a fallback need not wait for its time then. */
export function* fail(
  tx: Tx,
  context: DeliveryContext,
  message: ToldMessage,
  attempts: number,
  error: string,
): Work<boolean> {
  const now = context.clock.now();
  if (!(yield* settleLast(tx, context, message, { status: "failed", attempts, error, finished_at: now }))) return false;
  if (message.kind === "ask") yield* tellFailed(tx, context, message, attempts, error, now);
  return true;
}

/** The entry of a message that failed, and the next step of its fallback. */
export function* tellFailed(
  tx: Tx,
  context: DeliveryContext,
  message: ToldMessage,
  attempts: number,
  error: string,
  now: number,
): Work<void> {
  yield* appendEntry(
    tx,
    newEntry(context.random, {
      ...about(message, now),
      type: "pause.delivery_failed",
      plain: { channel: message.channel, recipient: message.position, attempts },
      committed: { error },
    }),
  );
  const { pause_n, position, step } = message;
  const next = yield* tx.one(queries.hastenStep, { pause_n, position, step: step + 1, now });
  if (next !== undefined) tx.after(() => context.wake(next.lane));
}

/** What a message's entries are made from. */
export type ToldMessage = Pick<
  DueMessage,
  | "lane"
  | "pause_n"
  | "ordinal"
  | "kind"
  | "position"
  | "channel"
  | "step"
  | "pause_id"
  | "world_n"
  | "mode"
  | "project"
>;

/** The entry of a message that was handed over, or has arrived. */
export function arrivedEntry(
  context: DeliveryContext,
  message: ToldMessage & {
    readonly destination?: string;
    /** The text that went out, where one text is all that the person got; the link, which decides, is concealed. */
    readonly text?: string | null;
  },
  attempts: number,
  status: "sent" | "delivered",
  providerId: string | null,
  at: number,
) {
  return newEntry(context.random, {
    ...about(message, at),
    type: status === "sent" ? "pause.sent" : "pause.delivered",
    plain: { channel: message.channel, recipient: message.position, attempts },
    // The first step goes where `pause.created` says; a later one has an address of its own.
    committed: {
      address: message.step > 0 ? (message.destination ?? null) : null,
      provider_id: providerId,
      text: message.text ?? null,
    },
  });
}

function about(message: ToldMessage, at: number) {
  const world: World = { n: message.world_n, project: message.project, mode: message.mode };
  return {
    at,
    actor: { type: "system", id: null } as const,
    world,
    pause: { n: message.pause_n, id: message.pause_id },
  };
}

/** Settles a row that waits or is under way; false when another attempt or the pause's end did before. */
export function* settle(
  tx: Tx,
  { pause_n, ordinal, due_at = 0 }: { readonly pause_n: number; readonly ordinal: number; readonly due_at?: number },
  values: {
    readonly status: DeliveryStatus;
    readonly due_at?: number;
    readonly attempts?: number;
    readonly provider_id?: string | null;
    readonly error?: string | null;
    readonly finished_at?: number | null;
  },
): Work<boolean> {
  const row = {
    pause_n,
    ordinal,
    due_at,
    attempts: null,
    provider_id: null,
    error: null,
    finished_at: null,
    ...values,
  };
  return (yield* tx.run(queries.settle, row)).changes === 1;
}

/** As {@link settle}, for good: it is counted once that is on disk. `channel`: webhooks to all receivers are one. */
export function* settleLast(
  tx: Tx,
  { metrics }: Pick<DeliveryContext, "metrics">,
  row: { readonly pause_n: number; readonly ordinal: number; readonly due_at?: number; readonly lane: string },
  values: Parameters<typeof settle>[2] & { readonly status: "sent" | "delivered" | "failed" | "cancelled" },
): Work<boolean> {
  const settled = yield* settle(tx, row, values);
  const { status } = values;
  if (settled) tx.after(() => metrics.deliveries.add(1, row.lane, status));
  return settled;
}

/**
 * Queues word that a question is over for those who were asked over a channel that tells them so. Who decided knows
 * already: they are told only where that changes the very message with the buttons. Told once each.
 */
export function* queueNotices(tx: Tx, context: DeliveryContext, pauseN: number, decidedBy: number | null): Work<void> {
  if (context.concluding.size === 0) return;
  const asks = yield* tx.all(queries.asksOf, { pause_n: pauseN });
  const now = context.clock.now();
  for (const { position, channel, lane, status, destination } of asks) {
    const how = context.concluding.get(lane);
    if (how === undefined || position === null || (status !== "sent" && status !== "delivered")) continue;
    if (how === "by message" && position === decidedBy) continue;
    if ((yield* tx.one(queries.findNotice, { pause_n: pauseN, position, lane })) !== undefined) continue;
    yield* tx.run(queries.insertNotice, {
      pause_n: pauseN,
      ordinal: yield* nextOrdinal(tx, pauseN),
      id: context.ids.next("dlv").id,
      kind: "notice",
      lane,
      status: "queued",
      due_at: now,
      created_at: now,
      position,
      channel,
      destination,
    });
    tx.after(() => context.wake(lane));
  }
}

/** Tells who was just reached about a question that has ended meanwhile. */
export function* tellIfOver(tx: Tx, context: DeliveryContext, pauseN: number): Work<void> {
  const pause = yield* tx.one(queries.statusOf, { pause_n: pauseN });
  if (pause !== undefined && pause.status !== "pending") yield* queueNotices(tx, context, pauseN, pause.responded_by);
}

/** The place of a pause's next delivery. */
export function* nextOrdinal(tx: Tx, pauseN: number): Work<number> {
  return ((yield* tx.one(queries.lastOrdinal, { pause_n: pauseN }))?.ordinal ?? -1) + 1;
}
