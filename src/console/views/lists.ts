/** What waits, and what was decided: two lists over the same pauses, each along an index, or through the catalogue. */
import type { Reply } from "../../access/index.ts";
import { codePoints } from "../../platform/json.ts";
import { decodeCursor, encodeCursor, filterMark } from "../../platform/paging.ts";
import { type Fragment, framed, type Html, html, moment, older, select, state, table, words } from "../html.ts";
import { type Entry, page, type SignedIn } from "../visit.ts";
import {
  ENDED,
  endedPage,
  type Filter,
  type Found,
  foundPage,
  type Listed,
  nameOf,
  type World,
  waitingPage,
  worldSelect,
  worldsNamed,
} from "./finding.ts";
import { liveAddress } from "./live.ts";
import * as queries from "./queries.ts";

const SHORT = 120;

export const listEntries: { readonly pages: readonly Entry[]; readonly forms: readonly Entry[] } = {
  pages: [
    { path: "/console/waiting", leave: "viewer", handle: waiting },
    { path: "/console/decided", leave: "viewer", handle: decided },
  ],
  forms: [],
};

function readFilter(query: URLSearchParams): Filter {
  const of = (name: string) => (query.get(name) ?? "").slice(0, 100);
  const status = ENDED.find((one) => one === of("status")) ?? null;
  return { world: of("world"), text: of("q").trim(), status };
}

function filterForm(path: string, worlds: readonly World[], filter: Filter, more: Fragment = null): Html {
  return html`<form class="filters" role="search" action="${path}"><div class="field"><label for="q">Search</label><input id="q" name="q" type="search" value="${filter.text}" placeholder="Words of the message, recipient or id"></div>${worldSelect(worlds, filter.world)}${more}<button>Show</button></form>`;
}

function waiting(visit: SignedIn): Reply {
  const { parts, query, viewer } = visit;
  const worlds = parts.writer.all(queries.allWorlds, {});
  const filter = { ...readFilter(query), status: "pending" as const };
  const mark = filterMark(["waiting", filter.world, filter.text]);
  const cursor = query.get("cursor");
  const behind = cursor === null ? null : decodeCursor(cursor, mark, "string");
  const chosen = worldsNamed(worlds, filter.world);
  const found =
    filter.text === "" ? waitingPage(parts.writer, chosen, behind) : foundPage(parts.writer, chosen, filter, behind);
  const content = html`${filterForm("/console/waiting", worlds, filter)}${listTable(visit, worlds, found, "Nobody is being waited for.", true)}${more("/console/waiting", { q: filter.text, world: filter.world }, mark, found, "More")}`;
  return page(framed("Waiting", viewer, content, { live: liveAddress(visit, null) }));
}

function decided(visit: SignedIn): Reply {
  const { parts, query, viewer } = visit;
  const worlds = parts.writer.all(queries.allWorlds, {});
  const filter = readFilter(query);
  const mark = filterMark(["decided", filter.world, filter.text, filter.status]);
  const cursor = query.get("cursor");
  const behind = cursor === null ? null : decodeCursor(cursor, mark, "string");
  const chosen = worldsNamed(worlds, filter.world);
  const found =
    filter.text === ""
      ? endedPage(parts.writer, chosen, filter.status, behind)
      : foundPage(parts.writer, chosen, filter, behind);
  const statuses = [["", "Every end"] as const, ...ENDED.map((status) => [status, status.replace("_", " ")] as const)];
  const kept = { q: filter.text, world: filter.world, status: filter.status ?? "" };
  const empty =
    found.next === null
      ? "Nothing was decided yet that fits."
      : "Nothing among those looked at fits; look further below.";
  const content = html`${filterForm("/console/decided", worlds, filter, select("End", "status", statuses, filter.status ?? ""))}${listTable(visit, worlds, found, empty, false)}${more("/console/decided", kept, mark, found, "Older")}`;
  return page(framed("Decided", viewer, content));
}

/** The link to the next page, with what of the filter is set. */
function more(
  path: string,
  kept: Readonly<Record<string, string>>,
  mark: string,
  { next }: Found,
  label: string,
): Html {
  const given = Object.fromEntries(Object.entries(kept).filter(([, value]) => value !== ""));
  return older(path, given, next === null ? null : encodeCursor(mark, next), label);
}

function listTable(
  { parts, now }: SignedIn,
  worlds: readonly World[],
  { rows }: Found,
  empty: string,
  isWaiting: boolean,
): Html {
  const named = new Map(worlds.map((world) => [world.n, nameOf(world)]));
  const list = table(
    isWaiting ? "Waiting" : "Decided",
    ["What", "Who", "Project", isWaiting ? "Time left" : "Ended", "State"],
    rows.map((row) => {
      const asked = parts.writer.all(queries.recipientsAsked, { pause_n: row.n });
      const opened = asked.some(({ opened_at }) => opened_at !== null);
      return html`<tr data-row><td class="what"><a href="/console/pauses/${row.id}">${words(shortened(row.message))}</a></td><td>${whoOf(asked)}<br><span class="quiet">${row.channel}</span></td><td>${named.get(row.world_n) ?? ""}</td><td class="when">${moment(isWaiting ? row.expires_at : (row.ended_at ?? row.expires_at), now)}</td><td>${isWaiting ? state(opened ? "opened" : "waiting") : endOf(row)}</td></tr>`;
    }),
    empty,
  );
  return html`<div data-part="list">${list}</div>`;
}

function whoOf(asked: readonly { readonly address: string }[]): Html {
  const [first] = asked;
  if (first === undefined) return html``;
  return html`${words(first.address)}${asked.length > 1 ? ` and ${asked.length - 1} more` : null}`;
}

function endOf(row: Listed): Html {
  if (row.response_choice === null) return state(row.status);
  const by = row.response_source === "timeout_default" ? html` <span class="quiet">by default</span>` : null;
  return html`<b class="choice">${words(row.response_choice)}</b>${by}`;
}

function shortened(text: string): string {
  const line = text.replaceAll(/\s+/g, " ");
  return codePoints(line) <= SHORT ? line : `${[...line].slice(0, SHORT - 1).join("")}…`;
}
