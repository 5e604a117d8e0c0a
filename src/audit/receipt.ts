/**
 * Receipts: what an executor is shown that a person approved this very action. A compact JWS (RFC 7515) with `alg`
 * `Ed25519` (RFC 9864). A receipt is evidence, not permission: whoever executes compares the action's digest with its
 * own, and consumes the receipt so that it serves once.
 */
import type { SigningKey } from "../platform/ed25519.ts";
import { base64url } from "../platform/hash.ts";
import type { ResponseSource } from "../storage/index.ts";

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
  readonly source: ResponseSource;
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

/** The claims as a compact JWS. */
export function signReceipt(claims: ReceiptClaims, kid: string, signer: SigningKey): string {
  const header = { alg: "Ed25519", kid, typ: RECEIPT_TYPE };
  const signed = `${encoded(header)}.${encoded(claims)}`;
  return `${signed}.${base64url(signer.sign(signed))}`;
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
