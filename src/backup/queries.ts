import { define, insertInto } from "../storage/index.ts";

export const countPauses = define()((db) => db.selectFrom("pauses").select((e) => e.fn.countAll<number>().as("count")));

export const countPending = define()((db) =>
  db
    .selectFrom("pauses")
    .select((e) => e.fn.countAll<number>().as("count"))
    .where("status", "=", "pending"),
);

export const insertRestore = insertInto("restores", ["restored_at", "made_at", "seq"]);

export const untoldRestores = define()((db) =>
  db.selectFrom("restores").select(["n", "made_at", "seq"]).where("entry_seq", "is", null).orderBy("n"),
);

export const markTold = define<{ n: number; entry_seq: number }>()((db, p) =>
  db
    .updateTable("restores")
    .set({ entry_seq: p("entry_seq") })
    .where("n", "=", p("n")),
);
