import { sha256Hex, toBase64url, utf8 } from "./bytes.ts";
import { PausePointError } from "./errors.ts";

/** An action with its digest. */
export interface DigestedAction {
  /** `sha256:` and 64 hex digits: the `action_digest` of the question. */
  readonly digest: string;
  /** The action with its nonce, as it was digested: hand this to whoever carries it out. */
  readonly action: Readonly<Record<string, unknown>> & { readonly nonce: string };
}

/**
 * The digest of an action, as `pausepoint digest` makes it: SHA-256 over the RFC 8785 form of the object with a member
 * `nonce` in it. The digest is seen by others; without a nonce, a small action could be found by trying. An action that
 * has a nonce keeps it, so that whoever carries it out gets the same digest.
 *
 * @throws PausePointError for what has no JSON form that every reader reads alike, and for a nonce shorter than 128 bits.
 */
export async function digestAction(action: Readonly<Record<string, unknown>>): Promise<DigestedAction> {
  const nonce = Object.hasOwn(action, "nonce") ? action.nonce : newNonce();
  if (typeof nonce !== "string" || !/^[\w-]{22,200}$/.test(nonce))
    throw new PausePointError("The action's nonce must be 22 to 200 characters of A-Z, a-z, 0-9, - and _.");
  const whole = { ...action, nonce };
  return { digest: `sha256:${await sha256Hex(utf8(canonicalize(whole)))}`, action: whole };
}

function newNonce(): string {
  return toBase64url(crypto.getRandomValues(new Uint8Array(16)));
}

const DEEPEST = 64;

/**
 * The one text of a JSON value (RFC 8785, JSON Canonicalization Scheme).
 *
 * @throws PausePointError for what JSON can't say, or not so that every reader reads it alike: undefined, NaN, a whole
 *   number beyond 2^53, half a surrogate pair, nesting deeper than 64.
 */
export function canonicalize(value: unknown): string {
  return write(value, "", 0);
}

function write(value: unknown, pointer: string, depth: number): string {
  const refuse = (why: string) => new PausePointError(`The action can't be digested: ${pointer || "it"} ${why}.`);
  if (typeof value === "object" && value !== null) {
    if (depth === DEEPEST) throw refuse(`is nested deeper than ${DEEPEST} levels`);
    if (Array.isArray(value))
      return `[${Array.from(value, (item, index) => write(item, `${pointer}/${index}`, depth + 1)).join()}]`;
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) throw refuse("is neither a plain object nor an array");
    // Sorted by UTF-16 code units, as RFC 8785 §3.2.3 has it and JavaScript sorts by default.
    const members = Object.keys(value).sort();
    return `{${members
      .map((name) => {
        const at = `${pointer}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
        return `${write(name, at, depth)}:${write((value as Record<string, unknown>)[name], at, depth + 1)}`;
      })
      .join()}}`;
  }
  if (typeof value === "string") {
    if (/\p{Surrogate}/u.test(value)) throw refuse("holds half a surrogate pair");
    return JSON.stringify(value);
  }
  if (typeof value === "number") {
    if (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value)))
      throw refuse("is a number that not every reader keeps: write it as text");
    return JSON.stringify(value);
  }
  if (value === null || typeof value === "boolean") return String(value);
  throw refuse(`is ${typeof value}, which JSON can't say`);
}
