import {
  append,
  type Checkpoint,
  type Frontier,
  frontierFrom,
  hashIn,
  isArray,
  isObject,
  type JsonObject,
  type JsonValue,
  leafHash,
  NoteError,
  parseStrict,
  root,
  StrictJsonError,
  verifyInclusion,
} from "../../audit/index.ts";
import { checkDisclosed, type FileEntry, readFileEntry } from "./entry.ts";
import type { Line, LineFile } from "./lines.ts";
import { openCheckpoint, type Trust, type TrustedLog, trustedLog } from "./trust.ts";
import { Faulty, type FileVerdict, Unreadable } from "./verdict.ts";

/** The first line of an export. */
export interface ExportHead {
  readonly isComplete: boolean;
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly value: JsonObject;
}

type Progress = { -readonly [Name in keyof FileVerdict]: FileVerdict[Name] };

/** Reads the first line of an export. @throws {Unreadable} */
export function readHead(text: string): ExportHead {
  const value = parse(text, 1);
  if (!isObject(value) || value.pausepoint_export === undefined)
    throw new Unreadable(1, "it is no export of PausePoint");
  if (value.pausepoint_export !== 1)
    throw new Unreadable(1, "it is of a version that this program does not know; verify it with a newer one");
  const { complete, first_seq: first, last_seq: last } = value;
  if (typeof complete !== "boolean" || !isSeq(first) || !isSeq(last) || first < 1 || last < first - 1)
    throw new Unreadable(1, "its bounds are none");
  return { isComplete: complete, firstSeq: first, lastSeq: last, value };
}

/** Verifies an export line by line. @throws {Faulty} at the first fault, {Unreadable}; `progress` tells how far it was. */
export function verifyExport(file: LineFile, head: ExportHead, trust: Trust, progress: Progress): void {
  progress.file = head.isComplete ? "export" : "selection";
  progress.origin = typeof head.value.origin === "string" ? head.value.origin : null;
  const log = trustedLog(head.value, trust);
  progress.isPinned = log.isPinned;
  const lines = file.lines();
  lines.next();
  const check = head.isComplete
    ? new ChainOfFile(head, log, trust, progress)
    : new SelectionOfFile(head, log, trust, progress, closingOf(file, log));
  let closing: { readonly note: string; readonly line: number } | null = null;
  for (const line of lines) {
    if (closing !== null)
      throw new Faulty("inserted", line.number, null, "a line stands behind the closing checkpoint");
    const value = parseLine(line);
    if (typeof value.checkpoint === "string") closing = { note: value.checkpoint, line: line.number };
    else {
      const entry = readFileEntry(value.entry, line.number);
      check.take(entry, value, line.number, lines);
      progress.disclosures += checkDisclosed(entry, value.disclosed, line.number);
      progress.entries++;
      progress.firstSeq ??= entry.seq;
      progress.lastSeq = entry.seq;
    }
  }
  if (closing === null) throw new Faulty("cut", 0, null, "the closing checkpoint is missing: the end was cut off");
  const checkpoint = openCheckpoint(closing.note, log, closing.line);
  progress.checkpoint = { size: checkpoint.size, root: base64(checkpoint.root), note: closing.note };
  check.finish(checkpoint, closing.line);
}

interface FileCheck {
  take(entry: FileEntry, line: JsonObject, number: number, rest: Generator<Line, void>): void;
  finish(closing: Checkpoint, line: number): void;
}

/** The whole log, or a stretch of it: each entry is linked to the one before, and all lead to the root that was signed. */
class ChainOfFile implements FileCheck {
  readonly #head: ExportHead;
  readonly #progress: Progress;
  readonly #kept: readonly Checkpoint[];
  #frontier: Frontier;
  #link: string;
  #expected: number;
  #at = "";

