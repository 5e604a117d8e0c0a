/** A stretch of text as it stands, or one or more hidden characters by their code: `U+202E`, `U+200B ×12`. */
export type Piece = string | { readonly hidden: string };

/**
 * The asker's text in pieces, so that nothing in it hides from the reader: controls (but tab and line feed), direction
 * overrides, zero-width characters, tags, lone surrogates, and what is piled on a letter beyond any script's need. The
 * invisible characters that emoji are written with stay where they do that work.
 */
export function visiblePieces(text: string): readonly Piece[] {
  const pieces: Piece[] = [];
  const unix = text.replaceAll("\r\n", "\n");
  let end = 0;
  for (const found of unix.matchAll(HIDDEN)) {
    const [run, character = ""] = found;
    if (found.index > end) pieces.push(unix.slice(end, found.index));
    const code = `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
    const count = run.length / character.length;
    pieces.push({ hidden: count > 1 ? `${code} ×${count}` : code });
    end = found.index + run.length;
  }
  if (end < unix.length) pieces.push(unix.slice(end));
  return pieces;
}

/** The same as plain text, each hidden character in brackets: `[U+202E]`. */
export function visibleText(text: string): string {
  return visiblePieces(text)
    .map((piece) => (typeof piece === "string" ? piece : `[${piece.hidden}]`))
    .join("");
}

/** The same on one line, for a subject or a list. */
export function visibleLine(text: string): string {
  return visibleText(text.replace(/\s+/gu, " ").trim());
}

/** The same as HTML, each hidden character a labelled mark. */
export function visibleHtml(text: string): string {
  return visiblePieces(text)
    .map((piece) =>
      typeof piece === "string"
        ? escapeHtml(piece)
        : `<span class="mark" style="${MARK}" title="hidden character ${piece.hidden}">${piece.hidden}</span>`,
    )
    .join("");
}

/** Text as HTML, safe between tags and inside a quoted attribute. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

const MARK = "border:1px solid #7c828a;border-radius:3px;padding:0 3px;font-size:13px";

/** One hidden character and its repetitions. A selector after a picture and a joiner between two are at home there. */
const HIDDEN =
  /((?!(?<=\p{Emoji})[\uFE0E\uFE0F]|(?<=\p{Extended_Pictographic}(?:\uFE0F|\p{Emoji_Modifier})?)\u200D(?=\p{Extended_Pictographic})|[\t\n])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}\u2800\uFFFC]|(?<=\p{M}{6})\p{M})\1*/gu;
