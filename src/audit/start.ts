import { define, type Query, type RowOf } from "../storage/index.ts";
import { emptyRoot } from "./merkle.ts";

/** Where the log begins: with entry 1, or behind what was pruned. */
export interface LogStart {
  /** The first entry that is kept; one more than a multiple of 256. */
  readonly firstSeq: number;
  /** What it is linked to: hex; 64 zeros before entry 1. */
  readonly prevHash: string;
  /** Milliseconds: the time of the last entry that is gone; 0 when none is. */
  readonly at: number;
  /** The RFC 6962 root over what is gone. */
  readonly root: Uint8Array;
}

export const logStart = define()((db) => db.selectFrom("log_start").selectAll().where("n", "=", 1));

/** The log's start as it is stored; without a row it is entry 1. */
export function startFrom(row: RowOf<typeof logStart> | undefined): LogStart {
  if (row === undefined) return { firstSeq: 1, prevHash: "0".repeat(64), at: 0, root: emptyRoot };
  return { firstSeq: row.first_seq, prevHash: row.prev_hash, at: row.at, root: row.root };
}

/** Reads where the log begins. */
export function readStart(reader: {
  one<P extends object, R>(query: Query<P, R>, params: P): R | undefined;
}): LogStart {
  return startFrom(reader.one(logStart, {}));
}

/** Entries of the pruned part that were put aside, in order, behind `after`. */
export const keptEntries = define<{ after: number; limit: number }>()((db, p) =>
  db.selectFrom("kept_entries").selectAll().where("seq", ">", p("after")).orderBy("seq").limit(p("limit")),
);
export type KeptEntry = RowOf<typeof keptEntries>;

export const keptEntryAt = define<{ seq: number }>()((db, p) =>
  db.selectFrom("kept_entries").selectAll().where("seq", "=", p("seq")),
);
