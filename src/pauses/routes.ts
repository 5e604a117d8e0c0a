import { type Key, quotaFields, type Route } from "../access/index.ts";
import type { Clock } from "../platform/clock.ts";
import { queryObject } from "../platform/paging.ts";
import { Problem } from "../platform/problem.ts";
import { check } from "../platform/schema.ts";
import { traceContextOf } from "../platform/trace-context.ts";
import { readListQuery } from "./list.ts";
import type { Pauses } from "./pauses.ts";
import { cancelBody, respondBody, waitQuery } from "./request.ts";
import type { Pause } from "./shape.ts";

/** `/v1/pause` and what stands below it. */
export function pauseRoutes(pauses: Pauses, clock: Pick<Clock, "now">): Route[] {
  return [
    {
      method: "POST",
      path: "/v1/pause",
      access: "pauses:write",
      async handle(call, key) {
        const idempotencyKey = readIdempotencyKey(call.request);
        const trace = traceContextOf(call.request.headers);
        const { pause, replayed, quota } = await pauses.create(key, await call.json(), idempotencyKey, trace);
        const left = quota === null ? null : quotaFields(quota, clock.now());
        const headers: Record<string, string> = { location: `/v1/pause/${pause.pause_id}`, ...left };
        if (replayed) headers["idempotent-replayed"] = "true";
        return { status: 201, headers, body: pause, pause: pause.pause_id };
      },
    },
    {
      method: "GET",
      path: "/v1/pause/:pause_id",
      access: "pauses:read",
      async handle(call, key) {
        const { wait: seconds } = check(waitQuery, queryObject(call.query), "query");
        const id = call.param("pause_id");
        const pause =
          seconds === 0 ? pauses.get(key, id) : call.hold(() => pauses.wait(key, id, seconds, call.request.signal));
        return { status: 200, body: found(await pause) };
      },
    },
    {
      method: "GET",
      path: "/v1/pause",
      access: "pauses:read",
      async handle(call, key) {
        return { status: 200, body: await pauses.list(key, readListQuery(call.query)) };
      },
    },
    {
      method: "POST",
      path: "/v1/pause/:pause_id/cancel",
      access: "pauses:write",
      async handle(call, key) {
        const { reason } = check(cancelBody, await call.optionalJson(), "body");
        return { status: 200, body: found(await pauses.cancel(key, call.param("pause_id"), reason)) };
      },
    },
    {
      method: "POST",
      path: "/v1/test/pause/:pause_id/respond",
      access: "test",
      async handle(call, key) {
        const { choice, comment } = check(respondBody, await call.json(), "body");
        return { status: 200, body: found(await pauses.answerForTest(key, call.param("pause_id"), choice, comment)) };
      },
    },
    {
      method: "POST",
      path: "/v1/test/pause/:pause_id/expire",
      access: "test",
      async handle(call, key: Key) {
        return { status: 200, body: found(await pauses.expireForTest(key, call.param("pause_id"))) };
      },
    },
  ];
}

function found(pause: Pause | null): Pause {
  if (pause === null) throw new Problem("not-found", "There is no such pause, or this key may not see it.");
  return pause;
}

function readIdempotencyKey(request: Request): string | null {
  const key = request.headers.get("idempotency-key");
  if (key === null) return null;
  if (!/^[\x20-\x7e]{1,255}$/.test(key)) {
    throw new Problem("bad-request", "The Idempotency-Key header must hold 1 to 255 printable ASCII characters.");
  }
  return key;
}
