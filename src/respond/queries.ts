import { define } from "../storage/index.ts";

/** A pause by the id in its link, with the recipient at a position. */
export const pauseOfLink = define<{ id: string; position: number }>()((db, p) =>
  db
    .selectFrom("pauses")
    .innerJoin("worlds", "worlds.n", "pauses.world_n")
    .innerJoin("projects", "projects.n", "worlds.project_n")
    .innerJoin("recipients", "recipients.pause_n", "pauses.n")
    .selectAll("pauses")
    .select(["worlds.mode as mode", "projects.name as project", "recipients.opened_at as opened_at"])
    .where("pauses.id", "=", p("id"))
    .where("recipients.position", "=", p("position")),
);

/** How a pause ended. */
export const endingOf = define<{ n: number }>()((db, p) =>
  db
    .selectFrom("pauses")
    .select(["status", "response_choice", "response_source", "responded_by"])
    .where("n", "=", p("n")),
);

/** What scripted approvers are to do by now, the earliest first. */
export const dueActs = define<{ now: number; limit: number }>()((db, p) =>
  db
    .selectFrom("scripted_acts as acts")
    .innerJoin("pauses", "pauses.n", "acts.pause_n")
    .select(["acts.pause_n", "acts.position", "acts.script", "acts.step"])
    .select(["pauses.id as pause_id", "pauses.status", "pauses.options", "pauses.expires_at"])
    .where("acts.due_at", "<=", p("now"))
    .orderBy("acts.due_at")
    .limit(p("limit")),
);

/** When the next of them acts. */
export const nextAct = define<object>()((db) =>
  db.selectFrom("scripted_acts").select("due_at").orderBy("due_at").limit(1),
);

export const nextStep = define<{ pause_n: number; position: number; step: number; due_at: number }>()((db, p) =>
  db
    .updateTable("scripted_acts")
    .set({ step: p("step"), due_at: p("due_at") })
    .where("pause_n", "=", p("pause_n"))
    .where("position", "=", p("position")),
);

export const endScript = define<{ pause_n: number; position: number }>()((db, p) =>
  db.deleteFrom("scripted_acts").where("pause_n", "=", p("pause_n")).where("position", "=", p("position")),
);
