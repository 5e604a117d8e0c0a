import { fromBase64, toBase64, utf8 } from "./bytes.ts";
import { PausePointError } from "./errors.ts";
import type { Pause } from "./types.ts";

/** What a webhook tells. A kind that is not listed here may come one day. */
export type WebhookEvent =
  | {
      readonly type: "pause.responded" | "pause.timed_out" | "pause.cancelled";
      readonly timestamp: string;
      readonly data: Pause;
    }
  | { readonly type: "webhook.test"; readonly timestamp: string; readonly data: { readonly webhook_id: string } };

export interface VerifyWebhookOptions {
  /** `whsec_…` of the endpoint; the old one beside it while it is rotated. */
  readonly secret: string | readonly string[];
  /** How far the sender's clock may be from ours, in seconds; else 300. */
  readonly toleranceSeconds?: number;
  /** Milliseconds since the Unix epoch; else now. */
  readonly now?: number;
}

/** A webhook that is not to be believed. */
export class WebhookError extends PausePointError {
  override readonly name = "WebhookError";
}

/**
 * Verifies a webhook by Standard Webhooks, and answers what it tells. `body` is the text as it came, not parsed and
 * written again. Retries carry the same `webhook-id`: keep it, so that an event counts once.
 *
 * @throws WebhookError for a header that is missing, a time that is too far off, and a signature by none of the secrets.
 */
export async function verifyWebhook(
  body: string | Uint8Array,
  headers: Headers | Readonly<Record<string, string | readonly string[] | undefined>>,
  options: VerifyWebhookOptions,
): Promise<WebhookEvent> {
  const { secret, toleranceSeconds = 300, now = Date.now() } = options;
  const [id, timestamp, signatures] = ["webhook-id", "webhook-timestamp", "webhook-signature"].map((name) => {
    const value = headerOf(headers, name);
    if (value === null) throw new WebhookError(`the header ${name} is missing`);
    return value;
  }) as [string, string, string];
  if (!/^\d{1,12}$/.test(timestamp)) throw new WebhookError("webhook-timestamp is no time in Unix seconds");
  if (Math.abs(now / 1000 - Number(timestamp)) > toleranceSeconds)
    throw new WebhookError("webhook-timestamp is too far from this machine's time");
  const text = typeof body === "string" ? body : new TextDecoder("utf-8", { ignoreBOM: true }).decode(body);
  const signed = utf8(`${id}.${timestamp}.${text}`);
  const given = signatures.split(" ").flatMap((one) => (one.startsWith("v1,") ? (fromBase64(one.slice(3)) ?? []) : []));
  for (const each of typeof secret === "string" ? [secret] : secret) {
    const key = await keyOf(each);
    // Web Crypto compares in constant time.
    for (const signature of given) if (await crypto.subtle.verify("HMAC", key, signature, signed)) return eventIn(text);
  }
  throw new WebhookError("none of its signatures is by a secret that was given");
}

async function keyOf(secret: string): Promise<CryptoKey> {
  const bytes = secret.startsWith("whsec_") ? fromBase64(secret.slice("whsec_".length)) : null;
  if (bytes === null || bytes.length < 24 || toBase64(bytes) !== secret.slice("whsec_".length))
    throw new WebhookError("the secret must be whsec_ and base64, as PausePoint has shown it");
  return await crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
}

function eventIn(text: string): WebhookEvent {
  try {
    return JSON.parse(text) as WebhookEvent;
  } catch (cause) {
    throw new WebhookError("its body is not JSON", { cause });
  }
}

function headerOf(
  headers: Headers | Readonly<Record<string, string | readonly string[] | undefined>>,
  name: string,
): string | null {
  if (headers instanceof Headers) return headers.get(name);
  const found = Object.entries(headers).find(([given]) => given.toLowerCase() === name)?.[1];
  return typeof found === "string" ? found : (found?.join(" ") ?? null);
}
