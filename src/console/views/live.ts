/** The stream by which a page hears that it is out of date. */
import type { Reply } from "../../access/index.ts";
import { Problem } from "../../platform/problem.ts";
import { cookieOf } from "../cookie.ts";
import { findSession } from "../operators.ts";
import type { Entry, SignedIn } from "../visit.ts";
import * as queries from "./queries.ts";

export const LIVE_PATH = "/console/live";

export const liveEntries: { readonly pages: readonly Entry[]; readonly forms: readonly Entry[] } = {
  pages: [{ path: LIVE_PATH, leave: "viewer", handle: live }],
  forms: [],
};

const HEADERS = {
  "content-type": "text/event-stream",
  "cache-control": "no-store",
  // nginx would else keep events back until its buffer is full.
  "x-accel-buffering": "no",
  "x-content-type-options": "nosniff",
};

/** Where a page listens: to everything, or to one pause; from what it knows on. */
export function liveAddress({ live }: SignedIn, pause: { readonly id: string; readonly n: number } | null): string {
  const about = pause === null ? "" : `pause=${pause.id}&`;
  return `${LIVE_PATH}?${about}known=${live.newest(pause?.n ?? null)}`;
}

function live({ parts, operators, call, query, live: pages, session }: SignedIn): Reply {
  const id = query.get("pause");
  const pause = id === null ? null : parts.writer.one(queries.pauseNumber, { id });
  if (pause === undefined) throw new Problem("not-found", "There is no such pause.");
  if (call.request.method === "HEAD") return { status: 200, headers: HEADERS, body: null };
  const cookie = cookieOf(call.request, parts.baseUrl());
  const known = Number(call.request.headers.get("last-event-id") || query.get("known")) || 0;
  const { body, ended } = pages.open(
    {
      sessionId: session.id,
      isSignedIn: () => findSession(parts.writer, operators, cookie, "by itself") !== null,
      pauseN: pause?.n ?? null,
      known,
    },
    call.request.signal,
  );
  void call.hold(() => ended);
  return { status: 200, headers: HEADERS, body };
}
