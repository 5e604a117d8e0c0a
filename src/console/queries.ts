/** Operators and their sessions. */
import { define, insertInto, type OperatorRole } from "../storage/index.ts";

export const insertOperator = insertInto("operators", [
  "id",
  "name",
  "known_as",
  "role",
  "password",
  "password_given",
  "created_at",
]);

export const operatorKnownAs = define<{ known_as: string }>()((db, p) =>
  db.selectFrom("operators").selectAll().where("known_as", "=", p("known_as")).where("removed_at", "is", null),
);

export const operatorById = define<{ id: string }>()((db, p) =>
  db.selectFrom("operators").selectAll().where("id", "=", p("id")).where("removed_at", "is", null),
);

export const allOperators = define()((db) =>
  db
    .selectFrom("operators")
    .select(["n", "id", "name", "role", "totp_since", "created_at"])
    .where("removed_at", "is", null)
    .orderBy("n"),
);

export const removeOperator = define<{ n: number; removed_at: number }>()((db, p) =>
  db
    .updateTable("operators")
    .set({ removed_at: p("removed_at") })
    .where("n", "=", p("n"))
    .where("removed_at", "is", null),
);

export const setRole = define<{ n: number; role: OperatorRole }>()((db, p) =>
  db
    .updateTable("operators")
    .set({ role: p("role") })
    .where("n", "=", p("n")),
);

/** Another password, chosen by somebody else, and another authenticator: the next version has another secret. */
export const resetOperator = define<{ n: number; password: string }>()((db, p) =>
  db
    .updateTable("operators")
    .set((eb) => ({
      password: p("password"),
      password_given: 1,
      totp_since: null,
      totp_version: eb("totp_version", "+", 1),
      totp_last_step: 0,
      totp_tried_until: 0,
      recovery: "[]",
    }))
    .where("n", "=", p("n")),
);

/** Takes a code: false (no change) where its step, or a later one, was taken meanwhile. */
export const takeStep = define<{ n: number; step: number }>()((db, p) =>
  db
    .updateTable("operators")
    .set({ totp_last_step: p("step") })
    .where("n", "=", p("n"))
    .where("totp_last_step", "<", p("step")),
);

/** Counts a wrong code. */
export const setTriedUntil = define<{ n: number; until: number }>()((db, p) =>
  db
    .updateTable("operators")
    .set({ totp_tried_until: p("until") })
    .where("n", "=", p("n")),
);

export const setRecovery = define<{ n: number; recovery: string }>()((db, p) =>
  db
    .updateTable("operators")
    .set({ recovery: p("recovery") })
    .where("n", "=", p("n")),
);

export const setPassword = define<{ n: number; password: string }>()((db, p) =>
  db
    .updateTable("operators")
    .set({ password: p("password") })
    .where("n", "=", p("n")),
);

/** Another authenticator in place of the one of now, with codes of its own; what was tried with the old one is forgotten. */
export const renewTotp = define<{ n: number; version: number; step: number; at: number; recovery: string }>()((db, p) =>
  db
    .updateTable("operators")
    .set({
      totp_version: p("version"),
      totp_last_step: p("step"),
      totp_since: p("at"),
      totp_tried_until: 0,
      recovery: p("recovery"),
    })
    .where("n", "=", p("n")),
);

export const enrol = define<{ n: number; at: number; recovery: string; password: string }>()((db, p) =>
  db
    .updateTable("operators")
    .set({ totp_since: p("at"), recovery: p("recovery"), password: p("password"), password_given: 0 })
    .where("n", "=", p("n"))
    .where("totp_since", "is", null),
);

export const insertSession = insertInto("operator_sessions", [
  "id",
  "operator_n",
  "hash",
  "is_full",
  "address",
  "user_agent",
  "created_at",
  "seen_at",
  "ends_at",
]);

