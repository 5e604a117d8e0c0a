import { type DeliveryStatus, define, insertInto } from "../storage/index.ts";

/** A message that asks a person. */
export const insertAsk = insertInto("deliveries", [
  "pause_n",
  "ordinal",
  "id",
  "kind",
  "lane",
  "status",
  "due_at",
  "created_at",
  "position",
  "channel",
  "step",
  "destination",
  "reply_code",
]);

export const insertNotice = insertInto("deliveries", [
  "pause_n",
  "ordinal",
  "id",
  "kind",
  "lane",
  "status",
  "due_at",
  "created_at",
  "position",
  "channel",
  "destination",
]);

/** The place of a pause's next delivery. */
export const lastOrdinal = define<{ pause_n: number }>()((db, p) =>
  db.selectFrom("deliveries").select("ordinal").where("pause_n", "=", p("pause_n")).orderBy("ordinal", "desc").limit(1),
);

/** What was sent to people about a pause, with where it led. */
export const asksOf = define<{ pause_n: number }>()((db, p) =>
  db
    .selectFrom("deliveries")
    .innerJoin("recipients", (join) =>
      join
        .onRef("recipients.pause_n", "=", "deliveries.pause_n")
        .onRef("recipients.position", "=", "deliveries.position"),
    )
    .select((eb) => [
      "deliveries.ordinal as ordinal",
      "deliveries.id as id",
      "deliveries.channel as channel",
      "deliveries.lane as lane",
      "deliveries.status as status",
      "deliveries.step as step",
      "deliveries.attempts as attempts",
      "deliveries.error as error",
      "deliveries.finished_at as finished_at",
      "deliveries.position as position",
      "deliveries.provider_id as provider_id",
      "recipients.address as address",
      "recipients.opened_at as opened_at",
      eb.fn.coalesce("deliveries.destination", "recipients.destination").as("destination"),
    ])
    .where("deliveries.pause_n", "=", p("pause_n"))
    .where("deliveries.kind", "=", "ask")
    .orderBy("deliveries.ordinal"),
);

/** What a lane has to bring to people by now, earliest first: queued rows, and rows whose lease ran out. */
export const dueMessages = define<{ lane: string; now: number; limit: number }>()((db, p) =>
  db
    .selectFrom("deliveries")
    .innerJoin("pauses", "pauses.n", "deliveries.pause_n")
    .innerJoin("recipients", (join) =>
      join
        .onRef("recipients.pause_n", "=", "deliveries.pause_n")
        .onRef("recipients.position", "=", "deliveries.position"),
    )
    .innerJoin("worlds", "worlds.n", "pauses.world_n")
    .innerJoin("projects", "projects.n", "worlds.project_n")
    .select((eb) => [
      "deliveries.pause_n as pause_n",
      "deliveries.ordinal as ordinal",
      "deliveries.id as id",
      "deliveries.kind as kind",
      "deliveries.lane as lane",
      "recipients.position as position",
      eb.fn.coalesce("deliveries.channel", "pauses.channel").as("channel"),
      "deliveries.step as step",
      "deliveries.attempts as attempts",
      "deliveries.begun_after as begun_after",
      "deliveries.due_at as due_at",
      "deliveries.reply_code as reply_code",
      "recipients.address as address",
      "recipients.opened_at as opened_at",
      eb.fn.coalesce("deliveries.destination", "recipients.destination").as("destination"),
      "pauses.id as pause_id",
      "pauses.status as pause_status",
      "pauses.message as message",
      "pauses.options as options",
      "pauses.details as details",
      "pauses.timeout_default as timeout_default",
      "pauses.expires_at as expires_at",
      "pauses.ended_at as ended_at",
      "pauses.response_choice as response_choice",
      "pauses.response_source as response_source",
      "pauses.responded_by as responded_by",
      "worlds.n as world_n",
      "worlds.mode as mode",
      "projects.name as project",
    ])
    .where("deliveries.lane", "=", p("lane"))
    .where("deliveries.status", "in", ["queued", "sending"])
    .where("deliveries.due_at", "<=", p("now"))
    .orderBy("deliveries.due_at")
    .limit(p("limit")),
);

