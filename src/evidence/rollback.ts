/**
 * Before anything is signed: does the database still hold all that was signed before? One that was put back to an earlier
 * state would sign other entries under the same numbers.
 */
import {
  type Attestor,
  type Checkpoint,
  chainHead,
  frontierOf,
  NoteError,
  openNote,
  parseCheckpoint,
  readOrigin,
  root,
  verifierKey,
  type Withheld,
  withheld,
  withholdSigning,
} from "../audit/index.ts";
import type { Tx, Work, Writer } from "../storage/index.ts";
import { readPublishedHead } from "./published-head.ts";
import { type ResumeParts, settled } from "./resume.ts";

/**
 * Holds the database against the file `published-head`, and says what signing is withheld for; null when it is not.
 * A server does this at its start, a command before each of its works.
 */
export function compareWithPublished(writer: Writer, parts: ResumeParts, folder: string): Promise<Withheld | null> {
  // Read before the database, which never lags behind it.
  const published = readPublishedHead(folder);
  return writer.write(function* (tx): Work<Withheld | null> {
    const checkpoint = published === null ? null : yield* readOwn(tx, parts.attestor, published);
    if (checkpoint !== null) yield* judge(tx, parts, checkpoint);
    return yield* tx.shared(withheld);
  });
}

/** What the file `published-head` says of this log; null when it says nothing of it. */
export function* readPublished(tx: Tx, attestor: Attestor, folder: string): Work<Checkpoint | null> {
  const published = readPublishedHead(folder);
  return published === null ? null : yield* readOwn(tx, attestor, published);
}

/** What a note says, or null when it is none, is forged, or is of another installation. */
function* readOwn(tx: Tx, attestor: Attestor, note: string): Work<Checkpoint | null> {
  const keys = (yield* attestor.keys.all(tx)).filter(({ purpose }) => purpose === "log");
  const current = keys.at(-1)?.name;
  if (current === undefined || current === null) return null;
  try {
    const known = keys.map(({ name, publicKey }) => verifierKey(name ?? "", publicKey));
    const checkpoint = parseCheckpoint(openNote(note, known).note.text);
    const [theirs, ours] = [readOrigin(checkpoint.origin), readOrigin(current)];
    // A name that this log has left behind binds it no more.
    return theirs.base !== ours.base || theirs.number < ours.number ? null : checkpoint;
  } catch (error) {
    if (error instanceof NoteError) return null;
    throw error;
  }
}

function* judge(tx: Tx, parts: ResumeParts, published: Checkpoint): Work<void> {
  const why = yield* faultWith(tx, parts.attestor, published);
  if (why !== null) yield* withholdSigning(tx, why, published.size);
  else if ((yield* tx.shared(withheld))?.kind === "unknown")
    yield* settled(tx, parts, published, "The restored log holds all that published-head says was signed.");
}

/** What of a checkpoint that was signed under this log's name is not in the database, as a sentence; null when all is. */
export function* faultWith(
  tx: Tx,
  attestor: Attestor,
  { origin, size, root: signed }: Checkpoint,
): Work<string | null> {
  const { name } = yield* attestor.keys.active(tx, "log");
  if (origin !== name) return `Checkpoints were signed under the name ${origin}, which this database does not know.`;
  const head = yield* tx.shared(chainHead);
  if (size > head.seq)
    return `The log was rolled back: a checkpoint over ${size} entries was signed, and the database has ${head.seq}.`;
  const ours = root(yield* frontierOf(tx, size));
  return Buffer.compare(ours, signed) === 0
    ? null
    : `The log was rolled back: over its first ${size} entries another checkpoint was signed.`;
}
