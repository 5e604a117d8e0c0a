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

export const pausesBefore = define<{ before: number; limit: number }>()((db, p) =>
  db.selectFrom("pauses").select(LISTED).where("n", "<", p("before")).orderBy("n", "desc").limit(p("limit")),
);

export const pausesOfWorldBefore = define<{ world_n: number; before: number; limit: number }>()((db, p) =>
  db
    .selectFrom("pauses")
    .select(LISTED)
    .where("world_n", "=", p("world_n"))
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

export const attemptsAt = define<{ pause_n: number; ordinal: number }>()((db, p) =>
  db
    .selectFrom("delivery_attempts")
    .select(["attempt", "at", "outcome", "status", "took_ms", "error", "encoding", "segments"])
    .where("pause_n", "=", p("pause_n"))
    .where("ordinal", "=", p("ordinal"))
    .orderBy("attempt"),
);

export const entriesBefore = define<{ before: number; limit: number }>()((db, p) =>
  db
    .selectFrom("audit_entries")
    .select(["seq", "entry", "disclosed"])
    .where("seq", "<", p("before"))
    .orderBy("seq", "desc")
    .limit(p("limit")),
);

export const entriesOfPauseBefore = define<{ pause_n: number; before: number; limit: number }>()((db, p) =>
  db
    .selectFrom("audit_entries")
    .select(["seq", "entry", "disclosed"])
    .where("pause_n", "=", p("pause_n"))
    .where("seq", "<", p("before"))
    .orderBy("seq", "desc")
    .limit(p("limit")),
);
