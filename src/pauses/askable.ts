/** Whom a key may ask, as an operator writes it. */
import type { LoadedConfig } from "../platform/config/load.ts";
import { normaliseAddress } from "./recipients.ts";

/**
 * Brings `@cfo`, `+1 (312) 847-1928`, `*@example.com` and their like into the form that requests are compared in. A name
 * must be in the configuration.
 *
 * @returns the recipient, or why it is none: "names @cto, who …", "can't read …".
 */
function readAskable(
  text: string,
  config: Pick<LoadedConfig, "people" | "channels" | "defaultRegion">,
): { readonly recipient: string } | { readonly reason: string } {
  if (text.startsWith("@")) {
    if (Object.hasOwn(config.people, text.slice(1))) return { recipient: text };
    return { reason: `names ${text}, who is not among the configuration's people` };
  }
  if (/^\*@[a-z0-9.-]+\.[a-z0-9-]+$/i.test(text)) return { recipient: text.toLowerCase() };
  const normal =
    normaliseAddress(text, "email", config.defaultRegion) ??
    normaliseAddress(text, "slack", config.defaultRegion) ??
    normaliseAddress(text, "phone", config.defaultRegion) ??
    ownAddress(text, config);
  return normal === null
    ? { reason: `can't read ${text}: give @name, a phone number, an email address, *@domain or a Slack id` }
    : { recipient: normal };
}

/**
 * The recipients that a key is limited to, from a list with commas between; each once. What stands between two commas
 * and is empty is left out.
 *
 * @returns them, or why one is none.
 */
export function readAskables(
  list: string,
  config: Parameters<typeof readAskable>[1],
): { readonly recipients: readonly string[] } | { readonly reason: string } {
  const recipients = new Set<string>();
  for (const text of list.split(",").map((each) => each.trim())) {
    if (text === "") continue;
    const read = readAskable(text, config);
    if ("reason" in read) return read;
    recipients.add(read.recipient);
  }
  return { recipients: [...recipients] };
}

/** As one of the operator's own channels has it, whose addresses may be any text. */
function ownAddress(
  text: string,
  { channels, defaultRegion }: Pick<LoadedConfig, "channels" | "defaultRegion">,
): string | null {
  for (const channel of Object.values(channels)) {
    if (channel.kind !== "defined" || channel.addressKind !== "text") continue;
    const address = normaliseAddress(text, "text", defaultRegion);
    const normal = address === null || !channel.normalizeAddress ? address : channel.normalizeAddress(address);
    if (normal !== null) return normal;
  }
  return null;
}
