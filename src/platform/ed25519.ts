import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from "node:crypto";

/** Bytes of a seed, which is the private key, and of a public key (RFC 8032 §5.1.5). */
export const ED25519_KEY_LENGTH = 32;
/** Bytes of a signature (RFC 8032 §5.1.6). */
export const ED25519_SIGNATURE_LENGTH = 64;

/** An Ed25519 key pair that signs (RFC 8032, PureEdDSA). The seed is not kept where it could be read back. */
export interface SigningKey {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** 64 bytes over the message as it is; the same message always gets the same signature. */
  sign(message: string | Uint8Array): Uint8Array;
}

/** The key pair of a seed of 32 random bytes. @throws {RangeError} for another length. */
export function signingKeyFrom(seed: Uint8Array): SigningKey {
  if (seed.byteLength !== ED25519_KEY_LENGTH) throw new RangeError("an Ed25519 seed has 32 bytes");
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: "der", type: "pkcs8" });
  const { x = "" } = createPublicKey(key).export({ format: "jwk" });
  return {
    publicKey: new Uint8Array(Buffer.from(x, "base64url")),
    sign: (message) => new Uint8Array(sign(null, Buffer.from(message), key)),
  };
}

/**
 * Whether a signature is that of this public key over the message. A key or signature of a wrong length is false, never an
 * error. Checked as RFC 8032 asks: a scalar outside its range and an encoding that is no point are refused, which the
 * published vectors of Wycheproof hold it to.
 */
export function verifyEd25519(publicKey: Uint8Array, message: string | Uint8Array, signature: Uint8Array): boolean {
  if (signature.byteLength !== ED25519_SIGNATURE_LENGTH) return false;
  const key = publicKeyFrom(publicKey);
  if (key === null) return false;
  try {
    return verify(null, Buffer.from(message), key, signature);
  } catch {
    return false;
  }
}

function publicKeyFrom(publicKey: Uint8Array): KeyObject | null {
  if (publicKey.byteLength !== ED25519_KEY_LENGTH) return null;
  try {
    return createPublicKey({ key: Buffer.concat([SPKI_PREFIX, publicKey]), format: "der", type: "spki" });
  } catch {
    return null;
  }
}

/** What stands before the 32 bytes of a key in DER (RFC 8410 §4 and §7). */
const PKCS8_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");
const SPKI_PREFIX = Buffer.from("302a300506032b6570032100", "hex");
