/** What the views list: across all projects and modes, each over an index, so that it takes as long at any size. */
import { define, type QueryBuilder } from "../../storage/index.ts";

export const allWorlds = define()((db) =>
  db
    .selectFrom("worlds")
    .innerJoin("projects", "projects.n", "worlds.project_n")
    .select(["worlds.n as n", "worlds.mode as mode", "projects.name as project"])
    .orderBy("worlds.n"),
);

const LISTED = [
  "n",
  "id",
  "world_n",
  "status",
  "channel",
  "message",
  "created_at",
  "expires_at",
  "ended_at",
  "response_choice",
  "response_source",
] as const;

/** What waits in one world behind a place in the order of expiry, soonest first: along the index of what is due. */
export const waitingOf = define<{ world_n: number; at: number; n: number; limit: number }>()((db, p) =>
  db
    .selectFrom("pauses")
    .select([...LISTED, "next_due_at"])
    .where("world_n", "=", p("world_n"))
    .where("status", "=", "pending")
    .where((eb) => eb(eb.refTuple("next_due_at", "n"), ">", eb.tuple(p("at"), p("n"))))
    .orderBy("next_due_at")
    .orderBy("n")
    .limit(p("limit")),
);

/** What ended in one world before a place in the order of its end, newest first: along the index of what has ended. */
export const endedOf = define<{ world_n: number; at: number; n: number; limit: number }>()((db, p) =>
  db
    .selectFrom("pauses")
    .select(["n", "ended_at", "status"])
    .where("world_n", "=", p("world_n"))
    .where("ended_at", "is not", null)
    .where((eb) => eb(eb.refTuple("ended_at", "n"), "<", eb.tuple(p("at"), p("n"))))
    .orderBy("ended_at", "desc")
    .orderBy("n", "desc")
    .limit(p("limit")),
);

export const listedPause = define<{ n: number }>()((db, p) =>
  db
    .selectFrom("pauses")
    .select([...LISTED, "next_due_at"])
    .where("n", "=", p("n")),
);

/** The newest pauses behind one, newest first: those that no catalogue holds yet. */
export const pausesBehind = define<{ after: number; before: number; limit: number }>()((db, p) =>
  db
    .selectFrom("pauses")
    .select(["n", "message"])
    .where("n", ">", p("after"))
    .where("n", "<", p("before"))
    .orderBy("n", "desc")
    .limit(p("limit")),
);

export const recipientsAsked = define<{ pause_n: number }>()((db, p) =>
  db
    .selectFrom("recipients")
    .select(["position", "address", "opened_at"])
    .where("pause_n", "=", p("pause_n"))
    .orderBy("position"),
);

export const pauseNumber = define<{ id: string }>()((db, p) =>
  db.selectFrom("pauses").select(["n", "world_n"]).where("id", "=", p("id")),
);

function deliveriesFrom(db: QueryBuilder) {
  return db
    .selectFrom("deliveries")
    .leftJoin("webhook_endpoints as endpoints", "endpoints.n", "deliveries.endpoint_n")
    .leftJoin("pauses", "pauses.n", "deliveries.pause_n")
    .leftJoin("recipients", (join) =>
      join
        .onRef("recipients.pause_n", "=", "deliveries.pause_n")
        .onRef("recipients.position", "=", "deliveries.position"),
    )
    .select([
      "deliveries.pause_n as pause_n",
      "deliveries.ordinal as ordinal",
      "deliveries.id as id",
      "deliveries.kind as kind",
      "deliveries.lane as lane",
      "deliveries.status as status",
      "deliveries.due_at as due_at",
      "deliveries.created_at as created_at",
      "deliveries.error as error",
      "deliveries.attempts as attempts",
      "deliveries.channel as channel",
      "deliveries.event_type as event_type",
      "recipients.address as address",
      "pauses.id as pause_id",
      "pauses.webhook_url as webhook_url",
      "endpoints.url as url",
    ]);
}

