/** One endpoint: what it is told of, what became of what was sent there, and changing it. */
import type { Reply } from "../../access/index.ts";
import { appendEntry, newEntry } from "../../audit/index.ts";
import { queueTest } from "../../delivery/index.ts";
import { isoTime } from "../../platform/clock.ts";
import { decodeCursor, encodeCursor, filterMark } from "../../platform/paging.ts";
import { Problem } from "../../platform/problem.ts";
import type { Work } from "../../storage/index.ts";
import { endpointById } from "../../webhooks/index.ts";
import { form, framed, type Html, html, moment, older, table, words } from "../html.ts";
import { type Entry, mayAct, page, redirect, type SignedIn } from "../visit.ts";
import { againForm, attemptsTable, deliveryState } from "./delivery-row.ts";
import { nameOf } from "./finding.ts";
import { liveAddress, NEWEST } from "./live.ts";
import * as queries from "./queries.ts";
import { bodyOf, draftFields, faultsNotice, type Refused, readDraft, refusedBy } from "./webhook-form.ts";
import { endpointState, lastDelivery, type ShownEndpoint, secretPage, toldOf, waitingAt } from "./webhooks.ts";

/** Sorts behind every id. */
const BEHIND_ALL = "~";

export const endpointEntries: { readonly pages: readonly Entry[]; readonly forms: readonly Entry[] } = {
  pages: [{ path: "/console/webhooks/:id", leave: "viewer", handle: (visit) => detail(visit, found(visit), null) }],
  forms: [
    { path: "/console/webhooks/:id/test", leave: "operator", handle: sendTest },
    { path: "/console/webhooks/:id/change", leave: "admin", handle: change },
    { path: "/console/webhooks/:id/status", leave: "admin", handle: setStatus },
    { path: "/console/webhooks/:id/rotate", leave: "admin", handle: rotate },
    { path: "/console/webhooks/:id/delete", leave: "admin", handle: remove },
  ],
};

/** @throws Problem `not-found` */
function found({ parts, id }: SignedIn): ShownEndpoint {
  const row = parts.writer.one(endpointById, { id });
  if (row === undefined) throw new Problem("not-found", "There is no such webhook.");
  return row;
}

/** The endpoint's world, and who asks. */
function asked({ actor }: SignedIn, { world_n: n, project, mode }: ShownEndpoint) {
  return { world: { n, project, mode }, actor };
}

function detail(visit: SignedIn, row: ShownEndpoint, refused: Refused | null): Reply {
  const { viewer } = visit;
  const content = html`${faultsNotice(refused)}<div data-part="endpoint">${facts(visit, row)}${acts(visit, row)}</div>${deliveries(visit, row)}${mayAct(viewer.role, "admin") ? html`${changeForm(visit, row, refused)}${secretAndEnd(visit, row)}` : null}`;
  const live = liveAddress(visit, { kind: "webhook", id: row.id, n: row.n });
  return page(framed("Webhook", viewer, content, { live, under: "Webhooks" }), refused === null ? 200 : 422);
}

function facts({ parts, now }: SignedIn, row: ShownEndpoint): Html {
  const rotated =
    row.secret_rotated_at === null ? "never renewed" : html`renewed ${moment(row.secret_rotated_at, now)}`;
  const about = row.description === null ? null : html`<p>${words(row.description)}</p>`;
  return html`<div class="fence"><p><code>${words(row.url)}</code></p>${about}<p class="quiet"><code>${row.id}</code></p></div><dl class="facts"><div><dt>State</dt><dd>${endpointState(row, now)}</dd></div><div><dt>Project</dt><dd>${nameOf(row)}</dd></div><div><dt>Told of</dt><dd>${toldOf(row)}</dd></div><div><dt>Last delivery</dt><dd>${lastDelivery(parts.writer, row, now)}</dd></div><div><dt>Waiting</dt><dd>${waitingAt(parts.writer, row)}</dd></div><div><dt>Made</dt><dd>${moment(row.created_at, now)}</dd></div><div><dt>Secret</dt><dd>${rotated}</dd></div></dl>`;
}

/** What can be done to it at once. */
function acts({ viewer }: SignedIn, { id, status }: ShownEndpoint): Html {
  const isOn = status === "enabled";
  const test =
    isOn && mayAct(viewer.role, "operator")
      ? form(`/console/webhooks/${id}/test`, viewer.token, "Send a test event")
      : null;
  const other = isOn ? "disabled" : "enabled";
  const turn = mayAct(viewer.role, "admin")
    ? form(
        `/console/webhooks/${id}/status`,
        viewer.token,
        isOn ? "Disable" : "Enable",
        html`<input type="hidden" name="status" value="${other}">`,
        isOn ? "Disable this endpoint" : "Enable this endpoint",
      )
    : null;
  return test === null && turn === null ? html`` : html`<div class="row">${test}${turn}</div>`;
}

