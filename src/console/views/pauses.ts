/** What waits, what was decided, and one pause from its question to the last webhook. */
import type { Reply } from "../../access/index.ts";
import { readEntries } from "../../audit/index.ts";
import { type Pause, withdrawPause } from "../../pauses/index.ts";
import { codePoints } from "../../platform/json.ts";
import { decodeCursor, encodeCursor, filterMark } from "../../platform/paging.ts";
import { Problem } from "../../platform/problem.ts";
import type { PauseStatus, RowOf, Writer } from "../../storage/index.ts";
import { type Fragment, framed, type Html, html, moment, older, select, state, table, words } from "../html.ts";
import { type Entry, mayAct, page, redirect, type SignedIn } from "../visit.ts";
import { attemptsTable, deliveryRow } from "./delivery-row.ts";
import { entryRow } from "./entry-row.ts";
import * as queries from "./queries.ts";

const PAGE = 50;
/** Rows looked at for one page of a search; the link below goes on from there. */
const ROWS_LOOKED_AT = 5_000;
const CHUNK = 500;
const SHORT = 120;
const ENDED = ["responded", "timed_out", "cancelled"] as const satisfies readonly PauseStatus[];

export const pauseEntries: { readonly pages: readonly Entry[]; readonly forms: readonly Entry[] } = {
  pages: [
    { path: "/console/waiting", leave: "viewer", handle: waiting },
    { path: "/console/decided", leave: "viewer", handle: decided },
    { path: "/console/pauses/:id", leave: "viewer", handle: detail },
  ],
  forms: [{ path: "/console/pauses/:id/withdraw", leave: "operator", handle: withdraw }],
};

type Listed = RowOf<typeof queries.pausesBefore>;
type World = RowOf<typeof queries.allWorlds>;

/** What a list is narrowed to; it stands in the address. */
interface Filter {
  readonly world: string;
  readonly text: string;
  readonly status: string;
}

function readFilter(query: URLSearchParams): Filter {
  const of = (name: string) => (query.get(name) ?? "").slice(0, 100);
  return { world: of("world"), text: of("q").trim(), status: of("status") };
}

const nameOf = ({ project, mode }: World) => `${project} ${mode}`;

function filterForm(path: string, worlds: readonly World[], filter: Filter, more: Fragment = null): Html {
  const choices = [["", "All projects"] as const, ...worlds.map((world) => [nameOf(world), nameOf(world)] as const)];
  return html`<form class="filters" role="search" action="${path}"><div class="field"><label for="q">Search</label><input id="q" name="q" type="search" value="${filter.text}" placeholder="Message, recipient or id"></div>${select("Project", "world", choices, filter.world)}${more}<button>Show</button></form>`;
}

function waiting(visit: SignedIn): Reply {
  const { parts, query, viewer, now } = visit;
  const worlds = parts.writer.all(queries.allWorlds, {});
  const filter = readFilter(query);
  const mark = filterMark(["waiting", filter.world, filter.text]);
  const behind = readPlace(query.get("cursor"), mark);
  const chosen = worlds.filter((world) => filter.world === "" || nameOf(world) === filter.world);
  const { rows, next } = waitingPage(parts.writer, chosen, filter.text, behind);
  const content = html`${filterForm("/console/waiting", worlds, filter)}${listTable(visit, worlds, rows, "Nobody is being waited for.", true)}${older("/console/waiting", { q: filter.text, world: filter.world }, next === null ? null : encodeCursor(mark, `${next.next_due_at} ${next.n}`), "More")}`;
  return page(framed("Waiting", viewer, content, now > 0));
}

function readPlace(cursor: string | null, mark: string): { at: number; n: number } {
  if (cursor === null) return { at: 0, n: 0 };
  const [at, n] = decodeCursor(cursor, mark, "string").split(" ").map(Number);
  return { at: at || 0, n: n || 0 };
}

type WaitingRow = RowOf<typeof queries.waitingOf>;

/** The soonest of all worlds: each is read along its own index, and they are merged. */
function waitingPage(
  writer: Writer,
  worlds: readonly World[],
  text: string,
  behind: { at: number; n: number },
): { rows: WaitingRow[]; next: WaitingRow | null } {
  const limit = text === "" ? PAGE + 1 : ROWS_LOOKED_AT;
  const found = worlds
    .flatMap(({ n: world_n }) => writer.all(queries.waitingOf, { world_n, ...behind, limit }))
    .toSorted((a, b) => a.next_due_at - b.next_due_at || a.n - b.n)
    .slice(0, limit);
  const matching = text === "" ? found : found.filter((row) => matches(writer, row, text));
  const rows = matching.slice(0, PAGE);
  if (matching.length > PAGE) return { rows, next: rows.at(-1) ?? null };
  return { rows, next: found.length === limit && text !== "" ? (found.at(-1) ?? null) : null };
}

