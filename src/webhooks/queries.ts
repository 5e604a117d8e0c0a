import { define, insertInto, type RowOf } from "../storage/index.ts";

export const insertEndpoint = insertInto("webhook_endpoints", [
  "id",
  "world_n",
  "url",
  "events",
  "description",
  "status",
  "created_at",
]);

/** An endpoint as the keys of one world may see it. */
export const findEndpoint = define<{ id: string; world_n: number }>()((db, p) =>
  db
    .selectFrom("webhook_endpoints")
    .selectAll()
    .where("id", "=", p("id"))
    .where("world_n", "=", p("world_n"))
    .where("deleted_at", "is", null),
);

/** An endpoint, deleted ones too: for what was queued to it before. */
export const endpointByNumber = define<{ n: number }>()((db, p) =>
  db.selectFrom("webhook_endpoints").selectAll().where("n", "=", p("n")),
);

/** An endpoint's place in the list of its world, also when it was deleted since: a cursor may stand behind it. */
export const placeOfEndpoint = define<{ id: string; world_n: number }>()((db, p) =>
  db.selectFrom("webhook_endpoints").select("n").where("id", "=", p("id")).where("world_n", "=", p("world_n")),
);

/** Endpoints of one world, newest first. */
export const endpointsOfWorld = define<{ world_n: number; before: number; limit: number }>()((db, p) =>
  db
    .selectFrom("webhook_endpoints")
    .selectAll()
    .where("world_n", "=", p("world_n"))
    .where("deleted_at", "is", null)
    .where("n", "<", p("before"))
    .orderBy("n", "desc")
    .limit(p("limit")),
);

/** Those that are sent to, oldest first. */
export const enabledEndpoints = define<{ world_n: number }>()((db, p) =>
  db
    .selectFrom("webhook_endpoints")
    .selectAll()
    .where("world_n", "=", p("world_n"))
    .where("deleted_at", "is", null)
    .where("status", "=", "enabled")
    .orderBy("n"),
);

export const countEndpoints = define<{ world_n: number }>()((db, p) =>
  db
    .selectFrom("webhook_endpoints")
    .select((eb) => eb.fn.countAll<number>().as("count"))
    .where("world_n", "=", p("world_n"))
    .where("deleted_at", "is", null),
);

export const updateEndpoint = define<{
  n: number;
  url: string;
  events: string | null;
  description: string | null;
  status: "enabled" | "disabled";
  disabled_reason: string | null;
  failing_since: number | null;
}>()((db, p) =>
  db
    .updateTable("webhook_endpoints")
    .set({
      url: p("url"),
      events: p("events"),
      description: p("description"),
      status: p("status"),
      disabled_reason: p("disabled_reason"),
      failing_since: p("failing_since"),
    })
    .where("n", "=", p("n")),
);

export const deleteEndpoint = define<{ n: number; at: number }>()((db, p) =>
  db
    .updateTable("webhook_endpoints")
    .set({ deleted_at: p("at") })
    .where("n", "=", p("n")),
);

export const disableEndpoint = define<{ n: number; reason: string }>()((db, p) =>
  db
    .updateTable("webhook_endpoints")
    .set({ status: "disabled", disabled_reason: p("reason") })
    .where("n", "=", p("n")),
);

export const setFailingSince = define<{ n: number; at: number | null }>()((db, p) =>
  db
    .updateTable("webhook_endpoints")
    .set({ failing_since: p("at") })
    .where("n", "=", p("n")),
);

export const rotateEndpointSecret = define<{ n: number; at: number }>()((db, p) =>
  db
    .updateTable("webhook_endpoints")
    .set((eb) => ({ secret_version: eb("secret_version", "+", 1), secret_rotated_at: p("at") }))
    .where("n", "=", p("n")),
);

export const rotateWorldSecret = define<{ n: number; at: number }>()((db, p) =>
  db
    .updateTable("worlds")
    .set((eb) => ({ secret_version: eb("secret_version", "+", 1), secret_rotated_at: p("at") }))
    .where("n", "=", p("n")),
);

/** A project's mode, and what its default secret is derived from. */
export const worldByNumber = define<{ n: number }>()((db, p) =>
  db
    .selectFrom("worlds")
    .innerJoin("projects", "projects.n", "worlds.project_n")
    .select([
      "worlds.n as n",
      "worlds.mode as mode",
      "worlds.secret_version as secret_version",
      "worlds.secret_rotated_at as secret_rotated_at",
      "projects.name as project",
    ])
    .where("worlds.n", "=", p("n")),
);

/** An endpoint as it is stored. */
export type EndpointRow = RowOf<typeof endpointByNumber>;
export type WorldRow = RowOf<typeof worldByNumber>;
