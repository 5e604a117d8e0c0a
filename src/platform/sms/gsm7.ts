/**
 * The GSM 7-bit default alphabet (3GPP TS 23.038, section 6.2.1): what a text may hold to be sent at seven bits a
 * character. The national shift tables are left out, since most phones and gateways do not have them.
 */

/** What a character takes in septets: 1, or 2 in the extension table (an escape and a character), or null for neither. */
export function septetsOf(character: string): 1 | 2 | null {
  if (BASIC.has(character)) return 1;
  return EXTENSION.has(character) ? 2 : null;
}

/** Whether the whole text can be sent in the GSM 7-bit alphabet. */
export function isGsm7(text: string): boolean {
  for (const character of text) if (septetsOf(character) === null) return false;
  return true;
}

/** The text as septets, each in an octet of its own (not packed), or null for one that {@link isGsm7} refuses. */
export function encodeGsm7(text: string): Uint8Array | null {
  const septets: number[] = [];
  for (const character of text) {
    const code = BASIC.get(character);
    const extended = EXTENSION.get(character);
    if (code !== undefined) septets.push(code);
    else if (extended !== undefined) septets.push(ESCAPE, extended);
    else return null;
  }
  return Uint8Array.from(septets);
}

/**
 * The text of septets, one in each octet. What the extension table does not have is shown as in the basic one, as the
 * standard asks of phones; an escape at the end falls out, and so does the eighth bit.
 */
export function decodeGsm7(septets: Uint8Array): string {
  let text = "";
  let isEscaped = false;
  for (const octet of septets) {
    const code = octet & 0x7f;
    if (code === ESCAPE) {
      // A second escape stands for a further table, which there is none of: a space.
      if (isEscaped) text += " ";
      isEscaped = !isEscaped;
      continue;
    }
    text += (isEscaped ? EXTENDED[code] : undefined) ?? TABLE[code] ?? "";
    isEscaped = false;
  }
  return text;
}

const ESCAPE = 0x1b;

/** In the order of the standard, 16 a line; U+001B holds the place of the escape. */
const TABLE: readonly string[] = [
  ..."@£$¥èéùìòÇ\nØø\rÅå",
  ..."Δ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ",
  ...` !"#¤%&'()*+,-./`,
  ..."0123456789:;<=>?",
  ..."¡ABCDEFGHIJKLMNO",
  ..."PQRSTUVWXYZÄÖÑÜ§",
  ..."¿abcdefghijklmno",
  ..."pqrstuvwxyzäöñüà",
];

const BASIC: ReadonlyMap<string, number> = new Map(
  TABLE.flatMap((character, code) => (code === ESCAPE ? [] : [[character, code] as const])),
);

/** Section 6.2.1.1. */
const EXTENDED: Readonly<Record<number, string>> = {
  ...{ 10: "\f", 20: "^", 40: "{", 41: "}", 47: "\\" },
  ...{ 60: "[", 61: "~", 62: "]", 64: "|", 101: "€" },
};

const EXTENSION: ReadonlyMap<string, number> = new Map(
  Object.entries(EXTENDED).map(([code, character]) => [character, Number(code)]),
);
