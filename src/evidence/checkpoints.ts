import {
  type Attestor,
  newestCheckpoint,
  requestCheckpoint,
  type SignedCheckpoint,
  signedCheckpoint,
} from "../audit/index.ts";
import type { Writer } from "../storage/index.ts";

/**
 * The newest signed checkpoint, over everything that is logged: one is signed now where the log has grown since the last.
 * Null while signing is withheld and none was signed before.
 */
export async function checkpointNow(writer: Writer, attestor: Attestor): Promise<SignedCheckpoint | null> {
  await writer.write((tx) => requestCheckpoint(tx, attestor));
  const row = writer.one(newestCheckpoint, {});
  return row === undefined ? null : signedCheckpoint(row);
}
