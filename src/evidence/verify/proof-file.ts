import {
  type Checkpoint,
  disclosedValue,
  isArray,
  isObject,
  type JsonObject,
  type JsonValue,
  NoteError,
  parseTlogProof,
} from "../../audit/index.ts";
import { sha256Hex } from "../../platform/hash.ts";
import { checkDisclosed, type FileEntry, readFileEntry } from "./entry.ts";
import { isProven } from "./export-file.ts";
import { checkReceipt } from "./receipt.ts";
import { openCheckpoint, type Trust, type TrustedLog, trustedLog } from "./trust.ts";
import { Faulty, type FileVerdict, Unreadable } from "./verdict.ts";

type Progress = { -readonly [Name in keyof FileVerdict]: FileVerdict[Name] };

/** Verifies the proof of one pause. @throws {Faulty} at the first fault, {Unreadable} */
export function verifyProof(proof: JsonObject, trust: Trust, progress: Progress): void {
  progress.file = "proof";
  if (proof.pausepoint_proof !== 1)
    throw new Unreadable(1, "it is of a version that this program does not know; verify it with a newer one");
  const { pause_id, origin, entries, context = [] } = proof;
  if (typeof pause_id !== "string" || !isArray(entries) || !isArray(context) || entries.length === 0)
    throw new Unreadable(1, "it is no proof of a pause");
  progress.origin = typeof origin === "string" ? origin : null;
  const log = trustedLog(proof, trust);
  progress.isPinned = log.isPinned;
  const around = new EntriesOfProof(log, progress).all(context);
  const own = new EntriesOfProof(log, progress).all(entries);
  const stranger = own.find((entry) => entry.pauseId !== pause_id);
  if (stranger !== undefined)
    throw new Faulty("spliced", 1, stranger.seq, `entry ${stranger.seq} tells of another pause`);
  progress.firstSeq = own[0]?.seq ?? null;
  progress.lastSeq = own.at(-1)?.seq ?? null;
  compareKept(log, trust, progress);
  if (own[0]?.type !== "pause.created")
    throw new Faulty("removed", 1, own[0]?.seq ?? null, "the proof does not begin with the question");
  checkReceipt(proof, own, around, progress);
  checkShown(proof);
  const last = own.at(-1)?.type;
  progress.unknown = [
    ...progress.unknown,
    `whether the log tells more of this pause than these ${own.length} entries, the last of which is ${last}`,
  ];
}

/** Checks entries one by one: content, place in the log, disclosures. */
class EntriesOfProof {
  readonly #log: TrustedLog;
  readonly #progress: Progress;
  readonly #opened = new Map<string, Checkpoint>();

  constructor(log: TrustedLog, progress: Progress) {
    this.#log = log;
    this.#progress = progress;
  }

  all(list: readonly JsonValue[]): readonly FileEntry[] {
    let last = 0;
    return list.map((item) => {
      const entry = this.#one(item);
      if (entry.seq === last) throw new Faulty("inserted", 1, entry.seq, `entry ${entry.seq} stands a second time`);
      if (entry.seq < last)
        throw new Faulty("reordered", 1, entry.seq, `entry ${entry.seq} stands behind entry ${last}`);
      last = entry.seq;
      return entry;
    });
  }

  #one(item: JsonValue): FileEntry {
    if (!isObject(item) || typeof item.tlog_proof !== "string") throw new Unreadable(1, "an entry has no proof");
    const entry = readFileEntry(item.entry, 1);
    const { seq } = entry;
    const broken = (what: string) => new Faulty("proof", 1, seq, `the proof of entry ${seq} ${what}`);
    let proof: ReturnType<typeof parseTlogProof>;
    try {
      proof = parseTlogProof(item.tlog_proof);
    } catch (error) {
      if (error instanceof NoteError) throw broken(`is none: ${error.message}`);
      throw error;
    }
    const checkpoint = this.#open(proof.checkpoint);
    const hashes = proof.hashes.map((hash) => Buffer.from(hash).toString("base64"));
    if (proof.index !== seq - 1 || !isProven(entry, hashes, checkpoint))
      throw broken("does not lead to its checkpoint: one of them is not of this log");
    const root = Buffer.from(checkpoint.root).toString("base64");
    this.#progress.checkpoint = { size: checkpoint.size, root, note: proof.checkpoint };
    this.#progress.disclosures += checkDisclosed(entry, item.disclosed, 1);
    this.#progress.entries++;
    return entry;
  }

  #open(note: string): Checkpoint {
    const opened = this.#opened.get(note) ?? openCheckpoint(note, this.#log, 1);
    this.#opened.set(note, opened);
    return opened;
  }
}

/** Each page has the bytes whose digest its entry commits to, and discloses, as `page`. */
function checkShown({ shown = [], entries }: JsonObject): void {
  if (!isArray(shown)) throw new Unreadable(1, "the pages in it are no list");
  for (const page of shown) {
    if (!isObject(page) || typeof page.seq !== "number" || typeof page.html !== "string")
      throw new Unreadable(1, "a page in it is none");
    const { seq, html } = page;
    const item = isArray(entries) ? entries.find((one) => entryOf(one)?.seq === seq) : undefined;
    const disclosed = isObject(item) && isObject(item.disclosed) ? item.disclosed["/page"] : undefined;
    const digest = typeof disclosed === "string" ? disclosedValue(disclosed) : undefined;
    if (digest === `sha256:${sha256Hex(html)}`) continue;
    throw new Faulty("shown", 1, seq, `the page of entry ${seq} is not the one that the entry commits to`);
  }
}

function entryOf(item: JsonValue): JsonObject | null {
  return isObject(item) && isObject(item.entry) ? item.entry : null;
}

function compareKept(log: TrustedLog, { kept }: Trust, progress: Progress): void {
  for (const note of kept) {
    const { size, root } = openCheckpoint(note, log, 0);
    const mine = progress.checkpoint;
    if (mine !== null && mine.size === size && mine.root !== Buffer.from(root).toString("base64"))
      throw new Faulty(
        "rewritten",
        1,
        null,
        "the checkpoint kept elsewhere has the same size and another root: there are two logs",
      );
    if (mine?.size !== size)
      progress.unknown = [
        ...progress.unknown,
        `whether this log is the one of the checkpoint over ${size} entries: a proof is compared with one of its own size alone`,
      ];
  }
}