/** When a lane is next wanted. */
export const nextDueOf = define<{ lane: string }>()((db, p) =>
  db
    .selectFrom("deliveries")
    .select("due_at")
    .where("lane", "=", p("lane"))
    .where("status", "in", ["queued", "sending"])
    .orderBy("due_at")
    .limit(1),
);

/** The lanes that have something waiting or under way. */
export const busyLanes = define()((db) =>
  db.selectFrom("deliveries").select("lane").where("status", "in", ["queued", "sending"]).groupBy("lane"),
);

/** What each lane holds, and when the first of it is due: over the index of what is due. */
export const laneLoads = define()((db) =>
  db
    .selectFrom("deliveries")
    .select((eb) => ["lane", eb.fn.countAll<number>().as("count"), eb.fn.min("due_at").as("due_at")])
    .where("status", "in", ["queued", "sending"])
    .groupBy("lane"),
);

export const lease = define<{ pause_n: number; ordinal: number; due_at: number }>()((db, p) =>
  db
    .updateTable("deliveries")
    .set((eb) => ({ status: "sending" as const, due_at: p("due_at"), attempts: eb("attempts", "+", 1) }))
    .where("pause_n", "=", p("pause_n"))
    .where("ordinal", "=", p("ordinal"))
    .where("status", "in", ["queued", "sending"]),
);

/** `attempts` null leaves the count that a lease has made; the outbox, which leases nothing, says it here. */
export const settle = define<{
  pause_n: number;
  ordinal: number;
  status: DeliveryStatus;
  due_at: number;
  attempts: number | null;
  provider_id: string | null;
  error: string | null;
  finished_at: number | null;
}>()((db, p) =>
  db
    .updateTable("deliveries")
    .set((eb) => ({
      status: p("status"),
      due_at: p("due_at"),
      attempts: eb.fn.coalesce(eb.val(p("attempts")), eb.ref("attempts")).$notNull(),
      provider_id: p("provider_id"),
      error: p("error"),
      finished_at: p("finished_at"),
    }))
    .where("pause_n", "=", p("pause_n"))
    .where("ordinal", "=", p("ordinal"))
    .where("status", "in", ["queued", "sending"]),
);

/** What a receipt of the carrier turns a message into that was handed over. */
export const settleByReceipt = define<{
  pause_n: number;
  ordinal: number;
  status: DeliveryStatus;
  error: string | null;
  finished_at: number;
}>()((db, p) =>
  db
    .updateTable("deliveries")
    .set({ status: p("status"), error: p("error"), finished_at: p("finished_at") })
    .where("pause_n", "=", p("pause_n"))
    .where("ordinal", "=", p("ordinal"))
    .where("status", "in", ["sending", "sent"]),
);

/** A message that was taken though its answer was lost: it has arrived, and need not be tried again. */
export const settleUnanswered = define<{ pause_n: number; ordinal: number; finished_at: number }>()((db, p) =>
  db
    .updateTable("deliveries")
    .set({ status: "delivered", error: null, finished_at: p("finished_at") })
    .where("pause_n", "=", p("pause_n"))
    .where("ordinal", "=", p("ordinal"))
    .where("status", "=", "queued")
    .where("attempts", ">", 0),
);

/** The next step of a fallback is due now. */
export const hastenStep = define<{ pause_n: number; position: number; step: number; now: number }>()((db, p) =>
  db
    .updateTable("deliveries")
    .set({ due_at: p("now") })
    .where("pause_n", "=", p("pause_n"))
    .where("position", "=", p("position"))
    .where("step", "=", p("step"))
    .where("kind", "=", "ask")
    .where("status", "=", "queued")
    .where("attempts", "=", 0)
    .where("due_at", ">", p("now"))
    .returning("lane"),
);

