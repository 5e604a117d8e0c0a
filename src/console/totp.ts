/** Time-based one-time passwords (RFC 6238) with what every authenticator app takes: SHA-1, six digits, 30 seconds. */
import { createHmac, hkdfSync } from "node:crypto";
import { equalInConstantTime, sha256 } from "../platform/hash.ts";

const STEP_MS = 30_000;
const DIGITS = 6;
/** Steps before and after the current one that are taken too, for clocks that are off (RFC 6238, section 5.2). */
const DRIFT = 1;
const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** The code of one time step (RFC 4226, section 5.3). */
export function codeAt(secret: Uint8Array, step: number, digits = DIGITS): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac("sha1", secret).update(counter).digest();
  const offset = (mac.at(-1) ?? 0) & 0x0f;
  const number = (mac.readUInt32BE(offset) & 0x7fff_ffff) % 10 ** digits;
  return String(number).padStart(digits, "0");
}

/** The time step of a moment in milliseconds. */
export function stepAt(now: number): number {
  return Math.floor(now / STEP_MS);
}

/** The step that a code belongs to, or null: wrong, too old, or of a step that was used (`lastStep`) or lies before it. */
export function acceptedStep(secret: Uint8Array, code: string, now: number, lastStep: number): number | null {
  for (let step = stepAt(now) - DRIFT; step <= stepAt(now) + DRIFT; step++) {
    if (step > lastStep && isCode(secret, step, code)) return step;
  }
  return null;
}

/**
 * Whoever knows a password may try so many codes at once, and one more each time this has passed. Three of a million codes
 * are good at a moment: 14 tries in the first day and 4 in each after it find one with 1 in 24,000, and 1 in 83,000 a day.
 */
const TRIES = 10;
const TRY_AGAIN_MS = 6 * 3_600_000;

/** Whether a code is looked at. `triedUntil` is what the wrong ones before have come to. */
export function mayTryCode(triedUntil: number, now: number): boolean {
  return triedUntil - now <= (TRIES - 1) * TRY_AGAIN_MS;
}

/** What one more wrong code comes to. */
export function triedUntil(before: number, now: number): number {
  return Math.max(before, now) + TRY_AGAIN_MS;
}

/** Hashed, so that neither the length nor the digits that are right can be learned from the time it takes. */
function isCode(secret: Uint8Array, step: number, code: string): boolean {
  return equalInConstantTime(sha256(codeAt(secret, step)), sha256(code));
}

/** An operator's secret: derived (RFC 5869) from the folder's secret, so that a copy of the database holds none. */
export function totpSecret(folderSecret: Uint8Array, operatorId: string, version: number): Uint8Array {
  const name = `pausepoint console totp v1\0${operatorId} ${version}`;
  return new Uint8Array(hkdfSync("sha256", folderSecret, new Uint8Array(0), name, 20));
}

/** Bytes as base 32 without padding (RFC 4648, section 6), as authenticator apps take secrets. */
export function base32(bytes: Uint8Array): string {
  let text = "";
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0xfff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += BASE32[(value >> bits) & 31];
    }
  }
  return bits === 0 ? text : text + BASE32[(value << (5 - bits)) & 31];
}

/** What the QR code says to the app. */
export function totpUri(secret: Uint8Array, operator: string, host: string): string {
  const label = encodeURIComponent(`PausePoint ${host}:${operator}`);
  return `otpauth://totp/${label}?secret=${base32(secret)}&issuer=${encodeURIComponent(`PausePoint ${host}`)}`;
}
