import { isoTime } from "../platform/clock.ts";
import type { WebhookEvent } from "./events.ts";
import type { EndpointRow } from "./queries.ts";

/** An endpoint as the API shows it. */
export interface Endpoint {
  readonly id: string;
  readonly object: "webhook";
  readonly url: string;
  /** Null: all, also those to come. */
  readonly events: readonly WebhookEvent[] | null;
  readonly description: string | null;
  readonly status: "enabled" | "disabled";
  /** In words, without an address; null while it is enabled. */
  readonly disabled_reason: string | null;
  /** In the answers of a create and a rotation alone. */
  readonly secret?: string;
  readonly created_at: string;
}

export function shapeEndpoint(row: EndpointRow, secret?: string): Endpoint {
  return {
    id: row.id,
    object: "webhook",
    url: row.url,
    events: eventsOf(row),
    description: row.description,
    status: row.status,
    disabled_reason: row.disabled_reason,
    ...(secret === undefined ? {} : { secret }),
    created_at: isoTime(row.created_at),
  };
}

/** The types that an endpoint listens for; null for all. */
export function eventsOf(row: Pick<EndpointRow, "events">): readonly WebhookEvent[] | null {
  return row.events === null ? null : (JSON.parse(row.events) as WebhookEvent[]);
}

/** What signs the `webhook_url` of pauses, as the API shows it. */
export interface DefaultSecret {
  readonly object: "webhook_default_secret";
  readonly secret: string;
  readonly rotated_at: string | null;
}

export function shapeDefaultSecret(rotatedAt: number | null, secret: string): DefaultSecret {
  return { object: "webhook_default_secret", secret, rotated_at: rotatedAt === null ? null : isoTime(rotatedAt) };
}
