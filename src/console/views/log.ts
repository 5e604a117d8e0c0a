/** The audit log, newest first, and where its chain and its checkpoints stand. */
import type { Reply } from "../../access/index.ts";
import { entryTypes, storedCheckpoint } from "../../audit/index.ts";
import { decodeCursor, encodeCursor, filterMark } from "../../platform/paging.ts";
import { framed, type Html, html, moment, older, select, table } from "../html.ts";
import { type Entry, page, type SignedIn } from "../visit.ts";
import { entryRow } from "./entry-row.ts";
import * as queries from "./queries.ts";

const PAGE = 50;
/** Entries looked at for one page; the link below goes on from there. */
const ENTRIES_LOOKED_AT = 5_000;
const ACTORS = ["developer", "human", "system", "operator"];

export const logEntries: { readonly pages: readonly Entry[]; readonly forms: readonly Entry[] } = {
  pages: [{ path: "/console/log", leave: "viewer", handle: log }],
  forms: [],
};

interface LoggedEntry {
  readonly seq: number;
  readonly type: string;
  readonly at: string;
  readonly [member: string]: unknown;
}

function log({ parts, query, viewer, now }: SignedIn): Reply {
  const of = (name: string) => (query.get(name) ?? "").slice(0, 100).trim();
  const type = Object.hasOwn(entryTypes, of("type")) ? of("type") : "";
  const filter = { type, actor: ACTORS.find((one) => one === of("actor")) ?? "", pause: of("pause") };
  const mark = filterMark(["log", filter.type, filter.actor, filter.pause]);
  const cursor = query.get("cursor");
  const before = cursor === null ? Number.MAX_SAFE_INTEGER : decodeCursor(cursor, mark, "number");
  const { entries, next } = read(parts, filter, before);
  const types = [["", "Every type"] as const, ...Object.keys(entryTypes).map((type) => [type, type] as const)];
  const actors = [["", "Everybody"] as const, ...ACTORS.map((actor) => [actor, actor] as const)];
  const content = html`${stateOfLog(parts, now)}<form class="filters" role="search" action="/console/log"><div class="field"><label for="q">Pause</label><input id="q" name="pause" type="search" value="${filter.pause}" placeholder="pause_…"></div>${select("Type", "type", types, filter.type)}${select("Who", "actor", actors, filter.actor)}<button>Show</button></form>${table(
    "Entries of the log",
    ["When", "What", "Who", "Entry"],
    entries.map((entry) => entryRow(entry, now, true)),
    next === null ? "No entry fits." : "None of the newest fits; look further below.",
  )}${older("/console/log", filter, next === null ? null : encodeCursor(mark, next))}`;
  return page(framed("Log", viewer, content));
}

function read(
  { writer }: SignedIn["parts"],
  filter: { type: string; actor: string; pause: string },
  before: number,
): { entries: LoggedEntry[]; next: number | null } {
  const type = filter.type === "" ? "%" : `%"type":"${filter.type}"%`;
  const actor = filter.actor === "" ? "%" : `%,"type":"${filter.actor}"},"at":%`;
  const limit = PAGE + 1;
  if (filter.pause !== "") {
    const pause = writer.one(queries.pauseNumber, { id: filter.pause });
    if (pause === undefined) return { entries: [], next: null };
    const rows = writer.all(queries.entriesOfPauseLike, { pause_n: pause.n, before, type, actor, limit });
    return {
      entries: rows.slice(0, PAGE).map(entryOf),
      next: rows.length > PAGE ? (rows[PAGE - 1]?.seq ?? null) : null,
    };
  }
  const [newest] = writer.all(queries.entriesBefore, { before, limit: 1 });
  const rows = writer.all(queries.entriesLike, { before, type, actor, look: ENTRIES_LOOKED_AT, limit });
  const entries = rows.slice(0, PAGE).map(entryOf);
  if (rows.length > PAGE) return { entries, next: rows[PAGE - 1]?.seq ?? null };
  // Entries are numbered without a gap.
  const lowest = (newest?.seq ?? 0) - ENTRIES_LOOKED_AT + 1;
  const isOver = writer.all(queries.entriesBefore, { before: lowest, limit: 1 }).length === 0;
  return { entries, next: isOver ? null : lowest };
}

function entryOf({ entry }: { readonly entry: string }): LoggedEntry {
  return JSON.parse(entry) as LoggedEntry;
}

/** How far the log goes, and how far it is signed and witnessed. Whether it is whole, `audit verify` says. */
function stateOfLog({ writer }: SignedIn["parts"], now: number): Html {
  const [newest] = writer.all(queries.entriesBefore, { before: Number.MAX_SAFE_INTEGER, limit: 1 });
  const signed = storedCheckpoint(writer);
  const cosigned = storedCheckpoint(writer, "cosigned");
  return html`<dl class="facts"><div><dt>Entries</dt><dd>${newest?.seq ?? 0}</dd></div><div><dt>Signed up to</dt><dd>${signed === null ? "nothing yet" : html`entry ${signed.size}, ${moment(signed.signedAt, now)}`}</dd></div><div><dt>Witnessed up to</dt><dd>${cosigned === null ? "no witness has signed" : `entry ${cosigned.size}`}</dd></div></dl><p class="quiet">Whether chain, tree and tables agree, <code>pausepoint audit verify</code> finds out.</p>`;
}
