/** Texts through an own Kannel: its smsbox's `sendsms` (Kannel 1.4.5 User's Guide, "Using the smsbox"). */

import { type Clock, systemClock } from "../../platform/clock.ts";
import type { KannelConfig } from "../../platform/config/kannel.ts";
import { readRetryAfter } from "../../platform/retry-after.ts";
import { isGsm7 } from "../../platform/sms/gsm7.ts";
import { segmentsOf } from "../../platform/sms/segments.ts";
import type { OutgoingMessage, SendResult } from "../channel.ts";
import { excerptOf, hide } from "../http-gateway/conceal.ts";
import { Doubts } from "../http-gateway/doubts.ts";
import { type Answer, type Exchange, exchange } from "../http-gateway/exchange.ts";
import { concealable, type GatewayParts, overText, simpler, type TextChannel } from "../http-gateway/index.ts";
import { canAnswer, spelled } from "../http-gateway/phone.ts";
import { callbackUrl } from "../http-gateway/proof.ts";
import { reach } from "../http-gateway/reach.ts";
import { kannelReceiver } from "./inbound.ts";

/** A channel for numbers in E.164. Neither `send` nor `conclude` rejects for what Kannel or the network does. */
export function createKannelChannel(
  config: KannelConfig,
  { clock = systemClock, hooksUrl = () => null }: GatewayParts = {},
): TextChannel {
  const { hooks, replies, from } = config;
  const doubts = new Doubts();
  const send = async (given: OutgoingMessage, signal: AbortSignal, hooked: string | null): Promise<SendResult> => {
    const message = simpler(given, config.transliterate);
    const receipts = callbackUrl(hooked, hooks, "receipt");
    const sent = await sendText(config, message, { receipts, doubts, clock, signal });
    return { ...sent, segments: segmentsOf(message.text) };
  };
  return {
    addressKind: "phone",
    probe: (signal) => reach(config.url, { ...config, peer: "Kannel" }, clock, signal),
    send: (message, signal) => send(message, signal, hooksUrl()),
    textOf: (message) => simpler(message, config.transliterate).text,
    ...(config.tellWhenOver ? { conclude: (over, signal) => send(overText(over, config), signal, null) } : {}),
    ...(hooks === undefined ? {} : { receive: kannelReceiver(config, hooks) }),
    takesReplies: () => replies !== "off" && hooks !== undefined && canAnswer(from),
  };
}

/** The request as it would be sent, with nothing secret in it. Sends nothing. */
export function previewKannel(config: KannelConfig, given: OutgoingMessage, hooksUrl: string | null): Exchange {
  const { password, hooks, transliterate } = config;
  const request = requestFor(config, simpler(given, transliterate), callbackUrl(hooksUrl, hooks, "receipt"));
  const secrets = [password, latin1(password), ...(hooks?.secret === undefined ? [] : [hooks.secret])];
  const headers = Object.entries(request.headers).map(([name, value]) => [name, hide(value, secrets)]);
  return { ...request, headers: Object.fromEntries(headers) };
}

async function sendText(
  config: KannelConfig,
  message: OutgoingMessage,
  attempt: {
    readonly receipts: string | null;
    readonly doubts: Doubts;
    readonly clock: Clock;
    readonly signal: AbortSignal;
  },
): Promise<SendResult> {
  const { receipts, doubts, clock, signal } = attempt;
  const { tls, proxy, timeoutSeconds, password, hooks } = config;
  const way = { tls, proxy, timeoutSeconds, peer: "Kannel" };
  const exchanged = await exchange(requestFor(config, message, receipts), way, clock, signal);
  if ("failure" in exchanged) return doubts.judge(message, exchanged, way.peer);
  const { to, text, link } = concealable(message);
  const secrets = [password, ...(hooks?.secret === undefined ? [] : [hooks.secret])];
  const excerpt = excerptOf(exchanged.answer.text, { to, text, link, secrets });
  return doubts.settle(message.deliveryId, judge(exchanged.answer, excerpt, clock));
}

