/** What the command line asks about endpoints: across all projects and modes. */
import { define } from "../storage/index.ts";

/** All endpoints that there are, oldest first, each with its world. */
export const allEndpoints = define()((db) =>
  db
    .selectFrom("webhook_endpoints as endpoints")
    .innerJoin("worlds", "worlds.n", "endpoints.world_n")
    .innerJoin("projects", "projects.n", "worlds.project_n")
    .selectAll("endpoints")
    .select(["worlds.mode as mode", "projects.name as project"])
    .where("endpoints.deleted_at", "is", null)
    .orderBy("endpoints.n"),
);

/** One world by its names. */
export const worldByName = define<{ project: string; mode: "live" | "test" }>()((db, p) =>
  db
    .selectFrom("worlds")
    .innerJoin("projects", "projects.n", "worlds.project_n")
    .select(["worlds.n as n", "worlds.mode as mode", "projects.name as project"])
    .where("projects.name", "=", p("project"))
    .where("worlds.mode", "=", p("mode")),
);
