/** One pause, from its question to the last webhook. */
import type { Reply } from "../../access/index.ts";
import { readEntries } from "../../audit/index.ts";
import { type Pause, withdrawPause } from "../../pauses/index.ts";
import { codePoints } from "../../platform/json.ts";
import { Problem } from "../../platform/problem.ts";
import type { RowOf } from "../../storage/index.ts";
import { framed, type Html, html, moment, state, table, words } from "../html.ts";
import { type Entry, mayAct, page, redirect, type SignedIn } from "../visit.ts";
import { attemptsTable, deliveryRow } from "./delivery-row.ts";
import { entryRow } from "./entry-row.ts";
import { liveAddress } from "./live.ts";
import * as queries from "./queries.ts";

export const pauseEntries: { readonly pages: readonly Entry[]; readonly forms: readonly Entry[] } = {
  pages: [{ path: "/console/pauses/:id", leave: "viewer", handle: detail }],
  forms: [{ path: "/console/pauses/:id/withdraw", leave: "operator", handle: withdraw }],
};

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
  const content = html`<p data-part="state" role="status">${pauseState(pause)} <span class="quiet">${pause.mode}, ${pause.channel}</span></p>${question(pause)}
<section aria-labelledby="asked"><h2 id="asked">Asked</h2><div data-part="asked">${askedList(asked, now)}<p>${timeOf(pause, now)}</p></div></section><div data-part="withdraw">${withdrawForm(visit, pause)}</div>
<section aria-labelledby="sent"><h2 id="sent">Deliveries</h2><div data-part="deliveries">${table(
    "Deliveries",
    ["What", "To", "State", "Attempts", ""],
    deliveries.map((row) => deliveryRow(visit, row, false)),
    "Nothing was sent.",
  )}${deliveries.map((row) => attemptsTable(visit, row))}</div></section>
<section aria-labelledby="timeline"><h2 id="timeline">Timeline</h2><div data-part="timeline">${table(
    "Timeline",
    ["When", "What", "Who", "Entry"],
    entries.map((entry) => entryRow(entry, now, false)),
    "The log of this pause was pruned.",
  )}</div></section>`;
  return page(framed("Pause", viewer, content, { live: liveAddress(visit, { kind: "pause", id, n: found.n }) }));
}

function askedList(asked: readonly RowOf<typeof queries.recipientsAsked>[], now: number): Html {
  const rows = asked.map(
    ({ address, opened_at }) =>
      html`<li>${words(address)} <span class="quiet">${opened_at === null ? "has not opened it" : html`opened it ${moment(opened_at, now)}`}</span></li>`,
  );
  return html`<ul class="plain">${rows}</ul>`;
}

/** Until when it can be answered, and what silence means. */
function timeOf(pause: Pause, now: number): Html {
  const over = moment(Date.parse(pause.expires_at), now);
  if (pause.status !== "pending") return html`Its time would have been over ${over}.`;
  const silence =
    pause.timeout_default === null
      ? html`it ends without one`
      : html`the answer is <b>${words(pause.timeout_default)}</b>`;
  return html`Its time is over ${over}; without an answer by then, ${silence}.`;
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