export const sessionByHash = define<{ hash: Uint8Array }>()((db, p) =>
  db
    .selectFrom("operator_sessions as sessions")
    .innerJoin("operators", "operators.n", "sessions.operator_n")
    .select([
      "sessions.n as n",
      "sessions.id as id",
      "sessions.is_full as is_full",
      "sessions.seen_at as seen_at",
      "sessions.ends_at as ends_at",
      "sessions.totp_next as totp_next",
      "sessions.totp_next_until as totp_next_until",
      "operators.n as operator_n",
      "operators.id as operator_id",
      "operators.name as name",
      "operators.role as role",
      "operators.password_given as password_given",
      "operators.totp_version as totp_version",
      "operators.totp_last_step as totp_last_step",
    ])
    .where("sessions.hash", "=", p("hash"))
    .where("operators.removed_at", "is", null),
);

export const allSessions = define<{ now: number; idle_since: number }>()((db, p) =>
  db
    .selectFrom("operator_sessions as sessions")
    .innerJoin("operators", "operators.n", "sessions.operator_n")
    .select([
      "sessions.id as id",
      "sessions.address as address",
      "sessions.user_agent as user_agent",
      "sessions.created_at as created_at",
      "sessions.seen_at as seen_at",
      "operators.name as name",
    ])
    .where("sessions.ends_at", ">", p("now"))
    .where("sessions.seen_at", ">", p("idle_since"))
    .orderBy("sessions.n", "desc")
    .limit(200),
);

export const sessionsOf = define<{ operator_n: number; now: number; idle_since: number }>()((db, p) =>
  db
    .selectFrom("operator_sessions")
    .select(["n", "id", "address", "user_agent", "created_at", "seen_at"])
    .where("operator_n", "=", p("operator_n"))
    .where("ends_at", ">", p("now"))
    .where("seen_at", ">", p("idle_since"))
    .orderBy("n", "desc"),
);

/** Another cookie for the same sign-in; what was begun with the old one is forgotten. */
export const renewSession = define<{ n: number; hash: Uint8Array }>()((db, p) =>
  db
    .updateTable("operator_sessions")
    .set({ hash: p("hash"), totp_next: null, totp_next_until: 0 })
    .where("n", "=", p("n")),
);

export const setNextTotp = define<{ n: number; next: number; until: number }>()((db, p) =>
  db
    .updateTable("operator_sessions")
    .set({ totp_next: p("next"), totp_next_until: p("until") })
    .where("n", "=", p("n")),
);

export const sessionById = define<{ id: string }>()((db, p) =>
  db
    .selectFrom("operator_sessions as sessions")
    .innerJoin("operators", "operators.n", "sessions.operator_n")
    .select(["sessions.n as n", "sessions.id as id", "sessions.totp_next as totp_next", "operators.id as operator_id"])
    .where("sessions.id", "=", p("id")),
);

export const touchSession = define<{ n: number; seen_at: number }>()((db, p) =>
  db
    .updateTable("operator_sessions")
    .set({ seen_at: p("seen_at") })
    .where("n", "=", p("n")),
);

export const deleteSession = define<{ n: number }>()((db, p) =>
  db.deleteFrom("operator_sessions").where("n", "=", p("n")),
);

export const deleteSessionsOf = define<{ operator_n: number }>()((db, p) =>
  db.deleteFrom("operator_sessions").where("operator_n", "=", p("operator_n")),
);

/** The others of the same operator, also those that are over and not yet removed. */
export const otherSessionsOf = define<{ operator_n: number; n: number }>()((db, p) =>
  db
    .selectFrom("operator_sessions")
    .select(["n", "id"])
    .where("operator_n", "=", p("operator_n"))
    .where("n", "<>", p("n")),
);

export const deleteStaleSessions = define<{ now: number }>()((db, p) =>
  db.deleteFrom("operator_sessions").where("ends_at", "<=", p("now")),
);

/** The others that may still make operators. */
export const otherAdmins = define<{ n: number }>()((db, p) =>
  db
    .selectFrom("operators")
    .select("n")
    .where("role", "=", "admin" satisfies OperatorRole)
    .where("totp_since", "is not", null)
    .where("removed_at", "is", null)
    .where("n", "<>", p("n"))
    .limit(1),
);
