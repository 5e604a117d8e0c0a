/**
 * What an IP address is for: a place on the public internet, or a range that a stranger's URL must not lead to. By the
 * IANA special-purpose address registries (RFC 6890), which ipaddr.js holds, and the ways to write an IPv4 address
 * inside an IPv6 one.
 */
import { isIP } from "node:net";
import ipaddr from "ipaddr.js";

export type Address = ipaddr.IPv4 | ipaddr.IPv6;

/**
 * The address that a text spells in full, a zone left out; null for anything else. Shortened, octal and hexadecimal
 * IPv4 is anything else: a URL's parser has made plain decimals of it, and a resolver never gives it.
 */
export function parseAddress(text: string): Address | null {
  if (isIP(text) === 4) return ipaddr.IPv4.parse(text);
  if (isIP(text) !== 6) return null;
  const [address] = text.split("%");
  // In hexadecimal first: ipaddr.js takes the IPv4-compatible `::10.0.0.1` for the IPv4-mapped `::ffff:10.0.0.1`.
  return ipaddr.IPv6.parse(new URL(`http://[${address}]`).hostname.slice(1, -1));
}

/** The IPv4 address inside an IPv4-mapped one (`::ffff:10.0.0.1`), which the system connects to in its place; else itself. */
export function unmapped(address: Address): Address {
  return address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress() ? address.toIPv4Address() : address;
}

/** True when the address lies in the network; an IPv4 address never lies in an IPv6 network. */
export function isWithin(address: Address, [network, bits]: readonly [Address, number]): boolean {
  return address.kind() === network.kind() && address.match(network, bits);
}

export function isLoopback(address: Address): boolean {
  return unmapped(address).range() === "loopback";
}

/** What stands in the way of an address, as words with an article (`a private network address`); null for a public one. */
export function specialUse(address: Address): string | null {
  const inner = unmapped(address);
  return inner instanceof ipaddr.IPv4 ? specialUse4(inner) : specialUse6(inner);
}

function specialUse4(address: ipaddr.IPv4): string | null {
  if (isWithin(address, AZURE_METADATA)) return METADATA;
  const range = address.range();
  return range === "unicast" ? null : (words[range] ?? RESERVED);
}

function specialUse6(address: ipaddr.IPv6): string | null {
  // A network without IPv4 reaches every IPv4 receiver like this (RFC 6052, RFC 6147), so what counts is the receiver.
  if (isWithin(address, NAT64)) {
    const use = specialUse4(new ipaddr.IPv4(address.toByteArray().slice(12)));
    return use === null ? null : `${use} inside an IPv6 one`;
  }
  const range = address.range();
  if (range !== "unicast") return words[range] ?? RESERVED;
  // All that IANA has given out for hosts is in here. Outside are, among others, the IPv4-compatible `::10.0.0.1`.
  if (!isWithin(address, GLOBAL_UNICAST)) return isWithin(address, IPV4_COMPATIBLE) ? WRAPPED : RESERVED;
  // ISATAP (RFC 5214) marks the second half of an address of any network; the first two bits of the mark may vary.
  const [, , , , high, low] = address.parts;
  return ((high ?? 0) & 0xfcff) === 0 && low === 0x5efe ? WRAPPED : null;
}

const NAT64 = ipaddr.parseCIDR("64:ff9b::/96");
const GLOBAL_UNICAST = ipaddr.parseCIDR("2000::/3");
const IPV4_COMPATIBLE = ipaddr.parseCIDR("::/96");
/** Azure's platform service answers at this address, which is a public one by the registry. */
const AZURE_METADATA = ipaddr.parseCIDR("168.63.129.16/32");

const METADATA = "the metadata service of a cloud";
const RESERVED = "a reserved address";
const PRIVATE = "a private network address";
const WRAPPED = "an IPv6 address with an IPv4 one inside";

/** By the names that ipaddr.js gives its ranges; those that are missing are reserved for other uses. */
const words: Readonly<Record<string, string>> = {
  private: PRIVATE,
  uniqueLocal: PRIVATE,
  deprecatedSiteLocal: PRIVATE,
  loopback: "a loopback address",
  // Where the metadata services of most clouds are, 169.254.169.254.
  linkLocal: "a link-local address",
  carrierGradeNat: "an address of a provider's shared network",
  unspecified: "an address of no host",
  broadcast: "a broadcast address",
  multicast: "a multicast address",
  "6to4": WRAPPED,
  teredo: WRAPPED,
  rfc6145: WRAPPED,
  rfc6052: WRAPPED,
};
