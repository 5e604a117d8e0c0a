/** The programs that are told of ends: every project's endpoints with their state, and a new one. */
import type { Reply } from "../../access/index.ts";
import { decodeCursor, encodeCursor, filterMark } from "../../platform/paging.ts";
import { Problem } from "../../platform/problem.ts";
import type { RowOf, Writer } from "../../storage/index.ts";
import { endpointsBefore } from "../../webhooks/index.ts";
import {
  type Fragment,
  framed,
  type Html,
  html,
  moment,
  older,
  select,
  state,
  table,
  type Viewer,
  words,
} from "../html.ts";
import { type Entry, mayAct, page, type SignedIn } from "../visit.ts";
import { nameOf, type World, worldSelect, worldsNamed } from "./finding.ts";
import * as queries from "./queries.ts";
import { bodyOf, draftFields, faultsNotice, type Refused, readDraft, refusedBy } from "./webhook-form.ts";

const PAGE = 50;
/** What waits is counted so far. */
const MOST_COUNTED = 1_000;

export const webhookEntries: { readonly pages: readonly Entry[]; readonly forms: readonly Entry[] } = {
  pages: [{ path: "/console/webhooks", leave: "viewer", handle: (visit) => webhooks(visit, null) }],
  forms: [{ path: "/console/webhooks", leave: "admin", handle: create }],
};

export type ShownEndpoint = RowOf<typeof endpointsBefore>;

function webhooks(visit: SignedIn, refused: Refused | null): Reply {
  const { parts, query, viewer } = visit;
  const worlds = parts.writer.all(queries.allWorlds, {});
  const name = (query.get("world") ?? "").slice(0, 100);
  const mark = filterMark(["console", "webhooks", name]);
  const cursor = query.get("cursor");
  const before = cursor === null ? Number.MAX_SAFE_INTEGER : decodeCursor(cursor, mark, "number");
  const [only = null] = name === "" ? [] : worldsNamed(worlds, name);
  const world_n = only?.n ?? null;
  const rows =
    name !== "" && only === null ? [] : parts.writer.all(endpointsBefore, { world_n, before, limit: PAGE + 1 });
  const shown = rows.slice(0, PAGE);
  const last = shown.at(-1);
  const next = rows.length > PAGE && last !== undefined ? encodeCursor(mark, last.n) : null;
  const filter = html`<form class="filters" role="search" action="/console/webhooks">${worldSelect(worlds, name)}<button>Show</button></form>`;
  const list = table(
    "Webhook endpoints",
    ["URL", "Project", "Told of", "Last delivery", "Waiting", "State"],
    shown.map((row) => endpointRow(visit, row)),
    "No program listens.",
  );
  const content = html`${filter}${list}${older("/console/webhooks", name === "" ? {} : { world: name }, next)}${mayAct(viewer.role, "admin") ? newEndpoint(visit, worlds, refused) : null}`;
  return page(framed("Webhooks", viewer, content), refused === null ? 200 : 422);
}

function endpointRow({ parts, now }: SignedIn, row: ShownEndpoint): Html {
  const about = row.description === null ? null : html`<br><span class="quiet">${words(row.description)}</span>`;
  return html`<tr data-row><td class="what"><a href="/console/webhooks/${row.id}">${words(row.url)}</a>${about}</td><td>${nameOf(row)}</td><td>${toldOf(row)}</td><td>${lastDelivery(parts.writer, row, now)}</td><td class="number">${waitingAt(parts.writer, row)}</td><td>${endpointState(row, now)}</td></tr>`;
}

/** What it listens for, in words. */
export function toldOf({ events }: ShownEndpoint): string {
  return events === null ? "every end" : (JSON.parse(events) as string[]).join(", ");
}

/** When something was last sent there, and what became of it. */
export function lastDelivery(writer: Writer, row: ShownEndpoint, now: number): Fragment {
  const [last] = writer.all(queries.newestTo, { endpoint_n: row.n, limit: 1 });
  if (last === undefined) return html`<span class="quiet">none yet</span>`;
  return html`${state(last.status)}<br><span class="quiet">${moment(last.finished_at ?? last.created_at, now)}</span>`;
}

/** How much waits to be sent there. */
export function waitingAt(writer: Writer, row: ShownEndpoint): string {
  const count = writer.one(queries.waitingFor, { endpoint_n: row.n, most: MOST_COUNTED })?.count ?? 0;
  return count < MOST_COUNTED ? String(count) : `${MOST_COUNTED.toLocaleString("en")} or more`;
}

/** Whether it is sent to, and if not, why; and since when nothing gets through. */
export function endpointState({ status, disabled_reason, failing_since }: ShownEndpoint, now: number): Html {
  return html`${state(status)}${disabled_reason === null ? null : html` <span class="quiet">${disabled_reason}</span>`}${failing_since === null ? null : html`<br><span class="quiet">failing since ${moment(failing_since, now)}</span>`}`;
}

function newEndpoint({ viewer, fields }: SignedIn, worlds: readonly World[], refused: Refused | null): Html {
  const choices = worlds.map((world) => [nameOf(world), nameOf(world)] as const);
  const form =
    choices.length === 0
      ? html`<p class="empty">A project begins with its first key. <a href="/console/keys">Make one</a> first.</p>`
      : html`${faultsNotice(refused)}<form method="post" action="/console/webhooks#new" class="stacked"><input type="hidden" name="token" value="${viewer.token}">${select("Of which project", "project", choices, fields.get("project") ?? "")}${draftFields(refused?.draft ?? NOTHING, refused)}<button>Add the endpoint</button></form>`;
  return html`<section aria-labelledby="new"><h2 id="new">New endpoint</h2>${form}</section>`;
}

const NOTHING = { url: "", description: "", events: [] } as const;

async function create(visit: SignedIn): Promise<Reply> {
  const { parts, fields, viewer, actor } = visit;
  const [world] = worldsNamed(parts.writer.all(queries.allWorlds, {}), fields.get("project") || "none");
  if (world === undefined) throw new Problem("invalid", "There is no such project and mode; choose one.");
  const draft = readDraft(fields);
  try {
    const { id, secret = "" } = await parts.webhooks.create({ world, actor }, bodyOf(draft));
    return secretPage("The new endpoint", viewer, id, secret);
  } catch (error) {
    return webhooks(visit, refusedBy(error, draft));
  }
}

/** Shows what signs for an endpoint, once. */
export function secretPage(title: string, viewer: Viewer, id: string, secret: string, more: Fragment = null): Reply {
  const content = html`<p>This secret signs what is sent there, as Standard Webhooks describes. It is shown this once; keep it where only the receiver can read it.</p>${more}<p class="secret"><code>${secret}</code></p><p><a href="/console/webhooks/${id}">To the endpoint</a></p>`;
  return page(framed(title, viewer, content, { under: "Webhooks" }));
}
