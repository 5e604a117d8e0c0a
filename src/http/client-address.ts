import ipaddr from "ipaddr.js";

type Range = [ipaddr.IPv4 | ipaddr.IPv6, number];

/**
 * Tells a client's address: the socket's peer, or, while that is a trusted proxy, the right-most address in
 * `X-Forwarded-For` that is no trusted proxy. What stands left of it anybody may have written.
 */
export function clientAddresses(
  trusted: readonly string[],
): (peer: string | null, forwardedFor: string | null) => string | null {
  const ranges: Range[] = trusted.map((text) => ipaddr.parseCIDR(text));
  const isTrusted = (address: string) => {
    if (!ipaddr.isValid(address)) return false;
    const parsed = ipaddr.process(address);
    return ranges.some((range) => range[0].kind() === parsed.kind() && parsed.match(range as [ipaddr.IPv4, number]));
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
    if (forwardedFor === null || !isTrusted(own)) return own;
    let client = own;
    for (const hop of forwardedFor.split(",").reverse()) {
      const address = hop.trim();
      if (!ipaddr.isValid(address)) break;
      client = ipaddr.process(address).toString();
      if (!isTrusted(client)) break;
    }
    return client;
  };
}
