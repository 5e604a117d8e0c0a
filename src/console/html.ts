/** What every page of the console is made of. */
import css from "../../public/console.css" with { type: "text" };
import source from "../../public/console.js" with { type: "text" };
import { isoTime } from "../platform/clock.ts";
import { HTML_HEADERS } from "../platform/html-headers.ts";
import { inlineScript, pageSheet } from "../platform/inline-asset.ts";
import { escapeHtml } from "../respond/page/escape.ts";
import { hostileText } from "../respond/page/hostile.ts";
import { FAVICON } from "../respond/page/render.ts";
import { relativeTime } from "../respond/page/time.ts";
import type { OperatorRole } from "../storage/index.ts";

const style = pageSheet(css);
const script = inlineScript(source);

/** HTML that is safe to send: made by {@link html} alone. */
export class Html {
  constructor(readonly text: string) {}
}

export type Fragment = Html | string | number | null | readonly Fragment[];

/** A template whose values are escaped, unless they are HTML already. */
export function html(parts: TemplateStringsArray, ...values: readonly Fragment[]): Html {
  return new Html(
    parts.map((part, index) => part + (index < values.length ? textOf(values[index] ?? null) : "")).join(""),
  );
}

function textOf(value: Fragment): string {
  if (value === null) return "";
  if (value instanceof Html) return value.text;
  if (Array.isArray(value)) return value.map(textOf).join("");
  return escapeHtml(String(value));
}

/** Words that somebody else chose: whole, with a direction of their own, invisible characters made visible. */
export function words(text: string): Html {
  return new Html(`<bdi lang="">${hostileText(text, "hidden character {code}")}</bdi>`);
}

/** A moment: relative, with the exact one on hover, for screen readers, and for the script that keeps it up to date. */
export function moment(at: number, now: number): Html {
  const exact = isoTime(at)
    .replace("T", " ")
    .replace(/\.\d+Z$/, " UTC");
  return html`<time datetime="${isoTime(at)}" title="${exact}">${relativeTime(at - now, "en")}</time>`;
}

/** A state in words and with a shape, never by colour alone. */
export function state(name: string): Html {
  const shown = name.replaceAll("_", " ");
  return html`<span class="state ${name}">${shown}</span>`;
}

/** A form with one button. Its token is of the session, so that no other site can send it. */
export function form(action: string, token: string, label: string, fields: Fragment = null, name = label): Html {
  return html`<form method="post" action="${action}"><input type="hidden" name="token" value="${token}">${fields}<button aria-label="${name}">${label}</button></form>`;
}

export function field(label: string, name: string, attributes: Html = html``, below: Fragment = null): Html {
  return html`<div class="field"><label for="${name}">${label}</label><input id="${name}" name="${name}" ${attributes}>${below === null ? null : html`<p class="quiet">${below}</p>`}</div>`;
}

export function select(
  label: string,
  name: string,
  options: readonly (readonly [string, string])[],
  chosen: string,
): Html {
  return html`<div class="field"><label for="${name}">${label}</label><select id="${name}" name="${name}">${optionsOf(options, chosen)}</select></div>`;
}

/** What stands in a `select`: each value with how it is shown. */
export function optionsOf(options: readonly (readonly [string, string])[], chosen: string): Html[] {
  return options.map(
    ([value, shown]) =>
      html`<option value="${value}"${value === chosen ? new Html(" selected") : null}>${shown}</option>`,
  );
}

/**
 * A real table, that scrolls by itself where it is wider than its place; `caption` names it for screen readers. On a
 * phone each row is a card with its heads beside the cells, so that nothing of it lies beyond the edge. The roles say
 * what it is where a browser forgets a table that is laid out as something else.
 */
export function table(caption: string, heads: readonly string[], rows: readonly Fragment[], empty: string): Html {
  if (rows.length === 0) return html`<p class="empty">${empty}</p>`;
  return html`<div class="scroll" role="region" aria-label="${caption}, a table" tabindex="0"><table role="table"><caption class="hidden">${caption}</caption><thead role="rowgroup"><tr role="row">${heads.map(
    (head) => (head === "" ? html`<td></td>` : html`<th role="columnheader" scope="col">${head}</th>`),
  )}</tr></thead><tbody role="rowgroup">${laidOut(rows, heads)}</tbody></table></div>`;
}

/** Rows whose cells know their head. A cell's words are escaped, so that what looks like a tag is one. */
function laidOut(rows: readonly Fragment[], heads: readonly string[]): Html {
  let column = 0;
  return new Html(
    textOf(rows).replace(/<(tr|td|th)\b/g, (tag, name) => {
      if (name === "tr") {
        column = 0;
        return `${tag} role="row"`;
      }
      const head = heads[column++] ?? "";
      const role = name === "td" ? "cell" : "rowheader";
      return `${tag} role="${role}"${head === "" ? "" : ` data-head="${escapeHtml(head)}"`}`;
    }),
  );
}

