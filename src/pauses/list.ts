import { z } from "zod";
import { firstIdAt } from "../platform/ids.ts";
import {
  cursorParameter,
  decodeCursor,
  encodeCursor,
  filterMark,
  limitParameter,
  queryObject,
  timeParameter,
  unknownCursor,
} from "../platform/paging.ts";
import { check } from "../platform/schema.ts";
import type { PauseStatus, Writer } from "../storage/index.ts";
import * as queries from "./queries.ts";
import type { PauseRow } from "./shape.ts";

const STATUSES = ["pending", "responded", "timed_out", "cancelled"] as const satisfies readonly PauseStatus[];
/** Rows looked at for one page; a rare filter then gives a short page and a cursor to go on from. */
const ROWS_LOOKED_AT = 10_000;
const CHUNK = 500;

/** The query of `GET /v1/pause`. */
export const listQuery = z.strictObject({
  status: z.enum(STATUSES, `must be one of ${STATUSES.join(", ")}`).optional(),
  channel: z.string().max(32, "must be the name of a channel").optional(),
  created_after: timeParameter.optional(),
  created_before: timeParameter.optional(),
  limit: limitParameter,
  cursor: cursorParameter,
});

export interface ListRequest {
  readonly statuses: readonly PauseStatus[];
  readonly channel: string | null;
  readonly createdAfter: number | null;
  readonly createdBefore: number | null;
  readonly limit: number;
  /** The last pause of the page before, or null. */
  readonly behind: string | null;
  /** What a cursor is bound to. */
  readonly filters: string;
}

/**
 * Reads the query of a list.
 *
 * @throws Problem `invalid` naming the parameter, also for a cursor that belongs to other filters.
 */
export function readListQuery(query: URLSearchParams): ListRequest {
  const read = check(listQuery, queryObject(query), "query");
  const { status, channel, created_after, created_before, cursor } = read;
  const filters = filterMark([status ?? null, channel ?? null, created_after ?? null, created_before ?? null]);
  return {
    statuses: status === undefined ? STATUSES : [status],
    channel: channel ?? null,
    createdAfter: created_after ?? null,
    createdBefore: created_before ?? null,
    limit: read.limit,
    behind: cursor === undefined ? null : decodeCursor(cursor, filters, "string"),
    filters,
  };
}

/** One page: rows newest first, and the cursor behind them (null at the end). */
export function listRows(
  writer: Writer,
  worldN: number,
  request: ListRequest,
): { rows: PauseRow[]; next: string | null } {
  const from = request.createdAfter === null ? 0 : numberAt(writer, request.createdAfter);
  let before = request.createdBefore === null ? Number.MAX_SAFE_INTEGER : numberAt(writer, request.createdBefore);
  if (request.behind !== null) {
    const last = writer.one(queries.findPause, { id: request.behind, world_n: worldN });
    if (last === undefined) throw unknownCursor();
    before = Math.min(before, last.n);
  }

  const { statuses, channel } = request;
  const pendingOnly = statuses.length === 1 && statuses[0] === "pending";
  const query = pendingOnly ? queries.pendingOfWorld : queries.pausesOfWorld;
  const isExact = channel === null && (pendingOnly || statuses === STATUSES);
  const count = isExact ? request.limit + 1 : CHUNK;
  const rows: PauseRow[] = [];
  for (let looked = 0; ; ) {
    const chunk: PauseRow[] = writer.all(query, { world_n: worldN, from, before, limit: count });
    looked += chunk.length;
    for (const row of chunk) {
      if ((channel !== null && row.channel !== channel) || !statuses.includes(row.status)) continue;
      if (rows.length === request.limit) return { rows, next: cursorBehind(rows.at(-1), request.filters) };
      rows.push(row);
    }
    const last = chunk.at(-1);
    if (last === undefined || chunk.length < count) return { rows, next: null };
    if (looked >= ROWS_LOOKED_AT) return { rows, next: cursorBehind(last, request.filters) };
    before = last.n;
  }
}

/** The smallest number of a pause made at or after a time: ids carry the time, and numbers grow with them. */
function numberAt(writer: Writer, time: number): number {
  return writer.one(queries.firstPauseFrom, { id: firstIdAt("pause", time) })?.n ?? Number.MAX_SAFE_INTEGER;
}

function cursorBehind(row: PauseRow | undefined, filters: string): string | null {
  return row === undefined ? null : encodeCursor(filters, row.id);
}
