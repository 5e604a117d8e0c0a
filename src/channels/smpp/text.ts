/** Texts as octets: which alphabet, how many parts, and back (3GPP TS 23.038 and 23.040; SMPP 3.4, section 5.2.19). */
import type { SmppConfig } from "../../platform/config/smpp.ts";
import { decodeGsm7, encodeGsm7, isGsm7, septetsOf } from "../../platform/sms/gsm7.ts";
import { plain, transliterated } from "../../platform/sms/plain.ts";
import { type Segments, segmentsOf } from "../../platform/sms/segments.ts";
import { split } from "../../platform/sms/split.ts";

/** A text in the octets of its parts, without headers. */
export interface WrittenText {
  readonly dataCoding: number;
  readonly parts: readonly Buffer[];
  /** What it costs; a carrier that is handed a long text in one cuts it by itself. */
  readonly segments: Segments;
}

/** Null for a text that the charset that is set does not have all characters of. */
export function writeText(config: SmppConfig, text: string): WrittenText | null {
  const spelled = spelledText(config, text);
  const alphabet = alphabetFor(config, spelled);
  if (alphabet === null) return null;
  const { dataCoding, sizeOf, encode, bits, encoding } = alphabet;
  const pieces =
    config.longMessages === "payload"
      ? [spelled]
      : split(spelled, sizeOf, {
          alone: roomIn(ALONE_OCTETS, bits),
          chained: roomIn(ALONE_OCTETS - HEADER_OCTETS[config.longMessages], bits),
        });
  const segments = pieces.length > 1 ? { encoding, count: pieces.length } : segmentsOf(spelled, encoding);
  return { dataCoding, parts: pieces.map(encode), segments };
}

/** The characters that go out. */
export function spelledText({ transliterate }: Pick<SmppConfig, "transliterate">, text: string): string {
  return transliterate ? simpler(text) : text;
}

const ALONE_OCTETS = 140;
/** With `sar` the carrier writes the header, perhaps one with 16 bits. */
const HEADER_OCTETS = { udh8: 6, udh16: 7, sar: 7 } as const;

function roomIn(octets: number, bits: number): number {
  return Math.floor((octets * 8) / bits);
}

interface Alphabet {
  readonly encoding: Segments["encoding"];
  readonly dataCoding: number;
  /** Bits that a unit takes on the air. */
  readonly bits: 7 | 8 | 16;
  sizeOf(character: string): number;
  encode(text: string): Buffer;
}

function alphabetFor(config: SmppConfig, text: string): Alphabet | null {
  const gsm7: Alphabet = {
    encoding: "GSM-7",
    dataCoding: config.dataCodingGsm7,
    bits: 7,
    sizeOf: (character) => septetsOf(character) ?? 1,
    encode: (piece) => Buffer.from(encodeGsm7(piece) ?? []),
  };
  const latin1: Alphabet = {
    encoding: "Latin-1",
    dataCoding: config.dataCodingLatin1,
    bits: 8,
    sizeOf: () => 1,
    encode: (piece) => Buffer.from(piece, "latin1"),
  };
  switch (config.charset) {
    case "auto":
      return isGsm7(text) ? gsm7 : UCS2;
    case "gsm7":
      return isGsm7(text) ? gsm7 : null;
    case "latin1":
      return isLatin1(text) ? latin1 : UCS2;
    case "ucs2":
      return UCS2;
  }
}

const DATA_CODING_UCS2 = 8;

/** UTF-16 with the high octet first. A lone surrogate, which is no character, becomes U+FFFD. */
const UCS2: Alphabet = {
  encoding: "UCS-2",
  dataCoding: DATA_CODING_UCS2,
  bits: 16,
  sizeOf: (character) => character.length,
  encode: (piece) => Buffer.from(piece.toWellFormed(), "utf16le").swap16(),
};

/** In a plainer spelling, but only where that makes it fit into GSM-7 as a whole. */
function simpler(text: string): string {
  if (isGsm7(text)) return text;
  const typed = plain(text);
  const bare = isGsm7(typed) ? typed : transliterated(typed, (character) => septetsOf(character) !== null);
  return isGsm7(bare) ? bare : text;
}

function isLatin1(text: string): boolean {
  return Buffer.from(text, "latin1").toString("latin1") === text;
}

/** A text that came, or null for what is none: binary, or an alphabet that is not read here. */
export function readText(config: SmppConfig, dataCoding: number, octets: Buffer): string | null {
  switch (alphabetOf(config, dataCoding)) {
    case "gsm7":
      return decodeGsm7(octets);
    case "latin1":
      return octets.toString("latin1");
    case "ucs2":
      // swap16 works in place, and half a unit at the end is none.
      return Buffer.from(octets.subarray(0, octets.length & ~1))
        .swap16()
        .toString("utf16le")
        .toWellFormed();
    case "none":
      return null;
  }
}

function alphabetOf(config: SmppConfig, dataCoding: number): "gsm7" | "latin1" | "ucs2" | "none" {
  if (dataCoding === DATA_CODING_UCS2) return "ucs2";
  if (dataCoding === config.dataCodingGsm7 && dataCoding !== config.dataCodingLatin1) return "gsm7";
  if (dataCoding === config.dataCodingLatin1 || dataCoding === 1 || dataCoding === 3) return "latin1";
  if (dataCoding === 0) return "gsm7";
  // The groups of TS 23.038: 00xx general, with or without a class, and 1111 with a class.
  if ((dataCoding & 0xf0) === 0xf0) return (dataCoding & 4) === 0 ? "gsm7" : "none";
  if ((dataCoding & 0xf0) === 0x10) return (["gsm7", "none", "ucs2", "none"] as const)[(dataCoding >> 2) & 3] ?? "none";
  return "none";
}
