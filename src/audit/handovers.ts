import { verifyEd25519 } from "../platform/ed25519.ts";
import { parseVerifierKey, type VerifierKey } from "./note.ts";
import { handoverText } from "./signing-keys.ts";

/** That one key of a log follows another, signed by the one before it. Keys are verifier keys in their one line. */
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
    const text = handoverText("log", handover.old, handover.new);
    if (isTrusted && verifyEd25519(old.publicKey, text, handover.signature))
      trusted.push(parseVerifierKey(handover.new));
  }
  return trusted;
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
