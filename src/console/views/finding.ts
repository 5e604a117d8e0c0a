/** Finding pauses for a list: along the order in which they are over, or by their words in the catalogue. */
import { catalogueStand, findInCatalogue, holdsWords } from "../../pauses/index.ts";
import type { PauseStatus, RowOf, Writer } from "../../storage/index.ts";
import { type Html, select } from "../html.ts";
import * as queries from "./queries.ts";

const PAGE = 50;
/** Pauses looked at for one page; the link below goes on from there. */
const MOST_LOOKED_AT = 2_000;
const CHUNK = 250;

export const ENDED = ["responded", "timed_out", "cancelled"] as const satisfies readonly PauseStatus[];

export type Listed = RowOf<typeof queries.listedPause>;
export type World = RowOf<typeof queries.allWorlds>;

/** What a list is narrowed to; it stands in the address. */
export interface Filter {
  readonly world: string;
  readonly text: string;
  /** Null: whatever has ended. */
  readonly status: PauseStatus | null;
}

/** One page of a list. */
export interface Found {
  readonly rows: readonly Listed[];
  /** Where the next page begins, or null. */
  readonly next: string | null;
}

export const nameOf = ({ project, mode }: World) => `${project} ${mode}`;

/** The worlds that a filter's name stands for; the empty one for all. */
export function worldsNamed(worlds: readonly World[], name: string): readonly World[] {
  return worlds.filter((world) => name === "" || nameOf(world) === name);
}

/** The choice of a project, as filters have it. */
export function worldSelect(worlds: readonly World[], chosen: string): Html {
  const choices = worlds.map((world) => [nameOf(world), nameOf(world)] as const);
  return select("Project", "world", [["", "All projects"], ...choices], chosen);
}

/** What waits, soonest first: each world is read along its own index, and they are merged. */
export function waitingPage(writer: Writer, worlds: readonly World[], behind: string | null): Found {
  const place = placeIn(behind, { at: 0, n: 0 });
  const found = worlds
    .flatMap(({ n: world_n }) => writer.all(queries.waitingOf, { world_n, ...place, limit: PAGE + 1 }))
    .toSorted((a, b) => a.next_due_at - b.next_due_at || a.n - b.n);
  const rows = found.slice(0, PAGE);
  const last = rows.at(-1);
  const next = found.length > PAGE && last !== undefined ? `${last.next_due_at} ${last.n}` : null;
  return { rows, next };
}

/** What has ended, the last end first. An end that is rare is looked for among so many, and further by the link below. */
export function endedPage(
  writer: Writer,
  worlds: readonly World[],
  status: PauseStatus | null,
  behind: string | null,
): Found {
  const limit = status === null ? PAGE + 1 : MOST_LOOKED_AT;
  const place = placeIn(behind, { at: Number.MAX_SAFE_INTEGER, n: Number.MAX_SAFE_INTEGER });
  const looked = worlds
    .flatMap(({ n: world_n }) => writer.all(queries.endedOf, { world_n, ...place, limit }))
    .toSorted((a, b) => (b.ended_at ?? 0) - (a.ended_at ?? 0) || b.n - a.n)
    // Behind the limit one world may have been cut off where another was not.
    .slice(0, limit);
  const fitting = looked.filter((row) => status === null || row.status === status);
  const shown = fitting.slice(0, PAGE);
  const last = fitting.length > PAGE ? shown.at(-1) : looked.length === limit ? looked.at(-1) : undefined;
  const rows = shown.flatMap(({ n }) => writer.one(queries.listedPause, { n }) ?? []);
  return { rows, next: last === undefined ? null : `${last.ended_at} ${last.n}` };
}

/** What holds the words of the filter, the newest question first. */
export function foundPage(writer: Writer, worlds: readonly World[], filter: Filter, behind: string | null): Found {
  const { newest } = catalogueStand(writer);
  const numbers = new Set(worlds.map(({ n }) => n));
  const fits = (row: Listed | undefined): row is Listed =>
    row !== undefined &&
    numbers.has(row.world_n) &&
    (filter.status === null ? row.status !== "pending" : row.status === filter.status);
  const named = writer.one(queries.pauseNumber, { id: filter.text.toLowerCase() });
  if (named !== undefined) {
    const row = writer.one(queries.listedPause, { n: named.n });
    return { rows: fits(row) ? [row] : [], next: null };
  }
  const rows: Listed[] = [];
  let before = Number(behind ?? Number.MAX_SAFE_INTEGER) || 0;
  for (let looked = 0; looked < MOST_LOOKED_AT; looked += CHUNK) {
    const chunk = nextHits(writer, filter.text, newest, before);
    for (const n of chunk.hits) {
      const row = writer.one(queries.listedPause, { n });
      if (fits(row)) {
        if (rows.length === PAGE) return { rows, next: String(before) };
        rows.push(row);
      }
      before = n;
    }
    if (chunk.next === null) return { rows, next: null };
    before = chunk.next;
  }
  return { rows, next: String(before) };
}

/** The next hits below `before`: what is not catalogued yet is read itself, what is comes from the catalogue. */
function nextHits(
  writer: Writer,
  text: string,
  newest: number,
  before: number,
): { readonly hits: readonly number[]; readonly next: number | null } {
  if (before > newest + 1) {
    const rows = writer.all(queries.pausesBehind, { after: newest, before, limit: CHUNK });
    const hits = rows.filter(({ n, message }) => {
      const asked = writer.all(queries.recipientsAsked, { pause_n: n });
      return holdsWords(
        text,
        message,
        asked.map(({ address }) => address),
      );
    });
    return { hits: hits.map(({ n }) => n), next: rows.length < CHUNK ? newest + 1 : (rows.at(-1)?.n ?? newest + 1) };
  }
  const hits = findInCatalogue(writer, text, before, CHUNK) ?? [];
  return { hits, next: hits.length < CHUNK ? null : (hits.at(-1) ?? null) };
}

function placeIn(text: string | null, otherwise: { at: number; n: number }): { at: number; n: number } {
  if (text === null) return otherwise;
  const [at, n] = text.split(" ").map(Number);
  return { at: at || 0, n: n || 0 };
}
