import { root, StoredTree } from "../../audit/index.ts";
import type { Reader } from "../../storage/index.ts";
import { openCheckpoint, type TrustedLog } from "./trust.ts";
import { Faulty } from "./verdict.ts";

/**
 * Compares the live log with checkpoints that were kept elsewhere: whether it still begins with what they are over.
 *
 * @param entries how many entries of the log hold.
 * @returns the first thing that is wrong, as a clause, or null.
 */
export function compareWithKept(
  reader: Reader,
  entries: number,
  log: TrustedLog,
  kept: readonly string[],
): string | null {
  const tree = new StoredTree(reader);
  try {
    for (const note of kept) {
      const { size, root: signed } = openCheckpoint(note, log, 0);
      if (size > entries)
        return `the checkpoint kept elsewhere is over ${size} entries, and the log has ${entries}: its end was cut off`;
      if (Buffer.compare(root(tree.frontier(size)), signed) !== 0)
        return `the first ${size} entries are not those of the checkpoint kept elsewhere: the log was rewritten`;
    }
    return null;
  } catch (error) {
    if (error instanceof Faulty) return error.message;
    throw error;
  }
}