/** What has failed for good, newest first. */
export const failedBefore = define<{ before: string; limit: number }>()((db, p) =>
  deliveriesFrom(db)
    .where("deliveries.status", "=", "failed")
    .where("deliveries.id", "<", p("before"))
    .orderBy("deliveries.id", "desc")
    .limit(p("limit")),
);

export const deliveriesAbout = define<{ pause_n: number }>()((db, p) =>
  deliveriesFrom(db).where("deliveries.pause_n", "=", p("pause_n")).orderBy("deliveries.ordinal"),
);

/** What goes to one endpoint, with an id below `before`, newest first. */
export const deliveriesTo = define<{ endpoint_n: number; before: string; limit: number }>()((db, p) =>
  deliveriesFrom(db)
    .where("deliveries.endpoint_n", "=", p("endpoint_n"))
    .where("deliveries.id", "<", p("before"))
    .orderBy("deliveries.id", "desc")
    .limit(p("limit")),
);

/** The newest that went, or is to go, to one endpoint. */
export const newestTo = define<{ endpoint_n: number; limit: number }>()((db, p) =>
  db
    .selectFrom("deliveries")
    .select(["id", "status", "attempts", "created_at", "finished_at"])
    .where("endpoint_n", "=", p("endpoint_n"))
    .orderBy("id", "desc")
    .limit(p("limit")),
);

/** How many wait for one endpoint, counted to `most`: along an index of what waits alone. */
export const waitingFor = define<{ endpoint_n: number; most: number }>()((db, p) =>
  db
    .selectFrom((eb) =>
      eb
        .selectFrom("deliveries")
        .select("endpoint_n")
        .where("endpoint_n", "=", p("endpoint_n"))
        .where("status", "in", ["queued", "sending"])
        .limit(p("most"))
        .as("waiting"),
    )
    .select((eb) => eb.fn.countAll<number>().as("count")),
);

export const attemptsAt = define<{ pause_n: number; ordinal: number }>()((db, p) =>
  db
    .selectFrom("delivery_attempts")
    .select(["attempt", "at", "outcome", "status", "took_ms", "error", "excerpt", "encoding", "segments"])
    .where("pause_n", "=", p("pause_n"))
    .where("ordinal", "=", p("ordinal"))
    .orderBy("attempt"),
);

/**
 * Entries below `before` that are like both patterns, newest first, among the `look` that come next. Types and actors
 * stand in an entry as canonical JSON has them, where no quoted text can look like one.
 */
export const entriesLike = define<{ before: number; type: string; actor: string; look: number; limit: number }>()(
  (db, p) =>
    db
      .selectFrom((eb) =>
        eb
          .selectFrom("audit_entries")
          .select(["seq", "entry"])
          .where("seq", "<", p("before"))
          .orderBy("seq", "desc")
          .limit(p("look"))
          .as("looked"),
      )
      .selectAll()
      .where("entry", "like", p("type"))
      .where("entry", "like", p("actor"))
      .orderBy("seq", "desc")
      .limit(p("limit")),
);

export const entriesBefore = define<{ before: number; limit: number }>()((db, p) =>
  db
    .selectFrom("audit_entries")
    .select(["seq", "entry", "disclosed"])
    .where("seq", "<", p("before"))
    .orderBy("seq", "desc")
    .limit(p("limit")),
);

/** Entries of one pause below `before` that are like both patterns, newest first. */
export const entriesOfPauseLike = define<{
  pause_n: number;
  before: number;
  type: string;
  actor: string;
  limit: number;
}>()((db, p) =>
  db
    .selectFrom("audit_entries")
    .select(["seq", "entry"])
    .where("pause_n", "=", p("pause_n"))
    .where("seq", "<", p("before"))
    .where("entry", "like", p("type"))
    .where("entry", "like", p("actor"))
    .orderBy("seq", "desc")
    .limit(p("limit")),
);
