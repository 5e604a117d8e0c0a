/**
 * What a button sends back. In the template its id is `{{5}}.0`, `{{5}}.1` and so on: the link's token, which decides,
 * and the option's place. A tap comes in as a message of the person's own, with the id in `ButtonPayload`.
 */
import type { PeerEvent } from "../channel.ts";

/** The token at the end of a link. */
export function tokenOf(link: string): string {
  return link.slice(link.lastIndexOf("/") + 1);
}

/** A tap in the fields of an inbound message, or null: then it is a text, of which the title of a foreign button is one. */
export function tapIn(fields: URLSearchParams, by: string): PeerEvent | null {
  const [, token, option] = /^([\w-]{1,190})\.(\d{1,2})$/.exec(fields.get("ButtonPayload") ?? "") ?? [];
  return token === undefined ? null : { kind: "tap", token, option: Number(option), by, via: "whatsapp" };
}
