/**
 * `erasures.jsonl` in the data folder: what was erased for a person, in keyed digests, outside the database. A backup that
 * was made before brings the content back; this file says what to erase again. It is only ever appended to.
 */
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { StorageError } from "../storage/index.ts";

/** One line: one entry `data.erased` of an erasure. */
export interface ErasureLine {
  readonly erasure: string;
  /** The seq of its entry in the log. */
  readonly seq: number;
  /** When the erasure was asked for: what was created later is not meant. ISO 8601, UTC. */
  readonly at: string;
  /** Keyed digests of all addresses of the person. */
  readonly digests: readonly string[];
  readonly pause_ids: readonly string[];
}

/** A backup that the data folder knows of. */
export interface KnownBackup {
  readonly file: string;
  /** ISO 8601, UTC. */
  readonly made_at: string;
}

const erasureLine = z.object({
  erasure: z.string(),
  seq: z.number(),
  at: z.iso.datetime(),
  digests: z.array(z.string()),
  pause_ids: z.array(z.string()),
});
const backupLine = z.object({ file: z.string(), made_at: z.string() });

/** Where the erasures of a data folder are listed. */
export function ledgerOf(dataDir: string): string {
  return join(dataDir, "erasures.jsonl");
}

/**
 * Reads the lines of `erasures.jsonl`; none where there is no file. A last line that a crash has cut is passed over:
 * what it tells of is written anew when its erasure is finished.
 *
 * @throws StorageError for a line that is none.
 */
export function readErasures(file: string): ErasureLine[] {
  return readLines(file, erasureLine);
}

/** Appends lines (file 0600), and answers once they are on disk. */
export function appendErasures(file: string, lines: readonly ErasureLine[]): void {
  if (lines.length === 0) return;
  const isNew = !existsSync(file);
  const cut = !isNew && !/(^|\n)$/.test(readFileSync(file, "utf8"));
  const descriptor = openSync(file, "a", 0o600);
  try {
    writeSync(descriptor, (cut ? "\n" : "") + lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  if (isNew) syncFolder(dirname(file));
}

/** The backups that were made of a data folder, as `backups.jsonl` in it lists them: `{ "file", "made_at" }` a line. */
export function knownBackups(dataDir: string): KnownBackup[] {
  return readLines(join(dataDir, "backups.jsonl"), backupLine);
}

function readLines<T>(file: string, schema: z.ZodType<T>): T[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").split("\n");
  const whole = lines.slice(0, -1);
  return whole.flatMap((line, index) => {
    if (line.trim() === "") return [];
    const read = schema.safeParse(parse(line));
    if (read.success) return [read.data];
    // A line that a crash has cut has another line behind it once the file was written to again.
    if (isCut(line)) return [];
    throw new StorageError(`line ${index + 1} of ${file} can't be read; restore the file`);
  });
}

function isCut(line: string): boolean {
  return parse(line) === undefined && !line.trimEnd().endsWith("}");
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function syncFolder(folder: string): void {
  const descriptor = openSync(folder, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
