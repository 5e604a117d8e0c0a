/**
 * Drops the oldest 256 entries of the log: what is left stays verifiable, since the tree's nodes of level 8 and up are
 * kept for ever, and what later entries rest on is put aside with its proof. C2SP tlog-tiles, "Pruning", does the same.
 */
import { isoTime } from "../platform/clock.ts";
import { sha256, sha256Hex } from "../platform/hash.ts";
import type { Random } from "../platform/random.ts";
import { define, insertInto, type RowOf, type Tx, type Work } from "../storage/index.ts";
import { newEntry } from "./entry.ts";
import { appendEntry } from "./log.ts";
import { inclusionProof, joinRow, leafHash, root } from "./merkle.ts";
import * as start from "./start.ts";
import { frontierOf } from "./tree.ts";

/** Entries that go at once: the leaves under one stored node. */
export const GROUP = 256;

/** Types that are put aside: a key is used, and a signature checked, long after it was told of. */
const KEPT: ReadonlySet<string> = new Set(["key.created", "key.revoked", "signing_key.created", "signing_key.rotated"]);

/** The oldest 256 entries. */
export interface OldestGroup {
  /** The seq of the last. */
  readonly last: number;
  /** Milliseconds: its time, which no other is behind. */
  readonly at: number;
  readonly rows: readonly RowOf<typeof groupRows>[];
}

/** The oldest 256 entries that are kept, once there are so many; null before. */
export function* oldestGroup(tx: Tx): Work<OldestGroup | null> {
  const { firstSeq } = start.startFrom(yield* tx.one(start.logStart, {}));
  const rows = yield* tx.all(groupRows, { first: firstSeq, last: firstSeq + GROUP - 1 });
  const last = rows.at(-1);
  if (last === undefined || rows.length !== GROUP) return null;
  return { last: last.seq, at: Date.parse((JSON.parse(last.entry) as { at: string }).at), rows };
}

/**
 * Drops the oldest group, and writes an entry `log.pruned` that tells so. What belongs to its pauses is the caller's.
 *
 * @param about.pauses how many pauses go with it.
 */
export function* pruneGroup(
  tx: Tx,
  { last, at, rows }: OldestGroup,
  about: { readonly random: Random; readonly now: number; readonly pauses: number },
): Work<void> {
  const newest = rows.at(-1);
  if (newest === undefined) return;
  for (const row of rows) if (KEPT.has(typeOf(row.entry))) yield* putAside(tx, row, rows);
  const gone = root(yield* frontierOf(tx, last));
  const kept = yield* tx.all(start.keptEntries, { after: 0, limit: Number.MAX_SAFE_INTEGER });
  const firstSeq = last + 1;
  yield* appendEntry(
    tx,
    newEntry(about.random, {
      type: "log.pruned",
      at: about.now,
      actor: { type: "system", id: null },
      world: null,
      pause: null,
      plain: {
        first_seq: firstSeq,
        until: isoTime(at),
        entries: rows.length,
        pauses: about.pauses,
        root: Buffer.from(gone).toString("base64"),
        kept: kept.length,
        kept_digest: keptDigest(kept.map(({ entry }) => leafHash(entry))),
      },
    }),
  );
  const next = { n: 1, first_seq: firstSeq, prev_hash: sha256Hex(newest.entry), at, root: gone };
  const { changes } = yield* tx.run(moveStart, next);
  if (changes === 0) yield* tx.run(insertStart, next);
  yield* tx.run(dropEntries, { last });
}

/** What the entry `log.pruned` says of all that is put aside: the digest of their leaves, one after the other. */
export function keptDigest(leaves: readonly Uint8Array[]): string {
  return `sha256:${Buffer.from(sha256(Buffer.concat(leaves))).toString("hex")}`;
}

function* putAside(tx: Tx, row: RowOf<typeof groupRows>, rows: OldestGroup["rows"]): Work<void> {
  const leaves = rows.map(({ leaf }) => leaf);
  const node = (level: number, position: number) =>
    joinRow(leaves.slice(position * 2 ** level, (position + 1) * 2 ** level));
  const { seq, world_n, entry, disclosed, erased_seq } = row;
  const path = new Uint8Array(Buffer.concat(inclusionProof((seq - 1) % GROUP, GROUP, node)));
  yield* tx.run(insertKept, { seq, world_n, entry, disclosed, erased_seq, path });
}

function typeOf(entry: string): string {
  return (JSON.parse(entry) as { type: string }).type;
}

const groupRows = define<{ first: number; last: number }>()((db, p) =>
  db
    .selectFrom("audit_entries")
    .selectAll()
    .where("seq", ">=", p("first"))
    .where("seq", "<=", p("last"))
    .orderBy("seq"),
);

const insertKept = insertInto("kept_entries", ["seq", "world_n", "entry", "disclosed", "erased_seq", "path"]);
const insertStart = insertInto("log_start", ["n", "first_seq", "prev_hash", "at", "root"]);

const moveStart = define<{ n: number; first_seq: number; prev_hash: string; at: number; root: Uint8Array }>()((db, p) =>
  db
    .updateTable("log_start")
    .set({ first_seq: p("first_seq"), prev_hash: p("prev_hash"), at: p("at"), root: p("root") })
    .where("n", "=", p("n")),
);

/** The database's trigger lets go what stands before the start, and nothing else. */
const dropEntries = define<{ last: number }>()((db, p) => db.deleteFrom("audit_entries").where("seq", "<=", p("last")));
