/** Characters of scripts that put no spaces between words: each is a word of its own. */
const LETTERS = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}]/u;
const WORD = new RegExp(`${LETTERS.source}|(?:(?!${LETTERS.source})[\\p{L}\\p{N}])+`, "gu");
const ACCENTS = /[\u0300-\u036f]/g;
/** A phone number as people write it; with its spaces and brackets it would fall into pieces. */
const PHONE = /^\+?[\d\s().-]{6,24}$/;
/** How much of the end of a number people remember it by. */
const ENDS = [4, 7, 10];
const MOST_WORDS = 12;
const LONGEST_WORD = 64;

/** The words that a pause is found by, in one text: those of its message, and of whom it asks. */
export function wordsOf(message: string, addresses: readonly string[]): string {
  const words = new Set(split(message));
  for (const address of addresses) {
    for (const word of split(address)) words.add(word);
    const digits = /^\+(\d{5,})$/.exec(address)?.[1];
    if (digits !== undefined) for (const length of ENDS) words.add(digits.slice(-length));
  }
  return [...words].join(" ");
}

/**
 * What is looked for, in the language of FTS5: every word of the text, `whole` or as the beginning of one. Null where the
 * text holds no word.
 */
export function wanted(text: string, how: "whole" | "beginning"): string | null {
  const words = PHONE.test(text.trim()) ? [text.replaceAll(/\D/g, "")] : split(text).slice(0, MOST_WORDS);
  if (words.length === 0) return null;
  // Words hold letters and digits alone, so none can end the quotes.
  return words.map((word) => `"${word}"${how === "beginning" ? "*" : ""}`).join(" AND ");
}

function split(text: string): string[] {
  const folded = text.normalize("NFKD").replaceAll(ACCENTS, "").toLowerCase();
  return (folded.match(WORD) ?? []).map((word) => word.slice(0, LONGEST_WORD));
}
