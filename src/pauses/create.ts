import { countPause, type Key, type Quota } from "../access/index.ts";
import { appendEntry, canonicalize, type JsonValue, newEntry } from "../audit/index.ts";
import type { Step } from "../channels/directory.ts";
import { insertAsk, takeRoom } from "../delivery/index.ts";
import { isoTime } from "../platform/clock.ts";
import { sha256Hex } from "../platform/hash.ts";
import type { Months } from "../platform/months.ts";
import { Problem } from "../platform/problem.ts";
import { type TraceContext, traceparentOf } from "../platform/trace-context.ts";
import type { Tx, Work } from "../storage/index.ts";
import { freeCode } from "./codes.ts";
import type { PauseContext } from "./context.ts";
import { recordEvent } from "./events.ts";
import type { Policy } from "./pause.ts";
import * as queries from "./queries.ts";
import type { Recipient } from "./recipients.ts";
import type { CreateRequest } from "./request.ts";
import { type Pause, shapePause } from "./shape.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** A create whose every part has been checked against schema, channel, people and the key's limits. */
export interface CreatePause {
  readonly key: Key;
  readonly request: CreateRequest;
  readonly recipients: readonly Recipient[];
  /** The ways that the messages take, one after the other until one is seen. */
  readonly steps: readonly Step[];
  /** Whether a text to this address over this lane gets a code to reply with. */
  readonly takesReplies: (lane: string, destination: string) => boolean;
  readonly timeoutHours: number;
  readonly allowance: Allowance;
  readonly idempotency: { readonly key: string; readonly bodyHash: Uint8Array } | null;
  /** Where the request stands in a trace; null where it stands in none. */
  readonly trace?: TraceContext | null;
}

/** How much may be asked. */
export interface Allowance {
  /** How many pauses the key may create in a month; null: any. */
  readonly pausesPerMonth: number | null;
  readonly monthAt: Months;
  /** How many messages one recipient may get within an hour; null: any. */
  readonly messagesPerHour: number | null;
}

export type Created =
  /** What the key has used of its month; null where that has no end. */
  | { readonly kind: "created"; readonly pause: Pause; readonly quota: Quota | null }
  /** The same key and body were here before. */
  | { readonly kind: "replayed"; readonly pauseN: number };

const FIRST: Policy = { kind: "first" };

/**
 * The pause, its recipients, its queued messages, its idempotency key and its audit entry, in one unit of work.
 *
 * @throws Problem `idempotency-mismatch`, `quota`, `message-limit`, before anything is written.
 */
export function* createPause(tx: Tx, context: PauseContext, command: CreatePause): Work<Created> {
  const { key, request, recipients, idempotency } = command;
  const now = context.clock.now();
  if (idempotency !== null) {
    const pauseN = yield* replayed(tx, key.world.n, idempotency, now);
    if (pauseN !== null) return { kind: "replayed", pauseN };
  }
  const { pausesPerMonth, monthAt, messagesPerHour } = command.allowance;
  const quota = yield* countPause(tx, key, { limit: pausesPerMonth, monthAt }, now);
  if (messagesPerHour !== null) yield* refuseToBury(tx, context, command, messagesPerHour, now);

  const { id } = context.ids.next("pause");
  const expiresAt = now + Math.max(1, Math.round(command.timeoutHours * HOUR));
  const row = {
    id,
    world_n: key.world.n,
    key_n: key.n,
    channel: request.channel,
    recipient_form: typeof request.recipient === "string" ? ("one" as const) : ("many" as const),
    message: request.message,
    options: JSON.stringify(request.options),
    details: request.details === undefined ? "{}" : JSON.stringify(request.details),
    metadata: request.metadata === undefined ? "{}" : JSON.stringify(request.metadata),
    allow_comment: request.allow_comment ? 1 : 0,
    action_digest: request.action_digest,
    audience: request.audience,
    webhook_url: request.webhook_url,
    timeout_hours: command.timeoutHours,
    timeout_default: request.timeout_default,
    policy: POLICY_TEXT,
    status: "pending" as const,
    created_at: now,
    expires_at: expiresAt,
    next_due_at: expiresAt,
  };
  const n = (yield* tx.run(queries.insertPause, row)).inserted;
  for (const [position, { address, destinations }] of recipients.entries()) {
    yield* tx.run(queries.insertRecipient, { pause_n: n, position, address, destination: destinations[0] });
  }
  yield* queueAsks(tx, context, command, n, now);
  if (command.trace != null) {
    const { trace } = command;
    yield* tx.run(queries.insertTrace, { pause_n: n, traceparent: traceparentOf(trace), tracestate: trace.state });
  }
  if (idempotency !== null) {
    yield* tx.run(queries.insertIdempotency, {
      world_n: key.world.n,
      key: idempotency.key,
      body_hash: idempotency.bodyHash,
      pause_n: n,
      created_at: now,
    });
  }
  yield* appendEntry(tx, createdEntry(context, command, { n, id, now, expiresAt }));
  yield* recordEvent(tx, context, { pauseN: n, worldN: key.world.n, type: "pause.created", at: now });
  tx.after(() => context.hints.due(expiresAt));

  const channel = command.steps[0]?.channel ?? request.channel;
  const deliveries = recipients.map(({ address }) => ({ ...UNSENT, channel, address }));
  const addresses = recipients.map(({ address }) => address);
  return { kind: "created", pause: shapePause({ ...NEW, ...row, n }, key.world.mode, addresses, deliveries), quota };
}

