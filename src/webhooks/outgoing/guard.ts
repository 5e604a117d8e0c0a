/**
 * The guard on outgoing addresses: whoever may create a pause may name any URL, so that without it they could let this
 * machine call what only it can reach (server-side request forgery). It is asked twice: about the URL, when one comes
 * in, and about each address that its name leads to, at each connection.
 */
import ipaddr from "ipaddr.js";
import { isLoopback, isWithin, parseAddress, specialUse, unmapped } from "./address.ts";

export interface GuardOptions {
  /** Networks in CIDR notation whose addresses are allowed, whatever they are for: the operator's own receivers. */
  readonly allowNetworks: readonly string[];
  /** Allows this machine itself; set while the configuration has no `webhooks`. */
  readonly allowLoopback: boolean;
}

export type UrlVerdict =
  /** `url` is the one spelling of it (WHATWG URL), without a fragment. */
  | { readonly kind: "accepted"; readonly url: string }
  /** `reason` begins with a verb, its subject is the URL: `leads to a private network address (10.0.0.1); …`. */
  | { readonly kind: "refused"; readonly reason: string };

export interface AddressGuard {
  /** What makes the guard refuse an address, as words with an article (`a loopback address`); null when it is allowed. */
  refusal(address: string): string | null;
  /** Checks all of a URL that can be known without asking a resolver. */
  checkUrl(text: string): UrlVerdict;
}

/** Longest URL that is taken, in characters, as written and as normalised. */
export const LONGEST_URL = 2048;

/** Throws an Error for a network that is not in CIDR notation. */
export function addressGuard({ allowNetworks, allowLoopback }: GuardOptions): AddressGuard {
  const networks = allowNetworks.map((network) => ipaddr.parseCIDR(network));
  // Names of one's own network are its own only where something of one's own is allowed. What they lead to is checked.
  const allowsLocalNames = networks.length > 0;
  const allowsLocalhost = allowsLocalNames || allowLoopback;

  const refusal = (text: string): string | null => {
    const address = parseAddress(text);
    if (address === null) return "something that is not an IP address";
    const inner = unmapped(address);
    if (networks.some((network) => isWithin(address, network) || isWithin(inner, network))) return null;
    if (allowLoopback && isLoopback(address)) return null;
    return specialUse(address);
  };

  const refusedHost = (host: string): string | null => {
    const literal = hostAddress(host);
    if (literal !== null) {
      const use = refusal(literal);
      return use === null ? null : `leads to ${use} (${literal}); ${ONLY_WHERE_ALLOWED}`;
    }
    const labels = host.replace(/\.$/, "").split(".");
    if (!labels.every((label) => LABEL.test(label))) return "has no valid host name";
    const isLocalhost = labels.at(-1) === "localhost";
    if (isLocalhost ? allowsLocalhost : allowsLocalNames) return null;
    if (isLocalhost) return `leads to this machine itself; ${ONLY_WHERE_ALLOWED}`;
    return labels.length === 1 || LOCAL_NAME.test(labels.join("."))
      ? `has a name of a local network (${labels.join(".")}); ${ONLY_WHERE_ALLOWED}`
      : null;
  };

  return {
    refusal,
    checkUrl(text) {
      const parsed = parseUrl(text);
      if (typeof parsed === "string") return { kind: "refused", reason: parsed };
      const reason = refusedHost(parsed.hostname);
      return reason === null ? { kind: "accepted", url: parsed.href } : { kind: "refused", reason };
    },
  };
}

const ONLY_WHERE_ALLOWED = "webhooks go there only where `webhooks.allowNetworks` allows it";

/** The IP address that is the host of a WHATWG URL, without brackets; null for a name. */
export function hostAddress(hostname: string): string | null {
  const text = hostname.replace(/^\[(.*)\]$/, "$1");
  return parseAddress(text) === null ? null : text;
}

/** What stands between two dots. Underscores are in no host name by RFC 1123, but in some that are in use. */
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;

/** Kept from the public DNS: RFC 6762, RFC 8375, ICANN for `internal`; `localdomain` by habit. */
const LOCAL_NAME = /(?:^|\.)(?:local|home\.arpa|internal|localdomain)$/;

/** The URL, or why it is none that can be called. */
function parseUrl(text: string): URL | string {
  const tooLong = `is longer than ${LONGEST_URL.toLocaleString("en")} characters`;
  if ([...text].length > LONGEST_URL) return tooLong;
  // The WHATWG parser mends these in silence; other programs read them otherwise.
  if (/[\s\p{Cc}\\]/u.test(text)) return "has a space, a control character or a backslash in it";
  if (!/^https?:\/\/[^/?#]/i.test(text)) return "must begin with http:// or https:// and a host";
  if (/^[^/]*\/\/[^/?#]*@/.test(text)) return "must not have a user name or password in it";
  if (!URL.canParse(text)) return "is not a valid URL";
  const url = new URL(text);
  if (url.port === "0") return "has port 0, which cannot be called";
  url.hash = "";
  return url.href.length > LONGEST_URL ? `${tooLong} once its special ones are escaped` : url;
}
