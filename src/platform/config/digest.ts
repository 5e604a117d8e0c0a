import { createHmac, hkdfSync } from "node:crypto";
import type { LoadedConfig } from "./load.ts";

/**
 * What the configuration in force is named by in the log: `hmac-sha256:<hex>` over all its settings, defaults included,
 * whichever way they were given. Equal names mean equal settings. It is keyed by a key that is derived from the folder's
 * secret (HKDF, RFC 5869), because people's addresses are among the settings and nobody may guess them from a digest;
 * secrets are left out, so that it stays the same when one is renewed.
 */
export function configDigest({ source: _, ...settings }: LoadedConfig, secret: Uint8Array): string {
  const key = new Uint8Array(hkdfSync("sha256", secret, "", "pausepoint configuration v1", 32));
  return `hmac-sha256:${createHmac("sha256", key)
    .update(JSON.stringify(plain(settings, "")))
    .digest("hex")}`;
}

/** What authenticates us or a peer. The values of headers may be that too. */
const SECRET = /token|secret|password|passwd|api_?key|privatekey|credential|^(?:key|value|authorization)$/i;
const LEFT_OUT = "secret";

/** In one order of members, secrets left out, functions by their source. */
function plain(value: unknown, name: string): unknown {
  if (typeof value === "string") return SECRET.test(name) ? LEFT_OUT : withoutLogin(value);
  if (typeof value === "function") return String(value);
  if (Array.isArray(value)) return value.map((item) => plain(item, name));
  if (typeof value !== "object" || value === null) return value ?? null;
  const isHeaders = /^headers$/i.test(name);
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([member, inside]) => [member, isHeaders ? LEFT_OUT : plain(inside, member)]);
}

/** A URL without the password in it. */
function withoutLogin(text: string): string {
  return text.replace(/^([a-z][a-z0-9+.-]*:\/\/[^:/?#]*):.*@/i, "$1@");
}
