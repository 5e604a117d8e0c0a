import { define } from "../../storage/index.ts";

export const catalogueStand = define()((db) => db.selectFrom("catalogue").select(["seq", "newest"]).where("n", "=", 1));

export const moveOn = define<{ seq: number; newest: number }>()((db, p) =>
  db
    .insertInto("catalogue")
    .values({ n: 1, seq: p("seq"), newest: p("newest") })
    .onConflict((conflict) =>
      conflict.column("n").doUpdateSet((eb) => ({ seq: eb.ref("excluded.seq"), newest: eb.ref("excluded.newest") })),
    ),
);

export const entriesBehind = define<{ after: number; limit: number }>()((db, p) =>
  db
    .selectFrom("audit_entries")
    .select(["seq", "world_n", "pause_n", "entry"])
    .where("seq", ">", p("after"))
    .orderBy("seq")
    .limit(p("limit")),
);

export const newestSeq = define()((db) => db.selectFrom("audit_entries").select("seq").orderBy("seq", "desc").limit(1));

export const catalogued = define<{ n: number }>()((db, p) =>
  db.selectFrom("pauses").select(["message", "created_at", "erased_at"]).where("n", "=", p("n")),
);

export const addressesOf = define<{ pause_n: number }>()((db, p) =>
  db.selectFrom("recipients").select("address").where("pause_n", "=", p("pause_n")).orderBy("position"),
);

export const addWords = define<{ n: number; words: string }>()((db, p) =>
  db.insertInto("pause_words").values({ rowid: p("n"), words: p("words") } as never),
);

/** FTS5 takes a row out of an index that keeps no texts by being told what stands in it. */
export const dropWords = define<{ n: number; words: string }>()((db, p) =>
  db.insertInto("pause_words").values({ pause_words: "delete", rowid: p("n"), words: p("words") } as never),
);

export const pausesWith = define<{ wanted: string; before: number; limit: number }>()((db, p) =>
  db
    .selectFrom("pause_words")
    .select("rowid as n")
    .where("pause_words", "match", p("wanted"))
    .where("rowid", "<", p("before"))
    .orderBy("rowid", "desc")
    .limit(p("limit")),
);

export const countMore = define<{
  day: number;
  world_n: number;
  measure: string;
  bucket: number;
  count: number;
}>()((db, p) =>
  db
    .insertInto("daily_counts")
    .values({
      day: p("day"),
      world_n: p("world_n"),
      measure: p("measure") as never,
      bucket: p("bucket"),
      count: p("count"),
    })
    .onConflict((conflict) =>
      conflict
        .columns(["day", "world_n", "measure", "bucket"])
        .doUpdateSet((eb) => ({ count: eb("daily_counts.count", "+", eb.ref("excluded.count")) })),
    ),
);

/** What was counted from one day to another, both inclusive. */
export const countsBetween = define<{ first: number; last: number }>()((db, p) =>
  db.selectFrom("daily_counts").selectAll().where("day", ">=", p("first")).where("day", "<=", p("last")),
);