function decided(visit: SignedIn): Reply {
  const { parts, query, viewer } = visit;
  const worlds = parts.writer.all(queries.allWorlds, {});
  const filter = readFilter(query);
  const mark = filterMark(["decided", filter.world, filter.text, filter.status]);
  const cursor = query.get("cursor");
  const before = cursor === null ? Number.MAX_SAFE_INTEGER : decodeCursor(cursor, mark, "number");
  const world = worlds.find((one) => nameOf(one) === filter.world);
  const { rows, next } = decidedPage(parts.writer, world?.n ?? null, filter, before);
  const statuses = [["", "Every end"] as const, ...ENDED.map((status) => [status, status.replace("_", " ")] as const)];
  const kept = { q: filter.text, world: filter.world, status: filter.status };
  const content = html`${filterForm("/console/decided", worlds, filter, select("End", "status", statuses, filter.status))}${listTable(visit, worlds, rows, next === null ? "Nothing was decided yet that fits." : "Nothing among the newest fits; look further below.", false)}${older("/console/decided", kept, next === null ? null : encodeCursor(mark, next))}`;
  return page(framed("Decided", viewer, content));
}

function decidedPage(
  writer: Writer,
  worldN: number | null,
  { text, status }: Filter,
  before: number,
): { rows: Listed[]; next: number | null } {
  const rows: Listed[] = [];
  let last = before;
  for (let looked = 0; looked < ROWS_LOOKED_AT; looked += CHUNK) {
    const chunk =
      worldN === null
        ? writer.all(queries.pausesBefore, { before: last, limit: CHUNK })
        : writer.all(queries.pausesOfWorldBefore, { world_n: worldN, before: last, limit: CHUNK });
    for (const row of chunk) {
      const fits = row.status !== "pending" && (status === "" || row.status === status);
      if (fits && (text === "" || matches(writer, row, text))) {
        if (rows.length === PAGE) return { rows, next: last };
        rows.push(row);
      }
      last = row.n;
    }
    if (chunk.length < CHUNK) return { rows, next: null };
  }
  return { rows, next: last };
}

function matches(writer: Writer, row: Listed, text: string): boolean {
  const wanted = text.toLowerCase();
  if (row.id === wanted || row.message.toLowerCase().includes(wanted)) return true;
  if (row.response_choice?.toLowerCase() === wanted) return true;
  const asked = writer.all(queries.recipientsAsked, { pause_n: row.n });
  return asked.some(({ address }) => address.toLowerCase().includes(wanted));
}

