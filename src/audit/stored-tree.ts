import type { Query } from "../storage/index.ts";
import {
  consistencyProof,
  type Frontier,
  frontierAt,
  inclusionProof,
  joinRow,
  type NodeReader,
  nodeHash,
  type StoredLevel,
  storedRow,
} from "./merkle.ts";
import * as queries from "./queries.ts";

/** What reads rows: a connection of its own, or the writer's. */
export interface RowReader {
  all<P extends object, R>(query: Query<P, R>, params: P): R[];
}

const GROUP = 256;
/** Nodes above the leaves' groups that are kept; each is 32 bytes. */
const KEPT = 20_000;

/**
 * Proofs out of the stored tree, for a reader that asks for many in the order of the log: the group of 256 leaves that it
 * is in, and the nodes above, are read and hashed once.
 */
export class StoredTree {
  readonly #reader: RowReader;
  #group = -1;
  #inGroup = new Map<string, Uint8Array>();
  readonly #above = new Map<string, Uint8Array>();

  constructor(reader: RowReader) {
    this.#reader = reader;
  }

  /** From the leaf at `index` to the root over `size` leaves (RFC 6962 §2.1.1). */
  inclusion(index: number, size: number): Uint8Array[] {
    return inclusionProof(index, size, this.#node);
  }

  /**
   * As {@link inclusion}, for an entry that was put aside when its group was pruned.
   *
   * @param path the 8 hashes from its leaf to the node of its 256 entries, one after the other.
   */
  inclusionOfKept(index: number, size: number, path: Uint8Array): Uint8Array[] {
    const group = Math.floor(index / GROUP);
    // Inside its own full group a proof takes one node of each level, the sibling.
    return inclusionProof(index, size, (level, position) =>
      level < 8 && Math.floor((position * 2 ** level) / GROUP) === group
        ? path.subarray(level * 32, (level + 1) * 32)
        : this.#node(level, position),
    );
  }

  /** That the first `oldSize` leaves are the beginning of the first `newSize` (RFC 6962 §2.1.2). */
  consistency(oldSize: number, newSize: number): Uint8Array[] {
    return consistencyProof(oldSize, newSize, this.#node);
  }

  /** The compact range of the first `size` leaves. */
  frontier(size: number): Frontier {
    return frontierAt(size, this.#node);
  }

  readonly #node: NodeReader = (level, position) => {
    const name = `${level}/${position}`;
    if (level >= 8) {
      const found = this.#above.get(name);
      if (found !== undefined) return found;
      if (this.#above.size >= KEPT) this.#above.clear();
      const hash = this.#read(level, position);
      // Past the end of the log a node is not full yet, and would be another one later: those are never asked for.
      this.#above.set(name, hash);
      return hash;
    }
    const group = Math.floor((position * 2 ** level) / GROUP);
    if (group !== this.#group) {
      this.#group = group;
      this.#inGroup = new Map();
    }
    const found = this.#inGroup.get(name);
    if (found !== undefined) return found;
    const hash =
      level === 0
        ? this.#leaf(position)
        : nodeHash(this.#node(level - 1, position * 2), this.#node(level - 1, position * 2 + 1));
    this.#inGroup.set(name, hash);
    return hash;
  };

  #leaf(position: number): Uint8Array {
    const first = position - (position % GROUP);
    for (const { seq, leaf } of this.#reader.all(queries.leaves, { first: first + 1, last: first + GROUP }))
      this.#inGroup.set(`0/${seq - 1}`, leaf);
    const leaf = this.#inGroup.get(`0/${position}`);
    if (leaf === undefined) throw new RangeError(`the log holds no entry ${position + 1}`);
    return leaf;
  }

  #read(level: number, position: number): Uint8Array {
    if (level > 32) return nodeHash(this.#node(level - 1, position * 2), this.#node(level - 1, position * 2 + 1));
    const row = storedRow({ level, position });
    const last = row.position + row.count - 1;
    const hashes = this.#reader
      .all(queries.nodes, { level: row.level satisfies StoredLevel, first: row.position, last })
      .map(({ hash }) => hash);
    if (hashes.length !== row.count) throw new RangeError(`the stored tree has a gap at level ${row.level}`);
    return joinRow(hashes);
  }
}
