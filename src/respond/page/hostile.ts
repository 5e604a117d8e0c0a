import { escapeHtml, fill } from "./escape.ts";

/**
 * The asker's text as HTML in which nothing hides: markup is escaped, and every character that a reader could not see
 * (controls, direction overrides, zero-width characters, tags, lone surrogates…) stands as a labelled mark, e.g.
 * `<span class="mark" role="img" title="hidden character U+202E">U+202E</span>`; a run of the same is one mark with its
 * count, `U+200B ×12`. So does what is piled on a letter beyond any script's need, since it would cover other words or could
 * not be wrapped. Nothing is dropped: line breaks and tabs stay, look-alike letters are left alone, and the
 * invisible characters that emoji and some scripts are written with stay where they do that work.
 * `hiddenCharacter` is the reader's wording for a mark's name, with `{code}` in it.
 */
export function hostileText(text: string, hiddenCharacter: string): string {
  let html = "";
  let end = 0;
  const characters = text.replaceAll("\r\n", "\n");
  for (const found of characters.matchAll(INVISIBLE)) {
    if (found.index < end || belongs(characters, found.index, found[0])) continue;
    const next = endOfRun(characters, found.index, found[0]);
    html += escapeHtml(characters.slice(end, found.index));
    html += mark(found[0], (next - found.index) / found[0].length, hiddenCharacter);
    end = next;
  }
  return html + escapeHtml(characters.slice(end));
}

/**
 * What leaves no ink of its own. Controls but tab and line feed, format characters but the visible number and verse
 * signs (Unicode's Prepended_Concatenation_Mark), line and paragraph separators, default-ignorable characters, lone
 * surrogates, noncharacters, the object replacement and the Braille blank. And combining marks from the seventh on one
 * letter: Hebrew with its accents needs four.
 */
const INVISIBLE =
  /(?![\t\n\u0600-\u0605\u06DD\u070F\u0890\u0891\u08E2\u{110BD}\u{110CD}])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}\u2800\uFFFC]|(?<=\p{M}{6})\p{M}/gu;

const SCRIPTS_THAT_JOIN = [
  "Arabic",
  "Syriac",
  "Mandaic",
  "Nko",
  "Adlam",
  "Mongolian",
  "Phags_Pa",
  "Devanagari",
  "Bengali",
]
  .concat(["Gurmukhi", "Gujarati", "Oriya", "Tamil", "Telugu", "Kannada", "Malayalam", "Sinhala", "Khmer", "Myanmar"])
  .concat(["Tibetan", "Balinese", "Javanese"]);
const JOINING = `(?:${SCRIPTS_THAT_JOIN.map((script) => `\\p{Script=${script}}`).join("|")})`;
const VIRAMA = "[\\u094D\\u09CD\\u0A4D\\u0ACD\\u0B4D\\u0BCD\\u0C4D\\u0CCD\\u0D4D\\u0DCA]";
const SPACELESS = "[\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}\\p{Script=Myanmar}]";

/** Where an invisible character does its work: what must stand before it and after it. */
const AT_HOME: readonly { readonly what: RegExp; readonly before: RegExp; readonly after: RegExp }[] = [
  // One presentation selector after a character that has both forms (UTS #51).
  { what: /^[\uFE0E\uFE0F]$/u, before: /\p{Emoji}$/u, after: /^/u },
  // A joiner between two pictures makes one of them, as in a family.
  {
    what: /^\u200D$/u,
    before: /\p{Extended_Pictographic}(?:\uFE0F|\p{Emoji_Modifier})?$/u,
    after: /^\p{Extended_Pictographic}/u,
  },
  // Joiners inside the words of scripts whose letters connect (as RFC 5892 appendix A allows them in names).
  {
    what: /^[\u200C\u200D]$/u,
    before: new RegExp(`(?=[\\p{L}\\p{M}])${JOINING}$`, "u"),
    after: new RegExp(`^(?=[\\p{L}\\p{M}])${JOINING}`, "u"),
  },
  { what: /^[\u200C\u200D]$/u, before: new RegExp(`${VIRAMA}$`, "u"), after: /^/u },
  // A break between words where a script writes no spaces.
  { what: /^\u200B$/u, before: new RegExp(`${SPACELESS}$`, "u"), after: new RegExp(`^${SPACELESS}`, "u") },
  // One glyph variant of a Han character, as names are spelled with, and Mongolian letter forms.
  { what: /^[\uFE00-\uFE02\u{E0100}-\u{E01EF}]$/u, before: /\p{Script=Han}$/u, after: /^/u },
  { what: /^[\u180B-\u180F]$/u, before: /\p{Script=Mongolian}$/u, after: /^/u },
];

/** The three flags that are written with tag characters (RGI tag sequences): England, Scotland, Wales. */
const TAG_FLAGS =
  /\u{1F3F4}\u{E0067}\u{E0062}(?:\u{E0065}\u{E006E}\u{E0067}|\u{E0073}\u{E0063}\u{E0074}|\u{E0077}\u{E006C}\u{E0073})\u{E007F}/gu;
const LONGEST_FLAG = 14;

function belongs(text: string, index: number, character: string): boolean {
  // A few code units of context are enough for every rule, and keep this linear in the length of the text.
  const before = text.slice(Math.max(0, index - 6), index);
  const after = text.slice(index + character.length, index + character.length + 4);
  if (AT_HOME.some((home) => home.what.test(character) && home.before.test(before) && home.after.test(after)))
    return true;
  return /^[\u{E0020}-\u{E007F}]$/u.test(character) && insideTagFlag(text, index);
}

function insideTagFlag(text: string, index: number): boolean {
  const from = Math.max(0, index - LONGEST_FLAG);
  for (const flag of text.slice(from, index + LONGEST_FLAG).matchAll(TAG_FLAGS)) {
    const start = from + flag.index;
    if (start < index && index < start + flag[0].length) return true;
  }
  return false;
}

function endOfRun(text: string, index: number, character: string): number {
  let end = index + character.length;
  while (text.startsWith(character, end)) end += character.length;
  return end;
}

function mark(character: string, count: number, hiddenCharacter: string): string {
  const code = `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
  const label = count > 1 ? `${code} ×${count}` : code;
  return `<span class="mark" role="img" title="${fill(hiddenCharacter, { code: label })}">${label}</span>`;
}
