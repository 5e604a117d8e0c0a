import type { Call, Key, Reply, Route } from "../access/index.ts";
import { isoTime } from "../platform/clock.ts";
import { HTML_HEADERS } from "../platform/html-headers.ts";
import type { Writer } from "../storage/index.ts";
import { isAutomated } from "./automated.ts";
import type { MessageText } from "./messages.ts";
import { outboxOf } from "./outbox.ts";
import type { Reader, Respond, Shown } from "./respond.ts";

/** Says whether one more forged link may be looked up for an address; genuine links are never counted. */
export type ForgedLimit = (address: string | null) => boolean;

/** The person's page, and the outbox of the test world. */
export function respondRoutes(parts: {
  respond: Respond;
  mayTryForged: ForgedLimit;
  writer: Writer;
  messages: MessageText;
}): Route[] {
  const { respond, mayTryForged, writer, messages } = parts;

  const about = (call: Call) => ({ pause: respond.pauseOf(call.param("token")) });
  const reply = (call: Call, shown: Shown): Reply => {
    const { status, page } =
      shown.status === 404 && !mayTryForged(call.address) ? respond.tooMany(readerOf(call)) : shown;
    return {
      status,
      headers: {
        "content-language": page.language,
        "content-security-policy": page.contentSecurityPolicy,
        ...PAGE_HEADERS,
        ...(status === 429 || status === 503 ? { "retry-after": "60" } : {}),
      },
      body: page.html,
      ...about(call),
    };
  };

  return [
    {
      method: "GET",
      path: "/r/:token",
      access: "public",
      async handle(call) {
        return reply(call, await respond.look(call.param("token"), call.request.method === "GET", readerOf(call)));
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
        const done = await respond.answer(token, form, readerOf(call));
        if (done.status !== 303) return reply(call, done);
        return { status: 303, headers: { location: `/r/${token}`, ...PAGE_HEADERS }, body: null, ...about(call) };
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
  ...HTML_HEADERS,
  "cache-control": "no-store",
  vary: "Accept-Language",
} as const;

const LONGEST_USER_AGENT = 500;

function readerOf(call: Call): Reader {
  const { headers } = call.request;
  const userAgent = headers.get("user-agent")?.slice(0, LONGEST_USER_AGENT).toWellFormed() ?? null;
  return {
    origin: { ip: call.address, userAgent },
    acceptLanguage: headers.get("accept-language"),
    automated: isAutomated(headers),
  };
}
