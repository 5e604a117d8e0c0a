import { type DeliveryStatus, define, insertInto } from "../storage/index.ts";

export const insertDelivery = insertInto("deliveries", [
  "pause_n",
  "ordinal",
  "id",
  "position",
  "channel",
  "carrier",
  "status",
  "due_at",
]);

export const deliveriesOf = define<{ pause_n: number }>()((db, p) =>
  db
    .selectFrom("deliveries")
    .innerJoin("recipients", (join) =>
      join
        .onRef("recipients.pause_n", "=", "deliveries.pause_n")
        .onRef("recipients.position", "=", "deliveries.position"),
    )
    .select([
      "deliveries.ordinal as ordinal",
      "deliveries.channel as channel",
      "deliveries.carrier as carrier",
      "deliveries.status as status",
      "deliveries.error as error",
      "deliveries.finished_at as finished_at",
      "deliveries.position as position",
      "recipients.address as address",
      "recipients.destination as destination",
      "recipients.opened_at as opened_at",
    ])
    .where("deliveries.pause_n", "=", p("pause_n"))
    .orderBy("deliveries.ordinal"),
);

/** What a carrier has to do by now, earliest first: queued rows, and rows whose lease ran out. */
export const dueDeliveries = define<{ carrier: string; now: number; limit: number }>()((db, p) =>
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
    .select([
      "deliveries.pause_n as pause_n",
      "deliveries.ordinal as ordinal",
      "deliveries.id as id",
      "deliveries.position as position",
      "deliveries.channel as channel",
      "deliveries.attempts as attempts",
      "deliveries.due_at as due_at",
      "recipients.address as address",
      "recipients.destination as destination",
      "pauses.id as pause_id",
      "pauses.status as pause_status",
      "pauses.message as message",
      "pauses.created_at as created_at",
      "pauses.expires_at as expires_at",
      "worlds.n as world_n",
      "worlds.mode as mode",
      "projects.name as project",
    ])
    .where("deliveries.carrier", "=", p("carrier"))
    .where("deliveries.status", "in", ["queued", "sending"])
    .where("deliveries.due_at", "<=", p("now"))
    .orderBy("deliveries.due_at")
    .limit(p("limit")),
);

/** The carriers that have something waiting, and since when. */
export const nextDueOf = define<{ carrier: string }>()((db, p) =>
  db
    .selectFrom("deliveries")
    .select("due_at")
    .where("carrier", "=", p("carrier"))
    .where("status", "in", ["queued", "sending"])
    .orderBy("due_at")
    .limit(1),
);

export const lease = define<{ pause_n: number; ordinal: number; due_at: number }>()((db, p) =>
  db
    .updateTable("deliveries")
    .set((eb) => ({ status: "sending" as const, due_at: p("due_at"), attempts: eb("attempts", "+", 1) }))
    .where("pause_n", "=", p("pause_n"))
    .where("ordinal", "=", p("ordinal"))
    .where("status", "in", ["queued", "sending"]),
);

export const settle = define<{
  pause_n: number;
  ordinal: number;
  status: DeliveryStatus;
  due_at: number;
  provider_id: string | null;
  error: string | null;
  finished_at: number | null;
}>()((db, p) =>
  db
    .updateTable("deliveries")
    .set({
      status: p("status"),
      due_at: p("due_at"),
      provider_id: p("provider_id"),
      error: p("error"),
      finished_at: p("finished_at"),
    })
    .where("pause_n", "=", p("pause_n"))
    .where("ordinal", "=", p("ordinal"))
    .where("status", "in", ["queued", "sending"]),
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
]);

/** A pause that has ended needs nothing sent any more. What is under way is settled by its own answer. */
export const cancelQueued = define<{ pause_n: number; at: number }>()((db, p) =>
  db
    .updateTable("deliveries")
    .set({ status: "cancelled", finished_at: p("at") })
    .where("pause_n", "=", p("pause_n"))
    .where("status", "=", "queued"),
);

export const countWaiting = define<{ carrier: string }>()((db, p) =>
  db
    .selectFrom("deliveries")
    .select((eb) => eb.fn.countAll<number>().as("count"))
    .where("carrier", "=", p("carrier"))
    .where("status", "in", ["queued", "sending"]),
);

/** What the outbox holds of one world, newest last; of one pause when `pause_n` is given. */
export const outboxMessages = define<{ world_n: number; limit: number }>()((db, p) =>
  db
    .selectFrom("pauses")
    .innerJoin("deliveries", "deliveries.pause_n", "pauses.n")
    .innerJoin("recipients", (join) =>
      join
        .onRef("recipients.pause_n", "=", "deliveries.pause_n")
        .onRef("recipients.position", "=", "deliveries.position"),
    )
    .select([
      "pauses.id as pause_id",
      "pauses.message as message",
      "pauses.expires_at as expires_at",
      "pauses.created_at as created_at",
      "deliveries.channel as channel",
      "deliveries.position as position",
      "deliveries.finished_at as finished_at",
      "recipients.destination as destination",
    ])
    .where("pauses.world_n", "=", p("world_n"))
    .where("deliveries.carrier", "=", "outbox")
    .where("deliveries.status", "=", "delivered")
    .orderBy("pauses.n", "desc")
    .limit(p("limit")),
);

/** Makes what a carrier had claimed due again. */
export const freeLeases = define<{ carrier: string; now: number }>()((db, p) =>
  db
    .updateTable("deliveries")
    .set({ status: "queued", due_at: p("now") })
    .where("carrier", "=", p("carrier"))
    .where("status", "in", ["queued", "sending"])
    .where("status", "=", "sending"),
);
