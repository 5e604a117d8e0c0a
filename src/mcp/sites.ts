import { isIP } from "node:net";
import { Problem } from "../platform/problem.ts";

/**
 * Against DNS rebinding (as the transport's specification demands): a web page whose name was turned to this server's
 * address sends that name as its `Host` and `Origin`. Programs send no `Origin`, and a `Host` that is ours.
 *
 * @param names the names by which this server is reached, in lower case, beside this machine's own
 * @throws Problem 403 for a request that such a page may have sent
 */
export function refuseOtherSites(headers: Headers, names: readonly string[]): void {
  const host = nameIn(`http://${headers.get("host") ?? ""}`);
  // A name can be turned to another address, an address can't.
  const isOurs = host !== null && (isThisMachine(host) || isIP(unbracketed(host)) !== 0 || names.includes(host));
  if (!isOurs) throw refused("Host");
  const origin = headers.get("origin");
  if (origin === null) return;
  const name = nameIn(origin);
  if (name === null || !(isThisMachine(name) || names.includes(name))) throw refused("Origin");
}

function refused(header: string): Problem {
  return new Problem(
    "other-site",
    `The ${header} header names none of this server's own names: those of baseUrl, listen.host and mcp.hosts, and this machine's.`,
  );
}

/** The host of an absolute URL in lower case, or null: an opaque origin (`null`), two values in one header. */
function nameIn(url: string): string | null {
  try {
    const { protocol, hostname } = new URL(url);
    return protocol === "http:" || protocol === "https:" ? hostname.toLowerCase() : null;
  } catch {
    return null;
  }
}

function isThisMachine(name: string): boolean {
  return name === "localhost" || name.endsWith(".localhost") || name === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(name);
}

function unbracketed(name: string): string {
  return name.startsWith("[") ? name.slice(1, -1) : name;
}
