/**
 * What Twilio tells us: `…/status?delivery=<id>`, the status callback of a text, and `…/inbound`, a text that someone
 * wrote, which is answered in TwiML. Both come as forms and are signed.
 */
import type { PeerAnswer, PeerEvent, PeerRequest, Report } from "../channel.ts";
import { OUTSIDE_SESSION, receiptError } from "./errors.ts";
import { isSignedByTwilio } from "./signature.ts";

/** How what someone wrote is read: texts and WhatsApp differ there. */
export interface Reading {
  /** An address in the channel's own form, from Twilio's; null for what is no business of this channel. */
  readonly addressOf: (from: string) => string | null;
  /** The words that Twilio answers by itself, in capital letters. */
  readonly keywords: ReadonlySet<string>;
  /** What a message that is more than a text tells; null for a text. */
  readonly tapIn?: (fields: URLSearchParams, from: string) => PeerEvent | null;
}

/** The channel's `receive`. `hooksUrl` is as Twilio was told, which a proxy on the way may have changed. */
export function twilioReceiver(authToken: string, hooksUrl: () => string | null, reading: Reading = TEXTS) {
  const heard = new Heard();
  return async (request: PeerRequest, report: Report): Promise<PeerAnswer> => {
    if (request.rest !== "status" && request.rest !== "inbound") return said(404, "There is nothing at this address.");
    if (request.method !== "POST") {
      return { ...said(405, "Set the method of the webhook to HTTP POST."), headers: { ...PLAIN, allow: "POST" } };
    }
    const fields = new URLSearchParams(new TextDecoder().decode(request.body));
    const told = hooksUrl();
    const query = /\?.*$/.exec(request.url)?.[0] ?? "";
    const addresses = [request.url, ...(told === null ? [] : [`${told}/${request.rest}${query}`])];
    if (!isSignedByTwilio(authToken, request.headers["x-twilio-signature"] ?? "", addresses, fields)) {
      return said(403, "The signature does not match this address and the account's auth token.");
    }
    if (request.rest === "inbound") return answerText(fields, reading, heard, report);
    const receipt = receiptOf(new URLSearchParams(query).get("delivery"), fields);
    if (receipt !== null) await report(receipt);
    return { status: 204, body: null };
  };
}

// A receipt

/** Null for what changes nothing: a text that is still on its way, or one that is not ours. */
function receiptOf(deliveryId: string | null, fields: URLSearchParams): PeerEvent | null {
  if (deliveryId === null || !/^\w{1,64}$/.test(deliveryId)) return null;
  const receipt = { kind: "receipt" as const, deliveryId };
  switch (fields.get("MessageStatus")) {
    case "sent":
      return { ...receipt, status: "sent", error: null };
    case "delivered":
    case "read":
      return { ...receipt, status: "delivered", error: null };
    case "undelivered":
    case "failed":
    case "canceled":
      return {
        ...{ ...receipt, status: "failed", error: receiptError(fields.get("ErrorCode")) },
        ...(fields.get("ErrorCode") === String(OUTSIDE_SESSION) ? { isSessionOver: true } : {}),
      };
    default:
      return null;
  }
}

// A text that someone wrote

/**
 * Reports a text once, however often Twilio tells of it, and answers with the words for the person. To its keywords
 * Twilio has answered by itself (it says so in `OptOutType`, or does so by default): another text would be one too many,
 * and none gets through to someone who has opted out.
 */
async function answerText(
  fields: URLSearchParams,
  { addressOf, keywords, tapIn }: Reading,
  heard: Heard,
  report: Report,
): Promise<PeerAnswer> {
  const from = addressOf(fields.get("From") ?? "");
  const sid = fields.get("MessageSid") ?? "";
  if (from === null || !heard.isNew(sid)) return twiml(null);
  const written = fields.get("Body") ?? "";
  const keyword = keywordOf(fields.get("OptOutType"), written, keywords);
  try {
    const tap = tapIn?.(fields, from) ?? null;
    const words = await report(tap ?? { kind: "reply", from, text: keyword ?? written });
    return twiml(keyword === null ? words : null);
  } catch (error) {
    heard.forget(sid);
    throw error;
  }
}

/**
 * The keyword that Twilio has acted on, or null. With Advanced Opt-Out the operator chooses the words, in any language;
 * they are passed on as STOP, START and HELP. YES opts in too, but is first of all an answer to a question.
 */
function keywordOf(optOutType: string | null, written: string, keywords: ReadonlySet<string>): string | null {
  const word = written.trim().toUpperCase();
  if (word === "YES") return null;
  if (optOutType === "STOP" || optOutType === "START" || optOutType === "HELP") return optOutType;
  return keywords.has(word) ? word : null;
}

/** From "Twilio support for opt-out keywords". */
const TWILIOS_OWN: ReadonlySet<string> = new Set([
  ...["STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"],
  ...["START", "UNSTOP", "HELP", "INFO"],
]);

/** Short codes and names can't be asked anything, and WhatsApp is another channel. */
const TEXTS: Reading = {
  addressOf: (from) => (/^\+[1-9]\d{6,14}$/.test(from) ? from : null),
  keywords: TWILIOS_OWN,
};

/** The texts that were heard lately. Twilio tells of one again when it did not get our answer in time. */
class Heard {
  readonly #sids = new Set<string>();

  /** True the first time, and always for a text without an id. */
  isNew(sid: string): boolean {
    if (sid === "") return true;
    if (this.#sids.has(sid)) return false;
    this.#sids.add(sid);
    const [oldest] = this.#sids;
    if (this.#sids.size > KEPT && oldest !== undefined) this.#sids.delete(oldest);
    return true;
  }

  forget(sid: string): void {
    this.#sids.delete(sid);
  }
}

const KEPT = 1_000;

/** An answer in TwiML, with one message or none. */
function twiml(words: string | null): PeerAnswer {
  const message = words === null || words === "" ? "" : `<Message>${escapeXml(words)}</Message>`;
  return {
    status: 200,
    headers: { "content-type": "text/xml; charset=utf-8" },
    body: `<?xml version="1.0" encoding="UTF-8"?><Response>${message}</Response>`,
  };
}

/** Text for between two tags. What XML 1.0 does not allow at all (section 2.2) falls out. */
function escapeXml(text: string): string {
  const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return text
    .toWellFormed()
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "")
    .replace(/[&<>"]/g, (character) => entities[character] ?? "");
}

const PLAIN = { "content-type": "text/plain; charset=utf-8" };

function said(status: number, body: string): PeerAnswer {
  return { status, headers: PLAIN, body };
}