function deliveries(visit: SignedIn, row: ShownEndpoint): Html {
  const { parts, query, now } = visit;
  const mark = filterMark(["console", "webhook", row.id]);
  const cursor = query.get("cursor");
  const before = cursor === null ? BEHIND_ALL : decodeCursor(cursor, mark, "string");
  const rows = parts.writer.all(queries.deliveriesTo, { endpoint_n: row.n, before, limit: NEWEST + 1 });
  const shown = rows.slice(0, NEWEST);
  const last = shown.at(-1);
  const back = html`<input type="hidden" name="back" value="webhook">`;
  const list = table(
    "Deliveries",
    ["What", "When", "State", "Attempts", ""],
    shown.map((one) => {
      const what = one.event_type ?? "";
      const about =
        one.pause_id === null
          ? null
          : html`<br><a href="/console/pauses/${one.pause_id}" aria-label="its pause, of delivery ${one.id}">its pause</a>`;
      return html`<tr data-row><td>${what}${about}</td><td class="when">${moment(one.created_at, now)}</td><td>${deliveryState(visit, one)}</td><td class="number">${one.attempts}</td><td>${row.status === "enabled" ? againForm(visit, one, `${what}, ${one.id}`, back) : null}</td></tr>`;
    }),
    "Nothing was sent there yet.",
  );
  const next = rows.length > NEWEST && last !== undefined ? encodeCursor(mark, last.id) : null;
  return html`<section aria-labelledby="deliveries"><h2 id="deliveries">Deliveries</h2><div data-part="deliveries">${list}${shown.map((one) => attemptsTable(visit, one, `${one.event_type ?? ""} of ${isoTime(one.created_at)}`))}</div>${older(`/console/webhooks/${row.id}`, {}, next)}</section>`;
}

function changeForm({ viewer }: SignedIn, row: ShownEndpoint, refused: Refused | null): Html {
  const draft = refused?.draft ?? {
    url: row.url,
    description: row.description ?? "",
    events: row.events === null ? [] : (JSON.parse(row.events) as string[]),
  };
  return html`<section aria-labelledby="change"><h2 id="change">Change it</h2><form method="post" action="/console/webhooks/${row.id}/change" class="stacked"><input type="hidden" name="token" value="${viewer.token}">${draftFields(draft, refused)}<button>Save</button></form></section>`;
}

function secretAndEnd({ viewer }: SignedIn, { id }: ShownEndpoint): Html {
  return html`<section aria-labelledby="secret"><h2 id="secret">Secret</h2><p>A new one is shown once. The one until now signs beside it for 24 hours, an older one no more.</p>${form(`/console/webhooks/${id}/rotate`, viewer.token, "Make a new secret")}</section><section aria-labelledby="end"><h2 id="end">End</h2><details><summary>Delete this endpoint</summary><p>What waits for it is not sent any more, and it does not come back. To stop it for a while, disable it.</p><form method="post" action="/console/webhooks/${id}/delete"><input type="hidden" name="token" value="${viewer.token}"><button class="grave">Delete it for good</button></form></details></section>`;
}

async function sendTest(visit: SignedIn): Promise<Reply> {
  const { parts, id, now } = visit;
  const { world, actor } = asked(visit, found(visit));
  const endpoint = parts.webhooks.enabled(world, id);
  await parts.writer.write(function* (tx): Work<void> {
    const delivery = yield* queueTest(tx, parts.context, endpoint);
    const plain = { webhook_id: id, delivery };
    const { random } = parts.context;
    yield* appendEntry(tx, newEntry(random, { type: "webhook.tested", at: now, actor, world, pause: null, plain }));
  });
  return redirect(`/console/webhooks/${id}#deliveries`);
}

async function change(visit: SignedIn): Promise<Reply> {
  const row = found(visit);
  const draft = readDraft(visit.fields);
  try {
    await visit.parts.webhooks.change(asked(visit, row), row.id, bodyOf(draft));
  } catch (error) {
    return detail(visit, row, refusedBy(error, draft));
  }
  return redirect(`/console/webhooks/${row.id}`);
}

async function setStatus(visit: SignedIn): Promise<Reply> {
  const row = found(visit);
  const status = visit.fields.get("status");
  if (status !== "enabled" && status !== "disabled")
    throw new Problem("invalid", "An endpoint is enabled or disabled.");
  await visit.parts.webhooks.change(asked(visit, row), row.id, { status });
  return redirect(`/console/webhooks/${row.id}`);
}

async function rotate(visit: SignedIn): Promise<Reply> {
  const row = found(visit);
  const { id, secret = "" } = await visit.parts.webhooks.rotate(asked(visit, row), row.id);
  const overlap = html`<p>For 24 hours the one until now signs beside it; give the receiver this one by then.</p>`;
  return secretPage("The new secret", visit.viewer, id, secret, overlap);
}

async function remove(visit: SignedIn): Promise<Reply> {
  const row = found(visit);
  await visit.parts.webhooks.remove(asked(visit, row), row.id);
  return redirect("/console/webhooks");
}
