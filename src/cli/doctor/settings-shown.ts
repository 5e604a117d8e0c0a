import type { ChannelConfig } from "../../platform/config/schema.ts";

/**
 * A channel's settings for the operator's eyes, and perhaps for a ticket: what is known to be no secret is shown as it
 * is, of everything else only that it is set. Of an address the origin alone, since a path may hold a token.
 */
export function settingsShown({ kind: _, ...settings }: ChannelConfig): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(settings).flatMap(([name, value]) => shown(name, value)));
}

function shown(name: string, value: unknown): readonly (readonly [string, string])[] {
  if (value === undefined || (typeof value === "object" && value !== null && Object.keys(value).length === 0))
    return [];
  if (typeof value === "number" || typeof value === "boolean" || value === null) return [[name, String(value)]];
  if (typeof value === "function") return [[name, "a function"]];
  if (typeof value === "string" && (name === "url" || name === "apiBase")) return [[name, originOf(value)]];
  if (SAFE.has(name) || (name === "receipts" && typeof value === "string")) return [[name, plain(value)]];
  return [[name, "set"]];
}

/** Names of settings that hold no secret, whatever stands in them. */
const SAFE: ReadonlySet<string> = new Set([
  ...["from", "replyTo", "senders", "messagingServiceSid", "accountSid", "systemId", "systemType", "smsc", "country"],
  ...["replies", "method", "bind", "charset", "longMessages", "addressFormat", "phoneFormat", "validityPeriod"],
  ...["messageIdFormat", "priority", "addressKind", "addressHint", "concludes", "channels", "idempotencyHeader"],
]);

function originOf(address: string): string {
  const url = URL.parse(address);
  return url === null ? "set" : `${url.protocol}//${url.host}`;
}

function plain(value: unknown): string {
  if (typeof value === "string") return value === "" ? '""' : value;
  if (Array.isArray(value)) return value.map(String).join(", ");
  if (!isObject(value)) return "set";
  if (typeof value.address === "string") return value.address;
  return Object.entries(value)
    .map(([name, one]) => `${name} ${String(one)}`)
    .join(", ");
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
