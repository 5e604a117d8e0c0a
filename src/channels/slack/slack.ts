/**
 * Questions in Slack: one message with a button for each option, changed in place when the question is over. Taps come
 * back over HTTP (`signingSecret`) or Socket Mode (`appToken`).
 */

import type { Clock } from "../../platform/clock.ts";
import type { SlackConfig } from "../../platform/config/slack.ts";
import { parseObject } from "../../platform/json.ts";
import { type Log, silentLog } from "../../platform/log.ts";
import { type Random, systemRandom } from "../../platform/random.ts";
import type {
  Channel,
  Conclusion,
  OutgoingMessage,
  PeerAnswer,
  PeerRequest,
  Probed,
  Report,
  SendResult,
} from "../channel.ts";
import { createDestinations } from "./destination.ts";
import { type Contents, conclusionContents, questionContents, shortContents, threadContents } from "./message.ts";
import { isTooLong } from "./refusals.ts";
import { whisper } from "./response-url.ts";
import { isFromSlack } from "./signature.ts";
import { SocketMode } from "./socket-mode.ts";
import { readTap } from "./tap.ts";
import { type Answer, type Attempt, startAttempt } from "./web-api.ts";

/** What the channel is given beside its settings. */
interface SlackParts {
  readonly clock: Clock;
  readonly log?: Log;
  readonly random?: Random;
}

/**
 * A channel for Slack ids (`U…`, `W…`, `C…`, `G…`, `D…`) and email addresses of a workspace. Neither `send` nor
 * `conclude` rejects for what the peer or the network does. `receive` and `connect` are there only with the settings
 * they need; without both, a message has no buttons but the link to the page.
 */
export function createSlackChannel(config: SlackConfig, { clock, log = silentLog, random }: SlackParts): Channel {
  const { botToken, signingSecret, appToken, tellInThread } = config;
  const destinations = createDestinations(botToken, clock);
  const hasButtons = signingSecret !== undefined || appToken !== undefined;

  async function send(message: OutgoingMessage, stop: AbortSignal): Promise<SendResult> {
    const attempt = startAttempt(config, clock, stop);
    try {
      const channel = await destinations.find(attempt, message.to);
      if (typeof channel !== "string") return toResult(channel);
      const whole = questionContents(message, hasButtons);
      let answer = await post(attempt, channel, whole);
      if (!answer.isOk && answer.code !== null && isTooLong(answer.code)) {
        answer = await post(attempt, channel, shortContents(message));
      }
      if (!answer.isOk && answer.code === "channel_not_found") destinations.forget(message.to);
      return toResult(answer);
    } finally {
      attempt.end();
    }
  }

  async function conclude(conclusion: Conclusion, stop: AbortSignal): Promise<SendResult> {
    if (conclusion.providerId === null) return NOTHING_TO_CHANGE;
    const [channel = "", ts = ""] = conclusion.providerId.split("/");
    const attempt = startAttempt(config, clock, stop);
    try {
      const contents = conclusionContents(conclusion, clock.now());
      const place = { channel, ts, parse: "none", link_names: false };
      const updated = await attempt.call("chat.update", botToken, { ...place, ...contents });
      if (!updated.isOk || !tellInThread) return toResult(updated);
      const replied = await post(attempt, channel, threadContents(conclusion), ts);
      return toResult(replied.isOk ? updated : replied);
    } finally {
      attempt.end();
    }
  }

  async function probe(stop: AbortSignal): Promise<Probed> {
    const attempt = startAttempt(config, clock, stop);
    try {
      const asked = await attempt.call("auth.test", botToken, {});
      if (!asked.isOk) return { outcome: "refused", found: asked.error };
      if (appToken === undefined) return { outcome: "accepted", found: "Slack takes the bot token" };
      // Gives an address to connect to, which nobody does: a running server keeps its own connection.
      const opened = await attempt.call("apps.connections.open", appToken, {});
      if (!opened.isOk) return { outcome: "refused", found: opened.error };
      return { outcome: "accepted", found: "Slack takes the bot token and the app-level token" };
    } finally {
      attempt.end();
    }
  }

  function post(attempt: Attempt, channel: string, contents: Contents, thread?: string): Promise<Answer> {
    return attempt.call("chat.postMessage", botToken, {
      channel,
      ...contents,
      ...(thread === undefined ? {} : { thread_ts: thread }),
      mrkdwn: false,
      link_names: false,
      unfurl_links: false,
      unfurl_media: false,
    });
  }

  /** Resolves once the tap is recorded; the words for the one who tapped follow by themselves. */
  async function handle(payload: unknown, report: Report): Promise<void> {
    const tap = readTap(payload);
    if (tap === null) return;
    const { token, option, by, responseUrl } = tap;
    const words = await report({ kind: "tap", token, option, by, via: "slack" });
    if (words !== null && responseUrl !== null) void whisper(words, responseUrl, config, clock, log);
  }

  async function receive(secret: string, request: PeerRequest, report: Report): Promise<PeerAnswer> {
    if (request.rest !== "interactions") return { status: 404, body: null };
    // Slack looks at the certificate now and then; that is asked without a payload, and told to nobody.
    const search = URL.parse(request.url)?.searchParams;
    if (request.method === "GET" && search?.get("ssl_check") === "1") return { status: 200, body: null };
    if (request.method !== "POST") return { status: 405, headers: { Allow: "POST" }, body: null };
    if (!isFromSlack(secret, request.headers, request.body, clock.now())) return { status: 401, body: null };
    const payload = payloadOf(request.body);
    if (payload === null) return { status: 400, body: null };
    await handle(payload, report);
    return { status: 200, body: null };
  }

  return {
    addressKind: "slack",
    probe,
    send,
    conclude,
    ...(signingSecret === undefined
      ? {}
      : { receive: (request: PeerRequest, report: Report) => receive(signingSecret, request, report) }),
    ...(appToken === undefined
      ? {}
      : {
          connect: (report: Report) =>
            new SocketMode({
              config,
              appToken,
              clock,
              log,
              random: random ?? systemRandom(),
              handle: (payload) => handle(payload, report),
            }),
        }),
  };
}

const NOTHING_TO_CHANGE = { outcome: "sent", providerId: null, status: null, excerpt: null } as const;

/** The message's id is its conversation and its time there: `C012AB3CD/1700000000.000100`. */
function toResult(answer: Answer): SendResult {
  if (!answer.isOk) {
    const { isOk: _, code: __, ...result } = answer;
    return result;
  }
  const { channel, ts } = answer.fields;
  const hasPlace = typeof channel === "string" && /^[A-Z0-9]{2,32}$/.test(channel);
  const hasTime = typeof ts === "string" && /^\d{1,12}\.\d{1,12}$/.test(ts);
  const providerId = hasPlace && hasTime ? `${channel}/${ts}` : null;
  return { outcome: "delivered", providerId, status: answer.status, excerpt: null };
}

/** The JSON object in the form field `payload`; null when there is none. */
function payloadOf(body: Uint8Array): unknown {
  const text = new URLSearchParams(Buffer.from(body).toString("utf8")).get("payload");
  return text === null ? null : parseObject(text);
}
