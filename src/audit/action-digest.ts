/**
 * The digest of an action, which ties an approval to the very thing that is then done. The digest goes into the question
 * and from there into log and receipt, so it must not give the action away: whoever can guess a small action could
 * recognise its plain digest. A nonce in it, which asker and executor know, prevents that.
 */
import { createHash } from "node:crypto";
import { base64url, sha256Hex } from "../platform/hash.ts";
import type { Random } from "../platform/random.ts";
import { parseIJson } from "./i-json.ts";
import { canonicalize, type JsonValue } from "./jcs.ts";
import { isObject, type JsonObject } from "./read-entry.ts";

/** An action with its digest, and what else is needed to compute it again. */
export interface DigestedAction {
  /** `sha256:` and 64 hex digits: a pause's `action_digest`. */
  readonly digest: string;
  /** At least 128 bits as base64url, unless the action brought a longer text of its own. */
  readonly nonce: string;
  /** Of JSON, the action with its nonce as it was digested; null for other bytes. */
  readonly action: JsonObject | null;
}

/** An action or a nonce that no digest is made of. */
export class ActionError extends Error {
  override readonly name = "ActionError";
}

/** The fewest characters of a nonce: 128 bits in base64url. */
const SHORTEST_NONCE = 22;
const NONCE_RULE = `a nonce of ${SHORTEST_NONCE} to 200 characters of A-Z, a-z, 0-9, - and _`;

/** A fresh nonce of 128 random bits. */
function newNonce(random: Random): string {
  return base64url(random.bytes(16));
}

/**
 * The digest of a JSON object: SHA-256 over its RFC 8785 form with the nonce in it, as the member `nonce`.
 *
 * @param nonce for an object that has none; null makes a fresh one from `random`.
 * @throws {IJsonError} for a text that not every reader reads alike.
 * @throws {ActionError} when it is no object, or has another nonce than is asked for.
 */
export function digestOfJson(text: string, nonce: string | null, random: Random): DigestedAction {
  const value = parseIJson(text);
  if (!isObject(value))
    throw new ActionError("the action must be a JSON object, so that a nonce can stand in it: put it into one");
  const own = Object.hasOwn(value, "nonce") ? value.nonce : undefined;
  if (own !== undefined && nonce !== null && own !== nonce)
    throw new ActionError("the action has a nonce of its own, and it is not the one that was given");
  const used = requireNonce(own ?? nonce ?? newNonce(random));
  const action = { ...value, nonce: used };
  return { digest: `sha256:${sha256Hex(canonicalize(action))}`, nonce: used, action };
}

/** The digest of any other bytes: SHA-256 over the nonce in ASCII, one zero byte, and the bytes. @throws {ActionError} */
export function digestOfBytes(bytes: Uint8Array, nonce: string | null, random: Random): DigestedAction {
  const used = requireNonce(nonce ?? newNonce(random));
  const hash = createHash("sha256").update(`${used}\0`).update(bytes).digest("hex");
  return { digest: `sha256:${hash}`, nonce: used, action: null };
}

function requireNonce(nonce: JsonValue): string {
  if (typeof nonce === "string" && /^[A-Za-z0-9_-]{22,200}$/.test(nonce)) return nonce;
  throw new ActionError(`it needs ${NONCE_RULE}`);
}
