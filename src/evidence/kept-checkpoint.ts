import {
  type Checkpoint,
  NoteError,
  openNote,
  parseCheckpoint,
  verifierKey,
  withheld,
  withholdSigning,
} from "../audit/index.ts";
import type { Tx, Work } from "../storage/index.ts";
import { OPERATOR, type ResumeParts, settled } from "./resume.ts";
import { faultWith } from "./rollback.ts";

/** What came of a checkpoint that was kept elsewhere. */
export type Resumed =
  | { readonly kind: "resumed"; readonly checkpoint: Checkpoint }
  /** Nothing was withheld, and nothing stands against the checkpoint. */
  | { readonly kind: "fine"; readonly checkpoint: Checkpoint }
  | { readonly kind: "refused"; readonly why: string };

/**
 * Signs on under the same name when the database holds all that a kept checkpoint stands for. When it does not, that is the
 * proof that something signed is lost: signing is withheld, and only a new name helps.
 */
export function* resumeWith(tx: Tx, parts: ResumeParts, note: string): Work<Resumed> {
  const checkpoint = yield* readKept(tx, parts, note);
  if (typeof checkpoint === "string") return { kind: "refused", why: checkpoint };
  const fault = yield* faultWith(tx, parts.attestor, checkpoint);
  if (fault !== null) yield* withholdSigning(tx, fault, checkpoint.size);
  const state = yield* tx.shared(withheld);
  if (state === null) return { kind: "fine", checkpoint };
  if (state.kind === "lost") return { kind: "refused", why: state.why };
  yield* settled(
    tx,
    parts,
    checkpoint,
    "The restored log holds all of a checkpoint that was kept elsewhere.",
    OPERATOR,
  );
  return { kind: "resumed", checkpoint };
}

/** A checkpoint that this log has signed, or why it is none. */
export function* readKept(tx: Tx, { attestor }: ResumeParts, note: string): Work<Checkpoint | string> {
  const keys = (yield* attestor.keys.all(tx)).filter(({ purpose }) => purpose === "log");
  try {
    const known = keys.map(({ name, publicKey }) => verifierKey(name ?? "", publicKey));
    const { note: read, signedBy } = openNote(note, known);
    const checkpoint = parseCheckpoint(read.text);
    return signedBy.some(({ name }) => name === checkpoint.origin)
      ? checkpoint
      : "No key that this database knows has signed that checkpoint.";
  } catch (error) {
    if (error instanceof NoteError) return `That is no checkpoint of this log: ${error.message}.`;
    throw error;
  }
}
