/**
 * How many SMS segments a text takes (3GPP TS 23.038 and 23.040): 160 septets alone or 153 in a chain when every
 * character is in the GSM 7-bit alphabet, else 70 or 67 UTF-16 code units. A character is never cut in two.
 * An empty text takes one.
 */
export function segmentCount(text: string): number {
  const characters = [...text];
  const isGsm7 = characters.every((character) => BASIC.has(character) || EXTENSION.has(character));
  const sizes = characters.map((character) => (isGsm7 ? (EXTENSION.has(character) ? 2 : 1) : character.length));
  const [alone, chained] = isGsm7 ? [160, 153] : [70, 67];
  if (sizes.reduce((sum, size) => sum + size, 0) <= alone) return 1;
  let segments = 1;
  let room: number = chained;
  for (const size of sizes) {
    if (size > room) {
      segments += 1;
      room = chained;
    }
    room -= size;
  }
  return segments;
}

/** The GSM 7-bit default alphabet, without the escape to the extension table. */
const BASIC = new Set(
  "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà",
);

/** The extension table: an escape and a character, so two septets each. */
const EXTENSION = new Set("\f^{}\\[~]|€");
