import { type Body, TAG, type Tlv, tlvOf } from "./pdu.ts";

/** User data without its header, and its place in a chain. */
export interface Piece {
  readonly octets: Buffer;
  readonly chain: { readonly reference: number; readonly total: number; readonly number: number } | null;
}

/** Null for user data whose header is longer than itself, or is for a port: a program's, not a person's. */
export function readPiece(
  body: Pick<Body<"deliver_sm">, "esmClass">,
  octets: Buffer,
  tlvs: readonly Tlv[],
): Piece | null {
  const reference = tlvOf(tlvs, TAG.sarReference);
  const total = tlvOf(tlvs, TAG.sarTotal)?.[0] ?? 0;
  const number = tlvOf(tlvs, TAG.sarNumber)?.[0] ?? 0;
  const bySar = reference?.length === 2 ? chainOf(reference.readUInt16BE(), total, number) : null;
  if ((body.esmClass & 0x40) === 0) return { octets, chain: bySar };
  const length = octets[0] ?? 0;
  if (length + 1 > octets.length) return null;
  const header = octets.subarray(1, length + 1);
  const rest = octets.subarray(length + 1);
  let chain = bySar;
  // 3GPP TS 23.040, section 9.2.3.24: an identifier, a length, so many octets.
  for (let at = 0; at + 2 <= header.length; at += 2 + (header[at + 1] ?? 0)) {
    const element = header.subarray(at + 2, at + 2 + (header[at + 1] ?? 0));
    const [a = 0, b = 0, c = 0, d = 0] = element;
    if (header[at] === 0x00 && element.length === 3) chain = chainOf(a, b, c);
    if (header[at] === 0x08 && element.length === 4) chain = chainOf(a * 256 + b, c, d);
    if (header[at] === 0x04 || header[at] === 0x05) return null;
  }
  return { octets: rest, chain };
}

function chainOf(reference: number, total: number, number: number): Piece["chain"] {
  return total > 1 && number >= 1 && number <= total ? { reference, total, number } : null;
}

interface Partial {
  readonly since: number;
  readonly pieces: Map<number, string>;
}

const MOST_PARTIALS = 500;
/** Nobody answers in more. */
const MOST_PIECES = 10;
const KEPT_MS = 600_000;

/** Joins long texts that people write. In memory: what is incomplete after ten minutes, or at a restart, is gone. */
export class Pieces {
  readonly #partials = new Map<string, Partial>();

  /** The whole text once its last piece has come, else null. `sender` tells apart who writes to whom. */
  add(
    sender: string,
    text: string,
    { reference, total, number }: NonNullable<Piece["chain"]>,
    now: number,
  ): string | null {
    for (const [key, { since }] of this.#partials) {
      if (now - since < KEPT_MS && this.#partials.size < MOST_PARTIALS) break;
      this.#partials.delete(key);
    }
    if (total > MOST_PIECES) return null;
    const key = `${sender} ${reference} ${total}`;
    const partial = this.#partials.get(key) ?? { since: now, pieces: new Map<number, string>() };
    partial.pieces.set(number, text);
    if (partial.pieces.size < total) {
      this.#partials.set(key, partial);
      return null;
    }
    this.#partials.delete(key);
    return Array.from({ length: total }, (_, index) => partial.pieces.get(index + 1) ?? "").join("");
  }
}
