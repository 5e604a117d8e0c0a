/** What could not be delivered, and why; and sending it again. */
import type { Reply } from "../../access/index.ts";
import { appendEntry, newEntry } from "../../audit/index.ts";
import { deliveryById, redeliver } from "../../delivery/index.ts";
import { decodeCursor, encodeCursor, filterMark } from "../../platform/paging.ts";
import { Problem } from "../../platform/problem.ts";
import type { Work } from "../../storage/index.ts";
import { framed, html, older, table } from "../html.ts";
import { type Entry, page, redirect, type SignedIn } from "../visit.ts";
import { deliveryRow } from "./delivery-row.ts";
import * as queries from "./queries.ts";

const PAGE = 50;
/** Sorts behind every id. */
const BEHIND_ALL = "~";
const MARK = filterMark(["console", "failed"]);

export const deliveryEntries: { readonly pages: readonly Entry[]; readonly forms: readonly Entry[] } = {
  pages: [{ path: "/console/deliveries", leave: "viewer", handle: deliveries }],
  forms: [{ path: "/console/deliveries/:id/again", leave: "operator", handle: sendAgain }],
};

function deliveries(visit: SignedIn): Reply {
  const { parts, query, viewer } = visit;
  const cursor = query.get("cursor");
  const before = cursor === null ? BEHIND_ALL : decodeCursor(cursor, MARK, "string");
  const rows = parts.writer.all(queries.failedBefore, { before, limit: PAGE + 1 });
  const shown = rows.slice(0, PAGE);
  const last = shown.at(-1);
  const content = html`<p class="quiet">What could not be delivered, newest first. Everything about one pause stands with the pause.</p>${table(
    "Deliveries that failed",
    ["What", "To", "Why", "Attempts", ""],
    shown.map((row) => deliveryRow(visit, row, true)),
    "Everything was delivered.",
  )}${older("/console/deliveries", {}, rows.length > PAGE && last !== undefined ? encodeCursor(MARK, last.id) : null)}`;
  return page(framed("Deliveries", viewer, content));
}

async function sendAgain({ parts, id, fields, actor, now }: SignedIn): Promise<Reply> {
  const row = parts.writer.one(deliveryById, { id });
  if (row === undefined) throw new Problem("not-found", "There is no such delivery.");
  const refused = await parts.writer.write(function* (tx): Work<string | null> {
    const refusal = yield* redeliver(tx, parts.context, row);
    if (refusal !== null) return refusal;
    const world = (yield* tx.all(queries.allWorlds, {})).find(({ n }) => n === row.world_n) ?? null;
    const pause = row.pause_id === null ? null : { n: row.pause_n, id: row.pause_id };
    const plain = { delivery: id };
    yield* appendEntry(
      tx,
      newEntry(parts.context.random, { type: "delivery.requeued", at: now, actor, world, pause, plain }),
    );
    return null;
  });
  if (refused !== null) throw new Problem("not-deliverable", refused);
  if (fields.get("back") === "webhook" && row.webhook_id !== null)
    return redirect(`/console/webhooks/${row.webhook_id}#deliveries`);
  return redirect(row.pause_id === null ? "/console/deliveries" : `/console/pauses/${row.pause_id}`);
}
