/**
 * What a log sends to a witness (C2SP tlog-witness v1.0.0, add-checkpoint): how large the tree was that the witness knows,
 * the consistency proof from there, and the new checkpoint.
 */
import { NoteError } from "./note.ts";

/** The body of a request, taken apart; whether anything in it is true is another question. */
export interface Submission {
  /** The size of the tree that the proof starts from; 0 when the witness knows none. */
  readonly oldSize: number;
  /** 0 to 63 hashes. */
  readonly proof: readonly Uint8Array[];
  /** The signed note, with its line feed. */
  readonly checkpoint: string;
}

/** A tree of 2^63 leaves needs no more. */
const MOST_HASHES = 63;

/** The body as it is sent. */
export function formatSubmission({ oldSize, proof, checkpoint }: Submission): string {
  const hashes = proof.map((hash) => `${Buffer.from(hash).toString("base64")}\n`).join("");
  return `old ${oldSize}\n${hashes}\n${checkpoint}`;
}

/** Reads a body, strictly. @throws {NoteError} when it is none; the message is a clause. */
export function parseSubmission(body: string): Submission {
  const end = body.indexOf("\n\n");
  if (end < 0) throw new NoteError("it has no empty line before the checkpoint");
  const [first = "", ...hashes] = body.slice(0, end).split("\n");
  const size = /^old (0|[1-9]\d{0,15})$/.exec(first)?.[1];
  if (size === undefined || !Number.isSafeInteger(Number(size)))
    throw new NoteError("its first line is not old and a size");
  if (hashes.length > MOST_HASHES) throw new NoteError(`its proof has more than ${MOST_HASHES} hashes`);
  return { oldSize: Number(size), proof: hashes.map(readHash), checkpoint: body.slice(end + 2) };
}

function readHash(line: string): Uint8Array {
  const hash = Buffer.from(line, "base64");
  if (hash.byteLength !== 32 || hash.toString("base64") !== line)
    throw new NoteError("a line of its proof is not a hash in base64");
  return new Uint8Array(hash);
}
