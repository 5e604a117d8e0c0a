import { createHmac, hkdfSync } from "node:crypto";
import { base64url, equalInConstantTime } from "../platform/hash.ts";

/** What a stamp vouches for: this page, of this link, was made by this server at that time. */
export interface Stamped {
  readonly pauseId: string;
  readonly position: number;
  readonly language: string;
  /** Milliseconds. */
  readonly renderedAt: number;
  /** SHA-256 of everything else that the page was made from beside the question. */
  readonly appearance: Uint8Array;
}

const MAC_LENGTH = 16;
const STAMP = /^([A-Za-z0-9-]{2,35})\.([0-9a-z]{1,11})\.([A-Za-z0-9_-]{22})$/;

/**
 * Makes and reads the hidden field by which an answer tells which page it came from: the language, the time of the
 * rendering (base 36) and an HMAC-SHA256 (RFC 2104, truncated to 128 bits as its §5 allows) over these with the pause,
 * the recipient and the appearance. It grants nothing: a forged or missing one only leaves the page unnamed. The key is
 * derived from the folder's secret by HKDF (RFC 5869), for this alone.
 */
export class Stamps {
  readonly #key: Uint8Array;

  constructor(secret: Uint8Array) {
    this.#key = new Uint8Array(hkdfSync("sha256", secret, "", "pausepoint page stamp v1", 32));
  }

  /** Deterministic, so that a page can be made again. */
  make(page: Stamped): string {
    return `${page.language}.${page.renderedAt.toString(36)}.${base64url(this.#mac(page))}`;
  }

  /** What a stamp says of a page of this link and appearance, or null when it is none of ours. */
  read(
    stamp: string,
    of: Pick<Stamped, "pauseId" | "position" | "appearance">,
  ): Pick<Stamped, "language" | "renderedAt"> | null {
    const [, language = "", time = "", mac = ""] = STAMP.exec(stamp) ?? [];
    const renderedAt = Number.parseInt(time, 36);
    if (!Number.isSafeInteger(renderedAt)) return null;
    const made = this.#mac({ ...of, language, renderedAt });
    return equalInConstantTime(made, Buffer.from(mac, "base64url")) ? { language, renderedAt } : null;
  }

  #mac({ pauseId, position, language, renderedAt, appearance }: Stamped): Uint8Array {
    const named = `${pauseId}/${position} ${language} ${renderedAt} `;
    return createHmac("sha256", this.#key).update(named).update(appearance).digest().subarray(0, MAC_LENGTH);
  }
}
