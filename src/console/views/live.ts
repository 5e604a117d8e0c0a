/** The stream by which a page hears that it is out of date. */
import type { Reply } from "../../access/index.ts";
import { Problem } from "../../platform/problem.ts";
import { define, type Writer } from "../../storage/index.ts";
import { endpointById } from "../../webhooks/index.ts";
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

/** What a page is about; null: everything. */
export type Subject = { readonly kind: "pause" | "webhook"; readonly id: string; readonly n: number } | null;

/** Where a page listens, from what it knows on. */
export function liveAddress({ parts }: SignedIn, subject: Subject): string {
  const known = standOf(parts.writer, subject);
  return `${LIVE_PATH}?${new URLSearchParams({ ...(subject === null ? {} : { [subject.kind]: subject.id }), known })}`;
}

const newestEntry = define()((db) => db.selectFrom("audit_entries").select("seq").orderBy("seq", "desc").limit(1));
const newestOfPause = define<{ pause_n: number }>()((db, p) =>
  db.selectFrom("audit_entries").select("seq").where("pause_n", "=", p("pause_n")).orderBy("seq", "desc").limit(1),
);

/**
 * Where it stands, in one line. What happens to pauses and by people stands in the log, so that the number of the newest
 * entry tells; what a program was told in a test does not, so that of an endpoint its newest deliveries tell.
 */
function standOf(writer: Pick<Writer, "one" | "all">, subject: Subject): string {
  if (subject === null) return String(writer.one(newestEntry, {})?.seq ?? 0);
  if (subject.kind === "pause") return String(writer.one(newestOfPause, { pause_n: subject.n })?.seq ?? 0);
  const { status, url, failing_since } = writer.one(endpointById, subject) ?? {};
  const deliveries = writer.all(queries.newestTo, { endpoint_n: subject.n, limit: NEWEST });
  return Bun.hash(JSON.stringify([status, url, failing_since, deliveries])).toString(36);
}

/** Deliveries of an endpoint that stand on its page. */
export const NEWEST = 20;

function live({ parts, operators, call, query, live: pages, session }: SignedIn): Reply {
  const subject = subjectIn(parts.writer, query);
  if (call.request.method === "HEAD") return { status: 200, headers: HEADERS, body: null };
  const cookie = cookieOf(call.request, parts.baseUrl());
  const known = (call.request.headers.get("last-event-id") || query.get("known")) ?? "";
  const { body, ended } = pages.open(
    {
      sessionId: session.id,
      isSignedIn: () => findSession(parts.writer, operators, cookie, "by itself") !== null,
      stand: () => standOf(parts.writer, subject),
      known,
    },
    call.request.signal,
  );
  void call.hold(() => ended);
  return { status: 200, headers: HEADERS, body };
}

/** @throws Problem `not-found` */
function subjectIn(writer: Pick<Writer, "one">, query: URLSearchParams): Subject {
  for (const kind of ["pause", "webhook"] as const) {
    const id = query.get(kind);
    if (id === null) continue;
    const found = kind === "pause" ? writer.one(queries.pauseNumber, { id }) : writer.one(endpointById, { id });
    if (found === undefined) throw new Problem("not-found", `There is no such ${kind}.`);
    return { kind, id, n: found.n };
  }
  return null;
}
