import { define, insertInto, type PauseStatus, type ResponseSource } from "../storage/index.ts";

export const insertPause = insertInto("pauses", [
  "id",
  "world_n",
  "key_n",
  "status",
  "channel",
  "recipient_form",
  "message",
  "options",
  "details",
  "metadata",
  "allow_comment",
  "action_digest",
  "audience",
  "webhook_url",
  "timeout_hours",
  "timeout_default",
  "policy",
  "created_at",
  "expires_at",
  "next_due_at",
]);

export const insertTrace = insertInto("pause_traces", ["pause_n", "traceparent", "tracestate"]);

export const insertRecipient = insertInto("recipients", ["pause_n", "position", "address", "destination"]);

/** A pause as the keys of one world may see it. */
export const findPause = define<{ id: string; world_n: number }>()((db, p) =>
  db.selectFrom("pauses").selectAll().where("id", "=", p("id")).where("world_n", "=", p("world_n")),
);

/** A pause with its world, for what has no key: the link, the clock. */
export const pauseByNumber = define<{ n: number }>()((db, p) =>
  db
    .selectFrom("pauses")
    .innerJoin("worlds", "worlds.n", "pauses.world_n")
    .innerJoin("projects", "projects.n", "worlds.project_n")
    .selectAll("pauses")
    .select(["worlds.mode as mode", "projects.name as project"])
    .where("pauses.n", "=", p("n")),
);

/** A pause by its id alone, with its world: for the operator, who sees all of them. */
export const pauseById = define<{ id: string }>()((db, p) =>
  db
    .selectFrom("pauses")
    .innerJoin("worlds", "worlds.n", "pauses.world_n")
    .innerJoin("projects", "projects.n", "worlds.project_n")
    .select([
      "pauses.n as n",
      "pauses.id as id",
      "pauses.receipt as receipt",
      "worlds.n as world_n",
      "worlds.mode as mode",
      "projects.name as project",
    ])
    .where("pauses.id", "=", p("id")),
);

/** How many wait, by mode: over the index of what is due. */
export const pendingByMode = define()((db) =>
  db
    .selectFrom("pauses")
    .innerJoin("worlds", "worlds.n", "pauses.world_n")
    .select((eb) => ["worlds.mode as mode", eb.fn.countAll<number>().as("count")])
    .where("pauses.status", "=", "pending")
    .groupBy("worlds.mode"),
);

export const numberOfPause = define<{ id: string }>()((db, p) =>
  db.selectFrom("pauses").select("n").where("id", "=", p("id")),
);

export const recipientsOf = define<{ pause_n: number }>()((db, p) =>
  db
    .selectFrom("recipients")
    .select(["position", "address", "destination", "opened_at"])
    .where("pause_n", "=", p("pause_n"))
    .orderBy("position"),
);

export const answersOf = define<{ pause_n: number }>()((db, p) =>
  db
    .selectFrom("answers")
    .select(["position", "choice", "comment", "at"])
    .where("pause_n", "=", p("pause_n"))
    .orderBy("ordinal"),
);

export const insertAnswer = insertInto("answers", [
  "pause_n",
  "ordinal",
  "position",
  "choice",
  "comment",
  "source",
  "via",
  "at",
]);

export const endPause = define<{
  n: number;
  status: PauseStatus;
  ended_at: number;
  response_choice: string | null;
  response_source: ResponseSource | null;
  response_via: string | null;
  response_comment: string | null;
  responded_by: number | null;
  cancel_reason: string | null;
  receipt: string | null;
}>()((db, p) =>
  db
    .updateTable("pauses")
    .set({
      status: p("status"),
      ended_at: p("ended_at"),
      response_choice: p("response_choice"),
      response_source: p("response_source"),
      response_via: p("response_via"),
      response_comment: p("response_comment"),
      responded_by: p("responded_by"),
      cancel_reason: p("cancel_reason"),
      receipt: p("receipt"),
    })
    .where("n", "=", p("n"))
    .where("status", "=", "pending"),
);

