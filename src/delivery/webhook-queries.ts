import { define, insertInto } from "../storage/index.ts";

export const insertWebhook = insertInto("deliveries", [
  "pause_n",
  "ordinal",
  "id",
  "kind",
  "lane",
  "status",
  "due_at",
  "created_at",
  "endpoint_n",
  "event_id",
  "event_type",
]);

/** What a lane has to tell programs by now, earliest first. A test belongs to no pause, and to its endpoint's world. */
export const dueWebhooks = define<{ lane: string; now: number; limit: number }>()((db, p) =>
  db
    .selectFrom("deliveries")
    .leftJoin("pauses", "pauses.n", "deliveries.pause_n")
    .leftJoin("pause_traces as traces", "traces.pause_n", "deliveries.pause_n")
    .leftJoin("webhook_endpoints as endpoints", "endpoints.n", "deliveries.endpoint_n")
    .innerJoin("worlds", (join) =>
      join.on((eb) => eb("worlds.n", "=", eb.fn.coalesce("endpoints.world_n", "pauses.world_n"))),
    )
    .innerJoin("projects", "projects.n", "worlds.project_n")
    .select([
      "deliveries.pause_n as pause_n",
      "deliveries.ordinal as ordinal",
      "deliveries.id as id",
      "deliveries.attempts as attempts",
      "deliveries.begun_after as begun_after",
      "deliveries.due_at as due_at",
      "deliveries.created_at as created_at",
      "deliveries.endpoint_n as endpoint_n",
      "deliveries.event_id as event_id",
      "deliveries.event_type as event_type",
      "pauses.id as pause_id",
      "pauses.webhook_url as webhook_url",
      "traces.traceparent as traceparent",
      "traces.tracestate as tracestate",
      "endpoints.id as endpoint_id",
      "endpoints.url as endpoint_url",
      "endpoints.status as endpoint_status",
      "endpoints.deleted_at as endpoint_deleted_at",
      "endpoints.secret_version as endpoint_secret_version",
      "endpoints.secret_rotated_at as endpoint_secret_rotated_at",
      "worlds.n as world_n",
      "worlds.mode as mode",
      "worlds.secret_version as world_secret_version",
      "worlds.secret_rotated_at as world_secret_rotated_at",
      "projects.name as project",
    ])
    .where("deliveries.lane", "=", p("lane"))
    .where("deliveries.kind", "=", "webhook")
    .where("deliveries.status", "in", ["queued", "sending"])
    .where("deliveries.due_at", "<=", p("now"))
    .orderBy("deliveries.due_at")
    .limit(p("limit")),
);

export const moveTo = define<{ pause_n: number; ordinal: number; lane: string }>()((db, p) =>
  db
    .updateTable("deliveries")
    .set({ lane: p("lane"), status: "queued" })
    .where("pause_n", "=", p("pause_n"))
    .where("ordinal", "=", p("ordinal")),
);
