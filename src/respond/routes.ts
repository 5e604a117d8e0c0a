import type { Call, Key, Reply, Route } from "../access/index.ts";
import type { Origin } from "../pauses/index.ts";
import { isoTime } from "../platform/clock.ts";
import type { Writer } from "../storage/index.ts";
import type { MessageText } from "./messages.ts";
import { outboxOf } from "./outbox.ts";
import { renderPage } from "./page/render.ts";
import type { Respond, Shown } from "./respond.ts";
import type { PageView } from "./view.ts";

/** How the page looks, by project. */
export type Appearance = (
  project: string | null,
) => Pick<PageView, "projectName" | "host" | "logo" | "accent" | "timeZone">;

/** Says whether one more forged link may be looked up for an address; genuine links are never counted. */
export type ForgedLimit = (address: string | null) => boolean;

/** The person's page, and the outbox of the test world. */
export function respondRoutes(parts: {
  respond: Respond;
  appearance: Appearance;
  mayTryForged: ForgedLimit;
  now: () => number;
  writer: Writer;
  messages: MessageText;
}): Route[] {
  const { respond, appearance, mayTryForged, now, writer, messages } = parts;

  const page = (call: Call, { status, state, project, test }: Shown): Reply => {
    if (state.kind === "unknown_link" && !mayTryForged(call.address))
      return page(call, { status: 404, state: { kind: "too_many" }, project, test });
    const view: PageView = {
      ...appearance(project),
      acceptLanguage: call.request.headers.get("accept-language"),
      now: now(),
      test,
      state,
    };
    const { html, contentSecurityPolicy, language } = renderPage(view);
    const tooMany = state.kind === "too_many";
    return {
      status: tooMany ? 429 : status,
      headers: {
        "content-type": "text/html; charset=utf-8",
        "content-language": language,
        "content-security-policy": contentSecurityPolicy,
        ...PAGE_HEADERS,
        ...(tooMany || status === 503 ? { "retry-after": "60" } : {}),
      },
      body: html,
    };
  };

  return [
    {
      method: "GET",
      path: "/r/:token",
      access: "public",
      async handle(call) {
        return page(call, await respond.look(call.param("token"), call.request.method === "GET", originOf(call)));
      },
    },
    {
      method: "POST",
      path: "/r/:token",
      access: "public",
      async handle(call) {
        const token = call.param("token");
        // A forged link needs no body: nothing behind it could be meant.
        const form = respond.isForged(token) ? new URLSearchParams() : await call.form();
        const done = await respond.answer(token, form, originOf(call));
        if (done.status !== 303) return page(call, done);
        return { status: 303, headers: { location: `/r/${token}`, ...PAGE_HEADERS }, body: null };
      },
    },
    {
      method: "GET",
      path: "/v1/test/messages",
      access: "test",
      handle(call, key: Key) {
        const data = outboxOf(writer, messages, key, call.query).map((message) => ({
          ...message,
          at: isoTime(message.at),
        }));
        return { status: 200, body: { data } };
      },
    },
  ];
}

/** Nothing is kept, framed, indexed or told to anyone else. */
const PAGE_HEADERS = {
  "cache-control": "no-store",
  "referrer-policy": "no-referrer",
  "x-frame-options": "DENY",
  "x-robots-tag": "noindex, nofollow, noarchive",
  vary: "Accept-Language",
} as const;

const LONGEST_USER_AGENT = 500;

function originOf(call: Call): Origin {
  const userAgent = call.request.headers.get("user-agent");
  return {
    ip: call.address,
    userAgent: userAgent === null ? null : userAgent.slice(0, LONGEST_USER_AGENT).toWellFormed(),
  };
}
