/**
 * When nothing may be signed. A log that has lost its end (a restored backup, a copied file) would sign other entries
 * under numbers that it has signed before, and so contradict itself for ever. So it stops until that is settled.
 */
import type { SharedState, Tx, Work } from "../storage/index.ts";
import * as queries from "./key-queries.ts";

/** Why nothing is signed. */
export interface Withheld {
  /** A sentence for the operator. */
  readonly why: string;
  /** `lost`: something signed is known to be missing here. `unknown`: a restore was not compared with anything yet. */
  readonly kind: "lost" | "unknown";
  /** The largest size that is known to have been signed; null when it is not known. */
  readonly size: number | null;
}

/** Whether signing is withheld, and why. */
export const withheld: SharedState<Withheld | null> = {
  name: "signing withheld",
  *load(tx: Tx): Work<Withheld | null> {
    const row = yield* tx.one(queries.installation, {});
    if (row === undefined) return null;
    if (row.signing_withheld !== null) return { why: row.signing_withheld, kind: "lost", size: row.withheld_size };
    return row.restored_at === null ? null : UNKNOWN;
  },
};

const UNKNOWN: Withheld = {
  why: "A backup was restored, and it is not known yet what was signed after it was made.",
  kind: "unknown",
  size: null,
};

/** A backup was restored: signs nothing until it was compared with what had been published. `at` in milliseconds. */
export function* withholdAfterRestore(tx: Tx, at: number): Work<void> {
  yield* tx.run(queries.markRestored, { at });
  if ((yield* tx.shared(withheld)) === null) tx.share(withheld, UNKNOWN);
}

/** Signs nothing from this commit on. What is known already to be lost stays the reason. */
export function* withholdSigning(tx: Tx, why: string, size: number | null): Work<void> {
  const now = yield* tx.shared(withheld);
  if (now?.kind === "lost") return;
  yield* tx.run(queries.withholdSigning, { why, size });
  tx.share(withheld, { why, kind: "lost", size });
}

/** A restored log was compared with what had been published, and lacks nothing of it. */
export function* settleRestore(tx: Tx): Work<void> {
  if ((yield* tx.shared(withheld))?.kind !== "unknown") return;
  yield* tx.run(queries.settleRestore, {});
  tx.share(withheld, null);
}

/** Signs again from this commit on. */
export function* resumeSigning(tx: Tx): Work<void> {
  yield* tx.run(queries.resumeSigning, {});
  tx.share(withheld, null);
}
