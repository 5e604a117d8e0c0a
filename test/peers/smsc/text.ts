/** Message texts as octets: data_coding 0 (GSM 03.38, one septet an octet), 3 (ISO 8859-1) and 8 (UCS-2, big-endian). */

export type Coding = "gsm7" | "latin1" | "ucs2";

export const DATA_CODINGS: Readonly<Record<Coding, number>> = { gsm7: 0, latin1: 3, ucs2: 8 };

/** 3GPP TS 23.038, 6.2.1: the place in this text is the septet. 0x1B is the escape to the extension table. */
const ALPHABET =
  "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
  "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";

/** 3GPP TS 23.038, 6.2.1.1. */
const EXTENSION = new Map<number, string>([
  ...([
    [0x0a, "\f"],
    [0x14, "^"],
    [0x28, "{"],
    [0x29, "}"],
    [0x2f, "\\"],
    [0x3c, "["],
  ] as const),
  ...([
    [0x3d, "~"],
    [0x3e, "]"],
    [0x40, "|"],
    [0x65, "€"],
  ] as const),
]);

const ESCAPE = 0x1b;
const septets = new Map<string, readonly number[]>();
for (const [septet, character] of [...ALPHABET].entries()) if (septet !== ESCAPE) septets.set(character, [septet]);
for (const [septet, character] of EXTENSION) septets.set(character, [ESCAPE, septet]);

/** Stands for what no handset could show: half a surrogate pair, an escape that ends a part. */
const BROKEN = "\ufffd";

/** The text of one part as a handset shows it alone, or null when the octets can't be of that coding. */
export function decodeText(octets: Buffer, dataCoding: number): string | null {
  if (dataCoding === DATA_CODINGS.gsm7) return decodeGsm7(octets);
  if (dataCoding === DATA_CODINGS.latin1) return octets.toString("latin1");
  if (dataCoding === DATA_CODINGS.ucs2) return decodeUcs2(octets);
  return null;
}

/** Octets for each character, so that a splitter cuts between them. Throws for a character that the coding lacks. */
export function encodeText(text: string, coding: Coding): readonly Buffer[] {
  return [...text].map((character) => {
    const octets = encodeCharacter(character, coding);
    if (octets === null) throw new Error(`${JSON.stringify(character)} is not in ${coding}`);
    return octets;
  });
}

/** GSM 7-bit when the text fits it, UCS-2 otherwise, as handsets choose. */
export function codingFor(text: string): Coding {
  return [...text].every((character) => septets.has(character)) ? "gsm7" : "ucs2";
}

function encodeCharacter(character: string, coding: Coding): Buffer | null {
  if (coding === "gsm7") {
    const found = septets.get(character);
    return found === undefined ? null : Buffer.from(found);
  }
  if (coding === "latin1") return character.charCodeAt(0) > 0xff ? null : Buffer.from(character, "latin1");
  return Buffer.from(character, "utf16le").swap16();
}

function decodeGsm7(octets: Buffer): string | null {
  let text = "";
  for (let at = 0; at < octets.length; at++) {
    const septet = octets[at] as number;
    if (septet > 0x7f) return null;
    if (septet !== ESCAPE) {
      text += ALPHABET[septet];
      continue;
    }
    const next = octets[++at];
    if (next !== undefined && next > 0x7f) return null;
    text += (next === undefined ? BROKEN : (EXTENSION.get(next) ?? ALPHABET[next])) ?? BROKEN;
  }
  return text;
}

function decodeUcs2(octets: Buffer): string | null {
  if (octets.length % 2 === 1) return null;
  return Buffer.from(octets).swap16().toString("utf16le").replace(LONE_SURROGATE, BROKEN);
}

const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
