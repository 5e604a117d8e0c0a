import { appendEntry, newEntry, type World } from "../audit/index.ts";
import type { LogFields } from "../platform/log.ts";
import { onward, readTraceContext, type TraceContext } from "../platform/trace-context.ts";
import type { EventType, RowOf, Tx, Work } from "../storage/index.ts";
import {
  disableEndpoint,
  listeners,
  noteFailure,
  noteSuccess,
  type PostResult,
  sign,
  USER_AGENT,
  type WebhookClient,
  type WebhookSecrets,
} from "../webhooks/index.ts";
import type { Health } from "./breaker.ts";
import type { DeliveryContext } from "./context.ts";
import type { Traffic } from "./lane.ts";
import { nextOrdinal, settle, settleLast } from "./messages.ts";
import * as queries from "./queries.ts";
import { scheduled } from "./schedule.ts";
import * as webhookQueries from "./webhook-queries.ts";

/** A webhook that is due, with all that is needed to send and record it. */
export type DueWebhook = RowOf<typeof webhookQueries.dueWebhooks>;

/** Makes the JSON of a webhook. What a pause looks like is not the queue's business. */
export type ComposeWebhook = (webhook: DueWebhook) => string;

const FAILED_FOR_MS = 5 * 24 * 3_600_000;

/** What is told to programs at one host. Lanes are by origin, so that a dead receiver holds up nobody else. */
export class WebhookTraffic implements Traffic<DueWebhook, PostResult> {
  readonly #client: WebhookClient;
  readonly #secrets: WebhookSecrets;
  readonly #compose: ComposeWebhook;
  readonly #retrySeconds: readonly number[];
  readonly #context: DeliveryContext;

  constructor(parts: {
    readonly client: WebhookClient;
    readonly secrets: WebhookSecrets;
    readonly compose: ComposeWebhook;
    readonly retrySeconds: readonly number[];
    readonly context: DeliveryContext;
  }) {
    this.#client = parts.client;
    this.#secrets = parts.secrets;
    this.#compose = parts.compose;
    this.#retrySeconds = parts.retrySeconds;
    this.#context = parts.context;
  }

