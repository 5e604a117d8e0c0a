import { sha256Hex } from "../platform/hash.ts";
import type { SharedState, Tx, Work } from "../storage/index.ts";
import { entryText, type NewEntry } from "./entry.ts";
import { append as appendLeaf, emptyFrontier, type Frontier, leafHash } from "./merkle.ts";
import * as queries from "./queries.ts";
import { frontierOf } from "./tree.ts";

/** At most this many bytes an entry (C2SP tlog-tiles gives an entry's length 16 bits). */
const LONGEST_ENTRY = 65_535;
const GENESIS = "0".repeat(64);

/** Where the chain ends: what the next entry is linked to. */
export interface ChainHead {
  readonly seq: number;
  /** Hex SHA-256 of the last entry's bytes; 64 zeros before the first. */
  readonly hash: string;
  /** Its time; the log's times never go back. */
  readonly at: number;
  readonly frontier: Frontier;
}

/** The head, kept in memory between commits and read again when another process has written. */
export const chainHead: SharedState<ChainHead> = {
  name: "audit chain head",
  *load(tx: Tx): Work<ChainHead> {
    const last = yield* tx.one(queries.lastEntry, {});
    if (last === undefined) return { seq: 0, hash: GENESIS, at: 0, frontier: emptyFrontier };
    const { at } = JSON.parse(last.entry) as { at: string };
    return {
      seq: last.seq,
      hash: sha256Hex(last.entry),
      at: Date.parse(at),
      frontier: yield* frontierOf(tx, last.seq),
    };
  },
};

/**
 * Appends one entry in the caller's own transaction: chain, leaf, disclosures, and the tree's nodes that it completes.
 *
 * @returns its sequence number and chain hash.
 */
export function* appendEntry(tx: Tx, entry: NewEntry): Work<{ seq: number; hash: string }> {
  const head = yield* tx.shared(chainHead);
  const seq = head.seq + 1;
  const at = Math.max(entry.at, head.at);
  const text = entryText(at === entry.at ? entry : { ...entry, at }, seq, head.hash);
  if (text.length > LONGEST_ENTRY / 3 && Buffer.byteLength(text) > LONGEST_ENTRY) {
    throw new RangeError(`an audit entry of type ${entry.type} is longer than ${LONGEST_ENTRY} bytes`);
  }
  const hash = sha256Hex(text);
  const leaf = leafHash(text);
  const { frontier, completed } = appendLeaf(head.frontier, leaf);

  yield* tx.run(queries.insertEntry, {
    seq,
    world_n: entry.world?.n ?? null,
    pause_n: entry.pause?.n ?? null,
    entry: text,
    leaf,
    disclosed: disclosedText(entry.disclosed),
  });
  for (const node of completed) yield* tx.run(queries.insertNode, node);
  tx.share(chainHead, { seq, hash, at, frontier });
  return { seq, hash };
}

function disclosedText(disclosed: Readonly<Record<string, string>>): string | null {
  for (const _ in disclosed) return JSON.stringify(disclosed);
  return null;
}
