import {
  type Checkpoint,
  followHandovers,
  type Handover,
  hasHadName,
  isArray,
  isObject,
  type JsonValue,
  NoteError,
  openNote,
  parseCheckpoint,
  parseVerifierKey,
  type VerifierKey,
} from "../../audit/index.ts";
import { Faulty, Unreadable } from "./verdict.ts";

/** What the verifier brings. */
export interface Trust {
  /** The log's verifier key, pinned beforehand; null where the file's own keys are taken. */
  readonly pinned: VerifierKey | null;
  /** Checkpoints kept elsewhere, as notes. */
  readonly kept: readonly string[];
}

/** The keys that may have signed this log. */
export interface TrustedLog {
  readonly origin: string;
  readonly keys: readonly VerifierKey[];
  readonly isPinned: boolean;
}

/** Reads the keys in a file's head. @throws {Unreadable} where they are none; {Faulty} where they are of another log. */
export function trustedLog(
  head: { readonly origin?: JsonValue; readonly keys?: JsonValue; readonly handovers?: JsonValue },
  { pinned }: Trust,
): TrustedLog {
  const { origin, keys, handovers = [] } = head;
  if (typeof origin !== "string" || origin === "") throw new Unreadable(1, "it names no log as its origin");
  if (!isArray(keys) || !isArray(handovers)) throw new Unreadable(1, "it has no list of verifier keys");
  const own = keys.map(keyIn);
  const other = [...own, ...(pinned === null ? [] : [pinned])].find(({ name }) => !hasHadName(origin, name));
  if (other !== undefined) throw new Faulty("key", 1, null, `the key of ${other.name} is none of the log ${origin}`);
  const statements = handovers.map(handoverIn);
  return {
    origin,
    isPinned: pinned !== null,
    keys: pinned === null ? own : followHandovers([pinned], statements),
  };
}

/**
 * Opens a checkpoint of the log. @throws {Faulty} `signature`, `key` or `spliced`.
 */
export function openCheckpoint(note: string, { origin, keys, isPinned }: TrustedLog, line: number): Checkpoint {
  try {
    const opened = openNote(note, keys);
    const checkpoint = parseCheckpoint(opened.note.text);
    if (!hasHadName(origin, checkpoint.origin)) {
      const what = `the checkpoint is of the log ${checkpoint.origin}, not of ${origin}`;
      throw new Faulty("spliced", line, null, what);
    }
    if (opened.signedBy.length === 0) {
      const whose = isPinned ? "the pinned key, or one that it handed over to," : "a key in the file";
      throw new Faulty("key", line, null, `the checkpoint is not signed by ${whose} so that its signer is unknown`);
    }
    return checkpoint;
  } catch (error) {
    if (!(error instanceof NoteError)) throw error;
    throw new Faulty("signature", line, null, `the checkpoint does not hold: ${error.message}`);
  }
}

function keyIn(value: JsonValue): VerifierKey {
  try {
    return parseVerifierKey(typeof value === "string" ? value : "");
  } catch {
    throw new Unreadable(1, "one of its verifier keys is none");
  }
}

function handoverIn(value: JsonValue): Handover {
  if (!isObject(value)) throw new Unreadable(1, "a handover of its keys is none");
  const { old, new: next, signature } = value;
  if (typeof old !== "string" || typeof next !== "string" || typeof signature !== "string")
    throw new Unreadable(1, "a handover of its keys is none");
  keyIn(old);
  keyIn(next);
  return { old, new: next, signature: new Uint8Array(Buffer.from(signature, "base64url")) };
}
