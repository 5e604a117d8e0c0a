/**
 * Verifies receipts: pure functions over a text and keys. The way is the same for every receipt: one algorithm, one
 * spelling, a key that is known by its `kid`. How a receipt is read and judged is one implementation with the client.
 */
import {
  type ClaimDemands,
  type ClaimFault,
  faultIn,
  isClaims,
  MalformedReceipt,
  type ReadReceipt,
  type ReceiptClaims,
  type Refusal,
  readReceipt,
} from "../../clients/typescript/src/receipt-text.ts";
import { verifyEd25519 } from "../platform/ed25519.ts";

export { MalformedReceipt, type ReadReceipt, readReceipt };

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
export interface ReceiptDemands extends ClaimDemands {
  /** All that may have signed, retired ones too. */
  readonly keys: readonly ReceiptKey[];
}

/** Why a receipt is not taken. The first that applies: these, then those of the claims. */
export type ReceiptFault = "malformed" | "unknown key" | "forged" | ClaimFault;

export type ReceiptVerdict = { readonly fault: null; readonly claims: ReceiptClaims } | Refusal<ReceiptFault>;

/** Whether a receipt is genuine, of now, and about this. Never throws. */
export function verifyReceipt(receipt: string, demands: ReceiptDemands): ReceiptVerdict {
  let read: ReadReceipt;
  try {
    read = readReceipt(receipt);
  } catch (error) {
    if (error instanceof MalformedReceipt) return { fault: "malformed", detail: error.message };
    throw error;
  }
  const key = demands.keys.find(({ id }) => id === read.kid);
  if (key === undefined) return { fault: "unknown key", detail: "it is signed by a key that is not known here" };
  if (!isSigned(read, key.publicKey))
    return { fault: "forged", detail: "its signature is not that of the key that it names" };
  const { payload: claims } = read;
  if (!isClaims(claims)) return { fault: "malformed", detail: "its claims are not those of a receipt" };
  if (claims.mode !== key.mode)
    return { fault: "forged", detail: `it claims to be a ${claims.mode} one, but its key signs others` };
  return faultIn(claims, demands) ?? { fault: null, claims };
}

/** Whether a key has signed a receipt that was read. */
export function isSigned({ signed, signature }: ReadReceipt, publicKey: Uint8Array): boolean {
  return verifyEd25519(publicKey, signed, signature);
}
