import type { RowOf } from "../../storage/index.ts";
import { type Fragment, form, type Html, html, moment, state, table, words } from "../html.ts";
import { mayAct, type SignedIn } from "../visit.ts";
import * as queries from "./queries.ts";

export type ShownDelivery = RowOf<typeof queries.failedBefore>;

const WHAT = { ask: "question", notice: "word that it is over", webhook: "webhook" } as const;

/** A delivery in a list; `withPause`: with the pause that it is about. */
export function deliveryRow(visit: SignedIn, row: ShownDelivery, withPause: boolean): Html {
  const to = destinationOf(row);
  const about = row.pause_id === null ? null : html`<br><a href="/console/pauses/${row.pause_id}">its pause</a>`;
  return html`<tr data-row><td>${WHAT[row.kind]} <span class="quiet">${row.event_type ?? row.channel ?? ""}</span>${withPause ? about : null}</td><td>${words(to)}</td><td>${deliveryState(visit, row)}</td><td class="number">${row.attempts}</td><td>${againForm(visit, row, to)}</td></tr>`;
}

/** Where a delivery stands, and why it is not there yet. */
export function deliveryState({ now }: SignedIn, row: ShownDelivery): Html {
  return html`${state(row.status)}${row.status === "queued" ? html` <span class="quiet">due ${moment(row.due_at, now)}</span>` : null}${row.error === null ? null : html`<br>${words(row.error)}`}`;
}

/** The button that sends it again, for whoever may, where it can be; `fields` say where to go on from there. */
export function againForm({ viewer }: SignedIn, row: ShownDelivery, named: string, fields: Fragment = null): Html {
  const isDone = row.status !== "queued" && row.status !== "sending";
  const canBe = isDone && (row.kind === "webhook" || (row.kind === "ask" && row.status === "failed"));
  if (!canBe || !mayAct(viewer.role, "operator")) return html``;
  return form(`/console/deliveries/${row.id}/again`, viewer.token, "Send again", fields, `Send again: ${named}`);
}

function destinationOf(row: ShownDelivery): string {
  return row.kind === "webhook" ? (row.url ?? row.webhook_url ?? row.lane) : (row.address ?? "");
}

/**
 * Each attempt, with what a text cost, or how a webhook's receiver began its answer; under a name that no other delivery
 * of the page has.
 */
export function attemptsTable(
  { parts, now }: SignedIn,
  row: ShownDelivery,
  named = `${WHAT[row.kind]} to ${destinationOf(row)}`,
): Html {
  const attempts = parts.writer.all(queries.attemptsAt, row);
  if (attempts.length === 0) return html``;
  const isWebhook = row.kind === "webhook";
  return html`<details><summary>Attempts: ${words(named)}</summary>${table(
    `Attempts: ${named}`,
    ["Attempt", "When", "Outcome", "Took", isWebhook ? "Answer" : "Segments"],
    attempts.map(
      (each) =>
        html`<tr><td class="number">${each.attempt}</td><td class="when">${moment(each.at, now)}</td><td>${each.outcome}${each.status === null ? null : ` (${each.status})`}${each.error === null ? null : html`<br>${words(each.error)}`}</td><td class="number">${each.took_ms === null ? "" : `${each.took_ms} ms`}</td><td>${isWebhook ? excerptOf(each.excerpt) : each.segments === null ? "none" : `${each.segments} in ${each.encoding ?? ""}`}</td></tr>`,
    ),
    "",
  )}</details>`;
}

function excerptOf(excerpt: string | null): Html {
  return excerpt === null || excerpt === ""
    ? html`<span class="quiet">no text</span>`
    : html`<code>${words(excerpt)}</code>`;
}