export const countRejected = define<{ n: number }>()((db, p) =>
  db
    .updateTable("pauses")
    .set((eb) => ({ rejected_count: eb("rejected_count", "+", 1) }))
    .where("n", "=", p("n")),
);

export const markOpened = define<{ pause_n: number; position: number; at: number }>()((db, p) =>
  db
    .updateTable("recipients")
    .set({ opened_at: p("at") })
    .where("pause_n", "=", p("pause_n"))
    .where("position", "=", p("position"))
    .where("opened_at", "is", null),
);

/** The pages that a recipient's link showed, in order. */
export const viewsOf = define<{ pause_n: number; position: number }>()((db, p) =>
  db
    .selectFrom("views")
    .select(["ordinal", "at", "language", "state", "appearance", "automated"])
    .where("pause_n", "=", p("pause_n"))
    .where("position", "=", p("position"))
    .orderBy("ordinal"),
);

/** When a recipient's link first showed its page to whoever was not known to be a machine. */
export const firstViewOf = define<{ pause_n: number; position: number }>()((db, p) =>
  db
    .selectFrom("views")
    .select("at")
    .where("pause_n", "=", p("pause_n"))
    .where("position", "=", p("position"))
    .where("automated", "=", 0)
    .orderBy("ordinal")
    .limit(1),
);

export const insertView = insertInto("views", [
  "pause_n",
  "position",
  "ordinal",
  "at",
  "language",
  "state",
  "appearance",
  "automated",
]);

export const findAppearance = define<{ digest: Uint8Array }>()((db, p) =>
  db.selectFrom("appearances").select("appearance").where("digest", "=", p("digest")),
);

export const insertAppearance = insertInto("appearances", ["digest", "appearance"]);

/** When the clock is next wanted in each world; null where nothing is pending. */
export const nextDue = define()((db) =>
  db
    .selectFrom("worlds")
    .select((eb) =>
      eb
        .selectFrom("pauses")
        .select("next_due_at")
        .whereRef("pauses.world_n", "=", "worlds.n")
        .where("status", "=", "pending")
        .orderBy("next_due_at")
        .limit(1)
        .as("next_due_at"),
    ),
);

export const worlds = define()((db) => db.selectFrom("worlds").select("n").orderBy("n"));

/** What is due in a world by now, earliest first. */
export const duePauses = define<{ world_n: number; now: number; limit: number }>()((db, p) =>
  db
    .selectFrom("pauses")
    .select("n")
    .where("world_n", "=", p("world_n"))
    .where("status", "=", "pending")
    .where("next_due_at", "<=", p("now"))
    .orderBy("next_due_at")
    .limit(p("limit")),
);

export const newestPauseId = define()((db) => db.selectFrom("pauses").select("id").orderBy("id", "desc").limit(1));

/** Pauses of one world with `from ≤ n < before`, newest first. Filters beyond that are the caller's. */
export const pausesOfWorld = define<{ world_n: number; from: number; before: number; limit: number }>()((db, p) =>
  db
    .selectFrom("pauses")
    .selectAll()
    .where("world_n", "=", p("world_n"))
    .where("n", ">=", p("from"))
    .where("n", "<", p("before"))
    .orderBy("n", "desc")
    .limit(p("limit")),
);

/**
 * As {@link pausesOfWorld}, those alone that wait. They are few among many that have ended, so they are taken from the
 * index of what waits and sorted: the sum hides from the planner that walking along `n` would need no sorting.
 */
export const pendingOfWorld = define<{ world_n: number; from: number; before: number; limit: number }>()((db, p) =>
  db
    .selectFrom("pauses")
    .selectAll()
    .where("world_n", "=", p("world_n"))
    .where("status", "=", "pending")
    // Always so; without it the planner, which knows no counts, takes the index of all that the world ever asked.
    .where("next_due_at", ">", 0)
    .where((eb) => eb(eb("n", "+", 0), ">=", p("from")))
    .where((eb) => eb(eb("n", "+", 0), "<", p("before")))
    .orderBy((eb) => eb("n", "+", 0), "desc")
    .limit(p("limit")),
);

