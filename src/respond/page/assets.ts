import frontCss from "../../../public/front.css" with { type: "text" };
import css from "../../../public/page.css" with { type: "text" };
import script from "../../../public/page.js" with { type: "text" };
import reportCss from "../../../public/report.css" with { type: "text" };

/** Inline text and the source expression that a Content-Security-Policy allows it by (CSP Level 3, §2.3.1). */
export interface InlineAsset {
  readonly text: string;
  readonly source: string;
}

/** The page's one stylesheet, made small once when the module is loaded. */
export const pageStyle: InlineAsset = inline(smallCss(css));

/** The stylesheet of the page at the server's own address. */
export const frontStyle: InlineAsset = inline(smallCss(frontCss));

/** The stylesheet of the oversight report. */
export const reportStyle: InlineAsset = inline(smallCss(reportCss));

/** The page's one script. It only improves: everything works without it. */
export const pageScript: InlineAsset = inline(smallScript(script));

/**
 * The operator's accent as a stylesheet of its own: an inline `style` attribute would need 'unsafe-inline'.
 * `colour` is `#rrggbb`; throws for anything else, since it goes into CSS unescaped.
 */
export function accentStyle(colour: string): InlineAsset {
  if (!/^#[0-9a-f]{6}$/i.test(colour)) throw new Error(`an accent colour is #rrggbb, not ${colour}`);
  return inline(`:root{--accent:${colour}}`);
}

function inline(text: string): InlineAsset {
  return { text, source: `'sha256-${Bun.CryptoHasher.hash("sha256", text, "base64")}'` };
}

/** Leaves out comments and the white space that CSS does not need. Safe for our own stylesheet, which has no such strings. */
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
