/** Texts through any gateway that takes an HTTP request, as the operator describes it. */
import { type Clock, systemClock } from "../../platform/clock.ts";
import type { HttpGatewayConfig } from "../../platform/config/http-gateway.ts";
import { sha256Hex } from "../../platform/hash.ts";
import { fit } from "../../platform/sms/fit.ts";
import { isGsm7, septetsOf } from "../../platform/sms/gsm7.ts";
import { plain, transliterated } from "../../platform/sms/plain.ts";
import { segmentsOf } from "../../platform/sms/segments.ts";
import type { Channel, Conclusion, OutgoingMessage, Probed, SendResult } from "../channel.ts";
import { type Authorization, authorization } from "./auth.ts";
import type { Concealed } from "./conceal.ts";
import { Doubts } from "./doubts.ts";
import { exchange, type Way } from "./exchange.ts";
import { gatewayReceiver } from "./inbound.ts";
import { judge } from "./judge.ts";
import { canAnswer } from "./phone.ts";
import { callbackUrl } from "./proof.ts";
import { reach } from "./reach.ts";
import { describeRequest, gatewayMessage } from "./request.ts";
import { secretsOf } from "./secrets.ts";

export { previewRequest } from "./preview.ts";

export interface TextChannel extends Channel {
  /** Whether what this person writes back would be heard. Where not, a text should not ask for a reply. */
  takesReplies(to: string): boolean;
}

export interface GatewayParts {
  readonly clock?: Clock;
  /** Where the gateway can call this server for the channel, without a closing slash, or null. */
  readonly hooksUrl?: () => string | null;
}

/** A channel for numbers in E.164. Neither `send` nor `conclude` rejects for what the gateway or the network does. */
export function createHttpGatewayChannel(
  config: HttpGatewayConfig,
  { clock = systemClock, hooksUrl = () => null }: GatewayParts = {},
): TextChannel {
  const { tls, proxy, timeoutSeconds } = config;
  const way: Way = { tls, proxy, timeoutSeconds, peer: "the gateway" };
  const auth = authorization(config, way, clock);
  const doubts = new Doubts();
  const send = (message: OutgoingMessage, signal: AbortSignal, asksReceipt: boolean) =>
    sendText(config, message, { auth, way, clock, signal, doubts, hooksUrl: asksReceipt ? hooksUrl() : null });
  const receive = gatewayReceiver(config, (to, text) => send(wordsFor(to, text, clock), NEVER, false));
  return {
    addressKind: "phone",
    probe: (signal) => probe(config, { auth, way, clock, signal }),
    send: (message, signal) => send(message, signal, true),
    textOf: (message) => simpler(message, config.transliterate).text,
    ...(config.tellWhenOver ? { conclude: (over, signal) => send(overText(over, config), signal, false) } : {}),
    ...(receive === undefined ? {} : { receive }),
    takesReplies: () =>
      config.replies !== "off" && receive !== undefined && config.inbound !== undefined && canAnswer(config.from),
  };
}

/** A token is asked for, where tokens are used; of the gateway itself only whether it takes connections. */
async function probe(
  { auth: settings, url }: HttpGatewayConfig,
  { auth, way, clock, signal }: Pick<Attempt, "auth" | "way" | "clock" | "signal">,
): Promise<Probed> {
  if (settings?.type !== "oauth2") return await reach(url, way, clock, signal);
  const proof = await auth.headers("", signal);
  if ("failure" in proof)
    return { outcome: "refused", found: "error" in proof.failure ? proof.failure.error : proof.failure.outcome };
  const reached = await reach(url, way, clock, signal);
  return reached.outcome === "refused"
    ? reached
    : { outcome: "accepted", found: "the token server gives a token, and the gateway takes connections" };
}

interface Attempt {
  readonly auth: Authorization;
  readonly way: Way;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly doubts: Doubts;
  readonly hooksUrl: string | null;
}