/** The oldest pause whose id is not smaller: ids and numbers grow together. */
export const firstPauseFrom = define<{ id: string }>()((db, p) =>
  db.selectFrom("pauses").select("n").where("id", ">=", p("id")).orderBy("id").limit(1),
);

export const findIdempotency = define<{ world_n: number; key: string }>()((db, p) =>
  db
    .selectFrom("idempotency_keys")
    .innerJoin("pauses", "pauses.n", "idempotency_keys.pause_n")
    .select([
      "idempotency_keys.body_hash as body_hash",
      "idempotency_keys.pause_n as pause_n",
      "idempotency_keys.created_at as created_at",
      "pauses.ended_at as ended_at",
    ])
    .where("idempotency_keys.world_n", "=", p("world_n"))
    .where("idempotency_keys.key", "=", p("key")),
);

export const insertIdempotency = insertInto("idempotency_keys", [
  "world_n",
  "key",
  "body_hash",
  "pause_n",
  "created_at",
]);

export const forgetIdempotency = define<{ world_n: number; key: string }>()((db, p) =>
  db.deleteFrom("idempotency_keys").where("world_n", "=", p("world_n")).where("key", "=", p("key")),
);

/** Keys old enough to be forgotten: made before `before`, and their pause ended before it too. */
export const staleIdempotency = define<{ before: number; limit: number }>()((db, p) =>
  db
    .selectFrom("idempotency_keys")
    .innerJoin("pauses", "pauses.n", "idempotency_keys.pause_n")
    .select(["idempotency_keys.world_n as world_n", "idempotency_keys.key as key"])
    .where("idempotency_keys.created_at", "<", p("before"))
    .where("pauses.ended_at", "<", p("before"))
    .limit(p("limit")),
);

export const insertEvent = insertInto("events", ["id", "world_n", "pause_n", "type", "at"]);

const EVENT = ["n", "id", "world_n", "pause_n", "type", "at"] as const;

export const newestEvent = define()((db) => db.selectFrom("events").select(["n", "id"]).orderBy("n", "desc").limit(1));

export const firstEventFrom = define<{ n: number }>()((db, p) =>
  db.selectFrom("events").select(EVENT).where("n", ">=", p("n")).orderBy("n").limit(1),
);

/** Events of one world with `after < n ≤ until`, oldest first. */
export const eventsOfWorld = define<{ world_n: number; after: number; until: number; limit: number }>()((db, p) =>
  db
    .selectFrom("events")
    .select(EVENT)
    .where("world_n", "=", p("world_n"))
    .where("n", ">", p("after"))
    .where("n", "<=", p("until"))
    .orderBy("n")
    .limit(p("limit")),
);

export const newestEventOfWorld = define<{ world_n: number; from: number }>()((db, p) =>
  db
    .selectFrom("events")
    .select(["n", "id"])
    .where("world_n", "=", p("world_n"))
    .where("n", ">=", p("from"))
    .orderBy("n", "desc")
    .limit(1),
);

export const worldsWithEvents = define<{ after: number }>()((db, p) =>
  db
    .selectFrom("events")
    .select((eb) => ["world_n", eb.fn.max("n").as("newest")])
    .where("n", ">", p("after"))
    .groupBy("world_n"),
);

export const oldestEvents = define<{ limit: number }>()((db, p) =>
  db.selectFrom("events").select(["n", "at"]).orderBy("n").limit(p("limit")),
);

export const forgetEventsUpTo = define<{ n: number }>()((db, p) => db.deleteFrom("events").where("n", "<=", p("n")));

/** The key, unless it was revoked. */
export const keyInForce = define<{ n: number }>()((db, p) =>
  db.selectFrom("api_keys").select("n").where("n", "=", p("n")).where("revoked_at", "is", null),
);
