/**
 * Push notifications through an own ntfy server, for phones without SMS and networks without the internet: published as
 * JSON (ntfy's documentation, "Publish as JSON"). The button opens the page; only the page decides.
 *
 * A topic is an address and a password in one: who knows it can read what is sent to it. It stands in no error.
 */

import { type Clock, systemClock } from "../../platform/clock.ts";
import type { NtfyConfig } from "../../platform/config/ntfy.ts";
import { parseObject } from "../../platform/json.ts";
import { readRetryAfter } from "../../platform/retry-after.ts";
import type { Channel, Conclusion, OutgoingMessage, Probed, SendResult } from "../channel.ts";
import { basic } from "../http-gateway/auth.ts";
import { excerptOf } from "../http-gateway/conceal.ts";
import { Doubts } from "../http-gateway/doubts.ts";
import { type Answer, exchange } from "../http-gateway/exchange.ts";

/** A channel for topics. Neither `send` nor `conclude` rejects for what the server or the network does. */
export function createNtfyChannel(
  config: NtfyConfig,
  { clock = systemClock }: { readonly clock?: Clock } = {},
): Channel {
  const doubts = new Doubts();
  const send = (notification: Notification, about: About, signal: AbortSignal) =>
    publish(config, notification, about, { doubts, clock, signal });
  return {
    addressKind: "topic",
    probe: (signal) => probe(config, clock, signal),
    send: (message, signal) => send(askingFor(message, config), message, signal),
    ...(config.tellWhenOver ? { conclude: (over, signal) => send(overFor(over), aboutOver(over), signal) } : {}),
  };
}

/** What a notification is about. */
type About = Pick<OutgoingMessage, "deliveryId" | "to" | "link" | "validForSeconds" | "isProbe">;

interface Notification {
  readonly topic: string;
  readonly title: string;
  readonly message: string;
  readonly priority: number;
  readonly click?: string;
  readonly actions?: readonly { readonly action: "view"; readonly label: string; readonly url: string }[];
}

const PRIORITIES = { min: 1, low: 2, default: 3, high: 4, max: 5 } as const;

function askingFor({ to, text, link, question }: OutgoingMessage, { priority }: NtfyConfig): Notification {
  const common = { topic: to, priority: PRIORITIES[priority] };
  if (question === null) return { ...common, title: "PausePoint", message: shortened(text, LONGEST_MESSAGE) };
  const details = question.details.map(([label, value]) => `${label}: ${value}`);
  return {
    ...common,
    title: titleOf(question.isTest ? `Test: ${question.project}` : question.project),
    message: shortened([question.message, ...details].join("\n"), LONGEST_MESSAGE),
    click: link,
    // "view" opens the browser. An "http" action would decide from the lock screen, without the page.
    actions: [{ action: "view", label: "Answer", url: link }],
  };
}

/** Quietly: nobody has to do anything any more. */
function overFor({ to, text, question }: Conclusion): Notification {
  const message = shortened(`${text}\n\nIt was: ${question.message}`, LONGEST_MESSAGE);
  return { topic: to, title: titleOf(question.project), message, priority: PRIORITIES.low };
}

function aboutOver({ deliveryId, to, link }: Conclusion): About {
  return { deliveryId: `${deliveryId} is over`, to, link, validForSeconds: 3_600 };
}

function titleOf(project: string): string {
  return shortened(project.replace(/\p{Cc}+/gu, " ").trim(), 250);
}

/** In bytes of UTF-8. The server turns a message above 4,096 into an attachment, which no phone shows as a question. */
const LONGEST_MESSAGE = 3_500;

function shortened(text: string, bytes: number): string {
  const whole = text.toWellFormed();
  if (Buffer.byteLength(whole) <= bytes) return whole;
  let kept = "";
  let size = 0;
  for (const { segment } of new Intl.Segmenter("en", { granularity: "grapheme" }).segment(whole)) {
    size += Buffer.byteLength(segment);
    if (size > bytes - 3) break;
    kept += segment;
  }
  return `${kept.trimEnd()}...`;
}

