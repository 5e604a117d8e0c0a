import { createHash } from "node:crypto";
import { type Button, type Submission, sameChannel, type TwilioAccount } from "./account.ts";
import { segmentCount } from "./segments.ts";

export const MESSAGE_STATUSES = [
  "accepted",
  "queued",
  "sending",
  "sent",
  "delivered",
  "undelivered",
  "failed",
  "read",
  "received",
] as const;
export type MessageStatus = (typeof MESSAGE_STATUSES)[number];

/** A message the peer took: what Twilio keeps of it, and where it came in. */
export interface TwilioMessage {
  /** `SM` + 32 hex. */
  readonly sid: string;
  /** A reply is what TwiML in a webhook's answer had the account send. */
  readonly direction: "outbound-api" | "outbound-reply" | "inbound";
  readonly to: string;
  /** Null while a messaging service has not chosen a sender. */
  readonly from: string | null;
  readonly body: string;
  /** The template it was made from; null for a free-form message. */
  readonly contentSid: string | null;
  /** The buttons under it, filled in. */
  readonly buttons: readonly Button[];
  readonly messagingServiceSid: string | null;
  readonly statusCallback: string | null;
  /** Seconds. */
  readonly validityPeriod: number;
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
  /** Its place in `peer.requests`, from 1; 0 for an inbound one and a reply. */
  readonly requestNumber: number;
  /** How many create requests with this `To` and body the peer had seen when it took this one, itself included. */
  readonly attempt: number;
  readonly status: MessageStatus;
  readonly errorCode: number | null;
  readonly sentAt: number | null;
  readonly updatedAt: number;
}

/** Its own fields may change as it travels; what a test holds is read-only. */
export type StoredMessage = { -readonly [K in keyof TwilioMessage]: TwilioMessage[K] };

/** A SID made from a seed and a count, so that a failing test shows the same ones again. */
export function sidFrom(prefix: string, seed: string, count: number): string {
  return prefix + createHash("md5").update(`${seed}/${prefix}/${count}`).digest("hex");
}

export function newOutbound(
  submission: Submission,
  place: Pick<TwilioMessage, "sid" | "at" | "requestNumber" | "attempt">,
): StoredMessage {
  return {
    ...submission,
    ...place,
    direction: "outbound-api",
    status: submission.messagingServiceSid === null ? "queued" : "accepted",
    errorCode: null,
    sentAt: null,
    updatedAt: place.at,
  };
}

/** Moves a message on. The first step of one that a messaging service took also gives it a sender from the pool. */
export function moveOn(
  account: TwilioAccount,
  message: StoredMessage,
  status: MessageStatus,
  errorCode: number | null,
  at: number,
): void {
  if (message.from === null && message.messagingServiceSid !== null) {
    const pool = account.messagingServices[message.messagingServiceSid] ?? [];
    message.from = pool.find((sender) => sameChannel(sender, message.to)) ?? null;
  }
  if (status !== "queued" && status !== "sending" && status !== "failed") message.sentAt ??= at;
  message.status = status;
  message.errorCode = errorCode;
  message.updatedAt = at;
}

/** The Message resource as the REST API shows it. */
export function messageResource(accountSid: string, message: TwilioMessage): Record<string, unknown> {
  const path = `/2010-04-01/Accounts/${accountSid}/Messages/${message.sid}`;
  return {
    account_sid: accountSid,
    api_version: "2010-04-01",
    body: message.body,
    date_created: rfc2822(message.at),
    date_sent: message.sentAt === null ? null : rfc2822(message.sentAt),
    date_updated: rfc2822(message.updatedAt),
    direction: message.direction,
    error_code: message.errorCode,
    error_message: null,
    from: message.from,
    messaging_service_sid: message.messagingServiceSid,
    num_media: "0",
    // A messaging service that has not chosen a sender has not split the text either.
    num_segments: message.status === "accepted" ? "0" : String(segmentCount(message.body)),
    price: null,
    price_unit: message.status === "accepted" ? null : "USD",
    sid: message.sid,
    status: message.status,
    subresource_uris: { media: `${path}/Media.json` },
    to: message.to,
    uri: `${path}.json`,
  };
}

/** One page of the list resource, newest first. */
export function messagePage(
  accountSid: string,
  messages: readonly TwilioMessage[],
  query: URLSearchParams,
): Record<string, unknown> {
  const path = `/2010-04-01/Accounts/${accountSid}/Messages.json`;
  const size = Math.min(1000, Math.max(1, Number(query.get("PageSize")) || 50));
  const page = Math.max(0, Number(query.get("Page")) || 0);
  const fits = (name: "To" | "From", address: string | null) => !query.get(name) || query.get(name) === address;
  const found = messages.filter((message) => fits("To", message.to) && fits("From", message.from)).reverse();
  const start = page * size;
  const shown = found.slice(start, start + size);
  const uriOf = (number: number): string => {
    const parameters = new URLSearchParams(query);
    parameters.set("PageSize", String(size));
    parameters.set("Page", String(number));
    return `${path}?${parameters}`;
  };
  return {
    end: start + Math.max(0, shown.length - 1),
    first_page_uri: uriOf(0),
    messages: shown.map((message) => messageResource(accountSid, message)),
    next_page_uri: start + size < found.length ? uriOf(page + 1) : null,
    page,
    page_size: size,
    previous_page_uri: page > 0 ? uriOf(page - 1) : null,
    start,
    uri: uriOf(page),
  };
}

/** RFC 2822 §3.3 with a numeric zone, as in `Wed, 18 Aug 2010 20:01:40 +0000`. */
function rfc2822(milliseconds: number): string {
  return new Date(milliseconds).toUTCString().replace("GMT", "+0000");
}
