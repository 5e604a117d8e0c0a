/** What is read and written where personal data is taken away. It stands in many features' tables; so do these. */
import { ERASED } from "../platform/erased.ts";
import { define, insertInto } from "../storage/index.ts";

export const newestPause = define()((db) => db.selectFrom("pauses").select("n").orderBy("n", "desc").limit(1));

export const lastSeq = define()((db) => db.selectFrom("audit_entries").select("seq").orderBy("seq", "desc").limit(1));

/** Whom the pauses with `after < n ≤ until` ask, with where a later step leads. */
export const askedIn = define<{ after: number; until: number }>()((db, p) =>
  db
    .selectFrom("recipients")
    .innerJoin("pauses", "pauses.n", "recipients.pause_n")
    .select([
      "recipients.pause_n as pause_n",
      "recipients.position as position",
      "recipients.address as address",
      "recipients.destination as destination",
      "pauses.created_at as created_at",
      "pauses.status as status",
    ])
    .where("recipients.pause_n", ">", p("after"))
    .where("recipients.pause_n", "<=", p("until"))
    .orderBy("recipients.pause_n"),
);

/** Where the messages of these pauses led, as far as that differs from their recipients' rows. */
export const ledIn = define<{ after: number; until: number }>()((db, p) =>
  db
    .selectFrom("deliveries")
    .select(["pause_n", "position", "destination"])
    .where("pause_n", ">", p("after"))
    .where("pause_n", "<=", p("until"))
    .where("destination", "is not", null)
    .where("position", "is not", null),
);

export const recipientsOf = define<{ pause_n: number }>()((db, p) =>
  db.selectFrom("recipients").selectAll().where("pause_n", "=", p("pause_n")).orderBy("position"),
);

export const deliveriesOf = define<{ pause_n: number }>()((db, p) =>
  db.selectFrom("deliveries").selectAll().where("pause_n", "=", p("pause_n")).orderBy("ordinal"),
);

export const attemptsOf = define<{ pause_n: number }>()((db, p) =>
  db.selectFrom("delivery_attempts").selectAll().where("pause_n", "=", p("pause_n")).orderBy("ordinal"),
);

export const answersOf = define<{ pause_n: number }>()((db, p) =>
  db.selectFrom("answers").selectAll().where("pause_n", "=", p("pause_n")).orderBy("ordinal"),
);

export const pauseIdOf = define<{ n: number }>()((db, p) =>
  db.selectFrom("pauses").select(["id", "created_at", "status", "erased_at"]).where("n", "=", p("n")),
);

/** What has ended before a time and still has its content, among the pauses with `after < n ≤ until`. */
export const endedIn = define<{ after: number; until: number; before: number; world_n: number }>()((db, p) =>
  db
    .selectFrom("pauses")
    .select("n")
    .where("n", ">", p("after"))
    .where("n", "<=", p("until"))
    .where((eb) => eb(eb("world_n", "+", 0), "=", p("world_n")))
    .where("ended_at", "<", p("before"))
    .where("erased_at", "is", null)
    .orderBy("n"),
);

export const worlds = define()((db) =>
  db
    .selectFrom("worlds")
    .innerJoin("projects", "projects.n", "worlds.project_n")
    .select(["worlds.n as n", "projects.name as project"])
    .orderBy("worlds.n"),
);

export const erasePause = define<{ n: number; at: number }>()((db, p) =>
  db
    .updateTable("pauses")
    .set((eb) => ({
      message: ERASED,
      details: "{}",
      metadata: "{}",
      webhook_url: null,
      response_comment: null,
      cancel_reason: null,
      erased_at: eb.fn.coalesce("erased_at", eb.val(p("at"))),
    }))
    .where("n", "=", p("n")),
);

export const eraseRecipient = define<{ pause_n: number; position: number }>()((db, p) =>
  db
    .updateTable("recipients")
    .set({ address: ERASED, destination: ERASED })
    .where("pause_n", "=", p("pause_n"))
    .where("position", "=", p("position")),
);

/** What its asker sent along for others may hold anything. */
export const eraseTrace = define<{ pause_n: number }>()((db, p) =>
  db.deleteFrom("pause_traces").where("pause_n", "=", p("pause_n")),
);

export const eraseComments = define<{ pause_n: number }>()((db, p) =>
  db.updateTable("answers").set({ comment: null }).where("pause_n", "=", p("pause_n")),
);

/** What was said of any message, and what still waits for people or for the pause's own `webhook_url`. */
export const eraseDeliveries = define<{ pause_n: number }>()((db, p) =>
  db.updateTable("deliveries").set({ error: null, provider_id: null }).where("pause_n", "=", p("pause_n")),
);

export const eraseDestinations = define<{ pause_n: number; position: number }>()((db, p) =>
  db
    .updateTable("deliveries")
    .set({ destination: null, reply_code: null })
    .where("pause_n", "=", p("pause_n"))
    .where("position", "=", p("position")),
);

export const cancelWaiting = define<{ pause_n: number; at: number }>()((db, p) =>
  db
    .updateTable("deliveries")
    .set({ status: "cancelled", finished_at: p("at") })
    .where("pause_n", "=", p("pause_n"))
    .where("status", "in", ["queued", "sending"])
    .where("endpoint_n", "is", null),
);

