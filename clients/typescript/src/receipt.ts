import { type Bytes, fromBase64url, utf8 } from "./bytes.ts";
import { PausePointError } from "./errors.ts";

/** What a receipt claims: docs/receipts.md of the server. Times are Unix seconds. */
export interface ReceiptClaims {
  readonly iss: string;
  readonly aud: string;
  readonly iat: number;
  readonly exp: number;
  readonly jti: string;
  readonly mode: "live" | "test";
  readonly project: string;
  readonly pause_id: string;
  readonly question: string;
  readonly options: readonly string[];
  readonly choice: string;
  readonly source: "human" | "timeout_default";
  readonly via: string | null;
  readonly channel: string;
  readonly by: string | null;
  readonly asked_at: number;
  readonly answered_at: number;
  readonly action_digest: string | null;
  readonly seq: number;
  readonly entry_hash: string;
}

/** A JWK set (RFC 7517) of Ed25519 keys (RFC 8037), as `/.well-known/pausepoint-keys.json` has it. */
export interface ReceiptKeys {
  readonly keys: readonly {
    readonly kid?: string;
    readonly kty?: string;
    readonly crv?: string;
    readonly x?: string;
  }[];
}

/** What whoever carries an action out demands. */
export interface ReceiptDemands {
  /**
   * Of the world you act in: the live set, or, while you test, the one of `?mode=test`. A receipt of the other world is
   * signed by a key that is in neither of yours.
   */
  readonly keys: ReceiptKeys;
  readonly mode?: "live" | "test";
  /** `sha256:…` of what you are about to do, computed by you: see `digestAction`. */
  readonly actionDigest: string;
  /** Who you are, as the question's `audience` names you; else its project. */
  readonly audience: string;
  /** The choices that allow it, such as `["Approve"]`. */
  readonly choices: readonly string[];
  /** Whether the clock's default will do too. Else a person must have chosen. */
  readonly allowDefault?: boolean;
  /** The oldest answer that you take, in seconds; else whatever has not expired. */
  readonly maxAgeSeconds?: number;
  /** Milliseconds since the Unix epoch; else now. */
  readonly now?: number;
}

/** Why a receipt is refused. */
export type ReceiptFault =
  | "malformed"
  | "unknown key"
  | "forged"
  | "other mode"
  | "other audience"
  | "no action"
  | "other action"
  | "other choice"
  | "no person"
  | "expired"
  | "too old";

/** A receipt that does not allow the action. */
export class ReceiptError extends PausePointError {
  override readonly name = "ReceiptError";
  readonly fault: ReceiptFault;

  constructor(fault: ReceiptFault, why: string) {
    super(`the receipt is refused: ${why}`);
    this.fault = fault;
  }
}

const LONGEST = 16_384;
const ALGORITHMS: readonly unknown[] = ["Ed25519", "EdDSA"];

/**
 * Whether a receipt allows an action: genuine, of a person (unless the clock will do), for you, for this very action,
 * with a choice that allows it, and not over. Nothing in the receipt chooses how it is verified (RFC 8725 §3). It may
 * still have been used before: consume it, as the last thing before acting.
 *
 * @returns what it claims
 * @throws ReceiptError with the `fault`
 */
export async function verifyReceipt(receipt: string, demands: ReceiptDemands): Promise<ReceiptClaims> {
  if (typeof receipt !== "string" || receipt.length > LONGEST) throw malformed("it is no text that a receipt can be");
  const [first = "", second = "", third = "", ...others] = receipt.split(".");
  if (third === "" || others.length > 0) throw malformed("it is not a compact JWS of three parts");
  const { alg, kid, typ, ...more } = objectIn(first, "header");
  if (Object.keys(more).length > 0) throw malformed("its header has members that no receipt has");
  if (!ALGORITHMS.includes(alg)) throw malformed("its alg is not Ed25519");
  if (typ !== "pausepoint-receipt+jwt") throw malformed("its typ is not pausepoint-receipt+jwt");
  if (typeof kid !== "string") throw malformed("it names no key");
  const signature = bytesIn(third, "signature");
  const key = await keyOf(demands.keys, kid);
  if (!(await crypto.subtle.verify("Ed25519", key, signature, utf8(`${first}.${second}`))))
    throw new ReceiptError("forged", "its signature is not that of the key that it names");
  const claims = objectIn(second, "payload");
  if (!isClaims(claims)) throw malformed("its claims are not those of a receipt");
  judge(claims, demands);
  return claims;
}

