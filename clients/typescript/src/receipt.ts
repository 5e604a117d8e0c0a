import { fromBase64url, utf8 } from "./bytes.ts";
import { PausePointError } from "./errors.ts";
import {
  type ClaimFault,
  faultIn,
  isClaims,
  MalformedReceipt,
  type ReadReceipt,
  type ReceiptClaims,
  readReceipt,
} from "./receipt-text.ts";

export type { ReceiptClaims };

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

/** Why a receipt is refused. The first that applies. */
export type ReceiptFault =
  | "malformed"
  | "unknown key"
  | "forged"
  | ClaimFault
  | "too old"
  | "other choice"
  | "no person";

/** A receipt that does not allow the action. */
export class ReceiptError extends PausePointError {
  override readonly name = "ReceiptError";
  readonly fault: ReceiptFault;

  constructor(fault: ReceiptFault, why: string) {
    super(`the receipt is refused: ${why}`);
    this.fault = fault;
  }
}

/**
 * Whether a receipt allows an action: genuine, of a person (unless the clock will do), for you, for this very action,
 * with a choice that allows it, and not over. Nothing in the receipt chooses how it is verified (RFC 8725 §3). It may
 * still have been used before: consume it, as the last thing before acting.
 *
 * @returns what it claims
 * @throws ReceiptError with the `fault`
 */
export async function verifyReceipt(receipt: string, demands: ReceiptDemands): Promise<ReceiptClaims> {
  const { kid, signed, signature, payload } = read(receipt);
  const key = await keyOf(demands.keys, kid);
  if (!(await crypto.subtle.verify("Ed25519", key, signature, utf8(signed))))
    throw new ReceiptError("forged", "its signature is not that of the key that it names");
  if (!isClaims(payload)) throw new ReceiptError("malformed", "its claims are not those of a receipt");
  judge(payload, demands);
  return payload;
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

function read(receipt: string): ReadReceipt {
  try {
    return readReceipt(String(receipt));
  } catch (cause) {
    if (!(cause instanceof MalformedReceipt)) throw cause;
    throw new ReceiptError("malformed", cause.message);
  }
}

function judge(claims: ReceiptClaims, demands: ReceiptDemands): void {
  const { mode = "live", audience, actionDigest, choices, allowDefault = false, maxAgeSeconds } = demands;
  const now = demands.now ?? Date.now();
  const refusal = faultIn(claims, { mode, now, audience, actionDigest });
  if (refusal !== null) throw new ReceiptError(refusal.fault, refusal.detail);
  if (maxAgeSeconds !== undefined && now / 1000 - claims.answered_at > maxAgeSeconds)
    throw new ReceiptError("too old", `it was answered more than ${maxAgeSeconds} s ago`);
  if (!choices.includes(claims.choice))
    throw new ReceiptError("other choice", `the answer was ${JSON.stringify(claims.choice)}`);
  if (claims.source !== "human" && !allowDefault)
    throw new ReceiptError("no person", "nobody answered: the clock did, with the default");
}

async function keyOf({ keys }: ReceiptKeys, kid: string): Promise<CryptoKey> {
  const jwk = keys.find((one) => one.kid === kid && one.kty === "OKP" && one.crv === "Ed25519");
  const x = jwk?.x === undefined ? null : fromBase64url(jwk.x);
  if (x === null || x.length !== 32)
    throw new ReceiptError("unknown key", "it is signed by a key that is not known here");
  return await crypto.subtle.importKey("raw", x, "Ed25519", false, ["verify"]);
}
