import { define } from "../storage/index.ts";

export const messagesTo = define<{ n: number }>()((db, p) =>
  db.selectFrom("recipient_messages").select("times").where("n", "=", p("n")),
);

export const setMessagesTo = define<{ n: number; times: string; newest_at: number }>()((db, p) =>
  db
    .insertInto("recipient_messages")
    .values({ n: p("n"), times: p("times"), newest_at: p("newest_at") })
    .onConflict((conflict) => conflict.column("n").doUpdateSet({ times: p("times"), newest_at: p("newest_at") })),
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
