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
  db.selectFrom("installation").select(["id", "signing_withheld", "withheld_size", "restored_at"]).where("n", "=", 1),
);

export const withholdSigning = define<{ why: string; size: number | null }>()((db, p) =>
  db
    .updateTable("installation")
    .set({ signing_withheld: p("why"), withheld_size: p("size") })
    .where("n", "=", 1),
);

export const markRestored = define<{ at: number }>()((db, p) =>
  db
    .updateTable("installation")
    .set({ restored_at: p("at") })
    .where("n", "=", 1),
);

/** A restore has been looked into. */
export const settleRestore = define()((db) =>
  db.updateTable("installation").set({ restored_at: null }).where("n", "=", 1),
);

/** Nothing stands against signing any more. */
export const resumeSigning = define()((db) =>
  db
    .updateTable("installation")
    .set({ signing_withheld: null, withheld_size: null, restored_at: null })
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

/** The newest that at least one witness has cosigned. */
export const newestCosigned = define()((db) =>
  signed(db)
    .where((eb) =>
      eb.exists(
        eb
          .selectFrom("cosignatures")
          .select("cosignatures.size")
          .whereRef("cosignatures.size", "=", "checkpoints.size"),
      ),
    )
    .orderBy("checkpoints.size", "desc")
    .limit(1),
);

/** The lines of all witnesses below a checkpoint. */
export const cosignaturesOf = define<{ size: number }>()((db, p) =>
  db.selectFrom("cosignatures").select(["witness", "line"]).where("size", "=", p("size")).orderBy("at"),
);

/** The largest tree that a witness has cosigned under a log's name. */
export const newestCosignedBy = define<{ witness: string; origin: string }>()((db, p) =>
  db
    .selectFrom("cosignatures")
    .innerJoin("checkpoints", "checkpoints.size", "cosignatures.size")
    .innerJoin("signing_keys", "signing_keys.n", "checkpoints.key_n")
    .select("cosignatures.size as size")
    .where("cosignatures.witness", "=", p("witness"))
    .where("signing_keys.name", "=", p("origin"))
    .orderBy("cosignatures.size", "desc")
    .limit(1),
);

/** A witness that is asked again about the same tree says it with a later time. */
export const putCosignature = define<{ size: number; witness: string; line: string; at: number }>()((db, p) =>
  db
    .insertInto("cosignatures")
    .values({ size: p("size"), witness: p("witness"), line: p("line"), at: p("at") })
    .onConflict((conflict) => conflict.columns(["size", "witness"]).doUpdateSet({ line: p("line"), at: p("at") })),
);
