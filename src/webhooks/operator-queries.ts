/** What the command line and the console ask about endpoints: across all projects and modes. */
import { define, type QueryBuilder } from "../storage/index.ts";

/** Those that were not deleted, each with its world. */
function endpointsFrom(db: QueryBuilder) {
  return db
    .selectFrom("webhook_endpoints as endpoints")
    .innerJoin("worlds", "worlds.n", "endpoints.world_n")
    .innerJoin("projects", "projects.n", "worlds.project_n")
    .selectAll("endpoints")
    .select(["worlds.mode as mode", "projects.name as project"])
    .where("endpoints.deleted_at", "is", null);
}

/** All endpoints that there are, oldest first. */
export const allEndpoints = define()((db) => endpointsFrom(db).orderBy("endpoints.n"));

/** Endpoints before a place in the order in which they were made, newest first; of one world, or with null of all. */
export const endpointsBefore = define<{ world_n: number | null; before: number; limit: number }>()((db, p) =>
  endpointsFrom(db)
    .where("endpoints.n", "<", p("before"))
    .where((eb) => eb.or([eb(eb.val(p("world_n")), "is", null), eb("endpoints.world_n", "=", p("world_n"))]))
    .orderBy("endpoints.n", "desc")
    .limit(p("limit")),
);

export const endpointById = define<{ id: string }>()((db, p) => endpointsFrom(db).where("endpoints.id", "=", p("id")));

/** One world by its names. */
export const worldByName = define<{ project: string; mode: "live" | "test" }>()((db, p) =>
  db
    .selectFrom("worlds")
    .innerJoin("projects", "projects.n", "worlds.project_n")
    .select(["worlds.n as n", "worlds.mode as mode", "projects.name as project"])
    .where("projects.name", "=", p("project"))
    .where("worlds.mode", "=", p("mode")),
);
