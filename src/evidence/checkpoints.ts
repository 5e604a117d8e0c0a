import { type Attestor, requestCheckpoint, type SignedCheckpoint, storedCheckpoint } from "../audit/index.ts";
import type { Writer } from "../storage/index.ts";

/**
 * The newest signed checkpoint, over everything that is logged: one is signed now where the log has grown since the last.
 * What witnesses have said to it stands below it. Null while signing is withheld and none was signed before.
 */
export async function checkpointNow(writer: Writer, attestor: Attestor): Promise<SignedCheckpoint | null> {
  await writer.write((tx) => requestCheckpoint(tx, attestor));
  return storedCheckpoint(writer);
}
