/**
 * Plain spellings of characters that are outside the GSM 7-bit alphabet. One curly quote halves the room of a text, so
 * they are worth replacing. Only what reads the same afterwards is here: digits, currencies and mathematical signs stay.
 */

/**
 * Typographic characters as a typewriter writes them, accents joined to their letters (Unicode NFC). Letters stay.
 * Marks that set the direction of writing fall out, so the result is for text in the GSM alphabet, which has one.
 */
export function plain(text: string): string {
  return text.normalize("NFC").replace(TYPOGRAPHIC, (character) => SPELLING.get(character) ?? "");
}

/** Latin letters without the accents that the GSM alphabet does not have; `ñ`, `é` and others that it has stay. */
export function transliterated(text: string, isKept: (character: string) => boolean): string {
  let result = "";
  for (const character of text.normalize("NFC")) {
    if (isKept(character)) result += character;
    else result += LETTERS[character] ?? withoutMarks(character);
  }
  return result;
}

function withoutMarks(character: string): string {
  const [base = "", ...marks] = character.normalize("NFD");
  return /^[A-Za-z]$/.test(base) && marks.every((mark) => /\p{Mn}/u.test(mark)) ? base : character;
}

/** Each spelling with the characters that become it. */
const PLAIN: readonly (readonly [spelling: string, characters: string])[] = [
  ["'", "\u2018\u2019\u201a\u201b\u2032\u2039\u203a\u02bc\u00b4`"],
  ['"', "\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb"],
  // Hyphens and dashes, and the minus sign, which keeps its meaning.
  ["-", "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"],
  ["...", "\u2026"],
  ["*", "\u2022"],
  ["->", "\u2192"],
  ["<-", "\u2190"],
  ["=>", "\u21d2"],
  // Spaces of every width, and the tab.
  [" ", "\t\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"],
  ["\n", "\u2028\u2029"],
  // What cannot be seen: soft hyphen, zero-width space, word joiner, byte order mark, marks of direction.
  ["", "\u00ad\u200b\u2060\ufeff\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"],
];

const SPELLING: ReadonlyMap<string, string> = new Map(
  PLAIN.flatMap(([spelling, characters]) => [...characters].map((character) => [character, spelling] as const)),
);

const TYPOGRAPHIC = new RegExp(`[${[...SPELLING.keys()].join("")}]`, "gu");

/** Latin letters whose accent is part of the letter, so that Unicode does not take it off. */
const LETTERS: Readonly<Record<string, string>> = {
  ...{ Œ: "OE", œ: "oe", Ł: "L", ł: "l", Đ: "D", đ: "d", Ð: "D", ð: "d", Þ: "Th", þ: "th" },
  ...{ ı: "i", ẞ: "SS", Ħ: "H", ħ: "h", Ŧ: "T", ŧ: "t", ĸ: "k", Ŋ: "N", ŋ: "n" },
};