async function sendText(config: HttpGatewayConfig, given: OutgoingMessage, attempt: Attempt): Promise<SendResult> {
  const message = simpler(given, config.transliterate);
  return { ...(await handOver(config, message, attempt)), segments: segmentsOf(message.text) };
}

async function handOver(config: HttpGatewayConfig, message: OutgoingMessage, attempt: Attempt): Promise<SendResult> {
  const { auth, way, clock, signal, doubts, hooksUrl } = attempt;
  const receipts = config.receipts === undefined ? null : callbackUrl(hooksUrl, config.hooks, "receipt");
  const receiptUrl = receipts === null ? null : `${receipts}?delivery=${encodeURIComponent(message.deliveryId)}`;
  let request: ReturnType<typeof describeRequest>;
  try {
    request = describeRequest(config, gatewayMessage(config, message, receiptUrl));
  } catch (error) {
    const words = error instanceof Error ? error.message : "the request can't be written";
    return { outcome: "failed", error: `${words}; correct the configuration`, status: null, excerpt: null };
  }
  const proof = await auth.headers(request.body ?? "", signal);
  if ("failure" in proof) return proof.failure;
  const exchanged = await exchange(
    { ...request, headers: { ...request.headers, ...proof.headers } },
    way,
    clock,
    signal,
  );
  if ("failure" in exchanged) {
    // A gateway that knows the id sends the text once, however often it is asked.
    return config.idempotencyHeader === undefined ? doubts.judge(message, exchanged, way.peer) : exchanged.failure;
  }
  if (exchanged.answer.status === 401) auth.refused();
  const { to, text, link } = concealable(message);
  const secrets = [...secretsOf(config, request), ...Object.values(proof.headers)];
  return doubts.settle(message.deliveryId, judge(config, exchanged.answer, { to, text, link, secrets }, clock));
}

/** In a plainer spelling, but only where that makes it fit into GSM-7 as a whole, and never the link in another one. */
export function simpler(message: OutgoingMessage, isAllowed: boolean): OutgoingMessage {
  const { text, link } = message;
  if (!isAllowed || isGsm7(text)) return message;
  const typed = plain(text);
  const bare = isGsm7(typed) ? typed : transliterated(typed, (character) => septetsOf(character) !== null);
  return isGsm7(bare) && bare.includes(link) ? { ...message, text: bare } : message;
}

/** What must not be kept of a peer's answer. */
export function concealable({ to, text, link, isProbe }: OutgoingMessage): Pick<Concealed, "to" | "text" | "link"> {
  return isProbe ? { to, text: "", link: "" } : { to, text, link };
}

/** Word that a question is over, as a text of its own: one that was sent can't be changed. It names the question. */
export function overText(
  { deliveryId, to, link, question, text: words }: Conclusion,
  { maxSegments: segments, transliterate }: Pick<HttpGatewayConfig, "maxSegments" | "transliterate">,
): OutgoingMessage {
  const { project, message } = question;
  const fill = (shortened: string) => `${project}: ${words}\n\nIt was: ${shortened}`;
  const text = fit(message, fill, { segments, longest: LONGEST_TEXT, transliterate });
  // An id of its own, or a gateway that drops repetitions would drop this one.
  return { deliveryId: `${deliveryId}-over`, to, link, text, question: null, validForSeconds: 3_600 };
}

/** In UTF-16 units. */
const LONGEST_TEXT = 1_600;

/** What attempts are stopped by, beside their own time limit. */
const NEVER = new AbortController().signal;

/** Words for someone who wrote. The id is new for each, so that no gateway takes one for a repetition. */
function wordsFor(to: string, text: string, clock: Clock): OutgoingMessage {
  const id = sha256Hex(`${to}\n${text}\n${clock.now()}`).slice(0, 32);
  return { deliveryId: `reply_${id}`, to, link: "", text, question: null, validForSeconds: 3_600 };
}
