/**
 * Receipts: what an executor is shown that a person approved this very action. A compact JWS (RFC 7515) with `alg`
 * `Ed25519` (RFC 9864). A receipt is evidence, not permission: whoever executes compares the action's digest with its
 * own, and consumes the receipt so that it serves once.
 */
import { RECEIPT_TYPE, type ReceiptClaims } from "../../clients/typescript/src/receipt-text.ts";
import type { SigningKey } from "../platform/ed25519.ts";
import { base64url } from "../platform/hash.ts";

export type { ReceiptClaims };

/** The claims as a compact JWS. */
export function signReceipt(claims: ReceiptClaims, kid: string, signer: SigningKey): string {
  const header = { alg: "Ed25519", kid, typ: RECEIPT_TYPE };
  const signed = `${encoded(header)}.${encoded(claims)}`;
  return `${signed}.${base64url(signer.sign(signed))}`;
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
