/**
 * Checks where a pruned log begins: the stored nodes give the root of what is gone, the newest entry `log.pruned` tells
 * the same, and what was put aside stood in it. Of a log that was never pruned it checks that nothing claims otherwise.
 */
import { isoTime } from "../platform/clock.ts";
import type { Reader } from "../storage/index.ts";
import { emptyFrontier, type Frontier, leafHash, root, verifyInclusion } from "./merkle.ts";
import { GROUP, keptDigest } from "./prune.ts";
import { commitmentsOf, EntryError, type LoggedEntry, readDisclosures, readEntry } from "./read-entry.ts";
import { type KeptEntry, keptEntries, type LogStart } from "./start.ts";
import { StoredTree } from "./stored-tree.ts";
import type { AttestedCheck } from "./verify-attested.ts";
import { ErasureCheck } from "./verify-erasures.ts";
import * as queries from "./verify-queries.ts";
import type { Told } from "./verify-row.ts";
import { Wrong } from "./wrong.ts";

const PAGE = 500;

export class StartCheck {
  readonly #reader: Reader;
  readonly #start: LogStart;
  readonly #tree: StoredTree;
  /** The tree over what is gone; empty where the stored nodes do not give it, which {@link walk} then tells. */
  readonly frontier: Frontier;
  readonly #leaves: Uint8Array[] = [];
  #newest: LoggedEntry | null = null;

  constructor(reader: Reader, start: LogStart) {
    this.#reader = reader;
    this.#start = start;
    this.#tree = new StoredTree(reader);
    this.frontier = this.#frontierOf(start.firstSeq - 1) ?? emptyFrontier;
  }

  /** Hands on, in order, every entry that was put aside. @throws {Wrong} */
  walk(take: (told: Told, worldN: number | null) => void): void {
    const { firstSeq, root: stored } = this.#start;
    if (this.frontier.size !== firstSeq - 1 || Buffer.compare(root(this.frontier), stored) !== 0)
      throw new Wrong(null, `the stored nodes do not give the root of the ${firstSeq - 1} entries that were pruned`);
    const erasures = new ErasureCheck(this.#reader, firstSeq);
    for (let after = queries.BEFORE_ALL; ; ) {
      const page = this.#reader.all(keptEntries, { after, limit: PAGE });
      for (const row of page) take(this.#kept(row, erasures), row.world_n);
      const last = page.at(-1);
      if (last === undefined) return;
      after = last.seq;
    }
  }

  /** Hands what is gone to the check of checkpoints. */
  compareSigned(attested: AttestedCheck): void {
    attested.before(this.#start.firstSeq - 1, (size) => root(this.#tree.frontier(size)));
    if (this.#start.firstSeq > 1) attested.grown(this.#start.firstSeq - 1, () => root(this.frontier));
  }

  /** Takes an entry that the chain has let through. */
  take({ entry }: Told): void {
    if (entry.type === "log.pruned") this.#newest = entry;
  }

  /** Once the log is over. @throws {Wrong} where its start and its newest entry `log.pruned` differ. */
  finish(): void {
    const { firstSeq, at, root: gone } = this.#start;
    const told = this.#newest;
    if (told === null) {
      if (firstSeq > 1)
        throw new Wrong(null, `the log begins with entry ${firstSeq}, but no entry tells that it was pruned`);
      if (this.#leaves.length > 0) throw new Wrong(null, "entries are put aside, but the log was never pruned");
      return;
    }
    const differs = (what: string) =>
      new Wrong(told.seq, `the ${what} of what was pruned is not what entry ${told.seq} (log.pruned) tells`);
    if (told.data.first_seq !== firstSeq) throw differs("end");
    if (told.data.until !== isoTime(at)) throw differs("time");
    if (told.data.root !== Buffer.from(gone).toString("base64")) throw differs("root");
    if (told.data.kept !== this.#leaves.length || told.data.kept_digest !== keptDigest(this.#leaves))
      throw new Wrong(told.seq, `what was put aside is not what entry ${told.seq} (log.pruned) tells`);
  }

  #kept(row: KeptEntry, erasures: ErasureCheck): Told {
    const { seq, world_n: worldN, path } = row;
    const name = `entry ${seq}, which was put aside,`;
    if (seq < 1 || seq >= this.#start.firstSeq) throw new Wrong(seq, `${name} does not stand in what was pruned`);
    const told = read(row, name);
    if (told.told.entry.seq !== seq) throw new Wrong(seq, `${name} has another seq in its text`);
    const world = worldN === null ? undefined : this.#reader.one(queries.worldOf, { n: worldN });
    const { project, mode } = told.told.entry;
    if ((world?.project ?? null) !== project || (world?.mode ?? null) !== mode)
      throw new Wrong(seq, `${name} is filed under another project or mode than it tells`);
    if (told.told.disclosed.size < told.commitments) erasures.requireTold(row, told.told.entry);
    const leaf = leafHash(row.entry);
    const size = this.#start.firstSeq - 1;
    const proof = orNull(() => this.#tree.inclusionOfKept(seq - 1, size, path));
    if (proof === null || !verifyInclusion({ index: seq - 1, size, leaf, proof, root: this.#start.root }))
      throw new Wrong(seq, `${name} did not stand in the log: it does not lead to the root of what was pruned`);
    this.#leaves.push(leaf);
    return told.told;
  }

  #frontierOf(size: number): Frontier | null {
    if (size === 0) return emptyFrontier;
    if (size < 0 || size % GROUP !== 0) return null;
    return orNull(() => this.#tree.frontier(size));
  }
}

/** What the stored nodes give; null where they have a gap. */
function orNull<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function read(row: KeptEntry, name: string): { readonly told: Told; readonly commitments: number } {
  try {
    const entry = readEntry(row.entry);
    const commitments = commitmentsOf(entry);
    const disclosed = row.disclosed === null ? new Map<string, string>() : readDisclosures(row.disclosed, commitments);
    return { told: { entry, disclosed }, commitments: commitments.size };
  } catch (error) {
    if (!(error instanceof EntryError)) throw error;
    throw new Wrong(row.seq, `${name} is not as it was written: ${error.message}`);
  }
}