export const insertAttempt = insertInto("delivery_attempts", [
  "pause_n",
  "ordinal",
  "attempt",
  "at",
  "took_ms",
  "outcome",
  "status",
  "error",
  "excerpt",
  "encoding",
  "segments",
]);

/** A pause that has ended needs nobody asked any more. What is under way is settled by its own answer. */
export const cancelAsks = define<{ pause_n: number; at: number }>()((db, p) =>
  db
    .updateTable("deliveries")
    .set({ status: "cancelled", finished_at: p("at") })
    .where("pause_n", "=", p("pause_n"))
    .where("kind", "=", "ask")
    .where("status", "=", "queued"),
);

export const countWaiting = define<{ lane: string }>()((db, p) =>
  db
    .selectFrom("deliveries")
    .select((eb) => eb.fn.countAll<number>().as("count"))
    .where("lane", "=", p("lane"))
    .where("status", "in", ["queued", "sending"]),
);

/** What the outbox holds of one world, newest first. */
export const outboxMessages = define<{ world_n: number; limit: number }>()((db, p) =>
  db
    .selectFrom("pauses")
    .innerJoin("deliveries", "deliveries.pause_n", "pauses.n")
    .innerJoin("recipients", (join) =>
      join
        .onRef("recipients.pause_n", "=", "deliveries.pause_n")
        .onRef("recipients.position", "=", "deliveries.position"),
    )
    .select((eb) => [
      "pauses.id as pause_id",
      "pauses.message as message",
      "pauses.expires_at as expires_at",
      eb.fn.coalesce("deliveries.channel", "pauses.channel").as("channel"),
      "recipients.position as position",
      "deliveries.finished_at as finished_at",
      eb.fn.coalesce("deliveries.destination", "recipients.destination").as("destination"),
    ])
    .where("pauses.world_n", "=", p("world_n"))
    .where("deliveries.lane", "=", "outbox")
    .where("deliveries.status", "=", "delivered")
    .orderBy("pauses.n", "desc")
    .limit(p("limit")),
);

/** Makes what a lane had claimed due again. */
export const freeLeases = define<{ lane: string; now: number }>()((db, p) =>
  db
    .updateTable("deliveries")
    .set({ status: "queued", due_at: p("now") })
    .where("lane", "=", p("lane"))
    .where("status", "in", ["queued", "sending"])
    .where("status", "=", "sending"),
);

/** A message by its id, for a receipt. */
export const messageById = define<{ id: string }>()((db, p) =>
  db
    .selectFrom("deliveries")
    .innerJoin("pauses", "pauses.n", "deliveries.pause_n")
    .innerJoin("worlds", "worlds.n", "pauses.world_n")
    .innerJoin("projects", "projects.n", "worlds.project_n")
    .select((eb) => [
      "deliveries.pause_n as pause_n",
      "deliveries.ordinal as ordinal",
      "deliveries.id as id",
      "deliveries.kind as kind",
      "deliveries.lane as lane",
      "deliveries.status as status",
      "deliveries.position as position",
      eb.fn.coalesce("deliveries.channel", "pauses.channel").as("channel"),
      "deliveries.step as step",
      "deliveries.attempts as attempts",
      "pauses.id as pause_id",
      "worlds.n as world_n",
      "worlds.mode as mode",
      "projects.name as project",
    ])
    .where("deliveries.id", "=", p("id")),
);

/** The ids of a lane's messages that its carrier calls by a name from `first` up to, not including, `end`. */
export const messagesKnownAs = define<{ lane: string; first: string; end: string; limit: number }>()((db, p) =>
  db
    .selectFrom("deliveries")
    .select("id")
    .where("provider_id", "is not", null)
    .where("lane", "=", p("lane"))
    .where("provider_id", ">=", p("first"))
    .where("provider_id", "<", p("end"))
    .limit(p("limit")),
);

