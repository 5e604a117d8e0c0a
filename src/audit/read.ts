import { sha256Hex } from "../platform/hash.ts";
import type { RowOf, Writer } from "../storage/index.ts";
import * as queries from "./queries.ts";
import { seqBefore } from "./select.ts";

/** Which entries to read. Null: no such bound. */
export interface EntryFilter {
  /** Null: the whole log, for the operator alone. */
  readonly worldN: number | null;
  readonly pauseN: number | null;
  readonly type: string | null;
  /** An actor's type or id. */
  readonly actor: string | null;
  /** Milliseconds: at or after. */
  readonly from: number | null;
  /** Milliseconds: before. */
  readonly to: number | null;
  readonly behindSeq: number;
  readonly limit: number;
}

/** An entry as it is shown: what was hashed, and the hash. */
export type ShownEntry = {
  readonly seq: number;
  readonly type: string;
  readonly at: string;
  readonly hash: string;
} & Record<string, unknown>;

const CHUNK = 200;
/** Entries looked at for one page; a rare filter then gives a short page and a place to go on from. */
const ENTRIES_LOOKED_AT = 5_000;

/** A page of entries in order of `seq`, their disclosures, and the seq to go on behind (null at the end). */
export function readEntries(
  writer: Writer,
  filter: EntryFilter,
): { entries: ShownEntry[]; disclosed: Record<string, Record<string, string>>; next: number | null } {
  const entries: ShownEntry[] = [];
  const disclosed: Record<string, Record<string, string>> = {};
  let after = Math.max(filter.behindSeq, filter.from === null ? 0 : seqBefore(writer, filter.from));
  const end = filter.to === null ? Number.MAX_SAFE_INTEGER : seqBefore(writer, filter.to);

  for (let looked = 0; looked < ENTRIES_LOOKED_AT; ) {
    const rows = readRows(writer, filter, after);
    for (const row of rows) {
      if (row.seq > end) return { entries, disclosed, next: null };
      const entry = { ...(JSON.parse(row.entry) as Record<string, unknown>), hash: sha256Hex(row.entry) } as ShownEntry;
      if (matches(entry, filter)) {
        if (entries.length === filter.limit) return { entries, disclosed, next: after };
        entries.push(entry);
        if (row.disclosed !== null) disclosed[row.seq] = JSON.parse(row.disclosed) as Record<string, string>;
      }
      after = row.seq;
    }
    if (rows.length < CHUNK) return { entries, disclosed, next: null };
    looked += rows.length;
  }
  return { entries, disclosed, next: after };
}

function readRows(
  writer: Writer,
  filter: EntryFilter,
  after: number,
): readonly Pick<RowOf<typeof queries.entriesOfPause>, "seq" | "entry" | "disclosed">[] {
  if (filter.pauseN !== null)
    return writer.all(queries.entriesOfPause, { pause_n: filter.pauseN, after, limit: CHUNK });
  if (filter.worldN !== null)
    return writer.all(queries.entriesOfWorld, { world_n: filter.worldN, after, limit: CHUNK });
  return writer.all(queries.entries, { after, limit: CHUNK });
}

function matches(entry: ShownEntry, filter: EntryFilter): boolean {
  if (filter.type !== null && entry.type !== filter.type) return false;
  if (filter.actor === null) return true;
  const actor = entry.actor as { type: string; id: string | null };
  return actor.type === filter.actor || actor.id === filter.actor;
}