/** Takes room for every message that may be sent. @throws Problem `message-limit`, before anything is written. */
function* refuseToBury(
  tx: Tx,
  context: PauseContext,
  { request, recipients, steps }: CreatePause,
  perHour: number,
  now: number,
): Work<void> {
  const planned = recipients.flatMap(({ destinations }, position) =>
    steps.map((_, step) => ({ position, destination: destinations[step] ?? destinations[0] })),
  );
  const full = yield* takeRoom(tx, context, planned, perHour, now);
  if (full.length === 0) return;
  const seconds = Math.max(1, Math.ceil((Math.max(...full.map(({ at }) => at)) - now) / 1000));
  throw new Problem("message-limit", `A recipient gets at most ${perHour} messages in an hour.`, {
    headers: { "retry-after": String(seconds) },
    errors: full.map(({ position }) => ({
      pointer: pointerOf(request, position),
      detail: "has had as many within the last hour, or would have with this",
    })),
  });
}

/** Where a recipient stands in a request. */
export function pointerOf(request: Pick<CreateRequest, "recipient">, position: number): string {
  return typeof request.recipient === "string" ? "/recipient" : `/recipient/${position}`;
}

/** A message before its first attempt. */
const UNSENT = { status: "queued" as const, error: null, opened_at: null, step: 0, attempts: 0 };

/** One message for each recipient and step; those of later steps wait for their time. */
function* queueAsks(
  tx: Tx,
  context: PauseContext,
  { recipients, steps, request, takesReplies }: CreatePause,
  pauseN: number,
  now: number,
): Work<void> {
  let ordinal = 0;
  for (const [step, { channel, lane, afterMs }] of steps.entries()) {
    for (const [position, { destinations }] of recipients.entries()) {
      const destination = destinations[step] ?? destinations[0];
      const code = takesReplies(lane, destination)
        ? yield* freeCode(tx, context, lane, destination, request.options)
        : null;
      yield* tx.run(insertAsk, {
        pause_n: pauseN,
        ordinal: ordinal++,
        id: context.ids.next("dlv").id,
        kind: "ask",
        lane,
        status: "queued",
        due_at: now + afterMs,
        created_at: now,
        position,
        channel,
        step,
        // By a code it is looked up; else only a later step leads elsewhere than the recipient's row says.
        destination: step > 0 || code !== null ? destination : null,
        reply_code: code,
      });
    }
    if (afterMs === 0) tx.after(() => context.wake(lane));
  }
}

const POLICY_TEXT = JSON.stringify(FIRST);

/** What a pause is before anything has happened to it. */
const NEW = {
  ended_at: null,
  response_choice: null,
  response_source: null,
  response_via: null,
  response_comment: null,
  responded_by: null,
  cancel_reason: null,
  receipt: null,
  rejected_count: 0,
  erased_at: null,
};

/** A key is remembered for a day, or until a day after its pause has ended, whichever is later. */
export const IDEMPOTENCY_KEPT = DAY;

function* replayed(
  tx: Tx,
  worldN: number,
  idempotency: { key: string; bodyHash: Uint8Array },
  now: number,
): Work<number | null> {
  const found = yield* tx.one(queries.findIdempotency, { world_n: worldN, key: idempotency.key });
  if (found === undefined) return null;
  if (found.ended_at !== null && Math.max(found.created_at, found.ended_at) + IDEMPOTENCY_KEPT <= now) {
    yield* tx.run(queries.forgetIdempotency, { world_n: worldN, key: idempotency.key });
    return null;
  }
  if (Buffer.compare(found.body_hash, idempotency.bodyHash) !== 0) {
    throw new Problem(
      "idempotency-mismatch",
      "This Idempotency-Key was used for another body; send a fresh key with a fresh request.",
    );
  }
  return found.pause_n;
}

function createdEntry(
  context: PauseContext,
  command: CreatePause,
  made: { n: number; id: string; now: number; expiresAt: number },
) {
  const { key, request } = command;
  return newEntry(context.random, {
    type: "pause.created",
    at: made.now,
    actor: { type: "developer", id: key.id },
    world: key.world,
    pause: { n: made.n, id: made.id },
    plain: {
      channel: request.channel,
      options: request.options,
      timeout_default: request.timeout_default,
      timeout_hours: command.timeoutHours,
      expires_at: isoTime(made.expiresAt),
      allow_comment: request.allow_comment,
      action_digest: request.action_digest,
      audience: request.audience,
      policy: FIRST.kind,
    },
    committed: {
      message: request.message,
      details: request.details ?? null,
      metadata: request.metadata === undefined ? null : metadataDigest(request.metadata),
      webhook_url: request.webhook_url,
    },
    recipients: command.recipients.map(({ address, destinations: [destination] }) => ({
      channel: request.channel,
      address: destination,
      name: address === destination ? null : address,
    })),
  });
}

/** Metadata is the asker's own and may hold anything: the log commits to its digest, `sha256:` over the RFC 8785 form. */
export function metadataDigest(metadata: Readonly<Record<string, unknown>>): string {
  return `sha256:${sha256Hex(canonicalize(metadata as JsonValue))}`;
}
