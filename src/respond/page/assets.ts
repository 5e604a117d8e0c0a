import frontCss from "../../../public/front.css" with { type: "text" };
import css from "../../../public/page.css" with { type: "text" };
import source from "../../../public/page.js" with { type: "text" };
import reportCss from "../../../public/report.css" with { type: "text" };
import { type InlineAsset, inlineScript, pageSheet, sheet } from "../../platform/inline-asset.ts";

/** The page's one stylesheet. */
export const pageStyle = pageSheet(css);

/** The stylesheet of the page at the server's own address. */
export const frontStyle = pageSheet(frontCss);

/** The stylesheet of the oversight report: light only, since it is made to be printed. */
export const reportStyle = sheet(reportCss);

/** The page's one script. It only improves: everything works without it. */
export const pageScript = inlineScript(source);

/**
 * The operator's accent as a stylesheet of its own: an inline `style` attribute would need 'unsafe-inline'.
 * `colour` is `#rrggbb`; throws for anything else, since it goes into CSS unescaped.
 */
export function accentStyle(colour: string): InlineAsset {
  if (!/^#[0-9a-f]{6}$/i.test(colour)) throw new Error(`an accent colour is #rrggbb, not ${colour}`);
  return sheet(`:root{--accent:${colour}}`);
}
