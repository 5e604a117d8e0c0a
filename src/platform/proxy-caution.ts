import ipaddr from "ipaddr.js";
import type { Config } from "./config/schema.ts";

/** What an operator should know of how `listen` and `baseUrl` go together; the former without a full stop. */
export interface ProxyCaution {
  readonly setting: "listen.trustProxy";
  readonly what: string;
  readonly todo: string;
}

/** Networks wider than this hold more than the proxies of anybody. */
const WIDEST = { ipv4: 8, ipv6: 7 } as const;

/**
 * Whether the addresses of clients would be those of clients: not when a proxy must stand in front and is not named, nor
 * when nearly everybody is believed. Null when nothing is to be said.
 */
export function proxyCaution({ listen, baseUrl }: Pick<Config, "listen" | "baseUrl">): ProxyCaution | null {
  const setting = "listen.trustProxy";
  const wide = listen.trustProxy.find((network) => {
    const [base, bits] = ipaddr.parseCIDR(network);
    return bits < WIDEST[base.kind()];
  });
  if (wide !== undefined) {
    const what = `${wide} lets strangers write the address that the log has of them`;
    return { setting, what, todo: "Name the networks of your proxies alone in listen.trustProxy." };
  }
  if (!baseUrl.startsWith("https:") || listen.tls !== undefined || listen.trustProxy.length > 0) return null;
  const what = "a proxy has to do https in front, and it is not named: every client would have the proxy's address";
  return { setting, what, todo: "Name the network that the proxy connects from in listen.trustProxy." };
}
