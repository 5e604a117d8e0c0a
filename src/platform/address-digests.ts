import { createHmac, hkdfSync } from "node:crypto";

/**
 * Digests that stand for an address where the address itself must not: HMAC-SHA256 (RFC 2104) under a key that HKDF
 * (RFC 5869) derives from the folder's secret for this alone. There are few enough phone numbers to try them all, so a
 * digest without a key would be the number itself.
 */
export class AddressDigests {
  readonly #key: Uint8Array;
  readonly #numbers = new Map<string, number>();

  constructor(folderSecret: Uint8Array) {
    this.#key = new Uint8Array(hkdfSync("sha256", folderSecret, "", "pausepoint address v1", 32));
  }

  /**
   * The digest of an address in its normal form, 32 bytes: of the address alone, or of it on one channel. Two spellings
   * of a mail address that differ in case alone are one person's.
   */
  of(address: string, channel = ""): Uint8Array {
    const bytes = createHmac("sha256", this.#key)
      .update(`${channel}\0${sameForm(address)}`)
      .digest();
    return new Uint8Array(bytes);
  }

  /**
   * As {@link of}, cut to 52 bits: for a table that is looked into at every create. Two addresses that share one would
   * share a count, of which there is one chance in 9,000 among a million.
   */
  numberOf(address: string): number {
    const known = this.#numbers.get(address);
    if (known !== undefined) return known;
    // The same few people are asked again and again.
    if (this.#numbers.size >= NUMBERS_KEPT) this.#numbers.clear();
    const number = Number(Buffer.from(this.of(address)).readBigUInt64BE() >> 12n);
    this.#numbers.set(address, number);
    return number;
  }

  /** As {@link of}, as 43 base64url characters. */
  textOf(address: string): string {
    return Buffer.from(this.of(address)).toString("base64url");
  }
}

const NUMBERS_KEPT = 1_000;

function sameForm(address: string): string {
  return address.includes("@") ? address.toLowerCase() : address;
}
