import { equalInConstantTime } from "../../platform/hash.ts";

/**
 * Whether Twilio made a request, after its page "Webhooks Security": `X-Twilio-Signature` is the HMAC-SHA1 (RFC 2104)
 * in base64, under the account's auth token, of the whole address and then each POST field's name and value, sorted by
 * name, with nothing between. Written here because the package that has it takes some 30 MB of memory.
 *
 * `addresses` are those that the request may have been made to; Twilio sometimes signs without the port, or with the
 * one that goes without saying.
 */
export function isSignedByTwilio(
  authToken: string,
  signature: string,
  addresses: readonly string[],
  fields: URLSearchParams,
): boolean {
  const signed = [...new Set(fields.keys())]
    .sort()
    .flatMap((name) => [...new Set(fields.getAll(name))].sort().map((value) => name + value))
    .join("");
  const given = Buffer.from(signature, "utf8");
  const spellings = new Set(addresses.flatMap(portSpellings));
  return [...spellings].some((address) => {
    const expected = new Bun.CryptoHasher("sha1", authToken).update(address + signed).digest("base64");
    return equalInConstantTime(Buffer.from(expected, "utf8"), given);
  });
}

/** An address as it is, without its port, and with the port of its scheme. The rest stays letter by letter. */
function portSpellings(address: string): readonly string[] {
  const [, scheme = "", host = "", rest = ""] =
    /^(https?:\/\/)(\[[^\]]*\]|[^/?#:]*)(?::\d+)?(.*)$/is.exec(address) ?? [];
  if (scheme === "") return [];
  const port = /^https/i.test(scheme) ? 443 : 80;
  return [address, `${scheme}${host}${rest}`, `${scheme}${host}:${port}${rest}`];
}
