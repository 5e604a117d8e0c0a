import { sha256Hex, toBase64url, utf8 } from "./bytes.ts";
import { PausePointError } from "./errors.ts";
import { IJsonError, parseIJson } from "./i-json.ts";
import { canonicalize, JcsError, type JsonValue } from "./jcs.ts";

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
  return { digest: `sha256:${await sha256Hex(utf8(textOf(whole)))}`, action: whole };
}

/** The text that is digested: RFC 8785, and (RFC 7493) without a number that some readers would round. */
function textOf(action: object): string {
  try {
    const text = canonicalize(action as JsonValue);
    parseIJson(text);
    return text;
  } catch (cause) {
    if (!(cause instanceof JcsError || cause instanceof IJsonError)) throw cause;
    throw new PausePointError(`The action can't be digested: ${cause.message}.`, { cause });
  }
}

function newNonce(): string {
  return toBase64url(crypto.getRandomValues(new Uint8Array(16)));
}
