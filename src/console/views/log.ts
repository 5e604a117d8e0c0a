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
const CHUNK = 500;
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
  const filter = { type: of("type"), actor: of("actor"), pause: of("pause") };
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
  const pause = filter.pause === "" ? null : writer.one(queries.pauseNumber, { id: filter.pause });
  if (pause === undefined) return { entries: [], next: null };
  const entries: LoggedEntry[] = [];
  let last = before;
  for (let looked = 0; looked < ENTRIES_LOOKED_AT; looked += CHUNK) {
    const chunk =
      pause === null
        ? writer.all(queries.entriesBefore, { before: last, limit: CHUNK })
        : writer.all(queries.entriesOfPauseBefore, { pause_n: pause.n, before: last, limit: CHUNK });
    for (const row of chunk) {
      const entry = JSON.parse(row.entry) as LoggedEntry;
      const actor = entry.actor as { readonly type: string };
      if ((filter.type === "" || entry.type === filter.type) && (filter.actor === "" || actor.type === filter.actor)) {
        if (entries.length === PAGE) return { entries, next: last };
        entries.push(entry);
      }
      last = row.seq;
    }
    if (chunk.length < CHUNK) return { entries, next: null };
  }
  return { entries, next: last };
}

/** How far the log goes, and how far it is signed and witnessed. Whether it is whole, `audit verify` says. */
function stateOfLog({ writer }: SignedIn["parts"], now: number): Html {
  const [newest] = writer.all(queries.entriesBefore, { before: Number.MAX_SAFE_INTEGER, limit: 1 });
  const signed = storedCheckpoint(writer);
  const cosigned = storedCheckpoint(writer, "cosigned");
  return html`<dl class="facts"><div><dt>Entries</dt><dd>${newest?.seq ?? 0}</dd></div><div><dt>Signed up to</dt><dd>${signed === null ? "nothing yet" : html`entry ${signed.size}, ${moment(signed.signedAt, now)}`}</dd></div><div><dt>Witnessed up to</dt><dd>${cosigned === null ? "no witness has signed" : `entry ${cosigned.size}`}</dd></div></dl><p class="quiet">Whether chain, tree and tables agree, <code>pausepoint audit verify</code> finds out.</p>`;
}
