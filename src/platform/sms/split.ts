/** Room for text, in the unit of its alphabet: septets, octets or UTF-16 units. */
export interface Room {
  /** In a message that stands alone. */
  readonly alone: number;
  /** In each part of a long one. */
  readonly chained: number;
}

/**
 * A text in the parts that it is sent in; a short one is one part, an empty one too. `sizeOf` is what a character takes.
 * A character is never torn, so neither an escape from its septet nor a surrogate from its pair: what does not fit moves
 * to the next part as a whole.
 */
export function split(
  text: string,
  sizeOf: (character: string) => number,
  { alone, chained }: Room,
): readonly string[] {
  const parts: string[] = [];
  let whole = 0;
  let part = "";
  let filled = 0;
  for (const character of text) {
    const size = sizeOf(character);
    whole += size;
    if (filled + size > chained) {
      parts.push(part);
      part = "";
      filled = 0;
    }
    part += character;
    filled += size;
  }
  return whole <= alone ? [text] : [...parts, part];
}
