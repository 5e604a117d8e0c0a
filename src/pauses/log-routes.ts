import { z } from "zod";
import type { Key, Reply, Route } from "../access/index.ts";
import { entryTypes, readEntries } from "../audit/index.ts";
import {
  cursorParameter,
  decodeCursor,
  encodeCursor,
  filterMark,
  limitParameter,
  queryObject,
  timeParameter,
} from "../platform/paging.ts";
import { Problem } from "../platform/problem.ts";
import { check } from "../platform/schema.ts";
import type { Writer } from "../storage/index.ts";
import { findPause } from "./queries.ts";

const TYPES = Object.keys(entryTypes);

const ofPause = {
  limit: limitParameter,
  cursor: cursorParameter,
  disclose: z.enum(["true", "false"], "must be true or false").default("false"),
};
export const pauseLogQuery = z.strictObject(ofPause);
export const logQuery = z.strictObject({
  ...ofPause,
  type: z.enum(TYPES, `must be one of ${TYPES.join(", ")}`).optional(),
  actor: z.string().max(100, "must be an actor's type or id").optional(),
  pause_id: z.string().max(100, "must be the id of a pause").optional(),
  from: timeParameter.optional(),
  to: timeParameter.optional(),
});

/** The audit log, as a key may read it: its own world; with `admin` the whole installation. */
export function logRoutes(writer: Writer): Route[] {
  const read = (key: Key, query: z.output<typeof logQuery>, pauseId: string | undefined): Reply => {
    const { type = null, actor = null, from = null, to = null } = query;
    const pause = pauseId === undefined ? null : writer.one(findPause, { id: pauseId, world_n: key.world.n });
    if (pause === undefined) throw new Problem("not-found", "There is no such pause, or this key may not see it.");
    const mark = filterMark([type, actor, from, to, pauseId ?? null]);
    const page = readEntries(writer, {
      worldN: key.scopes.has("admin") ? null : key.world.n,
      pauseN: pause?.n ?? null,
      type,
      actor,
      from,
      to,
      behindSeq: query.cursor === undefined ? 0 : decodeCursor(query.cursor, mark, "number"),
      limit: query.limit,
    });
    const disclosed = query.disclose === "true" ? { disclosed: page.disclosed } : {};
    return {
      status: 200,
      body: {
        data: page.entries,
        next_cursor: page.next === null ? null : encodeCursor(mark, page.next),
        ...disclosed,
      },
    };
  };

  return [
    {
      method: "GET",
      path: "/v1/pause/:pause_id/audit",
      access: "audit:read",
      handle: (call, key) => read(key, check(pauseLogQuery, queryObject(call.query), "query"), call.param("pause_id")),
    },
    {
      method: "GET",
      path: "/v1/audit",
      access: "audit:read",
      handle(call, key) {
        const query = check(logQuery, queryObject(call.query), "query");
        return read(key, query, query.pause_id);
      },
    },
  ];
}
