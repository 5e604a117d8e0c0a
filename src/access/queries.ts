import { define, insertInto, type Mode } from "../storage/index.ts";

export const findProject = define<{ name: string }>()((db, p) =>
  db.selectFrom("projects").select("n").where("name", "=", p("name")),
);

export const insertProject = insertInto("projects", ["name", "created_at"]);

export const findWorld = define<{ project_n: number; mode: Mode }>()((db, p) =>
  db.selectFrom("worlds").select("n").where("project_n", "=", p("project_n")).where("mode", "=", p("mode")),
);

export const insertWorld = insertInto("worlds", ["project_n", "mode"]);

export const insertKey = insertInto("api_keys", [
  "id",
  "world_n",
  "name",
  "hash",
  "hint",
  "scopes",
  "limits",
  "plan",
  "created_at",
]);

export const findKeyByHash = define<{ hash: Uint8Array }>()((db, p) =>
  db
    .selectFrom("api_keys")
    .innerJoin("worlds", "worlds.n", "api_keys.world_n")
    .innerJoin("projects", "projects.n", "worlds.project_n")
    .select([
      "api_keys.n as n",
      "api_keys.id as id",
      "api_keys.hash as hash",
      "api_keys.scopes as scopes",
      "api_keys.limits as limits",
      "api_keys.plan as plan",
      "api_keys.revoked_at as revoked_at",
      "worlds.n as world_n",
      "worlds.mode as mode",
      "projects.name as project",
    ])
    .where("api_keys.hash", "=", p("hash")),
);

export const listKeys = define()((db) =>
  db
    .selectFrom("api_keys")
    .innerJoin("worlds", "worlds.n", "api_keys.world_n")
    .innerJoin("projects", "projects.n", "worlds.project_n")
    .select([
      "api_keys.n as n",
      "api_keys.id as id",
      "api_keys.name as name",
      "api_keys.hint as hint",
      "api_keys.scopes as scopes",
      "api_keys.limits as limits",
      "api_keys.plan as plan",
      "api_keys.created_at as created_at",
      "api_keys.revoked_at as revoked_at",
      "worlds.n as world_n",
      "worlds.mode as mode",
      "projects.name as project",
    ])
    .orderBy("api_keys.n"),
);

export const findKeyById = define<{ id: string }>()((db, p) =>
  db
    .selectFrom("api_keys")
    .innerJoin("worlds", "worlds.n", "api_keys.world_n")
    .innerJoin("projects", "projects.n", "worlds.project_n")
    .select([
      "api_keys.n as n",
      "api_keys.revoked_at as revoked_at",
      "worlds.n as world_n",
      "worlds.mode as mode",
      "projects.name as project",
    ])
    .where("api_keys.id", "=", p("id")),
);

export const revokeKey = define<{ n: number; revoked_at: number }>()((db, p) =>
  db
    .updateTable("api_keys")
    .set({ revoked_at: p("revoked_at") })
    .where("n", "=", p("n"))
    .where("revoked_at", "is", null),
);

export const pausesInMonth = define<{ key_n: number; month: number }>()((db, p) =>
  db.selectFrom("key_months").select("pauses").where("key_n", "=", p("key_n")).where("month", "=", p("month")),
);

export const setPausesInMonth = define<{ key_n: number; month: number; pauses: number }>()((db, p) =>
  db
    .insertInto("key_months")
    .values({ key_n: p("key_n"), month: p("month"), pauses: p("pauses") })
    .onConflict((conflict) => conflict.columns(["month", "key_n"]).doUpdateSet({ pauses: p("pauses") })),
);

/** What each key has created in a month, where it has. */
export const monthsOfKeys = define<{ month: number }>()((db, p) =>
  db.selectFrom("key_months").select(["key_n", "pauses"]).where("month", "=", p("month")),
);
