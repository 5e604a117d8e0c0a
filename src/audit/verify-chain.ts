import { isoTime } from "../platform/clock.ts";
import { sha256Hex } from "../platform/hash.ts";
import type { Reader } from "../storage/index.ts";
import { append, type Frontier, leafHash, root } from "./merkle.ts";
import { commitmentsOf, EntryError, type LoggedEntry, readDisclosures, readEntry } from "./read-entry.ts";
import type { LogStart } from "./start.ts";
import { ErasureCheck } from "./verify-erasures.ts";
import * as queries from "./verify-queries.ts";
import type { Told } from "./verify-row.ts";
import { Wrong } from "./wrong.ts";

/** A row of the log as it is stored, with what it is filed under. */
export interface StoredEntry {
  readonly seq: number;
  readonly entry: string;
  readonly leaf: Uint8Array;
  readonly world_n: number | null;
  readonly pause_n: number | null;
  readonly disclosed: string | null;
  /** The seq of the entry that tells why disclosures of this one are gone. */
  readonly erased_seq: number | null;
  readonly pause_id: string | null;
  readonly pause_world_n: number | null;
}

/**
 * Follows the chain from where the log begins, one entry at a time: order, links, texts, disclosures, leaves and the stored
 * nodes of the tree. It holds what the next entry is linked to and nothing else.
 */
export class ChainCheck {
  readonly #reader: Reader;
  readonly #erasures: ErasureCheck;
  readonly #worlds = new Map<number, { readonly project: string; readonly mode: string } | undefined>();
  #frontier: Frontier;
  #at = "";
  /** Of the last entry that held; 0 before the first. */
  seq: number;
  /** Its chain hash in hex; 64 zeros before the first. */
  hash: string;
  /** Commitments so far whose disclosures are not kept any more. */
  erased = 0;

  /**
   * @param start where the log begins.
   * @param frontier the tree over what was pruned.
   */
  constructor(reader: Reader, start: LogStart, frontier: Frontier) {
    this.#reader = reader;
    this.#erasures = new ErasureCheck(reader, start.firstSeq);
    this.#frontier = frontier;
    this.seq = start.firstSeq - 1;
    this.hash = start.prevHash;
    if (start.firstSeq > 1) this.#at = isoTime(start.at);
  }

  /** The root of the tree over the entries that held. */
  get root(): Uint8Array {
    return root(this.#frontier);
  }

  /** Takes the next row. @throws {Wrong} at the first thing that does not hold. */
  follow(row: StoredEntry): Told {
    this.#checkOrder(row.seq);
    const { told, commitments } = this.#read(row);
    this.#checkLinks(told.entry);
    this.#checkPlace(row, told.entry);
    if (told.disclosed.size < commitments) this.#erasures.requireTold(row, told.entry);
    this.#erasures.follow(told.entry);
    const frontier = this.#grow(row);
    this.#frontier = frontier;
    this.#at = told.entry.at;
    this.hash = sha256Hex(row.entry);
    this.seq = row.seq;
    this.erased += commitments - told.disclosed.size;
    return told;
  }

  /** Once there is no further row: nothing may stand in the log's other tables that no entry accounts for. */
  finish(): void {
    const full = (level: number) => Math.floor(this.seq / 2 ** level);
    const node = this.#reader.one(queries.strayNode, { of8: full(8), of16: full(16), of24: full(24) });
    if (node !== undefined)
      throw new Wrong(null, `the tree holds a node ${nodeName(node)}, which ${this.seq} entries do not fill`);
  }

  #checkOrder(seq: number): void {
    const expected = this.seq + 1;
    if (seq > expected)
      throw new Wrong(expected, `entry ${expected} is missing: entry ${seq} follows entry ${this.seq}`);
    if (seq < expected) throw new Wrong(seq, `entry ${seq} stands before the first`);
  }

  #read(row: StoredEntry): { told: Told; commitments: number } {
    const { seq } = row;
    try {
      const entry = readEntry(row.entry);
      const commitments = commitmentsOf(entry);
      const disclosed = row.disclosed === null ? NONE : readDisclosures(row.disclosed, commitments);
      return { told: { entry, disclosed }, commitments: commitments.size };
    } catch (error) {
      if (!(error instanceof EntryError)) throw error;
      throw new Wrong(seq, `entry ${seq} is not as it was written: ${error.message}`);
    }
  }

  #checkLinks(entry: LoggedEntry): void {
    const seq = this.seq + 1;
    if (entry.seq !== seq) throw new Wrong(seq, `entry ${seq} has the seq ${entry.seq} in its text`);
    if (entry.prev_hash !== this.hash) {
      const what = seq === 1 ? "64 zeros" : `the hash of entry ${seq - 1}`;
      throw new Wrong(seq, `the prev_hash of entry ${seq} is not ${what}: one of them was changed, removed or put in`);
    }
    if (Date.parse(entry.at) < Date.parse(this.#at))
      throw new Wrong(seq, `entry ${seq} is older than entry ${seq - 1}`);
  }

  /** The columns that the log is searched by must file the entry where its text says it belongs. */
  #checkPlace(row: StoredEntry, entry: LoggedEntry): void {
    const { seq } = row;
    const world = row.world_n === null ? undefined : this.#world(row.world_n);
    if (
      (row.world_n !== null && world === undefined) ||
      (world?.project ?? null) !== entry.project ||
      (world?.mode ?? null) !== entry.mode
    ) {
      throw new Wrong(seq, `entry ${seq} is filed under another project or mode than it tells`);
    }
    const tellsOfPause =
      entry.type.startsWith("pause.") || ["response.rejected", "receipt.consumed"].includes(entry.type);
    if (tellsOfPause && entry.pause_id === null) throw new Wrong(seq, `entry ${seq} (${entry.type}) names no pause`);
    if (row.pause_n === null ? entry.pause_id === null : row.pause_id === entry.pause_id) {
      if (row.pause_n === null || row.pause_world_n === row.world_n) return;
      throw new Wrong(seq, `the pause ${row.pause_id} stands in another project or mode than entry ${seq} tells`);
    }
    if (row.pause_n !== null && row.pause_id === null) {
      throw new Wrong(seq, `the pause ${entry.pause_id} of entry ${seq} (${entry.type}) is not there any more`);
    }
    throw new Wrong(seq, `entry ${seq} is filed under another pause than it tells`);
  }

  #world(n: number): { readonly project: string; readonly mode: string } | undefined {
    if (!this.#worlds.has(n)) this.#worlds.set(n, this.#reader.one(queries.worldOf, { n }));
    return this.#worlds.get(n);
  }

  #grow({ seq, entry, leaf: stored }: StoredEntry): Frontier {
    const leaf = leafHash(entry);
    if (Buffer.compare(leaf, stored) !== 0)
      throw new Wrong(seq, `the stored leaf of entry ${seq} is not the hash of its text`);
    const { frontier, completed } = append(this.#frontier, leaf);
    for (const node of completed) {
      const found = this.#reader.one(queries.nodeAt, { level: node.level, position: node.position });
      if (found === undefined)
        throw new Wrong(seq, `the tree lacks its node ${nodeName(node)}, which entry ${seq} completes`);
      if (Buffer.compare(found.hash, node.hash) !== 0) {
        throw new Wrong(
          seq,
          `the tree's node ${nodeName(node)}, which entry ${seq} completes, is not the hash of its entries`,
        );
      }
    }
    return frontier;
  }
}

const NONE: ReadonlyMap<string, string> = new Map();

function nodeName({ level, position }: { readonly level: number; readonly position: number }): string {
  return `${position} of level ${level}`;
}
