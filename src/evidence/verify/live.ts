import { readStart, root, StoredTree } from "../../audit/index.ts";
import type { Reader } from "../../storage/index.ts";
import { openCheckpoint, type TrustedLog } from "./trust.ts";
import { Faulty } from "./verdict.ts";

/**
 * Compares the live log with checkpoints that were kept elsewhere: whether it still begins with what they are over.
 *
 * @param entries the size of the log, as far as it holds.
 * @returns the first thing that is wrong, as a clause, or null; and what can't be told.
 */
export function compareWithKept(
  reader: Reader,
  entries: number,
  log: TrustedLog,
  kept: readonly string[],
): { readonly what: string | null; readonly unknown: readonly string[] } {
  const tree = new StoredTree(reader);
  const pruned = readStart(reader).firstSeq - 1;
  const unknown: string[] = [];
  const wrong = (what: string) => ({ what, unknown });
  try {
    for (const note of kept) {
      const { size, root: signed } = openCheckpoint(note, log, 0);
      if (size > entries)
        return wrong(
          `the checkpoint kept elsewhere is over ${size} entries, and the log has ${entries}: its end was cut off`,
        );
      // Of what was pruned only every 256th size can be computed; the others lie inside a node.
      if (size < pruned && size % 256 !== 0) {
        unknown.push(`whether the log goes on from the checkpoint over ${size} entries: they were pruned`);
        continue;
      }
      if (Buffer.compare(root(tree.frontier(size)), signed) !== 0)
        return wrong(`the first ${size} entries are not those of the checkpoint kept elsewhere: the log was rewritten`);
    }
    return { what: null, unknown };
  } catch (error) {
    if (error instanceof Faulty) return wrong(error.message);
    throw error;
  }
}
