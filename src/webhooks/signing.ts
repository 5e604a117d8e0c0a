import { createHmac } from "node:crypto";

/** What a delivery carries beside its body, by Standard Webhooks' names. */
export interface SignedHeaders {
  readonly "webhook-id": string;
  readonly "webhook-timestamp": string;
  readonly "webhook-signature": string;
}

export interface ToSign {
  /** The event's id: the same over retries, so that a receiver can tell what it has had before. Without a dot. */
  readonly id: string;
  /** When this attempt is sent, in whole Unix seconds: a receiver refuses what is old. */
  readonly timestampSeconds: number;
  /** The very text that is sent. */
  readonly body: string;
  /** `whsec_…`, the current one first; each signs. */
  readonly secrets: readonly string[];
}

/** Bytes of a secret by Standard Webhooks. */
const SHORTEST_SECRET = 24;
const LONGEST_SECRET = 64;
export const SECRET_PREFIX = "whsec_";

/**
 * Signs a delivery as Standard Webhooks has it: `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`, one for
 * each secret, with a space between.
 *
 * @throws TypeError for what can't be signed without doubt: no secret, one that is none, an id with a dot in it.
 */
export function sign({ id, timestampSeconds, body, secrets }: ToSign): SignedHeaders {
  // With a dot in the id, two different deliveries could be the same signed text.
  if (id === "" || id.includes(".")) throw new TypeError("the id of a webhook must not be empty or hold a dot");
  if (!Number.isSafeInteger(timestampSeconds)) throw new TypeError("a webhook's timestamp is in whole seconds");
  if (secrets.length === 0) throw new TypeError("a webhook needs a secret that signs it");
  const timestamp = String(timestampSeconds);
  const signed = `${id}.${timestamp}.${body}`;
  const signatures = secrets.map(
    (secret) => `v1,${createHmac("sha256", secretBytes(secret)).update(signed).digest("base64")}`,
  );
  return { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signatures.join(" ") };
}

function secretBytes(secret: string): Uint8Array {
  const bytes = secret.startsWith(SECRET_PREFIX) ? Buffer.from(secret.slice(SECRET_PREFIX.length), "base64") : null;
  if (bytes === null || bytes.length < SHORTEST_SECRET || bytes.length > LONGEST_SECRET) {
    // Not what it is: this text may reach a log.
    throw new TypeError("a webhook's secret is whsec_ and the base64 of 24 to 64 bytes");
  }
  return bytes;
}