async function publish(
  config: NtfyConfig,
  notification: Notification,
  about: About,
  attempt: { readonly doubts: Doubts; readonly clock: Clock; readonly signal: AbortSignal },
): Promise<SendResult> {
  const { doubts, clock, signal } = attempt;
  const { deliveryId, to, link, isProbe } = about;
  const { url, token, password, tls, proxy, timeoutSeconds } = config;
  const login = loginOf(config);
  const headers = {
    "content-type": "application/json",
    ...(login === undefined ? {} : { authorization: login }),
  };
  const request = { method: "POST", url: `${url}/`, headers, body: JSON.stringify(notification) };
  const way = { tls, proxy, timeoutSeconds, peer: "the ntfy server" };
  const exchanged = await exchange(request, way, clock, signal);
  if ("failure" in exchanged) return doubts.judge(about, exchanged, way.peer);
  const secrets = [token, password, login].filter((secret) => secret !== undefined);
  const text = isProbe ? "" : `${notification.title}\n${notification.message}`;
  const excerpt = excerptOf(exchanged.answer.text, { to, link, text, secrets });
  return doubts.settle(deliveryId, judge(exchanged.answer, excerpt, clock));
}

function loginOf({ token, user, password }: NtfyConfig): string | undefined {
  return token !== undefined ? `Bearer ${token}` : user !== undefined ? basic(user, password ?? "") : undefined;
}

/** Reads the account that the log-in belongs to; without one, whether the server is well. */
async function probe(config: NtfyConfig, clock: Clock, signal: AbortSignal): Promise<Probed> {
  const { url, tls, proxy, timeoutSeconds } = config;
  const login = loginOf(config);
  const request = {
    method: "GET",
    url: login === undefined ? `${url}/v1/health` : `${url}/v1/account`,
    headers: login === undefined ? {} : { authorization: login },
    body: null,
  };
  const exchanged = await exchange(request, { tls, proxy, timeoutSeconds, peer: "the ntfy server" }, clock, signal);
  if ("failure" in exchanged) return { outcome: "refused", found: exchanged.failure.error };
  const { status, text } = exchanged.answer;
  const fields = parseObject(text);
  if (status === 401 || status === 403)
    return { outcome: "refused", found: `the ntfy server refuses the log-in (HTTP ${status})` };
  if (status === 200 && login === undefined && fields?.healthy === true)
    return { outcome: "reached", found: "the ntfy server is well, and no log-in is configured" };
  if (status === 200 && login !== undefined && typeof fields?.username === "string")
    return { outcome: "accepted", found: "the ntfy server takes the log-in" };
  return { outcome: "refused", found: `something other than an ntfy server answered (HTTP ${status}); check \`url\`` };
}

/** ntfy answers with the message it published, or with `{ code, http, error }`. */
function judge(answer: Answer, excerpt: string | null, clock: Clock): SendResult {
  const { status } = answer;
  const fields = parseObject(answer.text);
  const common = { status, excerpt };
  const id = typeof fields?.id === "string" && /^\w{1,64}$/.test(fields.id) ? fields.id : null;
  if (status === 200 && id !== null) return { outcome: "sent", providerId: id, ...common };
  const again = (error: string, isChannelDown: boolean): SendResult => ({
    ...{ outcome: "retry", error, ...common, retryAfterMs: readRetryAfter(answer.headers.get("retry-after"), clock) },
    ...(isChannelDown ? { isChannelDown } : {}),
  });
  const code = typeof fields?.code === "number" ? `ntfy ${fields.code}` : `HTTP ${status}`;
  if (status === 401) return again(`the ntfy server refuses the log-in (${code})`, true);
  // Of one topic, not of the channel: access is granted topic by topic. An administrator can grant it meanwhile.
  if (status === 403) return again(`the ntfy server does not let this account write to the topic (${code})`, false);
  if (status === 429) return again(`the ntfy server is being asked too often, or the quota is used up (${code})`, true);
  if (status === 503) return again(`the ntfy server is not available at the moment (${code})`, true);
  if (status >= 400 && status < 500 && fields?.code !== undefined && status !== 408)
    return { outcome: "failed", error: `the ntfy server refuses the notification (${code})`, ...common };
  if (status >= 500) return again(`the ntfy server failed (${code})`, false);
  return again(`something other than an ntfy server answered (HTTP ${status}); check \`url\``, true);
}