  *claim(tx: Tx, lane: string, limit: number, leaseMs: number): Work<readonly DueWebhook[]> {
    const now = this.#context.clock.now();
    const claimed: DueWebhook[] = [];
    for (const webhook of yield* tx.all(webhookQueries.dueWebhooks, { lane, now, limit })) {
      const { pause_n, ordinal } = webhook;
      const isErased = webhook.endpoint_n === null && webhook.webhook_url === null;
      const isGone = isErased || webhook.endpoint_deleted_at !== null || webhook.endpoint_status === "disabled";
      const there = isGone ? lane : laneOfUrl(webhook.endpoint_url ?? webhook.webhook_url ?? "");
      if (isGone) yield* this.#settleLast(tx, webhook, { status: "cancelled", finished_at: now });
      else if (there !== lane) {
        // The endpoint's URL has changed since: it waits where it now leads.
        yield* tx.run(webhookQueries.moveTo, { pause_n, ordinal, lane: there });
        tx.after(() => this.#context.wake(there));
      } else {
        yield* tx.run(queries.lease, { pause_n, ordinal, due_at: now + leaseMs });
        claimed.push(webhook);
      }
    }
    return claimed;
  }

  attempt(webhook: DueWebhook, signal: AbortSignal): Promise<PostResult> {
    const now = this.#context.clock.now();
    const body = this.#compose(webhook);
    const secrets =
      webhook.endpoint_id === null
        ? this.#secrets.ofWorld(
            {
              project: webhook.project,
              mode: webhook.mode,
              secret_version: webhook.world_secret_version,
              secret_rotated_at: webhook.world_secret_rotated_at,
            },
            now,
          )
        : this.#secrets.ofEndpoint(
            {
              id: webhook.endpoint_id,
              secret_version: webhook.endpoint_secret_version ?? 1,
              secret_rotated_at: webhook.endpoint_secret_rotated_at,
            },
            now,
          );
    const headers = {
      "content-type": "application/json",
      "user-agent": USER_AGENT,
      ...this.#traced(webhook),
      ...sign({ id: webhook.event_id ?? webhook.id, timestampSeconds: Math.floor(now / 1000), body, secrets }),
    };
    return this.#client.post({ url: webhook.endpoint_url ?? webhook.webhook_url ?? "", headers, body, signal });
  }

  broken(error: Error): PostResult {
    return { kind: "failed", error: error.message, latencyMs: 0 };
  }

  *record(tx: Tx, webhook: DueWebhook, result: PostResult, startedAt: number): Work<void> {
    const { clock, random } = this.#context;
    const now = clock.now();
    const { pause_n, ordinal, endpoint_n } = webhook;
    const error = errorOf(result);
    const isErased = (yield* tx.one(queries.erasedAt, { pause_n })) !== undefined;
    yield* tx.run(queries.insertAttempt, {
      pause_n,
      ordinal,
      attempt: webhook.attempts + 1,
      at: startedAt,
      took_ms: "latencyMs" in result ? result.latencyMs : null,
      outcome: error === null ? "delivered" : result.kind,
      status: result.kind === "answered" ? result.status : null,
      error,
      // What came back may repeat what was sent.
      excerpt: result.kind === "answered" && !isErased ? result.excerpt : null,
      encoding: null,
      segments: null,
    });
    const attempts = webhook.attempts + 1;
    if (error === null) {
      const settled = yield* this.#settleLast(tx, webhook, { status: "delivered", finished_at: now });
      if (settled) yield* this.#tell(tx, webhook, attempts, null, now);
      if (endpoint_n !== null) yield* noteSuccess(tx, endpoint_n);
      return;
    }
    const isGone = result.kind === "answered" && result.status === 410;
    if (endpoint_n !== null) {
      const failingSince = yield* noteFailure(tx, endpoint_n, now);
      if (isGone) yield* disableEndpoint(tx, this.#context, endpoint_n, "the receiver answered 410 Gone");
      else if (now - failingSince >= FAILED_FOR_MS)
        yield* disableEndpoint(tx, this.#context, endpoint_n, "everything sent there has failed for 5 days");
    }
    const asked = result.kind === "answered" ? result.retryAfterMs : null;
    const wait = isGone ? null : scheduled(attempts - webhook.begun_after, this.#retrySeconds, asked, random);
    if (wait !== null) {
      yield* settle(tx, webhook, { status: "queued", due_at: now + wait, error });
      return;
    }
    const settled = yield* this.#settleLast(tx, webhook, { status: "failed", error, finished_at: now });
    if (settled) yield* this.#tell(tx, webhook, attempts, error, now);
  }

  health(result: PostResult): Health {
    if (result.kind === "refused") return { kind: "up" };
    if (result.kind === "failed") return { kind: "down" };
    // Who asks for time gets it; who is merely busy is believed once that goes on.
    if (result.status === 429 || result.status === 503)
      return result.retryAfterMs === null ? { kind: "down" } : { kind: "closed", forMs: result.retryAfterMs };
    return { kind: "up" };
  }

  measure(_: DueWebhook, result: PostResult, tookMs: number): void {
    const { metrics } = this.#context;
    metrics.webhookAttempts.add(1, outcomeOf(result));
    metrics.webhookAttemptSeconds.observe(Math.max(0, tookMs) / 1000);
  }

  about(webhook: DueWebhook): LogFields {
    const trace = traceOf(webhook);
    return { pause_id: webhook.pause_id, ...(trace === null ? {} : { trace_id: trace.traceId }) };
  }

  trouble(result: PostResult): LogFields | null {
    if (errorOf(result) === null) return null;
    return { outcome: result.kind, status: result.kind === "answered" ? result.status : null };
  }

  /** Each attempt is a call of its own in the trace that the pause was asked for in. */
  #traced(webhook: DueWebhook): Readonly<Record<string, string>> {
    const trace = traceOf(webhook);
    return trace === null ? {} : onward(trace, this.#context.random);
  }

  #settleLast(tx: Tx, webhook: DueWebhook, values: Parameters<typeof settleLast>[3]): Work<boolean> {
    return settleLast(tx, this.#context, { ...webhook, lane: WEBHOOK }, values);
  }

  /** A pause's log tells what became of it; a test's belongs to no pause, and to no log. */
  *#tell(tx: Tx, webhook: DueWebhook, attempts: number, error: string | null, at: number): Work<void> {
    if (webhook.pause_id === null) return;
    const world: World = { n: webhook.world_n, project: webhook.project, mode: webhook.mode };
    const entry = {
      at,
      actor: { type: "system", id: null } as const,
      world,
      pause: { n: webhook.pause_n, id: webhook.pause_id },
      plain: { delivery: webhook.id, webhook_id: webhook.endpoint_id, event: webhook.event_type, attempts },
    };
    const { random } = this.#context;
    yield* appendEntry(
      tx,
      error === null
        ? newEntry(random, { ...entry, type: "pause.webhook_delivered" })
        : newEntry(random, { ...entry, type: "pause.webhook_failed", committed: { error } }),
    );
  }
}

function traceOf({ traceparent, tracestate }: DueWebhook): TraceContext | null {
  return traceparent === null ? null : readTraceContext(traceparent, tracestate);
}

/** An attempt as it is counted. */
function outcomeOf(result: PostResult): string {
  if (result.kind === "answered") return `${Math.floor(result.status / 100)}xx`;
  return result.kind === "refused" ? "refused" : "unanswered";
}

/** Every receiver as one, where it is counted: their addresses are the developers', and there is no end of them. */
export const WEBHOOK = "webhook";

/** Why an attempt counts as failed; null for any 2xx. */
function errorOf(result: PostResult): string | null {
  if (result.kind !== "answered") return result.error;
  const { status } = result;
  if (status >= 200 && status < 300) return null;
  if (status >= 300 && status < 400) return `the receiver redirects (${status}), which is not followed`;
  return `the receiver answered ${status}`;
}

/** Queues what programs are told of a pause that has ended: its own webhook_url, and every endpoint that listens. */
export function* queueWebhooks(
  tx: Tx,
  context: DeliveryContext,
  about: {
    readonly pauseN: number;
    readonly world: World;
    readonly webhookUrl: string | null;
    readonly event: { readonly id: string; readonly type: EventType; readonly at: number };
  },
): Work<void> {
  const { pauseN, world, webhookUrl, event } = about;
  const endpoints = yield* listeners(tx, world.n, event.type);
  const targets = [
    ...(webhookUrl === null ? [] : [{ n: null, url: webhookUrl }]),
    ...endpoints.map(({ n, url }) => ({ n, url })),
  ];
  if (targets.length === 0) return;
  let ordinal = yield* nextOrdinal(tx, pauseN);
  for (const { n, url } of targets) {
    yield* insertWebhook(tx, context, { pauseN, ordinal: ordinal++, endpointN: n, url, event });
  }
}

/** Queues a test event for one endpoint; answers the delivery's id. */
export function* queueTest(
  tx: Tx,
  context: DeliveryContext,
  endpoint: { readonly n: number; readonly url: string },
): Work<string> {
  const event = { id: context.ids.next("evt").id, type: "webhook.test", at: context.clock.now() };
  const ordinal = yield* nextOrdinal(tx, NO_PAUSE);
  return yield* insertWebhook(tx, context, {
    pauseN: NO_PAUSE,
    ordinal,
    endpointN: endpoint.n,
    url: endpoint.url,
    event,
  });
}

const NO_PAUSE = 0;

function* insertWebhook(
  tx: Tx,
  context: DeliveryContext,
  row: {
    readonly pauseN: number;
    readonly ordinal: number;
    readonly endpointN: number | null;
    readonly url: string;
    readonly event: { readonly id: string; readonly type: string; readonly at: number };
  },
): Work<string> {
  const lane = laneOfUrl(row.url);
  const { id } = context.ids.next("dlv");
  yield* tx.run(webhookQueries.insertWebhook, {
    pause_n: row.pauseN,
    ordinal: row.ordinal,
    id,
    kind: "webhook",
    lane,
    status: "queued",
    due_at: row.event.at,
    created_at: row.event.at,
    endpoint_n: row.endpointN,
    event_id: row.event.id,
    event_type: row.event.type,
  });
  tx.after(() => context.wake(lane));
  return id;
}

/** The lane of a receiver: `https://host:port`. No channel's name has a colon, so no two lanes are the same. */
export function laneOfUrl(url: string): string {
  return new URL(url).origin;
}

/** Whether a lane leads to a receiver of webhooks. */
export function isReceiver(lane: string): boolean {
  return lane.includes(":");
}
