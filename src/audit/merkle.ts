/**
 * The Merkle tree of the audit log: RFC 6962 §2.1 over SHA-256.
 *
 * Sizes and indexes are safe integers (up to 2^53 - 1), so they are halved by division: shifts would cut them to 32
 * bits. A perfect subtree is named by its level (0 is a leaf, level n covers 2^n leaves) and its position among the
 * subtrees of that level, from the left.
 */
import { sha256 } from "../platform/hash.ts";

/** Bytes of a SHA-256 hash. */
const HASH_LENGTH = 32;

/** The root of the tree without entries: SHA-256 of nothing. */
export const emptyRoot: Uint8Array = sha256("");

/** SHA-256(0x00 ‖ entry). Text is hashed as UTF-8. */
export function leafHash(entry: string | Uint8Array): Uint8Array {
  if (typeof entry === "string") return sha256(`\u0000${entry}`);
  const prefixed = new Uint8Array(entry.byteLength + 1);
  prefixed.set(entry, 1);
  return sha256(prefixed);
}

// One buffer for all: hashing is synchronous, and this runs for each entry and each step of a proof.
const pair = new Uint8Array(1 + 2 * HASH_LENGTH).fill(0x01, 0, 1);

/** SHA-256(0x01 ‖ left ‖ right). @throws {RangeError} unless both have 32 bytes. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  // A short hash would leave bytes of an earlier one in the buffer.
  if (left.byteLength !== HASH_LENGTH || right.byteLength !== HASH_LENGTH) throw new RangeError("a hash has 32 bytes");
  pair.set(left, 1);
  pair.set(right, 1 + HASH_LENGTH);
  return sha256(pair);
}

/**
 * The compact range of the first `size` leaves: the roots of the perfect subtrees they fall into, largest and leftmost
 * first, one for each 1 in the binary form of `size`. It is all that is needed to append, and it gives the root.
 */
export interface Frontier {
  readonly size: number;
  readonly hashes: readonly Uint8Array[];
}

/** A perfect subtree: 2^level leaves, the first of them at 2^level × position. */
export interface Subtree {
  readonly level: number;
  readonly position: number;
}

/** The root of a perfect subtree that is worth a row. */
export interface CompletedNode extends Subtree {
  readonly level: StoredLevel;
  readonly hash: Uint8Array;
}

/** Levels whose nodes are kept: leaves with their entries, the rest in a table of their own; 256 make one of the next. */
export type StoredLevel = 0 | 8 | 16 | 24;

/** The hash of a perfect subtree whose leaves are all there. */
export type NodeReader = (level: number, position: number) => Uint8Array;

/** Neighbouring nodes of one stored level. */
export interface StoredRow {
  readonly level: StoredLevel;
  /** Of the first. */
  readonly position: number;
  /** 1 to 256, in whatever reads from storage. */
  readonly count: number;
}

/** The `row.count` hashes of a row, from the left. */
export type StoredReader = (row: StoredRow) => readonly Uint8Array[];

/** The compact range before the first leaf. */
export const emptyFrontier: Frontier = Object.freeze({ size: 0, hashes: Object.freeze([]) });

/**
 * A compact range from outside (an export's first line). @throws {RangeError} when the number of hashes does not fit
 * `size`, or one has not 32 bytes.
 */
export function frontierFrom(size: number, hashes: readonly Uint8Array[]): Frontier {
  requireSize(size);
  if (hashes.length !== frontierNodes(size).length) throw new RangeError(`wrong number of hashes for ${size} leaves`);
  if (hashes.some((hash) => hash.byteLength !== HASH_LENGTH)) throw new RangeError("a hash has 32 bytes");
  return { size, hashes: [...hashes] };
}

/** The compact range of the first `size` leaves, read from the stored tree. */
export function frontierAt(size: number, node: NodeReader): Frontier {
  requireSize(size);
  return { size, hashes: frontierNodes(size).map(({ level, position }) => node(level, position)) };
}

/** What {@link frontierAt} reads, for a caller who has to fetch it first. */
export function frontierNodes(size: number): Subtree[] {
  return perfectSubtrees({ start: 0, end: size });
}

/**
 * The range with one more leaf; the given one stays as it is. `completed` are the subtrees at levels 8, 16 and 24 that
 * this leaf has filled, smallest first: at most one of each, and most often none.
 *
 * @throws {RangeError} when `leaf` has not 32 bytes, or the range has too few hashes for its size.
 */
export function append(frontier: Frontier, leaf: Uint8Array): { frontier: Frontier; completed: CompletedNode[] } {
  if (leaf.byteLength !== HASH_LENGTH) throw new RangeError("a hash has 32 bytes");
  const hashes = frontier.hashes.slice();
  const completed: CompletedNode[] = [];
  let hash = leaf;
  let level = 0;
  let position = frontier.size;
  // Like adding one to a binary number: each 1 at the end is a full subtree that joins the new one.
  while (position % 2 === 1) {
    const left = hashes.pop();
    if (left === undefined) throw new RangeError(`wrong number of hashes for ${frontier.size} leaves`);
    hash = nodeHash(left, hash);
    level++;
    position = half(position);
    if (level === 8 || level === 16 || level === 24) completed.push({ level, position, hash });
  }
  hashes.push(hash);
  return { frontier: { size: frontier.size + 1, hashes }, completed };
}