export const findOptOut = define<{ channel: string; digest: Uint8Array }>()((db, p) =>
  db.selectFrom("opt_outs").select("at").where("channel", "=", p("channel")).where("digest", "=", p("digest")),
);

export const insertOptOut = insertInto("opt_outs", ["channel", "digest", "at"]);

export const deleteOptOut = define<{ channel: string; digest: Uint8Array }>()((db, p) =>
  db.deleteFrom("opt_outs").where("channel", "=", p("channel")).where("digest", "=", p("digest")),
);

/** When somebody last wrote over a channel with sessions. */
export const findHeard = define<{ channel: string; digest: Uint8Array }>()((db, p) =>
  db.selectFrom("heard").select("at").where("channel", "=", p("channel")).where("digest", "=", p("digest")),
);

export const insertHeard = define<{ channel: string; digest: Uint8Array; at: number }>()((db, p) =>
  db
    .insertInto("heard")
    .values({ channel: p("channel"), digest: p("digest"), at: p("at") })
    .onConflict((conflict) => conflict.columns(["channel", "digest"]).doUpdateSet({ at: p("at") })),
);

export const deleteHeard = define<{ channel: string; digest: Uint8Array }>()((db, p) =>
  db.deleteFrom("heard").where("channel", "=", p("channel")).where("digest", "=", p("digest")),
);

/** The questions that were asked with a code over a lane at an address, newest first. */
export const codedAsks = define<{ lane: string; destination: string; limit: number }>()((db, p) =>
  db
    .selectFrom("deliveries")
    .innerJoin("pauses", "pauses.n", "deliveries.pause_n")
    .select([
      "deliveries.reply_code as code",
      "deliveries.position as position",
      "pauses.n as pause_n",
      "pauses.id as pause_id",
      "pauses.status as status",
      "pauses.options as options",
      "pauses.expires_at as expires_at",
      "pauses.ended_at as ended_at",
    ])
    .where("deliveries.reply_code", "is not", null)
    .where("deliveries.lane", "=", p("lane"))
    .where("deliveries.destination", "=", p("destination"))
    .orderBy("deliveries.pause_n", "desc")
    .limit(p("limit")),
);

/** When a pause's content was erased. */
export const erasedAt = define<{ pause_n: number }>()((db, p) =>
  db.selectFrom("pauses").select("erased_at").where("n", "=", p("pause_n")).where("erased_at", "is not", null),
);

export const statusOf = define<{ pause_n: number }>()((db, p) =>
  db.selectFrom("pauses").select(["status", "responded_by"]).where("n", "=", p("pause_n")),
);

export const findNotice = define<{ pause_n: number; position: number; lane: string }>()((db, p) =>
  db
    .selectFrom("deliveries")
    .select("ordinal")
    .where("pause_n", "=", p("pause_n"))
    .where("kind", "=", "notice")
    .where("position", "=", p("position"))
    .where("lane", "=", p("lane")),
);

/** Sends one again: its schedule of retries begins anew. */
export const requeue = define<{ pause_n: number; ordinal: number; now: number }>()((db, p) =>
  db
    .updateTable("deliveries")
    .set((eb) => ({
      status: "queued" as const,
      due_at: p("now"),
      begun_after: eb.ref("attempts"),
      error: null,
      finished_at: null,
    }))
    .where("pause_n", "=", p("pause_n"))
    .where("ordinal", "=", p("ordinal"))
    .where("status", "in", ["failed", "delivered", "cancelled"]),
);

/** What a scripted approver does first; once, however often its message went out. */
export const beginScript = define<{ pause_n: number; position: number; script: string; due_at: number }>()((db, p) =>
  db
    .insertInto("scripted_acts")
    .values({ pause_n: p("pause_n"), position: p("position"), script: p("script"), step: 0, due_at: p("due_at") })
    .onConflict((conflict) => conflict.doNothing()),
);
