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
  "timeout_hours",
  "timeout_default",
  "policy",
  "created_at",
  "expires_at",
  "next_due_at",
]);

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
    .orderBy("n"),
);

export const insertAnswer = insertInto("answers", ["pause_n", "position", "choice", "comment", "source", "via", "at"]);

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

/** When the clock is next wanted. */
export const nextDue = define()((db) =>
  db.selectFrom("pauses").select("next_due_at").where("status", "=", "pending").orderBy("next_due_at").limit(1),
);

/** What is due by now, earliest first. */
export const duePauses = define<{ now: number; limit: number }>()((db, p) =>
  db
    .selectFrom("pauses")
    .select("n")
    .where("status", "=", "pending")
    .where("next_due_at", "<=", p("now"))
    .orderBy("next_due_at")
    .limit(p("limit")),
);

export const newestPauseId = define()((db) => db.selectFrom("pauses").select("id").orderBy("id", "desc").limit(1));

/** One status of one world with `from ≤ n < before`, newest first. Filters beyond that are the caller's. */
export const pausesByStatus = define<{
  world_n: number;
  status: PauseStatus;
  from: number;
  before: number;
  limit: number;
}>()((db, p) =>
  db
    .selectFrom("pauses")
    .selectAll()
    .where("world_n", "=", p("world_n"))
    .where("status", "=", p("status"))
    .where("n", ">=", p("from"))
    .where("n", "<", p("before"))
    .orderBy("n", "desc")
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
