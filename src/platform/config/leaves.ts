/**
 * What settings are made of. One rule holds for all of them: the message of an issue says what is allowed there, so
 * that {@link explainIssues} can put it beside what was found. Nothing here throws.
 */
import { parsePhoneNumberFromString } from "libphonenumber-js";
import { z } from "zod";

/** A section with these settings and no others. For an unknown key the message is the known ones, with commas. */
export function section<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  const settings = Object.keys(shape)
    .filter((key) => key !== "kind")
    .join(", ");
  return z.strictObject(shape, {
    error: (issue) => (issue.code === "unrecognized_keys" ? settings : `an object with the settings ${settings}`),
  });
}

/** An object whose keys the operator chooses, such as the names of people. */
export function named<Value extends z.core.SomeType>(what: string, pattern: RegExp, rule: string, value: Value) {
  return z.record(z.string().regex(pattern), value, {
    error: (issue) =>
      issue.code === "invalid_key" ? `a name of ${rule}` : `an object with one entry for each ${what}`,
  });
}

export function text(allowed: string, accepts: RegExp | ((value: string) => boolean)) {
  return z.string(allowed).refine(typeof accepts === "function" ? accepts : (value) => accepts.test(value), allowed);
}

export function wholeNumber(least: number, most: number) {
  const allowed = `a whole number from ${least} to ${most}`;
  return z.int(allowed).min(least, allowed).max(most, allowed);
}

export function oneOf<const Values extends readonly string[]>(values: Values) {
  return z.enum(values, values.map((value) => JSON.stringify(value)).join(" or "));
}

/** One line that a person reads, without control characters. */
export function line(most: number) {
  return text(
    `one line of 1 to ${most} characters, without spaces around it`,
    (value) => value.trim() === value && value.length > 0 && [...value].length <= most && !/\p{Cc}/u.test(value),
  );
}

/** An http or https address with nothing after its path; a closing slash is taken off. */
export const httpUrl = text(
  "an address that starts with http:// or https://, without user, query and fragment",
  (value) => {
    const url = URL.parse(value);
    return url !== null && /^https?:$/.test(url.protocol) && !/[?#@\s]/.test(value);
  },
).transform((value) => value.replace(/\/+$/, ""));

/** An http or https origin (RFC 6454), in the one spelling that a browser shows. */
export const origin = text(
  "http:// or https:// and a host, with nothing after it: https://approve.example.com",
  (value) => {
    const url = URL.parse(value);
    return url !== null && /^https?:$/.test(url.protocol) && url.href === `${url.origin}/` && !/[?#@\s]/.test(value);
  },
).transform((value) => new URL(value).origin);

const PHONE = "a phone number that is possible in its country, with + and the country's code: +13128471928";

/** A phone number in any usual international notation; becomes E.164. */
export const phone = z
  .string(PHONE)
  .refine((value) => parsePhoneNumberFromString(value)?.isPossible() === true, PHONE)
  .transform((value) => parsePhoneNumberFromString(value)?.number ?? value);

const NETWORK = "an address or a network in CIDR notation: 127.0.0.1/32, 10.0.0.0/8, fd00::/8";

/** An IPv4 or IPv6 address or network; an address becomes the network that holds it alone. */
export const network = z
  .union([z.cidrv4(), z.cidrv6(), z.ipv4(), z.ipv6()], NETWORK)
  .transform((value) => (value.includes("/") ? value : `${value}/${value.includes(":") ? 128 : 32}`));
