/**
 * Proof files (C2SP tlog-proof v1): that one entry stands in a log, with the checkpoint it is proven to, in one file that
 * needs nothing else.
 */
import { NoteError } from "./note.ts";

const FIRST_LINE = "c2sp.org/tlog-proof@v1";
/** An RFC 6962 proof in a tree of at most 2^63 leaves. */
const MOST_HASHES = 63;

/** What a proof file says. */
export interface TlogProof {
  /** The leaf's index, from 0. */
  readonly index: number;
  /** From the leaf to the root, each 32 bytes. */
  readonly hashes: readonly Uint8Array[];
  /** The signed note, as it is. */
  readonly checkpoint: string;
}

/** The text of a `.tlog-proof` file. */
export function formatTlogProof({ index, hashes, checkpoint }: TlogProof): string {
  const lines = hashes.map((hash) => `${Buffer.from(hash).toString("base64")}\n`).join("");
  return `${FIRST_LINE}\nindex ${index}\n${lines}\n${checkpoint}`;
}

/** Reads a `.tlog-proof` file. @throws {NoteError} when it is none. */
export function parseTlogProof(text: string): TlogProof {
  const end = text.indexOf("\n\n");
  if (end < 0) throw new NoteError("it is not a proof and a checkpoint");
  const [first, ...rest] = text.slice(0, end).split("\n");
  if (first !== FIRST_LINE) throw new NoteError(`its first line is not ${FIRST_LINE}`);
  // What a log may add about itself, signed by nobody.
  if (rest[0]?.startsWith("extra ")) rest.shift();
  const [position = "", ...encoded] = rest;
  const index = /^index (0|[1-9]\d{0,15})$/.exec(position)?.[1];
  if (index === undefined || !Number.isSafeInteger(Number(index))) throw new NoteError("it names no index");
  if (encoded.length > MOST_HASHES) throw new NoteError(`it has more than ${MOST_HASHES} hashes`);
  return { index: Number(index), hashes: encoded.map(hashIn), checkpoint: text.slice(end + 2) };
}

/** A hash of 32 bytes in its one spelling of base64. @throws {NoteError} */
export function hashIn(encoded: string): Uint8Array {
  const hash = Buffer.from(encoded, "base64");
  if (hash.byteLength !== 32 || hash.toString("base64") !== encoded) throw new NoteError("a hash has not 32 bytes");
  return new Uint8Array(hash);
}