/** The lane of a webhook to a pause's own `webhook_url` is the host in it. */
export const eraseLanes = define<{ pause_n: number }>()((db, p) =>
  db
    .updateTable("deliveries")
    .set({ lane: ERASED })
    .where("pause_n", "=", p("pause_n"))
    .where("kind", "=", "webhook")
    .where("endpoint_n", "is", null),
);

export const eraseAttempts = define<{ pause_n: number }>()((db, p) =>
  db.updateTable("delivery_attempts").set({ error: null, excerpt: null }).where("pause_n", "=", p("pause_n")),
);

export const idempotencyOf = define<{ first: number; last: number }>()((db, p) =>
  db
    .selectFrom("idempotency_keys")
    .select(["world_n", "key", "pause_n"])
    .where("pause_n", ">=", p("first"))
    .where("pause_n", "<=", p("last")),
);

export const forgetIdempotency = define<{ world_n: number; key: string }>()((db, p) =>
  db.deleteFrom("idempotency_keys").where("world_n", "=", p("world_n")).where("key", "=", p("key")),
);

export const disclosedOf = define<{ pause_n: number }>()((db, p) =>
  db
    .selectFrom("audit_entries")
    .select(["seq", "entry", "disclosed"])
    .where("pause_n", "=", p("pause_n"))
    .where("disclosed", "is not", null)
    .orderBy("seq"),
);

/** Entries of no pause that disclose something, behind `after`, among so many; also those put aside from a pruned log. */
export const disclosedOfNone = define<{ after: number; until: number }>()((db, p) =>
  db
    .selectFrom("audit_entries")
    .select(["seq", "entry", "disclosed"])
    .where("seq", ">", p("after"))
    .where("seq", "<=", p("until"))
    .where("pause_n", "is", null)
    .where("disclosed", "is not", null)
    .unionAll(
      db
        .selectFrom("kept_entries")
        .select(["seq", "entry", "disclosed"])
        .where("seq", ">", p("after"))
        .where("seq", "<=", p("until"))
        .where("disclosed", "is not", null),
    )
    .orderBy("seq"),
);

export const entryAt = define<{ seq: number }>()((db, p) =>
  db
    .selectFrom("audit_entries")
    .select(["seq", "disclosed"])
    .where("seq", "=", p("seq"))
    .unionAll(db.selectFrom("kept_entries").select(["seq", "disclosed"]).where("seq", "=", p("seq"))),
);

export const eraseDisclosures = define<{ seq: number; disclosed: string | null; erased_seq: number }>()((db, p) =>
  db
    .updateTable("audit_entries")
    .set({ disclosed: p("disclosed"), erased_seq: p("erased_seq") })
    .where("seq", "=", p("seq")),
);

/** As {@link eraseDisclosures}, of an entry that was put aside when the log was pruned. */
export const eraseKeptDisclosures = define<{ seq: number; disclosed: string | null; erased_seq: number }>()((db, p) =>
  db
    .updateTable("kept_entries")
    .set({ disclosed: p("disclosed"), erased_seq: p("erased_seq") })
    .where("seq", "=", p("seq")),
);

export const entriesBehind = define<{ after: number; limit: number }>()((db, p) =>
  db
    .selectFrom("audit_entries")
    .select(["seq", "entry"])
    .where("seq", ">", p("after"))
    .orderBy("seq")
    .limit(p("limit")),
);

export const limitedKeys = define()((db) =>
  db.selectFrom("api_keys").select(["n", "id", "limits", "revoked_at"]).orderBy("n"),
);

export const setLimits = define<{ n: number; limits: string }>()((db, p) =>
  db
    .updateTable("api_keys")
    .set({ limits: p("limits") })
    .where("n", "=", p("n")),
);

export const insertErasure = insertInto("erasures", ["id", "digests", "actor", "after_seq", "asked_at"]);

export const unfinishedErasures = define()((db) =>
  db.selectFrom("erasures").selectAll().where("finished_at", "is", null).orderBy("n"),
);

export const finishErasure = define<{ id: string; at: number }>()((db, p) =>
  db
    .updateTable("erasures")
    .set({ finished_at: p("at") })
    .where("id", "=", p("id")),
);

export const insertHold = insertInto("legal_holds", ["id", "digests", "reason", "set_at"]);

export const holds = define()((db) => db.selectFrom("legal_holds").selectAll().orderBy("n"));

export const releaseHold = define<{ id: string; at: number }>()((db, p) =>
  db
    .updateTable("legal_holds")
    .set({ released_at: p("at") })
    .where("id", "=", p("id"))
    .where("released_at", "is", null),
);

export const pauseById = define<{ id: string }>()((db, p) =>
  db.selectFrom("pauses").select(["n", "erased_at"]).where("id", "=", p("id")),
);

export const pauseRow = define<{ n: number }>()((db, p) => db.selectFrom("pauses").selectAll().where("n", "=", p("n")));

export const loggedOf = define<{ pause_n: number }>()((db, p) =>
  db
    .selectFrom("audit_entries")
    .select(["seq", "entry", "disclosed"])
    .where("pause_n", "=", p("pause_n"))
    .orderBy("seq"),
);

export const entryWith = define<{ seq: number }>()((db, p) =>
  db
    .selectFrom("audit_entries")
    .select(["seq", "entry", "disclosed"])
    .where("seq", "=", p("seq"))
    .unionAll(db.selectFrom("kept_entries").select(["seq", "entry", "disclosed"]).where("seq", "=", p("seq"))),
);
