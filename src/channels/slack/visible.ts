/**
 * Text in which nothing hides, for peers that show plain text: what a reader could not see (controls, direction
 * overrides, zero-width characters, tags, lone surrogates…) stands as its code in brackets, `[U+202E]`, a run of the same
 * as one, `[U+200B ×12]`; so do combining marks from the seventh on one letter. Line feeds and tabs stay, and so do
 * emoji with all they are made of, and joiners between letters of the scripts that are written with them.
 */
export function visibleText(text: string): string {
  return text.replaceAll("\r\n", "\n").replace(HIDDEN, (found) => {
    if (EMOJI.test(found)) return found;
    const characters = [...found];
    const code = (characters[0]?.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
    return characters.length > 1 ? `[U+${code} ×${characters.length}]` : `[U+${code}]`;
  });
}

/** An emoji as Unicode recommends it for interchange (UTS #51), with its joiners, selectors and tags. */
const EMOJI = /^\p{RGI_Emoji}$/v;

const JOINING =
  "[\\p{scx=Arab}\\p{scx=Syrc}\\p{scx=Nkoo}\\p{scx=Mong}\\p{scx=Deva}\\p{scx=Beng}\\p{scx=Guru}\\p{scx=Gujr}\\p{scx=Orya}" +
  "\\p{scx=Taml}\\p{scx=Telu}\\p{scx=Knda}\\p{scx=Mlym}\\p{scx=Sinh}\\p{scx=Khmr}\\p{scx=Mymr}\\p{scx=Tibt}]";
/** Invisible characters that do their work: between such letters, in and after emoji, and in Han names' variants. */
const AT_HOME = [
  `(?<=${JOINING})[\\u200C\\u200D](?=${JOINING})`,
  "(?<=\\p{Extended_Pictographic}\\uFE0F?)\\u200D(?=\\p{Extended_Pictographic})",
  "(?<=\\p{Emoji})[\\uFE0E\\uFE0F](?![\\uFE0E\\uFE0F])",
  "(?<=\\p{Script=Han})[\\uFE00-\\uFE02\\u{E0100}-\\u{E01EF}]",
].join("|");

/**
 * Controls but tab and line feed, format characters but the visible number and verse signs, line and paragraph
 * separators, default-ignorable characters, lone surrogates, noncharacters, the Braille blank, the object replacement.
 */
const NO_INK =
  "[[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}\\p{Cs}\\p{Default_Ignorable_Code_Point}\\p{Noncharacter_Code_Point}\\u2800\\uFFFC]" +
  "--[\\t\\n\\u0600-\\u0605\\u06DD\\u070F\\u0890\\u0891\\u08E2\\u{110BD}\\u{110CD}]]";

const HIDDEN = new RegExp(`\\p{RGI_Emoji}|(?!${AT_HOME})(${NO_INK})\\1*|(?<=\\p{M}{6})(\\p{M})\\2*`, "gv");

/**
 * The text in pieces of at most `most` bytes of UTF-8, cut at line ends or spaces where there are any near, and never
 * inside a character as a person sees it, unless one alone is longer. Nothing is dropped but a space or line feed at a cut.
 */
export function pieces(text: string, most: number): readonly string[] {
  const found: string[] = [];
  let rest = text;
  while (Buffer.byteLength(rest) > most) {
    const whole = startOf(rest, most);
    // A cut in the last quarter only, so that a text of few spaces does not end up in crumbs.
    const space = Math.max(whole.lastIndexOf("\n"), whole.lastIndexOf(" "));
    const end = space > whole.length * 0.75 ? space : whole.length;
    found.push(rest.slice(0, end));
    rest = rest.slice(end === space ? end + 1 : end);
  }
  found.push(rest);
  return found.filter((piece) => piece.trim() !== "");
}

/** The text if it has at most `most` characters (code points), else its start with `…`. */
export function shortened(text: string, most: number): string {
  if ([...text].length <= most) return text;
  let kept = "";
  let count = 1;
  for (const { segment } of GRAPHEMES.segment(text)) {
    count += [...segment].length;
    if (count > most) break;
    kept += segment;
  }
  return `${kept.trimEnd()}…`;
}

const GRAPHEMES = new Intl.Segmenter("en", { granularity: "grapheme" });

/** The longest start of at most `most` bytes that ends between two characters; never empty. */
function startOf(text: string, most: number): string {
  let bytes = 0;
  let end = 0;
  for (const { segment, index } of GRAPHEMES.segment(text)) {
    bytes += Buffer.byteLength(segment);
    if (bytes > most) break;
    end = index + segment.length;
  }
  if (end > 0) return text.slice(0, end);
  // One character longer than the room, which only a hostile text holds: cut it between code points.
  let start = "";
  for (const point of text) {
    if (Buffer.byteLength(start + point) > most) break;
    start += point;
  }
  return start;
}