/** The root over all leaves of the range (RFC 6962 §2.1, MTH). */
export function root(frontier: Frontier): Uint8Array {
  return joinFromTheRight(frontier.hashes) ?? emptyRoot;
}

/**
 * The sibling hashes from the leaf at `index` up to the root of the first `size` leaves (RFC 6962 §2.1.1, PATH).
 *
 * @throws {RangeError} unless 0 ≤ index < size.
 */
export function inclusionProof(index: number, size: number, node: NodeReader): Uint8Array[] {
  return inclusionRanges(index, size).map((range) => rangeRoot(range, node));
}

/** What {@link inclusionProof} reads, for a caller who has to fetch it first. */
export function inclusionNodes(index: number, size: number): Subtree[] {
  return inclusionRanges(index, size).flatMap(perfectSubtrees);
}

/**
 * The hashes that show the first `oldSize` leaves to be the beginning of the first `newSize` (RFC 6962 §2.1.2, PROOF);
 * empty when the sizes are equal.
 *
 * @throws {RangeError} unless 1 ≤ oldSize ≤ newSize: that an empty tree is the beginning of another needs no proof.
 */
export function consistencyProof(oldSize: number, newSize: number, node: NodeReader): Uint8Array[] {
  return consistencyRanges(oldSize, newSize).map((range) => rangeRoot(range, node));
}

/** What {@link consistencyProof} reads, for a caller who has to fetch it first. */
export function consistencyNodes(oldSize: number, newSize: number): Subtree[] {
  return consistencyRanges(oldSize, newSize).flatMap(perfectSubtrees);
}

/**
 * The stored hashes that a perfect subtree is computed from: 1 to 128 of the nearest level at or below its own, or up
 * to 2^(level - 24) where there is no higher one.
 */
export function storedRow({ level, position }: Subtree): StoredRow {
  const base: StoredLevel = level >= 24 ? 24 : level >= 16 ? 16 : level >= 8 ? 8 : 0;
  const count = 2 ** (level - base);
  return { level: base, position: position * count, count };
}

/** The hash of a perfect subtree from its nodes at one level. @throws {RangeError} unless their number is 2^n. */
export function joinRow(row: readonly Uint8Array[]): Uint8Array {
  let nodes = row;
  while (nodes.length > 1) nodes = joinPairs(nodes);
  const [hash] = nodes;
  if (hash === undefined) throw new RangeError("no hashes to join");
  return hash;
}

/** Reads perfect subtrees of any level out of the stored ones, at most 256 hashes at a time. */
export function nodeFromTiles(stored: StoredReader): NodeReader {
  const node: NodeReader = (level, position) => {
    // Past 2^32 leaves a subtree spans more than 256 nodes of the highest stored level.
    if (level > 32) return nodeHash(node(level - 1, position * 2), node(level - 1, position * 2 + 1));
    const row = storedRow({ level, position });
    const hashes = stored(row);
    if (hashes.length !== row.count) {
      throw new RangeError(`expected ${row.count} hashes of level ${row.level}, got ${hashes.length}`);
    }
    return joinRow(hashes);
  };
  return node;
}

/** What an inclusion proof claims. `leaf` is the leaf's hash, `proof` runs from the leaf to the root. */
export interface InclusionClaim {
  readonly index: number;
  readonly size: number;
  readonly leaf: Uint8Array;
  readonly proof: readonly Uint8Array[];
  readonly root: Uint8Array;
}

/** Whether the leaf stands at `index` in the tree of that size and root (RFC 9162 §2.1.3.2). Never throws. */
export function verifyInclusion({ index, size, leaf, proof, root }: InclusionClaim): boolean {
  if (!isSize(index) || !isSize(size) || index >= size || !allHashes([leaf, ...proof])) return false;
  let position = index;
  let last = size - 1;
  let hash = leaf;
  for (const sibling of proof) {
    if (last === 0) return false;
    if (position % 2 === 1 || position === last) {
      hash = nodeHash(sibling, hash);
      // The last node of a level with no right sibling moves up unhashed.
      while (position % 2 === 0 && position !== 0) {
        position = half(position);
        last = half(last);
      }
    } else {
      hash = nodeHash(hash, sibling);
    }
    position = half(position);
    last = half(last);
  }
  return last === 0 && equal(hash, root);
}

