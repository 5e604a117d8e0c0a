/** What a verification reads. Tables of other features stand here because it compares the log with all of them. */
import { define, type RowOf, type Tables } from "../storage/index.ts";

/** Smaller than every number of a row, also of a forged one. */
export const BEFORE_ALL: number = Number.MIN_SAFE_INTEGER;

/** Entries behind `after` by seq, each with its disclosures and the row of the pause it is filed under. */
export const entriesWithRows = define<{ after: number; limit: number }>()((db, p) =>
  db
    .selectFrom("audit_entries")
    .leftJoin("pauses", "pauses.n", "audit_entries.pause_n")
    .select([
      "audit_entries.seq as seq",
      "audit_entries.entry as entry",
      "audit_entries.leaf as leaf",
      "audit_entries.world_n as world_n",
      "audit_entries.pause_n as pause_n",
      "audit_entries.disclosed as disclosed",
      "audit_entries.erased_seq as erased_seq",
      "pauses.id as pause_id",
      "pauses.world_n as pause_world_n",
    ])
    .where("audit_entries.seq", ">", p("after"))
    .orderBy("audit_entries.seq")
    .limit(p("limit")),
);

/** Whether a pause is there that has its content still. */
export const unerasedPause = define<{ id: string }>()((db, p) =>
  db.selectFrom("pauses").select("id").where("id", "=", p("id")).where("erased_at", "is", null),
);

export const worldOf = define<{ n: number }>()((db, p) =>
  db
    .selectFrom("worlds")
    .innerJoin("projects", "projects.n", "worlds.project_n")
    .select(["projects.name as project", "worlds.mode as mode"])
    .where("worlds.n", "=", p("n")),
);

export const nodeAt = define<{ level: number; position: number }>()((db, p) =>
  db.selectFrom("merkle_nodes").select("hash").where("level", "=", p("level")).where("position", "=", p("position")),
);

/** A node that no subtree of a log with `of8`, `of16` and `of24` full subtrees of those levels accounts for. */
export const strayNode = define<{ of8: number; of16: number; of24: number }>()((db, p) =>
  db
    .selectFrom("merkle_nodes")
    .select(["level", "position"])
    .where((eb) =>
      eb.or([
        eb("level", "not in", [8, 16, 24]),
        eb("position", "<", 0),
        eb.and([eb("level", "=", 8), eb("position", ">=", p("of8"))]),
        eb.and([eb("level", "=", 16), eb("position", ">=", p("of16"))]),
        eb.and([eb("level", "=", 24), eb("position", ">=", p("of24"))]),
      ]),
    )
    .limit(1),
);

export const keyAfter = define<{ n: number }>()((db, p) =>
  db.selectFrom("api_keys").selectAll().where("n", ">", p("n")).orderBy("n").limit(1),
);

export const keyById = define<{ id: string }>()((db, p) =>
  db.selectFrom("api_keys").selectAll().where("id", "=", p("id")),
);

/** Revoked keys behind `after`, by number. */
export const revokedKeys = define<{ after: number; limit: number }>()((db, p) =>
  db
    .selectFrom("api_keys")
    .select(["n", "id"])
    .where("revoked_at", "is not", null)
    .where("n", ">", p("after"))
    .orderBy("n")
    .limit(p("limit")),
);

/** A row of `pauses` with the id of the key that made it. */
export type ComparedPause = Omit<Tables["pauses"], "n" | "rejected_count" | "erased_at"> & {
  readonly n: number;
  readonly erased_at: number | null;
  readonly rejected_count: number;
  readonly key_id: string | null;
};

/** Pauses behind `after` by number, each with the id of the key that made it. */
export const pausesAfter = define<{ after: number; limit: number }>()((db, p) =>
  db
    .selectFrom("pauses")
    .leftJoin("api_keys", "api_keys.n", "pauses.key_n")
    .selectAll("pauses")
    .select("api_keys.id as key_id")
    .where("pauses.n", ">", p("after"))
    .orderBy("pauses.n")
    .limit(p("limit")),
);

/** Checkpoints behind `after` by size. */
export const checkpointsAfter = define<{ after: number; limit: number }>()((db, p) =>
  db.selectFrom("checkpoints").selectAll().where("size", ">", p("after")).orderBy("size").limit(p("limit")),
);
export type KeptCheckpoint = RowOf<typeof checkpointsAfter>;

export const recipientsOf = define<{ pause_n: number }>()((db, p) =>
  db.selectFrom("recipients").selectAll().where("pause_n", "=", p("pause_n")).orderBy("position"),
);

/** The pages that the links of one pause showed, each with what they looked like. */
export const viewsOf = define<{ pause_n: number }>()((db, p) =>
  db
    .selectFrom("views")
    .leftJoin("appearances", "appearances.digest", "views.appearance")
    .selectAll("views")
    .select("appearances.appearance as look")
    .where("views.pause_n", "=", p("pause_n"))
    .orderBy("views.position")
    .orderBy("views.ordinal"),
);

/** Answers of one pause, in the order they were accepted. */
export const answersOf = define<{ pause_n: number }>()((db, p) =>
  db.selectFrom("answers").selectAll().where("pause_n", "=", p("pause_n")).orderBy("ordinal"),
);

export const deliveriesOf = define<{ pause_n: number }>()((db, p) =>
  db.selectFrom("deliveries").selectAll().where("pause_n", "=", p("pause_n")).orderBy("ordinal"),
);

/** For each table that belongs to pauses, a row that belongs to none. */
export const strayRows = [
  {
    table: "recipients",
    query: define()((db) =>
      db
        .selectFrom("recipients")
        .leftJoin("pauses", "pauses.n", "recipients.pause_n")
        .select("recipients.pause_n as pause_n")
        .where("pauses.n", "is", null)
        .limit(1),
    ),
  },
  {
    table: "views",
    query: define()((db) =>
      db
        .selectFrom("views")
        .leftJoin("pauses", "pauses.n", "views.pause_n")
        .select("views.pause_n as pause_n")
        .where("pauses.n", "is", null)
        .limit(1),
    ),
  },
  {
    table: "answers",
    query: define()((db) =>
      db
        .selectFrom("answers")
        .leftJoin("pauses", "pauses.n", "answers.pause_n")
        .select("answers.pause_n as pause_n")
        .where("pauses.n", "is", null)
        .limit(1),
    ),
  },
  {
    table: "deliveries",
    query: define()((db) =>
      db
        .selectFrom("deliveries")
        .leftJoin("pauses", "pauses.n", "deliveries.pause_n")
        .select("deliveries.pause_n as pause_n")
        .where("deliveries.pause_n", "!=", 0)
        .where("pauses.n", "is", null)
        .limit(1),
    ),
  },
] as const;
