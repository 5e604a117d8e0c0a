import type { Random } from "../platform/random.ts";
import type { Mode } from "../storage/index.ts";

const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BODY_LENGTH = 32;
const CHECKSUM_LENGTH = 6;
const SHAPE = /^pp_(live|test)_[0-9A-Za-z]{38,128}$/;

/**
 * A fresh key: `pp_<mode>_`, 32 random base62 characters (190 bits), and 6 of checksum, so that a typo or a leaked key
 * is recognised without a look-up. Shown once, stored as its SHA-256.
 */
export function newKeyText(mode: Mode, random: Random): string {
  let body = "";
  while (body.length < BODY_LENGTH) {
    for (const byte of random.bytes(64)) {
      // 248 is the largest multiple of 62 in a byte; what lies above would favour the first characters.
      if (byte < 248 && body.length < BODY_LENGTH) body += BASE62[byte % 62];
    }
  }
  const text = `pp_${mode}_${body}`;
  return text + checksum(text);
}

/** The mode of a key whose shape and checksum hold, or null. Tells nothing about whether such a key exists. */
export function modeOfKeyText(text: string): Mode | null {
  const mode = SHAPE.exec(text)?.[1];
  if (mode === undefined) return null;
  return checksum(text.slice(0, -CHECKSUM_LENGTH)) === text.slice(-CHECKSUM_LENGTH) ? (mode as Mode) : null;
}

/** What may be shown of a key later: `pp_live_…c0ff`. */
export function keyHint(text: string): string {
  return `${text.slice(0, 8)}…${text.slice(-4)}`;
}

/** CRC-32/ISO-HDLC in base62 (`0-9A-Za-z`), left-padded with zeros to 6 characters. */
function checksum(text: string): string {
  let crc = Bun.hash.crc32(text);
  let digits = "";
  while (crc > 0) {
    digits = BASE62.charAt(crc % 62) + digits;
    crc = Math.floor(crc / 62);
  }
  return digits.padStart(CHECKSUM_LENGTH, "0");
}