/**
 * The keys that receipts are signed with now, and were before. Fetch them once and keep them: who can forge this answer
 * could forge receipts.
 *
 * @throws PausePointError when they can't be read there
 */
export async function fetchReceiptKeys(url: string, mode: "live" | "test" = "live"): Promise<ReceiptKeys> {
  const path = `/.well-known/pausepoint-keys.json${mode === "test" ? "?mode=test" : ""}`;
  try {
    const response = await fetch(`${url.replace(/\/+$/, "")}${path}`, { redirect: "error" });
    const set = (await response.json()) as ReceiptKeys;
    if (response.ok && Array.isArray(set.keys)) return set;
  } catch (cause) {
    throw new PausePointError(`the keys can't be read from ${url}`, { cause });
  }
  throw new PausePointError(`what answered at ${url} is no set of keys`);
}

function judge(claims: ReceiptClaims, demands: ReceiptDemands): void {
  const { mode = "live", audience, actionDigest, choices, allowDefault = false, maxAgeSeconds, now } = demands;
  const seconds = (now ?? Date.now()) / 1000;
  if (claims.mode !== mode)
    throw new ReceiptError("other mode", `it is a ${claims.mode} receipt, and counts for nothing ${mode}`);
  if (claims.aud !== audience) throw new ReceiptError("other audience", "it is for another audience");
  if (claims.action_digest === null)
    throw new ReceiptError("no action", "it binds no action: its pause was asked without an action_digest");
  if (claims.action_digest !== actionDigest) throw new ReceiptError("other action", "it was given for another action");
  if (!choices.includes(claims.choice))
    throw new ReceiptError("other choice", `the answer was ${JSON.stringify(claims.choice)}`);
  if (claims.source !== "human" && !allowDefault)
    throw new ReceiptError("no person", "nobody answered: the clock did, with the default");
  if (seconds >= claims.exp)
    throw new ReceiptError("expired", `it has expired, at ${new Date(claims.exp * 1000).toISOString()}`);
  if (maxAgeSeconds !== undefined && seconds - claims.answered_at > maxAgeSeconds)
    throw new ReceiptError("too old", `it was answered more than ${maxAgeSeconds} s ago`);
}

async function keyOf({ keys }: ReceiptKeys, kid: string): Promise<CryptoKey> {
  const jwk = keys.find((one) => one.kid === kid && one.kty === "OKP" && one.crv === "Ed25519");
  const x = jwk?.x === undefined ? null : fromBase64url(jwk.x);
  if (x === null || x.length !== 32)
    throw new ReceiptError("unknown key", "it is signed by a key that is not known here");
  return await crypto.subtle.importKey("raw", x, "Ed25519", false, ["verify"]);
}

const TEXTS = ["iss", "aud", "jti", "project", "pause_id", "question", "choice", "channel", "entry_hash"] as const;
const TEXTS_OR_NULL = ["via", "by", "action_digest"] as const;
const SECONDS = ["iat", "exp", "asked_at", "answered_at", "seq"] as const;

function isClaims(claims: Record<string, unknown>): claims is Record<string, unknown> & ReceiptClaims {
  const { mode, source, options } = claims;
  return (
    (mode === "live" || mode === "test") &&
    (source === "human" || source === "timeout_default") &&
    Array.isArray(options) &&
    options.every((option) => typeof option === "string") &&
    TEXTS.every((name) => typeof claims[name] === "string") &&
    TEXTS_OR_NULL.every((name) => claims[name] === null || typeof claims[name] === "string") &&
    SECONDS.every((name) => Number.isSafeInteger(claims[name]) && Number(claims[name]) >= 0)
  );
}

function objectIn(part: string, name: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytesIn(part, name)));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch (error) {
    if (error instanceof ReceiptError) throw error;
  }
  throw malformed(`its ${name} is not a JSON object`);
}

function bytesIn(part: string, name: string): Bytes {
  const bytes = fromBase64url(part);
  if (bytes === null) throw malformed(`its ${name} is not in base64url`);
  return bytes;
}

function malformed(why: string): ReceiptError {
  return new ReceiptError("malformed", why);
}
