import type { Clock } from "./clock.ts";
import type { Random } from "./random.ts";

/** The prefixes of the ids that leave the building. */
export type IdKind = "pause" | "key" | "dlv" | "evt" | "whk" | "req" | "ins" | "ers" | "hold" | "op" | "ses";

/** Crockford's base 32 in lower case: sorts as its bytes do. */
const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
/** Two characters for each ten bits: half the steps of one for each five. */
const PAIRS = [...ALPHABET].flatMap((first) => [...ALPHABET].map((second) => first + second));
const VALUES = new Map([...ALPHABET].map((character, value) => [character, value]));
const BODY_LENGTH = 26;
/** A clock set back by less than this is waited out; set back further, it was wrong before and is trusted now. */
const LONGEST_STEP_BACK_MS = 600_000;

export interface FreshId {
  readonly id: string;
  /** The millisecond in the id: never smaller than that of the id before it (but see the step back above). */
  readonly at: number;
}

/**
 * Makes ids of 128 bits: 48 of time in milliseconds, 12 that count within one, 68 random. They sort by creation time,
 * also over a small step back of the clock, and can't be guessed.
 */
export class IdSource {
  readonly #clock: Clock;
  readonly #random: Random;
  /** Filled anew for each id. */
  readonly #bytes = new Uint8Array(16);
  #last: number;
  /** Full at first: what an earlier run counted in the millisecond of its newest id is not known, so the next begins. */
  #counter = 4095;

  /** `notBefore`: the time in the newest id of an earlier run, so that the order holds over a restart. */
  constructor(clock: Clock, random: Random, notBefore = 0) {
    this.#clock = clock;
    this.#random = random;
    this.#last = notBefore;
  }

  /** A fresh id, `pause_01jd…`. */
  next(kind: IdKind): FreshId {
    const at = this.#tick();
    const bytes = this.#bytes;
    bytes.set(this.#random.bytes(9), 7);
    writeTime(bytes, at);
    bytes[6] = this.#counter >>> 4;
    bytes[7] = ((this.#counter & 0x0f) << 4) | ((bytes[7] ?? 0) & 0x0f);
    return { id: idOf(kind, bytes), at };
  }

  #tick(): number {
    const now = this.#clock.now();
    if (now > this.#last || now < this.#last - LONGEST_STEP_BACK_MS) {
      this.#last = now;
      this.#counter = 0;
    } else if (++this.#counter === 4096) {
      this.#last++;
      this.#counter = 0;
    }
    return this.#last;
  }
}

/** The text form of 16 bytes: prefix, underscore, 26 characters. */
export function idOf(kind: IdKind, bytes: Uint8Array): string {
  let text = `${kind}_`;
  let bits = 0;
  let held = 2; // 26 characters hold 130 bits: two leading zeros
  for (let index = 0; index < 16; index++) {
    bits = (bits << 8) | (bytes[index] ?? 0);
    held += 8;
    if (held >= 10) {
      held -= 10;
      text += PAIRS[bits >>> held];
      bits &= (1 << held) - 1;
    }
  }
  return text;
}

/** The 16 bytes of an id of this kind, or null when it is not spelled as we spell them. */
export function bytesOfId(kind: IdKind, id: string): Uint8Array | null {
  const start = kind.length + 1;
  if (id.length !== start + BODY_LENGTH || !id.startsWith(`${kind}_`)) return null;
  const bytes = new Uint8Array(16);
  let bits = 0;
  let held = -2;
  let filled = 0;
  for (let index = start; index < id.length; index++) {
    const value = VALUES.get(id[index] ?? "");
    if (value === undefined || (index === start && value > 7)) return null;
    bits = (bits << 5) | value;
    held += 5;
    if (held >= 8) {
      held -= 8;
      bytes[filled++] = (bits >>> held) & 255;
    }
    bits &= (1 << held) - 1;
  }
  return bytes;
}

/** The smallest id of a kind whose time is `at`; every id made at or after `at` sorts behind it. */
export function firstIdAt(kind: IdKind, at: number): string {
  const bytes = new Uint8Array(16);
  writeTime(bytes, Math.max(0, Math.min(at, 2 ** 48 - 1)));
  return idOf(kind, bytes);
}

/** The millisecond in an id, or null for what is no id of the kind. */
export function timeOfId(kind: IdKind, id: string): number | null {
  const bytes = bytesOfId(kind, id);
  if (bytes === null) return null;
  return bytes.subarray(0, 6).reduce((time, byte) => time * 256 + byte, 0);
}

function writeTime(bytes: Uint8Array, at: number): void {
  const high = Math.floor(at / 2 ** 32);
  const low = at >>> 0;
  bytes[0] = high >>> 8;
  bytes[1] = high;
  bytes[2] = low >>> 24;
  bytes[3] = low >>> 16;
  bytes[4] = low >>> 8;
  bytes[5] = low;
}
