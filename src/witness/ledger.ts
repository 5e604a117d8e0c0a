/**
 * What a witness remembers: of each log the newest checkpoint that it cosigned, as the signed note itself, in a file of its
 * own. The note holds origin, size and root, and proves that the log has signed them.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Checkpoint, NoteError, openNote, parseCheckpoint, type VerifierKey } from "../audit/index.ts";
import { sha256Hex } from "../platform/hash.ts";
import { writeWholeFile } from "../platform/whole-file.ts";
import { StorageError } from "../storage/index.ts";

/** Where checkpoints are remembered. Everything is on disk when a call returns. */
export interface Ledger {
  /** The newest checkpoint of a log that was cosigned; null before the first. */
  newest(origin: string): Checkpoint | null;
  /** Puts this note in its place. @throws the system's error: then nothing has changed, and nothing may be answered. */
  remember(checkpoint: Checkpoint, note: string): void;
  /** Keeps the proof that a log has signed two trees of one size, the first such of each log. */
  keepProof(checkpoint: Checkpoint, note: string): void;
}

/**
 * The ledger in a folder, which one process uses at a time.
 *
 * @param keys of the logs that are watched: what was remembered must be signed by one of them.
 * @throws StorageError when a file does not hold what this witness has written: it must not begin anew without a word.
 */
export function openLedger(folder: string, keys: readonly VerifierKey[]): Ledger {
  const newest = new Map<string, Checkpoint>();
  for (const origin of new Set(keys.map(({ name }) => name))) {
    const file = fileOf(folder, origin, "checkpoint");
    if (!existsSync(file)) continue;
    newest.set(origin, readRemembered(file, origin, keys));
  }
  return {
    newest: (origin) => newest.get(origin) ?? null,
    remember(checkpoint, note) {
      writeWholeFile(fileOf(folder, checkpoint.origin, "checkpoint"), note);
      newest.set(checkpoint.origin, checkpoint);
    },
    keepProof({ origin }, note) {
      const file = fileOf(folder, origin, "contradiction");
      if (!existsSync(file)) writeWholeFile(file, note);
    },
  };
}

function readRemembered(file: string, origin: string, keys: readonly VerifierKey[]): Checkpoint {
  try {
    const own = keys.filter(({ name }) => name === origin);
    // A key that is no longer watched may have signed it; a forged signature of one that is, is damage.
    const checkpoint = parseCheckpoint(openNote(readFileSync(file, "utf8"), own).note.text);
    if (checkpoint.origin === origin) return checkpoint;
  } catch (error) {
    if (!(error instanceof NoteError)) throw error;
  }
  throw new StorageError(`${file} is damaged; restore it from a backup, or retire this witness's key`);
}

/** Origins hold slashes and whatever else: a digest names the file. */
function fileOf(folder: string, origin: string, kind: string): string {
  return join(folder, `${sha256Hex(origin).slice(0, 32)}.${kind}`);
}
