/**
 * The file `published-head` in the data folder: the newest checkpoint that was signed, outside the database. A database
 * that was put back to an earlier state is noticed by it. Also the folder that checkpoints are dropped into, if any.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { installation, parseCheckpoint, parseNote, storedCheckpoint } from "../audit/index.ts";
import type { Clock } from "../platform/clock.ts";
import type { Log } from "../platform/log.ts";
import { replaceFile } from "../platform/whole-file.ts";
import type { Writer } from "../storage/index.ts";

/** What the file is written with. */
export interface PublishedParts {
  /** The data folder. */
  readonly folder: string;
  readonly writer: Writer;
  readonly clock: Clock;
  readonly log: Log;
  /** The folder that each checkpoint is written to as well; null for none. */
  readonly drop: string | null;
}

/** At most once in so long. */
const APART_MS = 1_000;

export class PublishedHead {
  readonly #parts: PublishedParts;
  #writtenAt = Number.NEGATIVE_INFINITY;
  #written = "";
  #cancel: (() => void) | null = null;
  #writing: Promise<void> = Promise.resolve();
  #trouble: string | null = null;

  constructor(parts: PublishedParts) {
    this.#parts = parts;
  }

  /** Something was signed: the files follow within a second. Never throws, waits for nothing. */
  hint(): void {
    if (this.#cancel !== null) return;
    const { clock } = this.#parts;
    const wait = Math.min(APART_MS, Math.max(0, this.#writtenAt + APART_MS - clock.now()));
    this.#cancel = clock.after(wait, () => void this.flush());
  }

  /** Writes what is newest now. What can't be written is logged, once for each kind of trouble. */
  flush(): Promise<void> {
    this.#cancel?.();
    this.#cancel = null;
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  async #write(): Promise<void> {
    const { writer, clock, log, folder, drop } = this.#parts;
    try {
      const state = writer.one(installation, {});
      // While signing is withheld, what stands there may be the only trace of what is lost.
      if (state === undefined || state.signing_withheld !== null || state.restored_at !== null) return;
      const newest = storedCheckpoint(writer);
      if (newest === null || newest.note === this.#written) return;
      this.#writtenAt = clock.now();
      if (!isOlder(newest.note, readPublishedHead(folder))) await replaceFile(join(folder, NAME), newest.note);
      if (drop !== null) await dropInto(drop, newest.size, newest.note);
      this.#written = newest.note;
      this.#trouble = null;
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const trouble = code ?? message;
      if (trouble !== this.#trouble) log.error("checkpoint not written to its file", { error: trouble });
      this.#trouble = trouble;
    }
  }
}

const NAME = "published-head";

/** What the file says; null when there is none. */
export function readPublishedHead(folder: string): string | null {
  const file = join(folder, NAME);
  return existsSync(file) ? readFileSync(file, "utf8") : null;
}

/** Whether the file has a later checkpoint of the same log: a command beside the server may have signed one. */
function isOlder(note: string, written: string | null): boolean {
  try {
    const [mine, other] = [note, written ?? ""].map((text) => parseCheckpoint(parseNote(text).text));
    return mine !== undefined && other !== undefined && mine.origin === other.origin && mine.size < other.size;
  } catch {
    return false;
  }
}

/** The folder must be there: one that is made here would hide that a disk was not mounted. */
async function dropInto(folder: string, size: number, note: string): Promise<void> {
  const own = join(folder, `${size}.checkpoint`);
  // Written once, since a folder of that kind may refuse to change what it holds.
  if (!existsSync(own)) await replaceFile(own, note, 0o644);
  await replaceFile(join(folder, "latest.checkpoint"), note, 0o644);
}
