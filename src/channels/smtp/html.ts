/**
 * The HTML part of a mail: one column that fits 320 to 600 px. Every colour and size stands inline, since some clients
 * drop the style sheet, which only adds the dark values; tables, since Outlook on Windows lays out nothing else. No
 * image, no font, no script, and one link: what a client or a scanner fetches by itself decides nothing.
 */
import type { Conclusion, Question } from "../channel.ts";
import { escapeHtml, visibleHtml, visibleLine } from "./visible.ts";
import { WORDS } from "./wording.ts";

export function askingHtml(question: Question, link: string, subject: string): string {
  const href = escapeHtml(link);
  return page(subject, [
    heading(WORDS.heading(question)),
    question.isTest ? paragraph(escapeHtml(WORDS.test)) : "",
    fence(WORDS.agentSays, visibleHtml(question.message), detailsTable(question)),
    caption(WORDS.options) + optionList(question),
    button(WORDS.button, href),
    quiet(`${escapeHtml(WORDS.sameLink)}<br><a class="quiet" href="${href}" style="${QUIET_LINK}">${href}</a>`),
    paragraph(`<b style="font-weight:600">${escapeHtml(WORDS.expires(question))}</b><br>${otherwise(question)}`),
    quiet(`${escapeHtml(WORDS.decides)}<br>${escapeHtml(WORDS.forYou)}`),
  ]);
}

export function overHtml({ question, text }: Conclusion, subject: string): string {
  return page(subject, [
    heading(WORDS.over),
    question.isTest ? paragraph(escapeHtml(WORDS.test)) : "",
    paragraph(visibleHtml(text)),
    fence(`${WORDS.wasAsked} (${visibleLine(question.project)})`, visibleHtml(question.message), ""),
    quiet(escapeHtml(WORDS.nothingToDo)),
  ]);
}

const FONT = "font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',Arial,sans-serif";
const WRAP = "overflow-wrap:anywhere;word-break:break-word";
const QUIET_LINK = "color:#565c64;text-decoration:underline";
const LAYOUT = 'role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0"';

/** The colours of the answer page in the dark. Inline styles yield to `!important` alone. */
const DARK = `@media (prefers-color-scheme:dark){
.paper{background:#131619!important}
.ink{color:#eceae6!important}
.quiet{color:#a8aeb6!important}
.fence{background:#1c2024!important;border-color:#868e98!important}
.line{border-color:#343a41!important}
.button{background:#8fa9c2!important}
.button a{color:#131619!important}
}`;

function page(title: string, rows: readonly string[]): string {
  const cells = rows.filter((row) => row !== "").map((row) => `<tr><td style="padding:0 0 20px">${row}</td></tr>`);
  return (
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${escapeHtml(title)}</title>` +
    '<meta name="viewport" content="width=device-width,initial-scale=1">' +
    '<meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark">' +
    // Phones would else turn the asker's numbers and dates into links.
    '<meta name="format-detection" content="telephone=no,date=no,address=no,email=no,url=no">' +
    `<style>:root{color-scheme:light dark}${DARK}</style></head>` +
    '<body class="paper" style="margin:0;padding:0;background:#f5f4f1">' +
    `<table ${LAYOUT} class="paper" style="background:#f5f4f1"><tr><td align="center" style="padding:24px 16px 4px">` +
    // Outlook on Windows knows no max-width.
    '<!--[if mso]><table role="presentation" width="568" cellpadding="0" cellspacing="0"><tr><td><![endif]-->' +
    `<table ${LAYOUT} class="ink" style="max-width:568px;text-align:start;color:#1b1e22;font-size:16px;line-height:1.5;${FONT};${WRAP}">` +
    `${cells.join("\n")}</table><!--[if mso]></td></tr></table><![endif]--></td></tr></table></body></html>`
  );
}

function heading(words: string): string {
  return `<h1 class="ink" style="margin:0;font-size:20px;line-height:1.3;font-weight:600;color:#1b1e22">${escapeHtml(words)}</h1>`;
}

function caption(words: string): string {
  return `<p class="quiet" style="margin:0 0 8px;font-size:14px;color:#565c64">${escapeHtml(words)}</p>`;
}

function paragraph(html: string): string {
  return `<p class="ink" style="margin:0;color:#1b1e22">${html}</p>`;
}

function quiet(html: string): string {
  return `<p class="quiet" style="margin:0;font-size:14px;color:#565c64">${html}</p>`;
}

/** A caption of ours over words that are not, plainly set apart. `html` is escaped already. */
function fence(title: string, html: string, below: string): string {
  return (
    `<table ${LAYOUT}><tr><td class="fence" style="padding:16px;background:#fff;border:1px solid #7c828a;border-left-width:4px;border-radius:4px">` +
    `${caption(title)}<div class="ink" dir="auto" style="font-size:20px;line-height:1.4;color:#1b1e22;white-space:pre-wrap">${lines(html)}</div>${below}` +
    "</td></tr></table>"
  );
}

/** `<br>` beside `white-space:pre-wrap` would break twice, and some clients know only the one: the line feed goes. */
function lines(html: string): string {
  return html.replaceAll("\n", "<br>");
}

function detailsTable({ details }: Question): string {
  if (details.length === 0) return "";
  const cell = "padding:8px 0 0;margin:0;vertical-align:top;border-top:1px solid #dfddd7;font-size:16px";
  const rows = details.map(
    ([label, value]) =>
      `<tr><th scope="row" class="quiet line" dir="auto" align="left" style="${cell};padding:8px 12px 8px 0;width:36%;font-weight:400;color:#565c64">${visibleHtml(label)}</th>` +
      `<td class="ink line" dir="auto" style="${cell};padding:8px 0;color:#1b1e22;white-space:pre-wrap">${lines(visibleHtml(value))}</td></tr>`,
  );
  return `<table width="100%" cellpadding="0" cellspacing="0" border="0" aria-label="${WORDS.details}" style="margin-top:16px;table-layout:fixed;border-collapse:collapse">${rows.join("")}</table>`;
}

/** Text, not buttons: the mail shows what will be asked, and the page alone asks it. */
function optionList({ options }: Question): string {
  const items = options.map((option) => `<li style="margin:0 0 4px"><bdi>${visibleHtml(option)}</bdi></li>`);
  return `<ul class="ink" style="margin:0;padding:0 0 0 20px;color:#1b1e22">${items.join("")}</ul>`;
}

function button(words: string, href: string): string {
  return (
    `<table ${LAYOUT}><tr><td class="button" align="center" bgcolor="#33485c" style="background:#33485c;border-radius:8px">` +
    `<a href="${href}" style="display:block;padding:16px;font-size:18px;line-height:24px;font-weight:600;color:#fff;text-decoration:none;${FONT}">${escapeHtml(words)}</a>` +
    "</td></tr></table>"
  );
}

function otherwise(question: Question): string {
  return `<bdi>${escapeHtml(WORDS.otherwise(question))}</bdi>`;
}
