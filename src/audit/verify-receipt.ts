/**
 * Verifies receipts: pure functions over a text and keys. The way is the same for every receipt: one algorithm, one
 * spelling, a key that is known by its `kid`. Nothing in a receipt chooses how it is verified (RFC 8725 §3).
 */
import { ED25519_SIGNATURE_LENGTH, verifyEd25519 } from "../platform/ed25519.ts";
import { IJsonError, parseIJson } from "./i-json.ts";
import type { JsonValue } from "./jcs.ts";
import { isArray, isObject, type JsonObject } from "./read-entry.ts";
import { RECEIPT_TYPE, type ReceiptClaims } from "./receipt.ts";

/** A public key that receipts are verified with. */
export interface ReceiptKey {
  /** The `kid`. */
  readonly id: string;
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** The world whose receipts it signs; a receipt of the other one is none. */
  readonly mode: "live" | "test";
}

/** What a receipt is held against. */
export interface ReceiptDemands {
  /** All that may have signed, retired ones too. */
  readonly keys: readonly ReceiptKey[];
  readonly mode: "live" | "test";
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
  /** Who is shown it; left out, the audience is not looked at. */
  readonly audience?: string;
  /** `sha256:<hex>` of what is about to be done; left out, the action is not looked at. */
  readonly actionDigest?: string;
}

/** Why a receipt is not taken. The first that applies, in this order. */
export type ReceiptFault =
  | "malformed"
  | "unknown key"
  | "forged"
  | "other mode"
  | "other audience"
  | "no action"
  | "other action"
  | "expired";

export type ReceiptVerdict =
  | { readonly fault: null; readonly claims: ReceiptClaims }
  | {
      readonly fault: ReceiptFault;
      /** A clause such as "it has expired"; repeats nothing of the receipt but times and names of keys. */
      readonly detail: string;
    };

/** A compact JWS in its parts, read but not verified. */
export interface ReadReceipt {
  readonly kid: string;
  /** What is signed: header, dot, payload, as they stand. */
  readonly signed: string;
  readonly signature: Uint8Array;
  /** The payload; whether it holds a receipt's claims is not looked at. */
  readonly payload: JsonObject;
}

/** A text that is no receipt. The message is a clause. */
export class ReceiptError extends Error {
  override readonly name = "ReceiptError";
}

/** The longest that could be made has some 8,000 characters. */
const LONGEST_RECEIPT = 16_384;
/** PausePoint only ever writes the first (RFC 9864); the second is what RFC 8037 called the same algorithm. */
const ALGORITHMS: readonly JsonValue[] = ["Ed25519", "EdDSA"];

/** Whether a receipt is genuine, of now, and about this. Never throws. */
export function verifyReceipt(receipt: string, demands: ReceiptDemands): ReceiptVerdict {
  let read: ReadReceipt;
  try {
    read = readReceipt(receipt);
  } catch (error) {
    if (error instanceof ReceiptError) return { fault: "malformed", detail: error.message };
    throw error;
  }
  const key = demands.keys.find(({ id }) => id === read.kid);
  if (key === undefined) return { fault: "unknown key", detail: "it is signed by a key that is not known here" };
  if (!isSigned(read, key.publicKey))
    return { fault: "forged", detail: "its signature is not that of the key that it names" };
  const { payload: claims } = read;
  if (!isClaims(claims)) return { fault: "malformed", detail: "its claims are not those of a receipt" };
  return judge(claims, key, demands);
}

/** Whether a key has signed a receipt that was read. */
export function isSigned({ signed, signature }: ReadReceipt, publicKey: Uint8Array): boolean {
  return verifyEd25519(publicKey, signed, signature);
}

/**
 * Takes a compact JWS (RFC 7515 §7.1) apart, strictly: three parts in their one spelling of base64url, a header of `alg`,
 * `kid` and `typ` and nothing else (so no `crit`, `jku` or `jwk`), and JSON without a member named twice.
 *
 * @throws {ReceiptError}
 */
export function readReceipt(receipt: string): ReadReceipt {
  if (receipt.length > LONGEST_RECEIPT) throw new ReceiptError("it is longer than a receipt can be");
  const [first = "", second = "", third = "", ...others] = receipt.split(".");
  if (third === "" || others.length > 0) throw new ReceiptError("it is not a compact JWS of three parts");
  const header = jsonOf(first, "header");
  const { alg = null, kid, typ, ...more } = header;
  if (Object.keys(more).length > 0) throw new ReceiptError("its header has members that no receipt has");
  if (!ALGORITHMS.includes(alg)) throw new ReceiptError("its alg is not Ed25519");
  if (typ !== RECEIPT_TYPE) throw new ReceiptError(`its typ is not ${RECEIPT_TYPE}`);
  if (typeof kid !== "string") throw new ReceiptError("it names no key");
  const signature = bytesOf(third, "signature");
  if (signature.byteLength !== ED25519_SIGNATURE_LENGTH) throw new ReceiptError("its signature has not 64 bytes");
  return { kid, signed: `${first}.${second}`, signature, payload: jsonOf(second, "payload") };
}

function judge(claims: ReceiptClaims, key: ReceiptKey, demands: ReceiptDemands): ReceiptVerdict {
  const { mode, now, audience, actionDigest } = demands;
  const refuse = (fault: ReceiptFault, detail: string) => ({ fault, detail });
  if (claims.mode !== key.mode)
    return refuse("forged", `it claims to be a ${claims.mode} one, but its key signs others`);
  if (claims.mode !== mode)
    return refuse("other mode", `it is a ${claims.mode} receipt, and counts for nothing ${mode}`);
  if (audience !== undefined && claims.aud !== audience) return refuse("other audience", "it is for another audience");
  if (actionDigest !== undefined) {
    if (claims.action_digest === null)
      return refuse("no action", "it binds no action: its pause was asked without an action_digest");
    if (claims.action_digest !== actionDigest) return refuse("other action", "it was given for another action");
  }
  if (now >= claims.exp * 1000) {
    const at = new Date(claims.exp * 1000).toISOString();
    return refuse("expired", `it has expired, at ${at}`);
  }
  return { fault: null, claims };
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

function isClaims(payload: JsonObject): payload is JsonObject & ReceiptClaims {
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
    throw new ReceiptError(`its ${name} is not JSON in UTF-8`, { cause });
  }
  throw new ReceiptError(`its ${name} is not a JSON object`);
}

/** Decoders pass over what they do not know and over spare bits, so only what encodes to itself counts. */
function bytesOf(part: string, name: string): Uint8Array {
  const bytes = Buffer.from(part, "base64url");
  if (part === "" || bytes.toString("base64url") !== part) throw new ReceiptError(`its ${name} is not in base64url`);
  return bytes;
}
