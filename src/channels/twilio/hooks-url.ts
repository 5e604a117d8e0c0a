import ipaddr from "ipaddr.js";

/**
 * Where Twilio can call this server for a channel of that name (`https://approve.example.com/hooks/sms`), or null when
 * it can't from where it is: plain http, where what people write could be read and changed on the way, a loopback or
 * private address, a name of the local network. An API on loopback, as in tests, can call whatever it likes.
 */
export function twilioHooksUrl(baseUrl: string, name: string, apiBase: string): string | null {
  const base = new URL(baseUrl);
  const isOutside = base.protocol === "https:" && isPublic(base.hostname);
  // A name with an underscore is no host name (RFC 952); Twilio would refuse the text because of it (21609).
  const isRefused = base.hostname.includes("_");
  if (isRefused || !(isOutside || isLoopback(new URL(apiBase).hostname))) return null;
  return `${baseUrl.replace(/\/+$/, "")}/hooks/${name}`;
}

function isPublic(hostname: string): boolean {
  const address = addressOf(hostname);
  if (address !== null) return address.range() === "unicast";
  return hostname.includes(".") && !/(^|\.)(localhost|local|internal|lan|home\.arpa|test|invalid)\.?$/.test(hostname);
}

function isLoopback(hostname: string): boolean {
  return addressOf(hostname)?.range() === "loopback" || /(^|\.)localhost\.?$/.test(hostname);
}

function addressOf(hostname: string) {
  const text = hostname.replace(/^\[|\]$/g, "");
  return ipaddr.isValid(text) ? ipaddr.process(text) : null;
}