function listTable(
  { parts, now }: SignedIn,
  worlds: readonly World[],
  rows: readonly Listed[],
  empty: string,
  isWaiting: boolean,
): Html {
  const named = new Map(worlds.map((world) => [world.n, nameOf(world)]));
  return table(
    isWaiting ? "Waiting" : "Decided",
    ["What", "Who", "Project", isWaiting ? "Time left" : "Ended", "State"],
    rows.map((row) => {
      const asked = parts.writer.all(queries.recipientsAsked, { pause_n: row.n });
      const opened = asked.some(({ opened_at }) => opened_at !== null);
      return html`<tr data-row><td class="what"><a href="/console/pauses/${row.id}">${words(shortened(row.message))}</a></td><td>${whoOf(asked)}<br><span class="quiet">${row.channel}</span></td><td>${named.get(row.world_n) ?? ""}</td><td class="when">${moment(isWaiting ? row.expires_at : (row.ended_at ?? row.expires_at), now)}</td><td>${isWaiting ? state(opened ? "opened" : "waiting") : endOf(row)}</td></tr>`;
    }),
    empty,
  );
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

function detail(visit: SignedIn): Reply {
  const { parts, id, viewer, now } = visit;
  const found = parts.writer.one(queries.pauseNumber, { id });
  const pause = found === undefined ? null : parts.show(found.n);
  if (found === undefined || pause === null) throw new Problem("not-found", "There is no such pause.");
  const deliveries = parts.writer.all(queries.deliveriesAbout, { pause_n: found.n });
  const { entries } = readEntries(parts.writer, {
    worldN: null,
    pauseN: found.n,
    type: null,
    actor: null,
    from: null,
    to: null,
    behindSeq: 0,
    limit: 200,
  });
  const asked = parts.writer.all(queries.recipientsAsked, { pause_n: found.n });
  const content = html`<p>${pauseState(pause)} <span class="quiet">${pause.mode}, ${pause.channel}</span></p>${question(pause)}
<section aria-labelledby="asked"><h2 id="asked">Asked</h2><ul class="plain">${asked.map(({ address, opened_at }) => html`<li>${words(address)} <span class="quiet">${opened_at === null ? "has not opened it" : html`opened it ${moment(opened_at, now)}`}</span></li>`)}</ul><p>${pause.status === "pending" ? "Its time is over " : "Its time would have been over "}${moment(Date.parse(pause.expires_at), now)}${pause.status === "pending" ? html`; without an answer by then, ${pause.timeout_default === null ? "it ends without one" : html`the answer is <b>${words(pause.timeout_default)}</b>`}` : null}.</p></section>${withdrawForm(visit, pause)}
<section aria-labelledby="sent"><h2 id="sent">Deliveries</h2>${table(
    "Deliveries",
    ["What", "To", "State", "Attempts", ""],
    deliveries.map((row) => deliveryRow(visit, row, false)),
    "Nothing was sent.",
  )}${deliveries.map((row) => attemptsTable(visit, row))}</section>
<section aria-labelledby="timeline"><h2 id="timeline">Timeline</h2>${table(
    "Timeline",
    ["When", "What", "Who", "Entry"],
    entries.map((entry) => entryRow(entry, now, false)),
    "The log of this pause was pruned.",
  )}</section>`;
  return page(framed("Pause", viewer, content, pause.status === "pending"));
}

function question(pause: Pause): Html {
  const details = Object.entries(pause.details).map(
    ([label, value]) => html`<tr><th scope="row">${words(label)}</th><td>${words(value)}</td></tr>`,
  );
  return html`<section class="fence" aria-label="The question"><blockquote dir="auto" lang="">${words(pause.message)}</blockquote>${details.length === 0 ? null : html`<table aria-label="Details">${details}</table>`}<p><span class="quiet">Options:</span> ${pause.options.map((option) => html`<span class="option">${words(option)}</span> `)}</p></section><p class="quiet"><code>${pause.pause_id}</code></p>`;
}

function pauseState(pause: Pause): Html {
  if (pause.response_choice !== null)
    return html`${state("responded")} <b>${words(pause.response_choice)}</b>${pause.response_source === "timeout_default" ? " by default" : html` by ${words(pause.responded_by ?? "a person")}${pause.response_via === null ? null : `, ${pause.response_via}`}`}${pause.response_comment === null ? null : html`<br>“${words(pause.response_comment)}”`}`;
  if (pause.status === "cancelled")
    return html`${state("cancelled")}${pause.cancel_reason === null ? null : html` ${words(pause.cancel_reason)}`}`;
  return state(pause.status === "pending" ? "waiting" : pause.status);
}

/** The one thing that an operator can do to a pause: nobody answers in a person's stead. */
function withdrawForm({ viewer }: SignedIn, pause: Pause): Html {
  if (pause.status !== "pending" || !mayAct(viewer.role, "operator")) return html``;
  return html`<form method="post" action="/console/pauses/${pause.pause_id}/withdraw" class="inline"><input type="hidden" name="token" value="${viewer.token}"><div class="field"><label for="reason">Reason, for the log and the asker (may be empty)</label><input id="reason" name="reason" maxlength="500"></div><button class="grave">Withdraw the question</button></form>`;
}

async function withdraw({ parts, id, fields, actor }: SignedIn): Promise<Reply> {
  const found = parts.writer.one(queries.pauseNumber, { id });
  if (found === undefined) throw new Problem("not-found", "There is no such pause.");
  const reason = (fields.get("reason") ?? "").trim().toWellFormed();
  if (codePoints(reason) > 500) throw new Problem("invalid", "A reason has at most 500 characters.");
  const done = await parts.writer.write((tx) =>
    withdrawPause(tx, parts.context, found.n, actor, reason === "" ? null : reason),
  );
  if (!done) throw new Problem("already-ended", "The pause had ended before it could be withdrawn.");
  return redirect(`/console/pauses/${id}`);
}
