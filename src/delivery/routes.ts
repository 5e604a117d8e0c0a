import { z } from "zod";
import type { Route } from "../access/index.ts";
import { isoTime } from "../platform/clock.ts";
import {
  cursorParameter,
  decodeCursor,
  encodeCursor,
  filterMark,
  limitParameter,
  queryObject,
} from "../platform/paging.ts";
import { Problem } from "../platform/problem.ts";
import { check } from "../platform/schema.ts";
import type { RowOf, Writer } from "../storage/index.ts";
import { findEndpoint } from "../webhooks/index.ts";
import type { DeliveryContext } from "./context.ts";
import { redeliver } from "./redeliver.ts";
import * as queries from "./shown-queries.ts";

export const listQuery = z.strictObject({ limit: limitParameter, cursor: cursorParameter });
export const failedQuery = z.strictObject({
  status: z.literal("failed", "must be failed").default("failed"),
  limit: limitParameter,
  cursor: cursorParameter,
});
/** Sorts behind every id. */
const BEHIND_ALL = "~";
/** Rows looked at for one page of what has failed: another world's then give a short page and a cursor to go on from. */
const ROWS_LOOKED_AT = 5_000;
const CHUNK = 200;

/** What became of everything that leaves, and sending it again. */
export function deliveryRoutes(writer: Writer, context: DeliveryContext): Route[] {
  const shaped = (row: ShownDelivery) => shape(row, writer.all(queries.attemptsOf, row));
  return [
    {
      method: "GET",
      path: "/v1/deliveries",
      access: "webhooks:manage",
      handle(call, key) {
        const { limit, cursor } = check(failedQuery, queryObject(call.query), "query");
        const filters = filterMark(["failed", key.world.n]);
        const before = cursor === undefined ? BEHIND_ALL : decodeCursor(cursor, filters, "string");
        const { rows, last } = failedIn(writer, key.world.n, before, limit);
        return {
          status: 200,
          body: { data: rows.map(shaped), next_cursor: last === null ? null : encodeCursor(filters, last) },
        };
      },
    },
    {
      method: "GET",
      path: "/v1/webhooks/:id/deliveries",
      access: "webhooks:manage",
      handle(call, key) {
        const endpoint = findEndpoint(writer, key.world.n, call.param("id"));
        const { limit, cursor } = check(listQuery, queryObject(call.query), "query");
        const filters = filterMark([endpoint.id]);
        const before = cursor === undefined ? BEHIND_ALL : decodeCursor(cursor, filters, "string");
        const rows = writer.all(queries.deliveriesOfEndpoint, { endpoint_n: endpoint.n, before, limit: limit + 1 });
        const page = rows.slice(0, limit);
        const last = page.at(-1);
        const next = rows.length > limit && last !== undefined ? encodeCursor(filters, last.id) : null;
        return { status: 200, body: { data: page.map(shaped), next_cursor: next } };
      },
    },
    {
      method: "GET",
      path: "/v1/pause/:pause_id/deliveries",
      access: "pauses:read",
      handle(call, key) {
        const pause = writer.one(queries.pauseInWorld, { id: call.param("pause_id"), world_n: key.world.n });
        if (pause === undefined) throw new Problem("not-found", "There is no such pause, or this key may not see it.");
        const rows = writer.all(queries.deliveriesOfPause, { pause_n: pause.n });
        return { status: 200, body: { data: rows.map(shaped), next_cursor: null } };
      },
    },
    {
      method: "POST",
      path: "/v1/deliveries/:id/redeliver",
      access: "webhooks:manage",
      async handle(call, key) {
        const find = () => {
          const row = writer.one(queries.deliveryById, { id: call.param("id") });
          if (row === undefined || row.world_n !== key.world.n)
            throw new Problem("not-found", "There is no such delivery, or this key may not see it.");
          return row;
        };
        const row = find();
        const refusal = await writer.write((tx) => redeliver(tx, context, row));
        if (refusal !== null) throw new Problem("not-deliverable", refusal);
        return { status: 202, body: shaped(find()) };
      },
    },
  ];
}

type ShownDelivery = RowOf<typeof queries.deliveriesOfPause>;

/** One page of what a world's keys may see of all that has failed; `last` is the id to go on from. */
function failedIn(
  writer: Writer,
  worldN: number,
  before: string,
  limit: number,
): { rows: ShownDelivery[]; last: string | null } {
  const rows: ShownDelivery[] = [];
  let last = before;
  for (let looked = 0; looked < ROWS_LOOKED_AT; looked += CHUNK) {
    const chunk = writer.all(queries.failedDeliveries, { before: last, limit: CHUNK });
    for (const row of chunk) {
      if (row.world_n === worldN) {
        if (rows.length === limit) return { rows, last };
        rows.push(row);
      }
      last = row.id;
    }
    if (chunk.length < CHUNK) return { rows, last: null };
  }
  return { rows, last };
}

/** What the text cost at the last attempt that handed it over; null for what costs nothing. */
function costOf(attempts: readonly RowOf<typeof queries.attemptsOf>[]) {
  const last = attempts.findLast(({ segments }) => segments !== null);
  return last === undefined ? null : { encoding: last.encoding, count: last.segments };
}

/** A delivery as the contract shows it (section 3), with whom a message was for. */
export function shape(row: ShownDelivery, attempts: readonly RowOf<typeof queries.attemptsOf>[]) {
  const status = row.status === "queued" || row.status === "sending" ? ("pending" as const) : row.status;
  return {
    id: row.id,
    kind: row.kind === "ask" ? ("message" as const) : row.kind,
    webhook_id: row.webhook_id,
    pause_id: row.pause_id,
    type: row.event_type,
    channel: row.channel,
    recipient: row.address,
    status,
    segments: costOf(attempts),
    attempts: attempts.map(({ at, status, took_ms, error, excerpt }) => ({
      at: isoTime(at),
      status,
      latency_ms: took_ms,
      error,
      body: excerpt,
    })),
    next_attempt_at: row.status === "queued" ? isoTime(row.due_at) : null,
  };
}
