import { define, insertInto } from "../storage/index.ts";

export const lastEntry = define()((db) =>
  db.selectFrom("audit_entries").select(["seq", "entry"]).orderBy("seq", "desc").limit(1),
);

/** The number of the last entry. */
export const lastSeq = define()((db) => db.selectFrom("audit_entries").select("seq").orderBy("seq", "desc").limit(1));

export const entryAt = define<{ seq: number }>()((db, p) =>
  db.selectFrom("audit_entries").select("entry").where("seq", "=", p("seq")),
);

export const insertEntry = insertInto("audit_entries", ["seq", "world_n", "pause_n", "entry", "leaf", "disclosed"]);

export const insertNode = insertInto("merkle_nodes", ["level", "position", "hash"]);

/** Leaves with `first ≤ seq ≤ last`, in order. */
export const leaves = define<{ first: number; last: number }>()((db, p) =>
  db
    .selectFrom("audit_entries")
    .select(["seq", "leaf"])
    .where("seq", ">=", p("first"))
    .where("seq", "<=", p("last"))
    .orderBy("seq"),
);

/** Stored nodes of one level with `first ≤ position ≤ last`, in order. */
export const nodes = define<{ level: number; first: number; last: number }>()((db, p) =>
  db
    .selectFrom("merkle_nodes")
    .select(["position", "hash"])
    .where("level", "=", p("level"))
    .where("position", ">=", p("first"))
    .where("position", "<=", p("last"))
    .orderBy("position"),
);

/** Entries of a pause, by seq, behind `after`. */
export const entriesOfPause = define<{ pause_n: number; after: number; limit: number }>()((db, p) =>
  db
    .selectFrom("audit_entries")
    .select(["seq", "entry", "disclosed"])
    .where("pause_n", "=", p("pause_n"))
    .where("seq", ">", p("after"))
    .orderBy("seq")
    .limit(p("limit")),
);

/** The entry that a pause begins with. */
export const firstEntryOfPause = define<{ pause_n: number }>()((db, p) =>
  db.selectFrom("audit_entries").select("entry").where("pause_n", "=", p("pause_n")).orderBy("seq").limit(1),
);

/** Entries of one world, by seq, behind `after`. */
export const entriesOfWorld = define<{ world_n: number; after: number; limit: number }>()((db, p) =>
  db
    .selectFrom("audit_entries")
    .select(["seq", "entry", "disclosed"])
    .where("world_n", "=", p("world_n"))
    .where("seq", ">", p("after"))
    .orderBy("seq")
    .limit(p("limit")),
);

/** Every entry, by seq, behind `after`. */
export const entries = define<{ after: number; limit: number }>()((db, p) =>
  db
    .selectFrom("audit_entries")
    .select(["seq", "entry", "leaf", "world_n", "pause_n", "disclosed"])
    .where("seq", ">", p("after"))
    .orderBy("seq")
    .limit(p("limit")),
);

/** Entries with `after < seq ≤ last`, in order. */
export const entriesUpTo = define<{ after: number; last: number; limit: number }>()((db, p) =>
  db
    .selectFrom("audit_entries")
    .select(["seq", "entry", "disclosed", "world_n"])
    .where("seq", ">", p("after"))
    .where("seq", "<=", p("last"))
    .orderBy("seq")
    .limit(p("limit")),
);

/** The last entries before `before` that belong to no project, newest first. */
export const newestOfInstallation = define<{ before: number; limit: number }>()((db, p) =>
  db
    .selectFrom("audit_entries")
    .select(["seq", "entry", "disclosed"])
    .where("world_n", "is", null)
    .where("seq", "<", p("before"))
    .orderBy("seq", "desc")
    .limit(p("limit")),
);
