import { isGsm7, septetsOf } from "./gsm7.ts";

/** What a text costs on its way: carriers charge for each segment. */
export interface Measure {
  readonly encoding: Encoding;
  /** Septets in GSM-7, where a character of the extension table takes two; UTF-16 units in UCS-2. */
  readonly units: number;
  /** At least 1, for an empty text too. */
  readonly segments: number;
  /** Units that the last segment still has room for. */
  readonly unitsLeft: number;
}

/** `UCS-2` as the trade calls it; it is UTF-16, so that an emoji takes two units. */
export type Encoding = "GSM-7" | "UCS-2";

/**
 * Counts a text as networks do (3GPP TS 23.038 and 23.040): alone it has 140 bytes, in a chain 134, since each segment
 * then starts with a header of 6. A character of the extension table and a surrogate pair are never torn: what does
 * not fit moves to the next segment as a whole.
 */
export function measure(text: string): Measure {
  const encoding = isGsm7(text) ? "GSM-7" : "UCS-2";
  return { encoding, ...count(text, encoding) };
}

/** What a text costs, as it is recorded and shown. */
export interface Segments {
  readonly encoding: Encoding | "Latin-1";
  readonly count: number;
}

/** What a text costs in the encoding that a carrier is sent it in; unless one is named, in the cheapest that has it. */
export function segmentsOf(text: string, encoding: Segments["encoding"] = measure(text).encoding): Segments {
  return { encoding, count: count(text, encoding).segments };
}

/** The characters that keep a text out of GSM-7, each once, in the order in which they stand there. */
export function outsideGsm7(text: string): readonly string[] {
  return [...new Set(text)].filter((character) => septetsOf(character) === null);
}

function count(text: string, encoding: Segments["encoding"]): Omit<Measure, "encoding"> {
  const { alone, chained } = ROOM[encoding];
  let units = 0;
  let segments = 1;
  let inLast = 0;
  for (const character of text) {
    const size = encoding === "GSM-7" ? (septetsOf(character) ?? 1) : encoding === "UCS-2" ? character.length : 1;
    units += size;
    inLast += size;
    if (inLast > chained) {
      segments += 1;
      inLast = size;
    }
  }
  if (units <= alone) return { units, segments: 1, unitsLeft: alone - units };
  return { units, segments, unitsLeft: chained - inLast };
}

const ROOM = {
  "GSM-7": { alone: 160, chained: 153 },
  "UCS-2": { alone: 70, chained: 67 },
  // Eight bits a character: a carrier's own, over SMPP.
  "Latin-1": { alone: 140, chained: 134 },
} as const;
