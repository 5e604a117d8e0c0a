import { define } from "../../storage/index.ts";

/** Pauses behind `after` by number, each with what a report counts of it. */
export const reportedPauses = define<{ after: number; limit: number }>()((db, p) =>
  db
    .selectFrom("pauses")
    .innerJoin("worlds", "worlds.n", "pauses.world_n")
    .innerJoin("projects", "projects.n", "worlds.project_n")
    .leftJoin("recipients", (join) =>
      join.onRef("recipients.pause_n", "=", "pauses.n").onRef("recipients.position", "=", "pauses.responded_by"),
    )
    .select([
      "pauses.n as n",
      "projects.name as project",
      "worlds.mode as mode",
      "pauses.status as status",
      "pauses.created_at as created_at",
      "pauses.ended_at as ended_at",
      "pauses.response_choice as choice",
      "pauses.response_source as source",
      "pauses.timeout_default as timeout_default",
      "pauses.rejected_count as rejected",
      "pauses.receipt as receipt",
      "pauses.receipt_consumed_at as consumed_at",
      "pauses.action_digest as action_digest",
      "recipients.address as address",
    ])
    .select((eb) => [
      // Their first look; what is known to be a machine's is none.
      eb
        .selectFrom("views")
        .select((inner) => inner.fn.min<number>("at").as("at"))
        .whereRef("views.pause_n", "=", "pauses.n")
        .whereRef("views.position", "=", "pauses.responded_by")
        .where("views.automated", "=", 0)
        .as("opened_at"),
      eb
        .selectFrom("deliveries")
        .select((inner) => inner.fn.countAll<number>().as("count"))
        .whereRef("deliveries.pause_n", "=", "pauses.n")
        .where("deliveries.kind", "=", "ask")
        .as("asks"),
      eb
        .selectFrom("deliveries")
        .select((inner) => inner.fn.countAll<number>().as("count"))
        .whereRef("deliveries.pause_n", "=", "pauses.n")
        .where("deliveries.kind", "=", "ask")
        .where("deliveries.status", "=", "failed")
        .as("failed"),
    ])
    .where("pauses.n", ">", p("after"))
    .orderBy("pauses.n")
    .limit(p("limit")),
);

/** Entries that belong to no project, in order. */
export const installationEntries = define<{ after: number; last: number; limit: number }>()((db, p) =>
  db
    .selectFrom("audit_entries")
    .select(["seq", "entry"])
    .where("world_n", "is", null)
    .where("seq", ">", p("after"))
    .where("seq", "<=", p("last"))
    .orderBy("seq")
    .limit(p("limit")),
);
