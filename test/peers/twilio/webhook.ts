import { createHmac } from "node:crypto";
import { readTwiml, type TwimlReading } from "./twiml.ts";

/** What someone does who is not Twilio. */
export type WebhookForgery =
  /** Signs with another token. */
  | "wrong-token"
  /** Leaves `X-Twilio-Signature` out. */
  | "no-signature"
  /** Takes a signature that was made for another address. */
  | "wrong-url"
  /** Changes or adds parameters after the signature was made. */
  | { readonly change: Readonly<Record<string, string>> };

export interface Webhook {
  /** The address as configured with Twilio; the signature is made over it. */
  readonly url: string;
  /** The address really called; differs from `url` behind a proxy. */
  readonly calledUrl: string;
  readonly parameters: Readonly<Record<string, string>>;
  /** The key that signs: the account's primary auth token, or another one to play a forger. */
  readonly authToken: string;
  /** Sent as `I-Twilio-Idempotency-Token`; a second delivery of the same event has the same. */
  readonly idempotencyToken: string;
  readonly forge?: WebhookForgery | undefined;
}

/** What the receiver answered, and what Twilio makes of it. */
export interface WebhookAnswer {
  readonly status: number;
  readonly contentType: string | null;
  readonly body: string;
  /** Of an inbound message's webhook; the answer to a status callback is not read. */
  readonly twiml: TwimlReading | null;
}

/** How long the peer waits for a receiver, in milliseconds. */
const RECEIVER_TIMEOUT = 15_000;

/**
 * `X-Twilio-Signature` as the official package's `validateRequest` computes it: HMAC-SHA1, keyed with the auth
 * token, over the URL as configured followed by each POST parameter's name and value, sorted by name, with nothing
 * between; in base64.
 */
export function twilioSignature(authToken: string, url: string, parameters: Readonly<Record<string, string>>): string {
  const sorted = Object.keys(parameters).sort();
  const text = url + sorted.map((name) => name + parameters[name]).join("");
  return createHmac("sha1", authToken).update(text, "utf8").digest("base64");
}

/** Posts a webhook, signed, as a form. Rejects when nobody answers. */
export async function postWebhook(webhook: Webhook, isMessage: boolean): Promise<WebhookAnswer> {
  const { url, calledUrl, forge } = webhook;
  const change = typeof forge === "object" ? forge.change : {};
  const response = await fetch(calledUrl, {
    method: "POST",
    headers: {
      "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
      "User-Agent": "TwilioProxy/1.1",
      "I-Twilio-Idempotency-Token": webhook.idempotencyToken,
      ...(calledUrl === url ? {} : forwarded(url)),
      ...(forge === "no-signature" ? {} : { "X-Twilio-Signature": signatureOf(webhook) }),
    },
    body: new URLSearchParams({ ...webhook.parameters, ...change }).toString(),
    redirect: "manual",
    signal: AbortSignal.timeout(RECEIVER_TIMEOUT),
  });
  const contentType = response.headers.get("content-type");
  const body = await response.text();
  const twiml = isMessage ? readTwiml(response.status, contentType, body) : null;
  return { status: response.status, contentType, body, twiml };
}

function signatureOf({ authToken, url, parameters, forge }: Webhook): string {
  const token = forge === "wrong-token" ? `${authToken}x` : authToken;
  return twilioSignature(token, forge === "wrong-url" ? `${url}/elsewhere` : url, parameters);
}

/** What a reverse proxy adds for the request it passes on. */
function forwarded(publicUrl: string): Record<string, string> {
  const { protocol, host } = new URL(publicUrl);
  // An address of TEST-NET-3, RFC 5737, in Twilio's place.
  return { "X-Forwarded-Proto": protocol.slice(0, -1), "X-Forwarded-Host": host, "X-Forwarded-For": "203.0.113.7" };
}
