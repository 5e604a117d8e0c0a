import { createHmac } from "node:crypto";

export interface Webhook {
  readonly url: string;
  readonly parameters: Readonly<Record<string, string>>;
  /** The key that signs: the account's primary auth token, or another one to play a forger. */
  readonly authToken: string;
  /** Sent as `I-Twilio-Idempotency-Token`; a second delivery of the same event has the same. */
  readonly idempotencyToken: string;
}

/** What the receiver answered. */
export interface WebhookAnswer {
  readonly status: number;
  readonly contentType: string | null;
  readonly body: string;
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
export async function postWebhook(webhook: Webhook): Promise<WebhookAnswer> {
  const response = await fetch(webhook.url, {
    method: "POST",
    headers: {
      "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
      "User-Agent": "TwilioProxy/1.1",
      "I-Twilio-Idempotency-Token": webhook.idempotencyToken,
      "X-Twilio-Signature": twilioSignature(webhook.authToken, webhook.url, webhook.parameters),
    },
    body: new URLSearchParams(webhook.parameters).toString(),
    redirect: "manual",
    signal: AbortSignal.timeout(RECEIVER_TIMEOUT),
  });
  return {
    status: response.status,
    contentType: response.headers.get("content-type"),
    body: await response.text(),
  };
}
