/** How what people write on phones is brought into one form, so that it can be compared with an option. */

/**
 * Unicode's compatibility form (full-width letters become ordinary ones), without case, with single blanks, straight
 * quotes and hyphens, and digits as in ASCII. What cannot be seen falls out.
 */
export function fold(text: string): string {
  return (
    text
      .normalize("NFKC")
      .replace(/[\u0660-\u0669\u06f0-\u06f9]/g, (digit) => String((digit.codePointAt(0) ?? 0) & 0xf))
      .replace(/[\u2018\u2019\u201a\u201b\u2032\u02bc\u00b4`]/g, "'")
      .replace(/[\u201c-\u201f\u2033\u00ab\u00bb]/g, '"')
      .replace(/[\u2010-\u2015\u2212]/g, "-")
      .replace(/[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]|\ufe0e|\ufe0f|\u20e3/g, "")
      // First small, since the capital ẞ has no other capital, and only the small ß becomes SS.
      .toLowerCase()
      .toUpperCase()
      .toLowerCase()
      .normalize("NFKC")
      .replace(/[\s\p{Cc}]+/gu, " ")
      .trim()
  );
}

/**
 * A folded text without what people put around a word and do not mean: quotes, brackets, a full stop or an exclamation
 * mark, a friendly sign. A question mark stays, and so does any other sign: `Approve?` and `Approve 👎` do not approve.
 */
export function tidy(folded: string): string {
  const words = folded.replace(FRIENDLY, " ").replace(/ +/g, " ").trim();
  return words.replace(/^["'*_([]+\s*/, "").replace(/[\s"'*_)\].,;:!]+$/, "");
}

/** The same for an amount, where a bracket or a quote may be a part of it: `(5)`, `5"`. */
export function tidyAmount(folded: string): string {
  return folded
    .replace(FRIENDLY, " ")
    .trim()
    .replace(/[.!]+$/, "");
}

/** Signs that go with any answer, and their skin tones. */
const FRIENDLY = /(?:👍|👌|🙏|🙂|😊|😀|😃|😄|😁|👏|💯|🎉|❤|♥|✅|✔|☑|🤝)[\u{1f3fb}-\u{1f3ff}]?/gu;

/**
 * Whether a start of an option says enough to stand for it: three letters, without those of words that only turn the
 * meaning round or lead up to one. `don` may become `don't`.
 */
export function isTelling(start: string): boolean {
  const words = start.split(" ").map((word) => word.replaceAll("'", ""));
  const telling = words.filter((word, index) => !(index === words.length - 1 ? mayDeny(word) : DENIALS.has(word)));
  return (telling.join("").match(/[\p{L}\p{N}]/gu) ?? []).length >= 3;
}

function mayDeny(word: string): boolean {
  return [...DENIALS].some((denial) => denial.startsWith(word));
}

/** Words that turn the meaning round, or that only lead up to one, in the languages of the page. */
const DENIALS: ReadonlySet<string> = new Set(
  [
    "no not non none never dont do does doesnt is isnt cant cannot wont will i we it without",
    "nicht kein keine keinen nein nie ohne ich wir",
    "ne pas non jamais sans je nous",
    "nunca sin yo nosotros não nao nunca sem eu nós",
    "لا ليس بدون",
  ].flatMap((line) => line.split(" ")),
);

/** The letters of a folded text in words: what is left of `STOP!!! 🛑` is `stop`. */
export function lettersOf(folded: string): string {
  return folded
    .replace(/['-]/g, "")
    .replace(/[^\p{L}\p{N}]+/gu, " ")
    .trim();
}