/** The link to the next page of a list. */
export function older(
  path: string,
  query: Readonly<Record<string, string>>,
  cursor: string | null,
  label = "Older",
): Html {
  if (cursor === null) return html``;
  return html`<p class="more"><a rel="next" href="${path}?${new URLSearchParams({ ...query, cursor }).toString()}">${label}</a></p>`;
}

const RAIL = ["Waiting", "Decided", "Deliveries", "Log", "Keys", "Settings"] as const;
type Place = (typeof RAIL)[number] | "Usage" | "Webhooks" | "Health" | "Account";

/** Pages that are reached from one of the rail, and lead back to it. */
const BESIDE: Readonly<Partial<Record<Place, readonly Place[]>>> = { Decided: ["Usage"], Settings: ["Webhooks"] };

/** Who looks, as far as a page shows it. */
export interface Viewer {
  readonly name: string;
  readonly role: OperatorRole;
  readonly token: string;
  /** How many things were last found to have failed. */
  readonly failures: number;
}

/** What a page may be beside its content. */
export interface Frame {
  /** The stream that tells when something in it has changed: the script then brings its parts up to date. */
  readonly live?: string;
  /** Where it belongs, where that is not its title. */
  readonly under?: Place;
}

const CURRENT = new Html(' aria-current="page"');

/** A page within the rail, for somebody who is signed in. */
export function framed(title: string, viewer: Viewer, content: Fragment, { live, under }: Frame = {}): string {
  const place = under ?? title;
  const word = RAIL.find((one) => one === place || BESIDE[one]?.some((other) => other === place));
  const rail = RAIL.map((one) => html`<li>${linkTo(one, one === word)}</li>`);
  const { failures } = viewer;
  const count = failures > 0 ? html` <b class="count">${failures}<span class="hidden"> failed</span></b>` : null;
  return documentOf(
    title,
    html`<a class="skip" href="#main">To the content</a><nav aria-label="Console"><p class="brand">PausePoint</p><ul>${rail}</ul><div class="who"><p>${words(viewer.name)} <br><span class="quiet">${viewer.role}</span></p><ul><li>${linkTo("Health", place === "Health", count)}</li><li>${linkTo("Account", place === "Account")}</li></ul>${form("/console/sign-out", viewer.token, "Sign out")}</div></nav><main id="main" tabindex="-1"${live === undefined ? null : html` data-live="${live}"`}><h1>${title}</h1>${word === undefined ? null : tabs(word, place)}${live === undefined ? null : LIVE}${content}</main><dialog aria-labelledby="keys-title"><h2 id="keys-title">Keyboard</h2><dl><dt>/</dt><dd>search</dd><dt>j, k</dt><dd>next and previous row</dd><dt>Enter</dt><dd>open the row</dd><dt>?</dt><dd>this list</dd></dl><form method="dialog"><button>Close</button></form></dialog>`,
  );
}

function linkTo(place: Place, isCurrent: boolean, more: Fragment = null): Html {
  return html`<a href="/console/${place.toLowerCase()}"${isCurrent ? CURRENT : null}>${place}${more}</a>`;
}

/** The pages beside one another at a word of the rail; nothing where it has one alone. */
function tabs(word: (typeof RAIL)[number], place: string): Html | null {
  const beside = BESIDE[word];
  if (beside === undefined) return null;
  return html`<ul class="tabs">${[word, ...beside].map((one) => html`<li>${linkTo(one, one === place)}</li>`)}</ul>`;
}

/** Whether the page keeps up with what happens; without script, how to have it anew. */
const LIVE = html`<p class="live quiet" role="status"></p><noscript><p class="quiet"><a href="">Load again</a> for the newest.</p></noscript>`;

/** A page for whoever is not signed in. */
export function bare(title: string, content: Fragment): string {
  return documentOf(
    title,
    html`<main id="main" class="bare"><p class="brand">PausePoint</p><h1>${title}</h1>${content}</main>`,
  );
}

function documentOf(title: string, body: Html): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${escapeHtml(title)} · PausePoint</title><meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex"><link rel="icon" href="${FAVICON}"><style>${style.text}</style></head><body>${body.text}<script>${script.text}</script></body></html>\n`;
}

/** Nothing from elsewhere, nothing inline but the two texts of ours, no frame, no other target of a form. */
export const PAGE_HEADERS = {
  ...HTML_HEADERS,
  "content-language": "en",
  "content-security-policy": `default-src 'none'; style-src ${style.source}; script-src ${script.source}; img-src data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
  // Not no-referrer: a browser would then send `Origin: null` with every form.
  "referrer-policy": "same-origin",
  "cache-control": "no-store",
} as const;
