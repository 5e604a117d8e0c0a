import { z } from "zod";
import type { Call, Route } from "../access/index.ts";
import { queryObject } from "../platform/paging.ts";
import { check } from "../platform/schema.ts";
import type { EventStreams } from "./event-streams.ts";

const HEADERS = {
  "content-type": "text/event-stream",
  "cache-control": "no-store",
  // nginx would else keep events back until its buffer is full.
  "x-accel-buffering": "no",
};

/** The query of `GET /v1/events`. */
export const eventsQuery = z.strictObject({ last_event_id: z.string().optional() });

/** `/v1/events`: what happens in the key's project and mode, as server-sent events. */
export function eventRoutes(streams: EventStreams): Route[] {
  return [
    {
      method: "GET",
      path: "/v1/events",
      access: "pauses:read",
      handle(call, key) {
        const lastEventId = readLastEventId(call);
        if (call.request.method === "HEAD") return { status: 200, headers: HEADERS, body: null };
        const { body, ended } = streams.open(key, lastEventId, call.request.signal);
        void call.hold(() => ended);
        return { status: 200, headers: HEADERS, body };
      },
    },
  ];
}

/** By header, as a browser sends it when it resumes, or by query, for who can't set headers. Null: from now on. */
function readLastEventId(call: Call): string | null {
  const { last_event_id } = check(eventsQuery, queryObject(call.query), "query");
  return call.request.headers.get("last-event-id") || last_event_id || null;
}
