import { Marked } from "marked";
import css from "../../../public/docs.css" with { type: "text" };
import { pageSheet } from "../../platform/inline-asset.ts";
import { escapeHtml } from "../../respond/page/escape.ts";
import { FAVICON } from "../../respond/page/render.ts";
import { addressOf } from "./files.ts";
import { titleOf, topics } from "./pages.ts";

const style = pageSheet(css);

/** What allows the page's one stylesheet, by its hash, and nothing else. */
export const POLICY = `default-src 'none'; style-src ${style.source}; img-src data: 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'`;

/** A page of docs/ as HTML: its links lead to where things are served here, or are plain words. */
export function renderPage(markdown: string): string {
  return layout(titleOf(markdown), toHtml(markdown));
}

/** Everything around a page. `title` is text, `content` HTML. */
export function layout(title: string, content: string): string {
  const links = Object.values(topics)
    .flatMap((pages) => Object.entries(pages))
    .map(([name, markdown]) => `<li><a href="/docs/${name}">${escapeHtml(titleOf(markdown))}</a></li>`)
    .join("");
  return (
    '<!doctype html><html lang="en"><head><meta charset="utf-8">' +
    `<title>${escapeHtml(title)} · PausePoint</title><meta name="viewport" content="width=device-width,initial-scale=1">` +
    `<link rel="icon" href="${FAVICON}"><style>${style.text}</style></head><body>` +
    `<nav aria-label="Pages"><details><summary>All pages</summary><ul><li><a href="/docs">Reference</a></li>${links}</ul></details></nav><main>${content}</main></body></html>\n`
  );
}

function toHtml(markdown: string): string {
  const used = new Set<string>();
  const marked = new Marked({
    renderer: {
      heading({ tokens, depth, text }) {
        return `<h${depth} id="${anchor(text, used)}">${this.parser.parseInline(tokens)}</h${depth}>\n`;
      },
      link({ href, tokens }) {
        const words = this.parser.parseInline(tokens);
        const target = addressOf(href);
        return target === null ? words : `<a href="${escapeHtml(target)}">${words}</a>`;
      },
      image({ href, text }) {
        const target = addressOf(href);
        const words = escapeHtml(text);
        return target === null ? words : `<img src="${escapeHtml(target)}" alt="${words}" loading="lazy">`;
      },
      // Comments are for whoever edits the page, and its tests.
      html: ({ text }) => escapeHtml(text.replaceAll(/<!--[\s\S]*?-->/g, "")),
      code: ({ text }) => `<pre tabindex="0"><code>${escapeHtml(text)}</code></pre>\n`,
    },
  });
  // A wide table scrolls by itself, so a keyboard must reach it. Text of a page is escaped by now.
  return marked.parse(markdown, { async: false }).replaceAll("<table>", '<table tabindex="0">');
}

/** A heading's name in the address, as GitHub makes it, so that links within the pages work in both places. */
function anchor(text: string, used: Set<string>): string {
  const plain = text
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");
  let name = plain;
  for (let count = 1; used.has(name); count++) name = `${plain}-${count}`;
  used.add(name);
  return name;
}
