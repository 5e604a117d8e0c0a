import type { Tx, Work } from "../storage/index.ts";
import { type Frontier, frontierAt, nodeFromTiles, type StoredLevel } from "./merkle.ts";
import * as queries from "./queries.ts";

const STORED_LEVELS: readonly StoredLevel[] = [0, 8, 16, 24];
const GROUP = 256;

/**
 * The compact range of the first `size` entries, read from the stored tree: of each stored level only the nodes right
 * of the last full group of 256, since those left of it stand in the level above.
 */
export function* frontierOf(tx: Tx, size: number): Work<Frontier> {
  const stored = new Map<StoredLevel, { first: number; hashes: readonly Uint8Array[] }>();
  for (const level of STORED_LEVELS) {
    const count = Math.floor(size / 2 ** level);
    const first = level === 24 ? 0 : count - (count % GROUP);
    stored.set(level, { first, hashes: yield* hashesAt(tx, level, first, count) });
  }
  return frontierAt(
    size,
    nodeFromTiles(({ level, position, count }) => {
      const part = stored.get(level);
      return part?.hashes.slice(position - part.first, position - part.first + count) ?? [];
    }),
  );
}

/** The stored hashes of a level from `first` up to, not including, `end`. */
function* hashesAt(tx: Tx, level: StoredLevel, first: number, end: number): Work<readonly Uint8Array[]> {
  if (end <= first) return [];
  const rows =
    level === 0
      ? (yield* tx.all(queries.leaves, { first: first + 1, last: end })).map((row) => row.leaf)
      : (yield* tx.all(queries.nodes, { level, first, last: end - 1 })).map((row) => row.hash);
  if (rows.length !== end - first) {
    throw new Error(
      `the stored tree has a gap at level ${level}: ${rows.length} of ${end - first} hashes from ${first}`,
    );
  }
  return rows;
}
