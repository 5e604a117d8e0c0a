import { createCipheriv, createDecipheriv, hkdfSync } from "node:crypto";
import type { Random } from "../platform/random.ts";

const NONCE = 12;
const TAG = 16;

/** Seals small secrets under the folder's secret: AES-256-GCM (NIST SP 800-38D) with a key derived by HKDF (RFC 5869). */
export class Seal {
  readonly #key: Uint8Array;

  /** @param label names what is sealed, so that no two kinds of secret share a key. */
  constructor(folderSecret: Uint8Array, label: string) {
    this.#key = new Uint8Array(hkdfSync("sha256", folderSecret, "", `pausepoint seal ${label}`, 32));
  }

  /** Nonce, ciphertext and tag in one. `place` is bound to it: moved elsewhere it does not open. */
  close(secret: Uint8Array, place: string, random: Random): Uint8Array {
    const nonce = random.bytes(NONCE);
    const cipher = createCipheriv("aes-256-gcm", this.#key, nonce).setAAD(Buffer.from(place));
    return new Uint8Array(Buffer.concat([nonce, cipher.update(secret), cipher.final(), cipher.getAuthTag()]));
  }

  /** What {@link close} sealed, or null when it was changed, moved, or sealed under another secret. */
  open(sealed: Uint8Array, place: string): Uint8Array | null {
    if (sealed.byteLength < NONCE + TAG) return null;
    const end = sealed.byteLength - TAG;
    const decipher = createDecipheriv("aes-256-gcm", this.#key, sealed.subarray(0, NONCE))
      .setAAD(Buffer.from(place))
      .setAuthTag(sealed.subarray(end));
    try {
      return new Uint8Array(Buffer.concat([decipher.update(sealed.subarray(NONCE, end)), decipher.final()]));
    } catch {
      return null;
    }
  }
}