/** By POST: text, number and password stand in no URL, so in no access log. What is said of the text is in headers. */
function requestFor(config: KannelConfig, message: OutgoingMessage, receipts: string | null): Exchange {
  const { url, username, password, from, smsc } = config;
  const { to, text, deliveryId, validForSeconds } = message;
  const named = (name: string, value: string | undefined) =>
    value === undefined ? {} : { [`x-kannel-${name}`]: latin1(value) };
  const id = encodeURIComponent(deliveryId);
  // Kannel fills in %d, the kind of receipt; percent signs of our own would be filled in too.
  const dlrUrl = receipts === null ? undefined : `${receipts}?delivery=${id.replaceAll("%", "%%")}&type=%d`;
  return {
    method: "POST",
    url,
    headers: {
      "content-type": "text/plain; charset=UTF-8",
      ...named("username", username),
      ...named("password", password),
      ...named("to", spelled(config, to)),
      ...named("from", from),
      ...named("smsc", smsc),
      ...named("coding", isGsm7(text) ? "0" : "2"),
      ...named("dlr-mask", dlrUrl === undefined ? undefined : String(DLR_MASK)),
      ...named("dlr-url", dlrUrl),
      // In whole minutes; one that is longer than the question would be worse than one that is shorter.
      ...named(
        "validity",
        validForSeconds === null ? undefined : String(Math.max(1, Math.floor(validForSeconds / 60))),
      ),
    },
    body: text,
  };
}

/** Delivered (1), not delivered (2) and refused by the SMSC (16): after each of them nothing more comes. */
const DLR_MASK = 1 + 2 + 16;

/** The bytes of the UTF-8 text, which a header carries as Latin-1 (RFC 9110, section 5.5, obs-text). */
function latin1(value: string): string {
  return Buffer.from(value, "utf8").toString("latin1");
}

/** By status and by the number or words at the start of the plain text that Kannel answers with. */
function judge(answer: Answer, excerpt: string | null, clock: Clock): SendResult {
  const { status, text } = answer;
  const common = { status, excerpt };
  const again = (error: string, isChannelDown: boolean): SendResult => ({
    ...{ outcome: "retry", error, ...common, retryAfterMs: readRetryAfter(answer.headers.get("retry-after"), clock) },
    ...(isChannelDown ? { isChannelDown } : {}),
  });
  // `0: Accepted for delivery`, `3: Queued for later delivery`: both are Kannel's to deliver from now on.
  if (status === 202 || (status === 200 && /^[03]:/.test(text)))
    return { outcome: "sent", providerId: null, ...common };
  if (status === 403)
    return again("Kannel refuses `username` and `password`, or this server's address (HTTP 403)", true);
  if (status === 404) return again("Kannel has no sendsms at this address (HTTP 404); check `url`", true);
  if (status === 503) return again("Kannel can't take texts at the moment (HTTP 503)", true);
  if (status >= 300 && status < 400)
    return again(`Kannel answers with a redirect (HTTP ${status}), which is not followed; check \`url\``, false);
  // Said by none of Kannel's versions: something else stands at this address, or in between.
  if (status >= 200 && status < 300) {
    const error = `the answer (HTTP ${status}) is none of Kannel's; check \`url\`; the text may have been sent, so it is not tried again`;
    return { outcome: "failed", error, ...common };
  }
  if (status >= 500 || status === 429 || status === 408)
    return again(`Kannel does not take the text now (HTTP ${status})`, status === 429);
  const known = REFUSALS.find(([words]) => text.includes(words))?.[1] ?? "Kannel refuses the text";
  return { outcome: "failed", error: `${known} (HTTP ${status})`, ...common };
}

const REFUSALS: readonly (readonly [words: string, meaning: string])[] = [
  ["Sender missing", "Kannel has no sender for this user; set `from`, or its `global-sender`"],
  ["has been denied", "Kannel's lists do not allow the recipient's number"],
  ["have been denied", "Kannel's lists do not allow the recipient's number"],
  ["Missing receiver", "Kannel takes the recipient's number for none; check `phoneFormat`"],
  ["Not routable", "no SMSC of Kannel's takes the recipient's number"],
];