  constructor(head: ExportHead, log: TrustedLog, trust: Trust, progress: Progress) {
    this.#head = head;
    this.#progress = progress;
    this.#expected = head.firstSeq;
    const { prev_hash, frontier } = head.value;
    if (typeof prev_hash !== "string" || !/^[0-9a-f]{64}$/.test(prev_hash) || !isArray(frontier))
      throw new Unreadable(1, "it does not say what stood before its first entry");
    this.#link = prev_hash;
    try {
      this.#frontier = frontierFrom(
        head.firstSeq - 1,
        frontier.map((hash) => hashIn(String(hash))),
      );
    } catch {
      throw new Unreadable(1, "its frontier does not fit its first entry");
    }
    this.#kept = trust.kept.map((note) => openCheckpoint(note, log, 0));
    this.#compareKept();
  }

  take(entry: FileEntry, _: JsonObject, number: number, rest: Generator<Line, void>): void {
    const { seq } = entry;
    const expected = this.#expected;
    if (seq > this.#head.lastSeq) throw new Faulty("inserted", number, seq, `entry ${seq} stands behind the last one`);
    if (seq > expected) throw missing(expected, number, rest);
    if (seq < expected) throw new Faulty("inserted", number, seq, `entry ${seq} stands a second time, or was put in`);
    if (entry.prevHash !== this.#link) {
      const before = seq === this.#head.firstSeq ? "what stood before the first entry" : `entry ${seq - 1}`;
      const what = `entry ${seq} does not follow ${before}: one of them was edited or put in, and hashed anew`;
      throw new Faulty("edited", number, seq, what);
    }
    if (entry.at < this.#at) throw new Faulty("edited", number, seq, `entry ${seq} is older than the one before it`);
    this.#frontier = append(this.#frontier, leafHash(entry.text)).frontier;
    this.#link = entry.hash;
    this.#at = entry.at;
    this.#expected = seq + 1;
    this.#compareKept();
  }

  finish({ size, root: signed }: Checkpoint, line: number): void {
    const { lastSeq, firstSeq } = this.#head;
    if (this.#expected <= lastSeq) {
      const what = `entries ${this.#expected} to ${lastSeq} are missing: the end was cut off`;
      throw new Faulty("cut", line, this.#expected, what);
    }
    if (size !== lastSeq) {
      const what = `the closing checkpoint is over ${size} entries, and the file ends at ${lastSeq}`;
      throw new Faulty(size > lastSeq ? "cut" : "rewritten", line, null, what);
    }
    if (Buffer.compare(root(this.#frontier), signed) !== 0) {
      const what =
        "every entry follows the one before it, but the root that was signed is another one: entries were changed, put in or taken out, and all after them hashed anew";
      throw new Faulty("rewritten", line, null, what);
    }
    for (const kept of this.#kept) {
      if (kept.size > lastSeq && typeof this.#head.value.until === "string") {
        note(
          this.#progress,
          `whether the log is the one of the checkpoint over ${kept.size} entries: the file was asked for up to a time before it`,
        );
      } else if (kept.size > lastSeq) {
        const what = `the checkpoint kept elsewhere is over ${kept.size} entries, and the log in this file ends at ${lastSeq}: its end was cut off`;
        throw new Faulty("cut", line, lastSeq + 1, what);
      }
      if (kept.size < firstSeq - 1)
        note(
          this.#progress,
          `whether the log is the one of the checkpoint over ${kept.size} entries, which ends before this file begins`,
        );
    }
    if (this.#kept.length === 0)
      note(
        this.#progress,
        "whether the log was cut back to this checkpoint, or written anew by whoever holds its key: only a checkpoint kept elsewhere shows that",
      );
  }

  #compareKept(): void {
    for (const kept of this.#kept) {
      if (kept.size !== this.#frontier.size) continue;
      if (Buffer.compare(root(this.#frontier), kept.root) === 0) continue;
      const what = `the first ${kept.size} entries are not those of the checkpoint kept elsewhere: the log was rewritten`;
      throw new Faulty("rewritten", 0, null, what);
    }
  }
}

/** Entries of a project, a pause or a filter: each is proven alone. */
class SelectionOfFile implements FileCheck {
  readonly #head: ExportHead;
  readonly #progress: Progress;
  readonly #closing: Checkpoint;
  readonly #kept: readonly Checkpoint[];
  #last = 0;

  constructor(head: ExportHead, log: TrustedLog, trust: Trust, progress: Progress, closing: Checkpoint) {
    this.#head = head;
    this.#progress = progress;
    this.#closing = closing;
    this.#kept = trust.kept.map((note) => openCheckpoint(note, log, 0));
    if (closing.size < head.lastSeq)
      throw new Faulty(
        "cut",
        1,
        null,
        `the closing checkpoint is over ${closing.size} entries, fewer than the file tells`,
      );
  }

  take(entry: FileEntry, line: JsonObject, number: number, _: Generator<Line, void>): void {
    const { seq } = entry;
    if (seq === this.#last) throw new Faulty("inserted", number, seq, `entry ${seq} stands a second time`);
    if (seq < this.#last) throw new Faulty("reordered", number, seq, `entry ${seq} stands behind entry ${this.#last}`);
    if (seq < this.#head.firstSeq || seq > this.#head.lastSeq || !this.#belongs(entry))
      throw new Faulty("inserted", number, seq, `entry ${seq} is none of those that the file says it holds`);
    if (!isProven(entry, line.proof, this.#closing))
      throw new Faulty(
        "proof",
        number,
        seq,
        `the proof of entry ${seq} does not lead to the checkpoint: one of them is not of this log`,
      );
    this.#last = seq;
  }

  finish(closing: Checkpoint, line: number): void {
    if (closing.size !== this.#closing.size)
      throw new Faulty("inserted", line, null, "there are two closing checkpoints");
    note(this.#progress, "whether entries are missing: a selection proves what it holds and no more");
    for (const kept of this.#kept) {
      if (kept.size !== closing.size)
        note(
          this.#progress,
          `whether this log is the one of the checkpoint over ${kept.size} entries: a selection is compared with one of its own size alone`,
        );
      else if (Buffer.compare(kept.root, closing.root) !== 0)
        throw new Faulty(
          "rewritten",
          line,
          null,
          "the checkpoint kept elsewhere has the same size and another root: there are two logs",
        );
    }
  }

  #belongs({ project, mode, pauseId }: FileEntry): boolean {
    const { selection } = this.#head.value;
    if (!isObject(selection)) return true;
    return (
      (selection.project === undefined || selection.project === project) &&
      (selection.mode === undefined || selection.mode === mode) &&
      (selection.pause_id === undefined || selection.pause_id === pauseId)
    );
  }
}

/** Whether an entry's inclusion proof, as base64, leads to the checkpoint. */
export function isProven({ seq, text }: FileEntry, proof: JsonValue | undefined, { size, root }: Checkpoint): boolean {
  if (!isArray(proof)) return false;
  try {
    const hashes = proof.map((hash) => hashIn(String(hash)));
    return verifyInclusion({ index: seq - 1, size, leaf: leafHash(text), proof: hashes, root });
  } catch (error) {
    if (error instanceof NoteError) return false;
    throw error;
  }
}

/** A selection's proofs lead to its last line, which is therefore read first. */
function closingOf(file: LineFile, log: TrustedLog): Checkpoint {
  const cut = new Faulty("cut", 0, null, "the closing checkpoint is missing: the end was cut off");
  const last = file.last();
  let value: JsonValue;
  try {
    value = parseStrict(last ?? "");
  } catch (error) {
    if (error instanceof StrictJsonError) throw cut;
    throw error;
  }
  if (!isObject(value) || typeof value.checkpoint !== "string") throw cut;
  return openCheckpoint(value.checkpoint, log, 0);
}

/** An entry is not where it belongs: it was moved if it stands further down, else it is gone. */
function missing(expected: number, number: number, rest: Generator<Line, void>): Faulty {
  for (const line of rest) {
    const value = parseLine(line);
    if (isObject(value.entry) && value.entry.seq === expected)
      return new Faulty("reordered", number, expected, `entry ${expected} stands further down, in line ${line.number}`);
  }
  return new Faulty("removed", number, expected, `entry ${expected} is missing`);
}

function parseLine(line: Line): JsonObject {
  if (!line.isWhole) {
    // A file that ends in the middle of a line was cut; one whose last line is whole but for its end is fine.
    try {
      JSON.parse(line.text);
    } catch {
      throw new Faulty("cut", line.number, null, "the file ends in the middle of a line: the end was cut off");
    }
  }
  const value = parse(line.text, line.number);
  if (!isObject(value) || !Object.keys(value).every((name) => LINE_MEMBERS.has(name)))
    throw new Unreadable(line.number, "it is no line of an export");
  return value;
}

const LINE_MEMBERS: ReadonlySet<string> = new Set(["entry", "disclosed", "proof", "checkpoint"]);

function parse(text: string, line: number): JsonValue {
  try {
    return parseStrict(text);
  } catch (error) {
    if (error instanceof StrictJsonError) throw new Unreadable(line, error.message);
    throw error;
  }
}

function isSeq(value: JsonValue | undefined): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function note(progress: Progress, what: string): void {
  progress.unknown = [...progress.unknown, what];
}

function base64(hash: Uint8Array): string {
  return Buffer.from(hash).toString("base64");
}
