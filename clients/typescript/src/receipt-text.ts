/**
 * What a receipt is: a compact JWS (RFC 7515) in one spelling, and claims of known kinds. And what it is held against,
 * whoever holds it. The server and this client read and judge receipts by this one file; they differ in how they come
 * by keys, and verify the signature in between. Nothing in a receipt chooses how it is verified (RFC 8725 §3).
 */
import { type Bytes, fromBase64url } from "./bytes.ts";
import { IJsonError, parseIJson } from "./i-json.ts";
import type { JsonValue } from "./jcs.ts";

/** The `typ` in a receipt's header. */
export const RECEIPT_TYPE = "pausepoint-receipt+jwt";

/** What a receipt claims. Times are seconds since the Unix epoch (RFC 7519, NumericDate). */
export interface ReceiptClaims {
  /** The log's origin. */
  readonly iss: string;
  /** Who may use it. */
  readonly aud: string;
  readonly iat: number;
  readonly exp: number;
  /** Names this receipt; it is consumed under it. */
  readonly jti: string;
  readonly mode: "live" | "test";
  readonly project: string;
  readonly pause_id: string;
  /** The digest of the question: `sha256:` and the hash of the log's `pause.created` entry, which commits to all of it. */
  readonly question: string;
  readonly options: readonly string[];
  readonly choice: string;
  /** Whether a person chose it, or the clock. */
  readonly source: "human" | "timeout_default";
  readonly via: string | null;
  readonly channel: string;
  /** The commitment to the address of who answered, as the question's entry has it; null for the clock. */
  readonly by: string | null;
  readonly asked_at: number;
  readonly answered_at: number;
  readonly action_digest: string | null;
  /** The entry of the answer: its place in the log and its hash. */
  readonly seq: number;
  readonly entry_hash: string;
}

/** A compact JWS in its parts, read but not verified. */
export interface ReadReceipt {
  readonly kid: string;
  /** What is signed: header, dot, payload, as they stand. */
  readonly signed: string;
  readonly signature: Bytes;
  /** The payload; whether it holds a receipt's claims is not looked at. */
  readonly payload: JsonObject;
}

/** A text that is no receipt. The message is a clause. */
export class MalformedReceipt extends Error {
  override readonly name = "MalformedReceipt";
}

/** What the claims of a genuine receipt are held against. */
export interface ClaimDemands {
  readonly mode: "live" | "test";
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
  /** Who is shown it; left out, the audience is not looked at. */
  readonly audience?: string;
  /** `sha256:<hex>` of what is about to be done; left out, the action is not looked at. */
  readonly actionDigest?: string;
}

/** Why a genuine receipt does not do. The first that applies, in this order. */
export type ClaimFault = "other mode" | "other audience" | "no action" | "other action" | "expired";

/** A fault, and a clause such as "it has expired", which repeats nothing of the receipt but times. */
export interface Refusal<Fault extends string> {
  readonly fault: Fault;
  readonly detail: string;
}

type JsonObject = { readonly [name: string]: JsonValue };

/** The longest that could be made has some 8,000 characters. */
const LONGEST_RECEIPT = 16_384;
const SIGNATURE_LENGTH = 64;
/** PausePoint only ever writes the first (RFC 9864); the second is what RFC 8037 called the same algorithm. */
const ALGORITHMS: readonly JsonValue[] = ["Ed25519", "EdDSA"];

/**
 * Takes a compact JWS (RFC 7515 §7.1) apart, strictly: three parts in their one spelling of base64url, a header of `alg`,
 * `kid` and `typ` and nothing else (so no `crit`, `jku` or `jwk`), and JSON without a member named twice.
 *
 * @throws {MalformedReceipt}
 */
