/** What the routes show of deliveries, of every kind. */
import { define, type QueryBuilder } from "../storage/index.ts";

const shown = [
  "deliveries.pause_n as pause_n",
  "deliveries.ordinal as ordinal",
  "deliveries.id as id",
  "deliveries.kind as kind",
  "deliveries.lane as lane",
  "deliveries.status as status",
  "deliveries.due_at as due_at",
  "deliveries.channel as channel",
  "deliveries.event_type as event_type",
  "recipients.address as address",
  "pauses.id as pause_id",
  "pauses.status as pause_status",
  "pauses.erased_at as pause_erased_at",
  "endpoints.id as webhook_id",
  "endpoints.status as endpoint_status",
  "endpoints.deleted_at as endpoint_deleted_at",
] as const;

function shownFrom(db: QueryBuilder) {
  return db
    .selectFrom("deliveries")
    .leftJoin("webhook_endpoints as endpoints", "endpoints.n", "deliveries.endpoint_n")
    .leftJoin("pauses", "pauses.n", "deliveries.pause_n")
    .leftJoin("recipients", (join) =>
      join
        .onRef("recipients.pause_n", "=", "deliveries.pause_n")
        .onRef("recipients.position", "=", "deliveries.position"),
    )
    .select(shown);
}

/** Deliveries to one endpoint with an id below `before`, newest first. */
export const deliveriesOfEndpoint = define<{ endpoint_n: number; before: string; limit: number }>()((db, p) =>
  shownFrom(db)
    .where("deliveries.endpoint_n", "=", p("endpoint_n"))
    .where("deliveries.id", "<", p("before"))
    .orderBy("deliveries.id", "desc")
    .limit(p("limit")),
);

/** Deliveries about one pause, in the order they were queued. */
export const deliveriesOfPause = define<{ pause_n: number }>()((db, p) =>
  shownFrom(db).where("deliveries.pause_n", "=", p("pause_n")).orderBy("deliveries.ordinal"),
);

/** What has failed for good with an id below `before`, newest first, each with the world that may see it. */
export const failedDeliveries = define<{ before: string; limit: number }>()((db, p) =>
  shownFrom(db)
    .select((eb) => eb.fn.coalesce("endpoints.world_n", "pauses.world_n").as("world_n"))
    .where("deliveries.status", "=", "failed")
    .where("deliveries.id", "<", p("before"))
    .orderBy("deliveries.id", "desc")
    .limit(p("limit")),
);

/** A delivery by its id, with the world that may see it. */
export const deliveryById = define<{ id: string }>()((db, p) =>
  shownFrom(db)
    .select((eb) => eb.fn.coalesce("endpoints.world_n", "pauses.world_n").as("world_n"))
    .where("deliveries.id", "=", p("id")),
);

export const attemptsOf = define<{ pause_n: number; ordinal: number }>()((db, p) =>
  db
    .selectFrom("delivery_attempts")
    .select(["at", "status", "took_ms", "error", "excerpt", "encoding", "segments"])
    .where("pause_n", "=", p("pause_n"))
    .where("ordinal", "=", p("ordinal"))
    .orderBy("attempt"),
);

export const pauseInWorld = define<{ id: string; world_n: number }>()((db, p) =>
  db.selectFrom("pauses").select("n").where("id", "=", p("id")).where("world_n", "=", p("world_n")),
);