/** What a consistency proof claims. */
export interface ConsistencyClaim {
  readonly oldSize: number;
  readonly newSize: number;
  readonly oldRoot: Uint8Array;
  readonly newRoot: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

/**
 * Whether the old tree is the beginning of the new one (RFC 9162 §2.1.4.2). Equal sizes need equal roots and an empty
 * proof. From size 0 nothing can be shown, so that is false. Never throws.
 */
export function verifyConsistency({ oldSize, newSize, oldRoot, newRoot, proof }: ConsistencyClaim): boolean {
  if (!isSize(oldSize) || !isSize(newSize) || oldSize < 1 || oldSize > newSize) return false;
  if (oldSize === newSize) return proof.length === 0 && equal(oldRoot, newRoot);
  if (proof.length === 0 || !allHashes([oldRoot, ...proof])) return false;
  let position = oldSize - 1;
  let last = newSize - 1;
  while (position % 2 === 1) {
    position = half(position);
    last = half(last);
  }
  // An old tree of 2^n leaves is itself the first subtree, and is left out of the proof.
  const [first = oldRoot, ...rest] = position === 0 ? [oldRoot, ...proof] : proof;
  let oldHash = first;
  let newHash = first;
  for (const hash of rest) {
    if (last === 0) return false;
    if (position % 2 === 1 || position === last) {
      oldHash = nodeHash(hash, oldHash);
      newHash = nodeHash(hash, newHash);
      while (position % 2 === 0 && position !== 0) {
        position = half(position);
        last = half(last);
      }
    } else {
      newHash = nodeHash(newHash, hash);
    }
    position = half(position);
    last = half(last);
  }
  return last === 0 && equal(oldHash, oldRoot) && equal(newHash, newRoot);
}

/** Leaves from `start` up to, not including, `end`, where `start` begins a subtree that is wide enough for them. */
interface Range {
  readonly start: number;
  readonly end: number;
}

function inclusionRanges(index: number, size: number): Range[] {
  requireSize(size);
  if (!isSize(index) || index >= size) throw new RangeError(`no leaf ${index} among ${size}`);
  const siblings: Range[] = [];
  let start = 0;
  let end = size;
  while (end - start > 1) {
    const middle = start + largestPowerBelow(end - start);
    if (index < middle) {
      siblings.push({ start: middle, end });
      end = middle;
    } else {
      siblings.push({ start, end: middle });
      start = middle;
    }
  }
  return siblings.reverse();
}

function consistencyRanges(oldSize: number, newSize: number): Range[] {
  requireSize(newSize);
  if (!isSize(oldSize) || oldSize < 1 || oldSize > newSize) {
    throw new RangeError(`no proof from size ${oldSize} to size ${newSize}`);
  }
  const ranges: Range[] = [];
  let start = 0;
  let end = newSize;
  while (end !== oldSize) {
    const middle = start + largestPowerBelow(end - start);
    if (oldSize <= middle) {
      ranges.push({ start: middle, end });
      end = middle;
    } else {
      ranges.push({ start, end: middle });
      start = middle;
    }
  }
  // What is left is the last perfect subtree of the old tree. Where it is the whole, the verifier has it as the root.
  if (start !== 0) ranges.push({ start, end });
  return ranges.reverse();
}

function rangeRoot(range: Range, node: NodeReader): Uint8Array {
  const hashes = perfectSubtrees(range).map(({ level, position }) => node(level, position));
  return joinFromTheRight(hashes) ?? emptyRoot;
}

/** The perfect subtrees that make up a range, largest and leftmost first. */
function perfectSubtrees({ start, end }: Range): Subtree[] {
  const subtrees: Subtree[] = [];
  let width = 1;
  let level = 0;
  while (width * 2 <= end - start) {
    width *= 2;
    level++;
  }
  for (let from = start; from < end; width /= 2, level--) {
    if (width > end - from) continue;
    subtrees.push({ level, position: from / width });
    from += width;
  }
  return subtrees;
}

function joinFromTheRight(hashes: readonly Uint8Array[]): Uint8Array | undefined {
  return hashes.reduceRight<Uint8Array | undefined>((right, left) => (right ? nodeHash(left, right) : left), undefined);
}

function joinPairs(row: readonly Uint8Array[]): Uint8Array[] {
  const parents: Uint8Array[] = [];
  for (let i = 0; i < row.length; i += 2) {
    const left = row[i];
    const right = row[i + 1];
    if (left === undefined || right === undefined) throw new RangeError("the number of hashes is no power of two");
    parents.push(nodeHash(left, right));
  }
  return parents;
}

/** The largest power of two smaller than `count`, where the tree over `count` ≥ 2 leaves splits. */
function largestPowerBelow(count: number): number {
  let power = 1;
  while (power * 2 < count) power *= 2;
  return power;
}

function half(count: number): number {
  return Math.floor(count / 2);
}

function isSize(count: number): boolean {
  return Number.isSafeInteger(count) && count >= 0;
}

function requireSize(size: number): void {
  if (!isSize(size)) throw new RangeError(`${size} is not the size of a tree`);
}

function allHashes(hashes: readonly Uint8Array[]): boolean {
  return hashes.every((hash) => hash.byteLength === HASH_LENGTH);
}

/** Roots are public: there is nothing to hide in the time this takes. */
function equal(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
