import { createHmac, hkdfSync } from "node:crypto";
import { base64url, equalInConstantTime } from "../platform/hash.ts";
import { bytesOfId, idOf } from "../platform/ids.ts";
import type { Mode } from "../storage/index.ts";

/** What a genuine link names. */
export interface Link {
  readonly pauseId: string;
  readonly position: number;
  readonly mode: Mode;
}

const SIGNED_LENGTH = 22;
const MAC_LENGTH = 17;
const TOKEN_LENGTH = 52;
/** The key numbers in a token's first byte: the test world's links are signed by a key of their own. */
const KEY_NUMBERS: Readonly<Record<Mode, number>> = { live: 1, test: 129 };

/**
 * Signs and reads the token of `/r/<token>`: 39 bytes as 52 base64url characters without a spare bit. 1 byte key number,
 * 16 bytes the pause, 1 byte the recipient's position, 4 bytes the expiry in Unix seconds rounded up, 17 bytes
 * HMAC-SHA256 (RFC 2104, truncated as its §5 allows) over the first 22. The keys are derived from the folder's secret
 * by HKDF (RFC 5869), for links alone. A token is deterministic, so it is never stored.
 */
export class Links {
  readonly #keys: Readonly<Record<Mode, Uint8Array>>;

  constructor(secret: Uint8Array) {
    const derive = (mode: Mode) => new Uint8Array(hkdfSync("sha256", secret, "", `pausepoint link ${mode} v1`, 32));
    this.#keys = { live: derive("live"), test: derive("test") };
  }

  /** The token of a recipient's link. `expiresAt` in milliseconds. */
  token(link: Link, expiresAt: number): string {
    const id = bytesOfId("pause", link.pauseId);
    if (id === null) throw new TypeError(`${link.pauseId} is no pause id`);
    const bytes = Buffer.alloc(SIGNED_LENGTH + MAC_LENGTH);
    bytes[0] = KEY_NUMBERS[link.mode];
    bytes.set(id, 1);
    bytes[17] = link.position;
    bytes.writeUInt32BE(Math.min(Math.ceil(expiresAt / 1000), 0xffffffff), 18);
    bytes.set(this.#mac(link.mode, bytes.subarray(0, SIGNED_LENGTH)), SIGNED_LENGTH);
    return base64url(bytes);
  }

  /** What a token names, or null when it is none of ours: forged, cut, or spelled in another way. */
  read(token: string): Link | null {
    if (token.length !== TOKEN_LENGTH) return null;
    const bytes = Buffer.from(token, "base64url");
    // base64 readers forgive much; ours is the only spelling that counts.
    if (bytes.length !== SIGNED_LENGTH + MAC_LENGTH || base64url(bytes) !== token) return null;
    const mode = bytes[0] === KEY_NUMBERS.live ? "live" : bytes[0] === KEY_NUMBERS.test ? "test" : null;
    if (mode === null) return null;
    const mac = this.#mac(mode, bytes.subarray(0, SIGNED_LENGTH));
    if (!equalInConstantTime(mac, bytes.subarray(SIGNED_LENGTH))) return null;
    return { pauseId: idOf("pause", bytes.subarray(1, 17)), position: bytes[17] ?? 0, mode };
  }

  #mac(mode: Mode, signed: Uint8Array): Uint8Array {
    return createHmac("sha256", this.#keys[mode]).update(signed).digest().subarray(0, MAC_LENGTH);
  }
}
