/** What is read and deleted where the log is pruned. It stands in many features' tables; so do these. */
import { define } from "../storage/index.ts";

export const entryBehind = define<{ pause_n: number; after: number }>()((db, p) =>
  db
    .selectFrom("audit_entries")
    .select("seq")
    .where("pause_n", "=", p("pause_n"))
    .where("seq", ">", p("after"))
    .limit(1),
);

/** Keys of pauses with `first ≤ n ≤ last`, as far as they were made by `at`. */
export const idempotencyUntil = define<{ first: number; last: number; at: number }>()((db, p) =>
  db
    .selectFrom("idempotency_keys")
    .select(["world_n", "key", "pause_n"])
    .where("created_at", "<=", p("at"))
    .where("pause_n", ">=", p("first"))
    .where("pause_n", "<=", p("last")),
);

export const oldestEvent = define()((db) => db.selectFrom("events").select("at").orderBy("n").limit(1));

export const eventsOf = define<{ first: number; last: number }>()((db, p) =>
  db.selectFrom("events").select(["n", "pause_n"]).where("pause_n", ">=", p("first")).where("pause_n", "<=", p("last")),
);

export const dropEvent = define<{ n: number }>()((db, p) => db.deleteFrom("events").where("n", "=", p("n")));

/** Each takes one table's rows of a pause away; what refers to another stands before it. */
export const dropRows = [
  define<{ pause_n: number }>()((db, p) => db.deleteFrom("delivery_attempts").where("pause_n", "=", p("pause_n"))),
  define<{ pause_n: number }>()((db, p) => db.deleteFrom("deliveries").where("pause_n", "=", p("pause_n"))),
  define<{ pause_n: number }>()((db, p) => db.deleteFrom("answers").where("pause_n", "=", p("pause_n"))),
  define<{ pause_n: number }>()((db, p) => db.deleteFrom("pause_traces").where("pause_n", "=", p("pause_n"))),
  define<{ pause_n: number }>()((db, p) => db.deleteFrom("scripted_acts").where("pause_n", "=", p("pause_n"))),
  define<{ pause_n: number }>()((db, p) => db.deleteFrom("views").where("pause_n", "=", p("pause_n"))),
  define<{ pause_n: number }>()((db, p) => db.deleteFrom("recipients").where("pause_n", "=", p("pause_n"))),
  define<{ pause_n: number }>()((db, p) => db.deleteFrom("pauses").where("n", "=", p("pause_n"))),
] as const;
