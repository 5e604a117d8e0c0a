import { define } from "../storage/index.ts";

export const messagesTo = define<{ n: number }>()((db, p) =>
  db.selectFrom("recipient_messages").select(["newest_at", "before"]).where("n", "=", p("n")),
);

export const setMessagesTo = define<{ n: number; newest_at: number; before: Uint8Array }>()((db, p) =>
  db
    .insertInto("recipient_messages")
    .values({ n: p("n"), newest_at: p("newest_at"), before: p("before") })
    .onConflict((conflict) => conflict.column("n").doUpdateSet({ newest_at: p("newest_at"), before: p("before") })),
);

/** Some rows in the order of their numbers, to go through all of them by and by. */
export const messagesAfter = define<{ after: number; limit: number }>()((db, p) =>
  db
    .selectFrom("recipient_messages")
    .select(["n", "newest_at"])
    .where("n", ">", p("after"))
    .orderBy("n")
    .limit(p("limit")),
);

export const forgetMessagesTo = define<{ n: number }>()((db, p) =>
  db.deleteFrom("recipient_messages").where("n", "=", p("n")),
);
