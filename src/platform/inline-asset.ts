import tokens from "../../public/tokens.css" with { type: "text" };

/** Inline text and the source expression that a Content-Security-Policy allows it by (CSP Level 3, §2.3.1). */
export interface InlineAsset {
  readonly text: string;
  readonly source: string;
}

/** A page's one stylesheet: the colours that all pages share, then its own rules, made small. */
export function pageSheet(css: string): InlineAsset {
  return sheet(tokens + css);
}

/** A stylesheet with nothing else in it, made small. */
export function sheet(css: string): InlineAsset {
  return inline(smallCss(css));
}

/** A page's one script, made small. */
export function inlineScript(source: string): InlineAsset {
  return inline(smallScript(source));
}

function inline(text: string): InlineAsset {
  return { text, source: `'sha256-${Bun.CryptoHasher.hash("sha256", text, "base64")}'` };
}

/** Leaves out comments and the white space that CSS does not need. Safe for our own sheets, whose strings have neither. */
function smallCss(source: string): string {
  return source
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/\s+/g, " ")
    .replace(/ ?([{};,>]) ?/g, "$1")
    .replace(/: /g, ":")
    .replaceAll(";}", "}")
    .trim();
}

/** Leaves out indentation and comment lines; line ends stay, so that no statement runs into the next. */
function smallScript(source: string): string {
  return source
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("//"))
    .join("\n");
}
