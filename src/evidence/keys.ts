import type { Attestor, PublicSigningKey } from "../audit/index.ts";
import type { Mode, Writer } from "../storage/index.ts";

/** An Ed25519 public key as RFC 8037 writes it, with what a verifier of receipts needs to choose it. */
export interface ReceiptJwk {
  readonly kty: "OKP";
  readonly crv: "Ed25519";
  readonly x: string;
  readonly kid: string;
  readonly alg: "Ed25519";
  readonly use: "sig";
}

/** All signing keys of the installation. */
export function signingKeysOf(writer: Writer, attestor: Attestor): Promise<readonly PublicSigningKey[]> {
  return writer.write((tx) => attestor.keys.all(tx));
}

/**
 * The keys that receipts of one mode are verified with, as a JWK set (RFC 7517). Retired ones stay in it: what they signed
 * stays good. Test keys stand in a set of their own, so that a verifier of live receipts can't take one by mistake.
 */
export function receiptKeySet(keys: readonly PublicSigningKey[], mode: Mode): { readonly keys: readonly ReceiptJwk[] } {
  return {
    keys: keys
      .filter(({ purpose }) => purpose === `receipt-${mode}`)
      .map(({ id, publicKey }) => ({
        kty: "OKP",
        crv: "Ed25519",
        x: Buffer.from(publicKey).toString("base64url"),
        kid: id,
        alg: "Ed25519",
        use: "sig",
      })),
  };
}

/** The log's verifier keys in their one line, oldest first. */
export function logKeysOf(keys: readonly PublicSigningKey[]): string[] {
  return keys.filter(({ purpose }) => purpose === "log").map(({ id }) => id);
}

/** How the log's keys followed each other: each statement is signed by the key before. */
export function handoversOf(keys: readonly PublicSigningKey[]): { old: string; new: string; signature: string }[] {
  const logKeys = keys.filter(({ purpose }) => purpose === "log");
  return logKeys.flatMap(({ id, handover }, index) => {
    const old = logKeys[index - 1];
    if (handover === null || old === undefined) return [];
    return [{ old: old.id, new: id, signature: Buffer.from(handover).toString("base64url") }];
  });
}

/** The log's keys as the head of an export names them. */
export function logHead(keys: readonly PublicSigningKey[]) {
  const origin = keys.findLast(({ purpose }) => purpose === "log")?.name ?? "";
  return { origin, keys: logKeysOf(keys), handovers: handoversOf(keys) };
}
