import type { RowOf } from "../../storage/index.ts";
import { form, type Html, html, moment, state, table, words } from "../html.ts";
import { mayAct, type SignedIn } from "../visit.ts";
import * as queries from "./queries.ts";

export type ShownDelivery = RowOf<typeof queries.failedBefore>;

const WHAT = { ask: "question", notice: "word that it is over", webhook: "webhook" } as const;

/** A delivery in a list; `withPause`: with the pause that it is about. */
export function deliveryRow({ viewer, now }: SignedIn, row: ShownDelivery, withPause: boolean): Html {
  const again =
    row.status !== "queued" &&
    row.status !== "sending" &&
    (row.kind === "webhook" || (row.kind === "ask" && row.status === "failed"));
  const to = row.kind === "webhook" ? (row.url ?? row.webhook_url ?? row.lane) : (row.address ?? "");
  const about = row.pause_id === null ? null : html`<br><a href="/console/pauses/${row.pause_id}">its pause</a>`;
  return html`<tr data-row><td>${WHAT[row.kind]} <span class="quiet">${row.event_type ?? row.channel ?? ""}</span>${withPause ? about : null}</td><td>${words(to)}</td><td>${state(row.status)}${row.status === "queued" ? html` <span class="quiet">due ${moment(row.due_at, now)}</span>` : null}${row.error === null ? null : html`<br>${words(row.error)}`}</td><td class="number">${row.attempts}</td><td>${again && mayAct(viewer.role, "operator") ? form(`/console/deliveries/${row.id}/again`, viewer.token, "Send again", null, `Send again: ${to}`) : null}</td></tr>`;
}

/** Each attempt, with what a text cost. */
export function attemptsTable({ parts, now }: SignedIn, row: ShownDelivery): Html {
  const attempts = parts.writer.all(queries.attemptsAt, row);
  if (attempts.length === 0) return html``;
  const to = row.kind === "webhook" ? (row.url ?? row.webhook_url ?? row.lane) : (row.address ?? "");
  return html`<details><summary>Attempts: ${WHAT[row.kind]} to ${words(to)}</summary>${table(
    `Attempts to ${to}`,
    ["Attempt", "When", "Outcome", "Took", "Segments"],
    attempts.map(
      ({ attempt, at, outcome, status, took_ms, error, encoding, segments }) =>
        html`<tr><td class="number">${attempt}</td><td class="when">${moment(at, now)}</td><td>${outcome}${status === null ? null : ` (${status})`}${error === null ? null : html`<br>${words(error)}`}</td><td class="number">${took_ms === null ? "" : `${took_ms} ms`}</td><td>${segments === null ? "none" : `${segments} in ${encoding ?? ""}`}</td></tr>`,
    ),
    "",
  )}</details>`;
}
