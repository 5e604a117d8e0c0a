import { timingSafeEqual } from "node:crypto";

/** SHA-256 (FIPS 180-4) as 32 bytes. Text is hashed as UTF-8. */
export function sha256(input: string | Uint8Array): Uint8Array {
  return Bun.SHA256.hash(input) as Uint8Array;
}

/** SHA-256 as 64 lower-case hex digits. */
export function sha256Hex(input: string | Uint8Array): string {
  return Bun.SHA256.hash(input, "hex");
}

/** SHA-256 as 43 base64url characters (RFC 4648 §5, no padding). */
export function sha256Base64url(input: string | Uint8Array): string {
  return Bun.SHA256.hash(input, "base64url");
}

/** base64url without padding (RFC 4648 §5). */
export function base64url(bytes: Uint8Array): string {
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}

/** Compares in time that depends on the lengths alone. */
export function equalInConstantTime(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && timingSafeEqual(a, b);
}
