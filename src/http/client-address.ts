import ipaddr from "ipaddr.js";

type Range = [ipaddr.IPv4 | ipaddr.IPv6, number];

/** Where a reverse proxy stands: this machine, or a network that is not the internet. */
const INSIDE = new Set(["loopback", "private", "uniqueLocal", "linkLocal", "carrierGradeNat"]);

/**
 * Tells a client's address: the socket's peer, or, while that is a trusted proxy, the right-most address in
 * `X-Forwarded-For` that is no trusted proxy. What stands left of it anybody may have written. `Forwarded` (RFC 7239) is
 * not read: a proxy that does not write it passes on what the client wrote.
 *
 * @param onIgnored called once, with the address of a peer inside that sent the header and is not trusted: most likely
 * a proxy that the operator has forgotten to name
 */
export function clientAddresses(
  trusted: readonly string[],
  onIgnored: (peer: string) => void = () => {},
): (peer: string | null, forwardedFor: string | null) => string | null {
  const isTrusted = within(trusted);
  let told = false;
  const ignore = (peer: string) => {
    if (told || !ipaddr.isValid(peer) || !INSIDE.has(ipaddr.process(peer).range())) return;
    told = true;
    onIgnored(peer);
  };
  // One peer asks many times in a row, and reading an address costs more than the rest of this.
  let lastPeer: string | null = null;
  let lastOwn = "";
  return (peer, forwardedFor) => {
    if (peer === null) return null;
    if (peer !== lastPeer) {
      lastOwn = ipaddr.isValid(peer) ? ipaddr.process(peer).toString() : peer;
      lastPeer = peer;
    }
    const own = lastOwn;
    if (forwardedFor === null) return own;
    if (!isTrusted(own)) {
      ignore(own);
      return own;
    }
    let client = own;
    for (const hop of forwardedFor.split(",").reverse()) {
      const address = withoutPort(hop.trim());
      if (!ipaddr.isValid(address)) break;
      client = ipaddr.process(address).toString();
      if (!isTrusted(client)) break;
    }
    return client;
  };
}

/**
 * The same where an address opens something: null when a proxy has passed the request on and nobody trusted says for whom.
 * Without this, everybody behind a proxy that `listen.trustProxy` leaves out would come from the proxy's own address.
 */
export function provenAddresses(trusted: readonly string[]): (peer: string | null, headers: Headers) => string | null {
  const isTrusted = within(trusted);
  const addressOf = clientAddresses(trusted);
  return (peer, headers) => {
    const own = addressOf(peer, null);
    if (own === null || !RELAYED.some((name) => headers.has(name))) return own;
    const forwardedFor = headers.get("x-forwarded-for") ?? "";
    const last = withoutPort(forwardedFor.slice(forwardedFor.lastIndexOf(",") + 1).trim());
    return isTrusted(own) && ipaddr.isValid(last) ? addressOf(peer, forwardedFor) : null;
  };
}

/** What proxies add (RFC 7239, RFC 9110 section 7.6.3, and by habit). */
const RELAYED = [
  ...["x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "forwarded", "via"],
  ...["cf-connecting-ip", "true-client-ip"],
];

/** Some proxies write the client's port behind its address: `192.0.2.7:4711`, `[2001:db8::7]:4711`. */
function withoutPort(hop: string): string {
  return /^\[([^\]]*)\](?::\d+)?$/.exec(hop)?.[1] ?? /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(hop)?.[1] ?? hop;
}

function within(trusted: readonly string[]): (address: string) => boolean {
  const ranges: Range[] = trusted.map((text) => ipaddr.parseCIDR(text));
  return (address) => {
    if (!ipaddr.isValid(address)) return false;
    const parsed = ipaddr.process(address);
    return ranges.some((range) => range[0].kind() === parsed.kind() && parsed.match(range as [ipaddr.IPv4, number]));
  };
}
