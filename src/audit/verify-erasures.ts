import type { Reader } from "../storage/index.ts";
import { entryAt } from "./queries.ts";
import { isArray, type JsonObject, type LoggedEntry, rereadEntry } from "./read-entry.ts";
import * as queries from "./verify-queries.ts";
import { Wrong } from "./wrong.ts";

/**
 * What is gone from beside the log must have gone with an entry that tells so, and what an entry tells to be gone must
 * be. It holds the last of these entries that was read, and nothing else.
 */
export class ErasureCheck {
  readonly #reader: Reader;
  #last: Erasing | null = null;

  readonly #firstSeq: number;

  /** @param firstSeq where the log begins: what an entry before it told can't be read any more. */
  constructor(reader: Reader, firstSeq: number) {
    this.#reader = reader;
    this.#firstSeq = firstSeq;
  }

  /**
   * An entry that lacks disclosures must be one that a later `data.erased` names: by its pause, or by its own seq.
   *
   * @throws {Wrong} when none does.
   */
  requireTold(row: { readonly seq: number; readonly erased_seq: number | null }, entry: LoggedEntry): void {
    const { seq, erased_seq: told } = row;
    if (told === null || told <= seq)
      throw new Wrong(
        seq,
        `disclosures of entry ${seq} (${entry.type}) are gone, but no entry tells that they were erased`,
      );
    if (told < this.#firstSeq) return;
    const erasing = this.#erasing(told);
    if (erasing === null || !(entry.pause_id === null ? erasing.seqs.has(seq) : erasing.pauseIds.has(entry.pause_id)))
      throw new Wrong(
        seq,
        `disclosures of entry ${seq} (${entry.type}) are gone, but entry ${told} tells nothing of it`,
      );
  }

  /** What an entry tells to have been erased must be. @throws {Wrong} when it is still there. */
  follow(entry: LoggedEntry): void {
    if (entry.type !== "data.erased") return;
    for (const id of listed(entry.data, "pause_ids")) {
      if (typeof id === "string" && this.#reader.one(queries.unerasedPause, { id }) !== undefined)
        throw new Wrong(
          entry.seq,
          `entry ${entry.seq} tells that the pause ${id} was erased, but its content is there`,
        );
    }
  }

  #erasing(seq: number): Erasing | null {
    if (this.#last?.seq === seq) return this.#last;
    const row = this.#reader.one(entryAt, { seq });
    if (row === undefined) return null;
    const { type, data } = rereadEntry(row.entry);
    if (type !== "data.erased") return null;
    this.#last = { seq, pauseIds: new Set(listed(data, "pause_ids")), seqs: new Set(listed(data, "seqs")) };
    return this.#last;
  }
}

interface Erasing {
  readonly seq: number;
  readonly pauseIds: ReadonlySet<unknown>;
  readonly seqs: ReadonlySet<unknown>;
}

function listed(data: JsonObject, name: string): readonly unknown[] {
  const list = data[name];
  return isArray(list) ? list : [];
}
