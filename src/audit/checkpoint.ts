/**
 * Checkpoints (C2SP tlog-checkpoint v1.0.0): signed notes that say how large a log is and what its root is. Whoever keeps
 * one can prove later that the log was rewritten or cut.
 */
import type { SigningKey } from "../platform/ed25519.ts";
import { NoteError, signNote, type VerifierKey } from "./note.ts";

/** What a checkpoint says. */
export interface Checkpoint {
  /** The log's name, which is also the name of its key. */
  readonly origin: string;
  /** Entries in the tree. */
  readonly size: number;
  /** The RFC 6962 root over them, 32 bytes. */
  readonly root: Uint8Array;
}

/** The text that is signed: origin, size and root, a line each. */
export function checkpointText({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${Buffer.from(root).toString("base64")}\n`;
}

/** A checkpoint as a signed note. */
export function signCheckpoint(checkpoint: Checkpoint, key: VerifierKey, signer: SigningKey): string {
  return signNote(checkpointText(checkpoint), key, signer);
}

/**
 * Reads the text of a checkpoint, strictly. Further lines, which the standard lets a log add, are signed with it and say
 * nothing here.
 *
 * @throws {NoteError} when it is none.
 */
export function parseCheckpoint(text: string): Checkpoint {
  const [origin = "", size = "", encoded = "", ...others] = text.split("\n");
  const root = Buffer.from(encoded, "base64");
  if (origin === "" || others.length === 0) throw new NoteError("it is not a checkpoint of origin, size and root");
  if (!/^(0|[1-9]\d{0,15})$/.test(size) || !Number.isSafeInteger(Number(size)))
    throw new NoteError("the size of the checkpoint is not a number");
  if (root.byteLength !== 32 || root.toString("base64") !== encoded)
    throw new NoteError("the root of the checkpoint is not a hash in base64");
  return { origin, size: Number(size), root: new Uint8Array(root) };
}
