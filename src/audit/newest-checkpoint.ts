import type { RowOf, Tx, Work, Writer } from "../storage/index.ts";
import type { Attestor } from "./attest.ts";
import { checkpointText } from "./checkpoint.ts";
import * as queries from "./key-queries.ts";
import { chainHead } from "./log.ts";
import { signatureLine, verifierKey } from "./note.ts";

/** A checkpoint that was signed, as its note. */
export interface SignedCheckpoint {
  readonly size: number;
  readonly root: Uint8Array;
  /** The signed note (C2SP tlog-checkpoint). */
  readonly note: string;
  /** Milliseconds since the Unix epoch. */
  readonly signedAt: number;
}

/** Asks for a checkpoint over everything that is logged by the end of this commit. */
export function* requestCheckpoint(tx: Tx, attestor: Attestor): Work<void> {
  const head = yield* tx.shared(chainHead);
  const newest = yield* tx.one(queries.newestCheckpoint, {});
  if (newest === undefined || newest.size < head.seq) tx.closing(attestor.checkpoint);
}

/**
 * The newest checkpoint that stands in the table, its cosignatures below it; null when there is none.
 *
 * @param which `signed`: whatever is newest; `cosigned`: the newest that a witness has cosigned, which is older.
 */
export function storedCheckpoint(writer: Writer, which: "signed" | "cosigned" = "signed"): SignedCheckpoint | null {
  const row = writer.one(which === "signed" ? queries.newestCheckpoint : queries.newestCosigned, {});
  if (row === undefined) return null;
  const signed = signedCheckpoint(row);
  return { ...signed, note: withCosignatures(signed.note, writer.all(queries.cosignaturesOf, { size: row.size })) };
}

/** The note with these signature lines below its own. */
export function withCosignatures(note: string, cosignatures: readonly { readonly line: string }[]): string {
  return `${note}${cosignatures.map(({ line }) => line).join("")}`;
}

/** A row of the table as the note that was signed. */
export function signedCheckpoint(row: RowOf<typeof queries.newestCheckpoint>): SignedCheckpoint {
  const { size, root, name, public_key, signature, signed_at } = row;
  const origin = name ?? "";
  const line = signatureLine(verifierKey(origin, public_key), signature);
  return { size, root, note: `${checkpointText({ origin, size, root })}\n${line}`, signedAt: signed_at };
}
