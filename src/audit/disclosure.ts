/**
 * Disclosures (RFC 9901 §4.2.1): what is personal or free text stands in the log as a commitment only, and the
 * disclosure that opens it is kept beside the log until it is erased. Without its salt a commitment tells nothing.
 *
 * The text of a disclosure is what is hashed. It is never written anew: two JSON texts of one value are two disclosures.
 */
import { base64url, sha256Base64url } from "../platform/hash.ts";
import type { Random } from "../platform/random.ts";
import { canonicalize, JcsError, type JsonValue } from "./jcs.ts";
import { membersRead, membersWritten } from "./strict-json.ts";

/** A disclosure and the digest that stands in the log in its place. */
export interface Disclosed {
  /** base64url of the UTF-8 JSON `[salt, name, value]`. */
  readonly disclosure: string;
  /** 43 base64url characters: SHA-256 over the ASCII bytes of `disclosure` (RFC 9901 §4.2.3). */
  readonly commitment: string;
}

/** What a disclosure says. */
export interface Opened {
  readonly salt: string;
  readonly name: string;
  readonly value: JsonValue;
}

/** A text that is no disclosure, or none that we would make. */
export class DisclosureError extends Error {
  override readonly name = "DisclosureError";
}

/** RFC 9901 §9.3 asks for 128 bits. */
const SALT_BYTES = 16;
/** The fewest base64url characters that hold them. */
const SHORTEST_SALT = 22;
/** Member names that mean something else to an SD-JWT (RFC 9901 §4.2.1). */
const RESERVED_NAMES: ReadonlySet<string> = new Set(["_sd", "..."]);

/**
 * A disclosure of `value` under `name`, with a fresh salt of 128 bits from `random`.
 *
 * @throws {JcsError} when `value` is not JSON (its pointer starts in the array: `/2` is the value).
 * @throws {DisclosureError} when `name` is `_sd` or `...`.
 */
export function disclose(random: Random, name: string, value: JsonValue): Disclosed {
  if (RESERVED_NAMES.has(name)) throw new DisclosureError(`${name} is reserved by RFC 9901`);
  const text = canonicalize([base64url(random.bytes(SALT_BYTES)), name, value]);
  const disclosure = Buffer.from(text).toString("base64url");
  return { disclosure, commitment: sha256Base64url(disclosure) };
}

/**
 * Reads a disclosure, strictly: one spelling of base64url, UTF-8, JSON without a member named twice, exactly a salt
 * that can hold 128 bits, a name, and a value that RFC 8785 can write.
 *
 * @throws {DisclosureError} saying what is wrong, without repeating the content.
 */
export function openDisclosure(disclosure: string): Opened {
  const text = decode(disclosure);
  const parsed = parse(text);
  if (!Array.isArray(parsed) || parsed.length !== 3) throw new DisclosureError("not an array of salt, name and value");
  const [salt, name, value] = parsed as [JsonValue, JsonValue, JsonValue];
  if (typeof salt !== "string" || salt.length < SHORTEST_SALT) throw new DisclosureError("the salt is too short");
  if (typeof name !== "string" || RESERVED_NAMES.has(name)) throw new DisclosureError("the name is not one");
  // Readers that keep the first of two equal names and readers that keep the last would each see another value.
  if (membersWritten(text) !== membersRead(value)) throw new DisclosureError("a member is named twice");
  return { salt, name, value };
}

/**
 * The digest that stands in the log for this disclosure: over its bytes as they are, whatever they decode to.
 *
 * @throws {DisclosureError} when there are other characters in it than base64url's.
 */
export function commitmentOf(disclosure: string): string {
  if (!BASE64URL.test(disclosure)) throw new DisclosureError("not base64url");
  return sha256Base64url(disclosure);
}

/** Whether this is a disclosure that {@link openDisclosure} reads, and `commitment` is its digest. Never throws. */
export function verifyDisclosure(disclosure: string, commitment: string): boolean {
  try {
    openDisclosure(disclosure);
    return commitmentOf(disclosure) === commitment;
  } catch (error) {
    if (error instanceof DisclosureError) return false;
    throw error;
  }
}

/** What the disclosures beside an entry say, by the name of the member; `{}` where none is kept. */
export function disclosedMembers(disclosed: string | null): Readonly<Record<string, JsonValue>> {
  if (disclosed === null) return {};
  const texts = Object.values(JSON.parse(disclosed) as Record<string, string>);
  return Object.fromEntries(texts.map(openDisclosure).map(({ name, value }) => [name, value]));
}

const BASE64URL = /^[A-Za-z0-9_-]+$/;

function decode(disclosure: string): string {
  const bytes = Buffer.from(disclosure, "base64url");
  // Decoders skip what they do not know and ignore spare bits, so only what encodes to itself counts.
  if (!BASE64URL.test(disclosure) || base64url(bytes) !== disclosure) throw new DisclosureError("not base64url");
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new DisclosureError("not UTF-8", { cause });
  }
}

function parse(text: string): JsonValue {
  try {
    const parsed = JSON.parse(text) as JsonValue;
    canonicalize(parsed);
    return parsed;
  } catch (cause) {
    // The causes' own words quote the text, or point into it by name, and both may be personal.
    throw new DisclosureError(cause instanceof JcsError ? "a value without a canonical form" : "not JSON");
  }
}
