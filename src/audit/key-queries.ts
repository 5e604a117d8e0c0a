import { define, insertInto, type KeyPurpose, type QueryBuilder } from "../storage/index.ts";

/** Every signing key, in the order they were made. */
export const signingKeys = define()((db) => db.selectFrom("signing_keys").selectAll().orderBy("n"));

export const insertSigningKey = insertInto("signing_keys", [
  "id",
  "purpose",
  "name",
  "public_key",
  "sealed",
  "created_at",
  "handover",
  "seq",
]);

export const retireSigningKeys = define<{ purpose: KeyPurpose; at: number }>()((db, p) =>
  db
    .updateTable("signing_keys")
    .set({ retired_at: p("at") })
    .where("purpose", "=", p("purpose"))
    .where("retired_at", "is", null),
);

export const installation = define()((db) =>
  db.selectFrom("installation").select(["id", "signing_withheld"]).where("n", "=", 1),
);

export const withholdSigning = define<{ why: string | null }>()((db, p) =>
  db
    .updateTable("installation")
    .set({ signing_withheld: p("why") })
    .where("n", "=", 1),
);

export const insertCheckpoint = insertInto("checkpoints", ["size", "root", "key_n", "signature", "signed_at"]);

/** The signed columns, with the key that signed. */
const signed = (db: QueryBuilder) =>
  db
    .selectFrom("checkpoints")
    .innerJoin("signing_keys", "signing_keys.n", "checkpoints.key_n")
    .select([
      "checkpoints.size as size",
      "checkpoints.root as root",
      "checkpoints.signature as signature",
      "checkpoints.signed_at as signed_at",
      "signing_keys.name as name",
      "signing_keys.public_key as public_key",
    ]);

export const newestCheckpoint = define()((db) => signed(db).orderBy("checkpoints.size", "desc").limit(1));

export const checkpointOf = define<{ size: number }>()((db, p) => signed(db).where("checkpoints.size", "=", p("size")));