export function readReceipt(receipt: string): ReadReceipt {
  if (receipt.length > LONGEST_RECEIPT) throw new MalformedReceipt("it is longer than a receipt can be");
  const [first = "", second = "", third = "", ...others] = receipt.split(".");
  if (third === "" || others.length > 0) throw new MalformedReceipt("it is not a compact JWS of three parts");
  const header = jsonOf(first, "header");
  const { alg = null, kid, typ, ...more } = header;
  if (Object.keys(more).length > 0) throw new MalformedReceipt("its header has members that no receipt has");
  if (!ALGORITHMS.includes(alg)) throw new MalformedReceipt("its alg is not Ed25519");
  if (typ !== RECEIPT_TYPE) throw new MalformedReceipt(`its typ is not ${RECEIPT_TYPE}`);
  if (typeof kid !== "string") throw new MalformedReceipt("it names no key");
  const signature = bytesOf(third, "signature");
  if (signature.byteLength !== SIGNATURE_LENGTH) throw new MalformedReceipt("its signature has not 64 bytes");
  return { kid, signed: `${first}.${second}`, signature, payload: jsonOf(second, "payload") };
}

/** What is wrong with the claims of a genuine receipt, or null. */
export function faultIn(claims: ReceiptClaims, demands: ClaimDemands): Refusal<ClaimFault> | null {
  const { mode, now, audience, actionDigest } = demands;
  if (claims.mode !== mode)
    return { fault: "other mode", detail: `it is a ${claims.mode} receipt, and counts for nothing ${mode}` };
  if (audience !== undefined && claims.aud !== audience)
    return { fault: "other audience", detail: "it is for another audience" };
  if (actionDigest !== undefined) {
    if (claims.action_digest === null)
      return { fault: "no action", detail: "it binds no action: its pause was asked without an action_digest" };
    if (claims.action_digest !== actionDigest)
      return { fault: "other action", detail: "it was given for another action" };
  }
  if (now >= claims.exp * 1000)
    return { fault: "expired", detail: `it has expired, at ${new Date(claims.exp * 1000).toISOString()}` };
  return null;
}

type Kind = "text" | "text or null" | "seconds" | "texts";

/** What every receipt claims. Further claims may come. */
const CLAIMS: Readonly<Record<keyof ReceiptClaims, Kind>> = {
  iss: "text",
  aud: "text",
  iat: "seconds",
  exp: "seconds",
  jti: "text",
  mode: "text",
  project: "text",
  pause_id: "text",
  question: "text",
  options: "texts",
  choice: "text",
  source: "text",
  via: "text or null",
  channel: "text",
  by: "text or null",
  asked_at: "seconds",
  answered_at: "seconds",
  action_digest: "text or null",
  seq: "seconds",
  entry_hash: "text",
};

/** Whether a payload holds all that a receipt claims. */
export function isClaims(payload: JsonObject): payload is JsonObject & ReceiptClaims {
  const { mode, source } = payload;
  if (mode !== "live" && mode !== "test") return false;
  if (source !== "human" && source !== "timeout_default") return false;
  return Object.entries(CLAIMS).every(([name, kind]) =>
    is(kind, Object.hasOwn(payload, name) ? payload[name] : undefined),
  );
}

function is(kind: Kind, value: JsonValue | undefined): boolean {
  switch (kind) {
    case "text":
      return typeof value === "string";
    case "text or null":
      return typeof value === "string" || value === null;
    case "seconds":
      return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
    case "texts":
      return isArray(value) && value.every((one) => typeof one === "string");
  }
}

function jsonOf(part: string, name: string): JsonObject {
  const bytes = bytesOf(part, name);
  try {
    const value = parseIJson(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
    if (isObject(value)) return value;
  } catch (cause) {
    if (!(cause instanceof IJsonError || cause instanceof TypeError)) throw cause;
    throw new MalformedReceipt(`its ${name} is not JSON in UTF-8`, { cause });
  }
  throw new MalformedReceipt(`its ${name} is not a JSON object`);
}

function bytesOf(part: string, name: string): Bytes {
  const bytes = part === "" ? null : fromBase64url(part);
  if (bytes === null) throw new MalformedReceipt(`its ${name} is not in base64url`);
  return bytes;
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === "object" && value !== null && !isArray(value);
}

/** `Array.isArray` narrows to `any[]` and loses the element type of a readonly array. */
function isArray(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}
