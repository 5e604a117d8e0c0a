import { sha256Hex } from "../platform/hash.ts";
import type { Query } from "../storage/index.ts";
import * as queries from "./queries.ts";
import { readStart } from "./start.ts";

/** Which entries an export holds. Null: no such bound. */
export interface Selection {
  readonly worldN: number | null;
  /** A project in both modes. */
  readonly project: string | null;
  readonly pauseN: number | null;
  /** Between these, both included. */
  readonly firstSeq: number;
  readonly lastSeq: number;
}

/** An entry out of the log, as it is stored. */
export interface SelectedEntry {
  readonly seq: number;
  readonly entry: string;
  readonly disclosed: string | null;
}

interface RowReader {
  one<P extends object, R>(query: Query<P, R>, params: P): R | undefined;
  all<P extends object, R>(query: Query<P, R>, params: P): R[];
}

const PAGE = 100;

/** True when the selection leaves nothing out between its first and its last entry. */
export function isWhole({ worldN, project, pauseN }: Selection): boolean {
  return worldN === null && project === null && pauseN === null;
}

/** The entries of a selection in order, a page at a time, so that any number fits into constant memory. */
export function* selectEntries(reader: RowReader, selection: Selection): Generator<readonly SelectedEntry[], void> {
  for (let after = selection.firstSeq - 1; ; ) {
    const page = pageBehind(reader, selection, after);
    const within = page.filter((row) => row.seq <= selection.lastSeq && isOfProject(row.entry, selection.project));
    if (within.length > 0) yield within;
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE || last.seq >= selection.lastSeq) return;
    after = last.seq;
  }
}

/** An entry as it is shown: what was hashed, and the hash behind it. */
export function shownText(entry: string): string {
  return `${entry.slice(0, -1)},"hash":"${sha256Hex(entry)}"}`;
}

/**
 * The last seq whose time is before `time` (milliseconds), found by halving: the log's times never go back. Where the log
 * was pruned it is that of the last entry that is gone at least.
 */
export function seqBefore(reader: RowReader, time: number): number {
  let low = readStart(reader).firstSeq - 1;
  let high = reader.one(queries.lastEntry, {})?.seq ?? low;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const row = reader.one(queries.entryAt, { seq: middle });
    const at = row === undefined ? 0 : Date.parse((JSON.parse(row.entry) as { at: string }).at);
    if (at < time) low = middle;
    else high = middle - 1;
  }
  return low;
}

function pageBehind(reader: RowReader, { worldN, pauseN, lastSeq }: Selection, after: number): SelectedEntry[] {
  if (pauseN !== null) return reader.all(queries.entriesOfPause, { pause_n: pauseN, after, limit: PAGE });
  if (worldN !== null) return reader.all(queries.entriesOfWorld, { world_n: worldN, after, limit: PAGE });
  return reader.all(queries.entriesUpTo, { after, last: lastSeq, limit: PAGE });
}

function isOfProject(entry: string, project: string | null): boolean {
  return project === null || (JSON.parse(entry) as { project: string | null }).project === project;
}
