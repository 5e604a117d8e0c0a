import { appendEntry, newEntry } from "../audit/index.ts";
import type { Tx, Work } from "../storage/index.ts";
import type { Asker, WebhookContext } from "./context.ts";
import type { EndpointRow } from "./queries.ts";
import * as queries from "./queries.ts";
import type { EndpointChange, NewEndpoint } from "./request.ts";
import { eventsOf } from "./shape.ts";

/** Endpoints of one project in one mode: each of them costs every pause that ends a delivery. */
export const MOST_ENDPOINTS = 50;

/** Adds an endpoint to the asker's world; null when that has {@link MOST_ENDPOINTS} already. */
export function* createEndpoint(
  tx: Tx,
  context: WebhookContext,
  { world, actor }: Asker,
  wanted: NewEndpoint,
): Work<EndpointRow | null> {
  const counted = yield* tx.one(queries.countEndpoints, { world_n: world.n });
  if ((counted?.count ?? 0) >= MOST_ENDPOINTS) return null;
  const { id } = context.ids.next("whk");
  const at = context.clock.now();
  const row = {
    id,
    world_n: world.n,
    url: wanted.url,
    events: eventsText(wanted.events),
    description: wanted.description,
    status: "enabled" as const,
    created_at: at,
  };
  const { inserted: n } = yield* tx.run(queries.insertEndpoint, row);
  yield* appendEntry(
    tx,
    newEntry(context.random, {
      type: "webhook.created",
      at,
      actor,
      world,
      pause: null,
      plain: { webhook_id: id, events: wanted.events === null ? null : [...wanted.events] },
      committed: { url: row.url, description: row.description },
    }),
  );
  return { ...NEW, ...row, n };
}

/** What an endpoint is before anything has happened to it. */
const NEW = {
  disabled_reason: null,
  secret_version: 1,
  secret_rotated_at: null,
  failing_since: null,
  deleted_at: null,
};

/** Changes what is given; the entry in the log tells the endpoint as it then is. Undefined: the asker sees none. */
export function* changeEndpoint(
  tx: Tx,
  context: WebhookContext,
  { world, actor }: Asker,
  { id, change }: { readonly id: string; readonly change: EndpointChange },
): Work<EndpointRow | undefined> {
  const before = yield* tx.one(queries.findEndpoint, { id, world_n: world.n });
  if (before === undefined) return undefined;
  const after = changed(before, change);
  if (isSame(before, after)) return before;
  const { n, url, events, description, status, disabled_reason, failing_since } = after;
  yield* tx.run(queries.updateEndpoint, { n, url, events, description, status, disabled_reason, failing_since });
  yield* appendEntry(
    tx,
    newEntry(context.random, {
      type: "webhook.changed",
      at: context.clock.now(),
      actor,
      world,
      pause: null,
      plain: { webhook_id: id, events: eventsOf(after)?.slice() ?? null, status },
      committed: { url, description },
    }),
  );
  return after;
}

function changed(before: EndpointRow, change: EndpointChange): EndpointRow {
  const { url = before.url, description = before.description, status = before.status } = change;
  const events = change.events === undefined ? before.events : eventsText(change.events);
  const turnedOn = status === "enabled" && before.status === "disabled";
  const turnedOff = status === "disabled" && before.status === "enabled";
  return {
    ...before,
    url,
    events,
    description,
    status,
    disabled_reason: turnedOn ? null : turnedOff ? BY_REQUEST : before.disabled_reason,
    // Another address has not failed yet.
    failing_since: turnedOn || url !== before.url ? null : before.failing_since,
  };
}

/** The `disabled_reason` of what was disabled by a key. */
const BY_REQUEST = "it was disabled by request";

function isSame(before: EndpointRow, after: EndpointRow): boolean {
  return (["url", "events", "description", "status"] as const).every((name) => before[name] === after[name]);
}

/** Deletes an endpoint for good; its row stays, for the deliveries that name it. Undefined: the asker sees none. */
export function* removeEndpoint(
  tx: Tx,
  context: WebhookContext,
  { world, actor }: Asker,
  id: string,
): Work<EndpointRow | undefined> {
  const found = yield* tx.one(queries.findEndpoint, { id, world_n: world.n });
  if (found === undefined) return undefined;
  const at = context.clock.now();
  yield* tx.run(queries.deleteEndpoint, { n: found.n, at });
  yield* appendEntry(
    tx,
    newEntry(context.random, { type: "webhook.deleted", at, actor, world, pause: null, plain: { webhook_id: id } }),
  );
  return { ...found, deleted_at: at };
}

/** The enabled endpoints of a world that listen for a type of event, oldest first. */
export function* listeners(tx: Tx, worldN: number, type: string): Work<EndpointRow[]> {
  const enabled = yield* tx.all(queries.enabledEndpoints, { world_n: worldN });
  return enabled.filter((row) => eventsOf(row)?.some((event) => event === type) ?? true);
}

function eventsText(events: readonly string[] | null): string | null {
  return events === null ? null : JSON.stringify(events);
}
