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
