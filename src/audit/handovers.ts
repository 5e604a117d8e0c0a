/**
 * How one signing key follows another: the old one signs that the new one takes its place. Whoever pinned a key years ago
 * follows these statements to the newest, and needs to trust nobody on the way.
 */
import { ED25519_KEY_LENGTH, verifyEd25519 } from "../platform/ed25519.ts";
import { sha256Base64url } from "../platform/hash.ts";
import type { KeyPurpose } from "../storage/index.ts";
import { formatVerifierKey, NoteError, parseVerifierKey, type VerifierKey, verifierKey } from "./note.ts";

/** That one key follows another, signed by the one before it. Of a log they are verifier keys in their one line. */
export interface Handover {
  readonly old: string;
  readonly new: string;
  /** 64 bytes. */
  readonly signature: Uint8Array;
}

/**
 * The keys that are to be trusted by whoever trusts `pinned`: those, and the ones that each of them has handed over to.
 * A statement that its old key has not signed counts for nothing.
 */
export function followHandovers(
  pinned: readonly VerifierKey[],
  handovers: readonly Handover[],
): readonly VerifierKey[] {
  const trusted = [...pinned];
  for (const handover of handovers) {
    const old = parseVerifierKey(handover.old);
    const isTrusted = trusted.some((key) => isSame(key, old));
    if (isTrusted && isHandover(old.publicKey, "log", handover)) trusted.push(parseVerifierKey(handover.new));
  }
  return trusted;
}

/** Whether `signature` is that of the old key, 32 bytes, over the statement that the new one takes its place. */
export function isHandover(oldKey: Uint8Array, purpose: KeyPurpose, { old, new: next, signature }: Handover): boolean {
  return verifyEd25519(oldKey, handoverText(purpose, old, next), signature);
}

/** Whether two verifier keys are one. */
export function isSame(one: VerifierKey, other: VerifierKey): boolean {
  return (
    one.name === other.name &&
    one.hash === other.hash &&
    one.type === other.type &&
    Buffer.compare(one.publicKey, other.publicKey) === 0
  );
}

/**
 * What the old key signs when a new one takes its place. Ids hold the public keys: a verifier key does, and a `kid` is
 * the digest of one.
 */
export function handoverText(purpose: KeyPurpose, oldId: string, newId: string): string {
  return `pausepoint signing key handover v1\n${purpose}\n${oldId}\n${newId}\n`;
}

/**
 * The id that follows from a public key and nothing else: of a log its verifier key, of receipts the `kid`. Null where
 * there is none.
 *
 * @param origin the log's name; of no meaning for receipts.
 */
export function keyId(purpose: KeyPurpose, origin: string, publicKey: Uint8Array): string | null {
  if (publicKey.byteLength !== ED25519_KEY_LENGTH) return null;
  if (purpose !== "log") return thumbprint(publicKey);
  try {
    return formatVerifierKey(verifierKey(origin, publicKey));
  } catch (error) {
    if (error instanceof NoteError) return null;
    throw error;
  }
}

/** The `kid` of an Ed25519 key: the thumbprint of its JWK (RFC 7638 §3, RFC 8037 appendix A.3). */
export function thumbprint(publicKey: Uint8Array): string {
  return sha256Base64url(`{"crv":"Ed25519","kty":"OKP","x":"${Buffer.from(publicKey).toString("base64url")}"}`);
}
