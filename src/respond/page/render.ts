import type { Wording } from "../languages/index.ts";
import type { PageState, PageView } from "../view.ts";
import { accentStyle, pageScript, pageStyle } from "./assets.ts";
import { escapeHtml } from "./escape.ts";
import { chooseLanguage } from "./language.ts";
import { endedQuestion, withoutQuestion } from "./outcome.ts";
import { answerForm, questionFence, type Reading } from "./question.ts";

export interface RenderedPage {
  /** The whole page: nothing else is fetched. UTF-8. */
  readonly html: string;
  /** For the header of that name; it allows what `html` holds inline, by hash, and the form's own POST. */
  readonly contentSecurityPolicy: string;
  /** BCP 47, for `Content-Language`. */
  readonly language: string;
}

/**
 * The answer page: one self-contained HTML document for every state, in the reader's language. A pure function of the
 * view. Throws a RangeError for an unknown `timeZone` and an Error for a malformed `accent`: both are checked when the
 * configuration is loaded.
 */
export function renderPage(view: PageView): RenderedPage {
  const language = chooseLanguage(view.acceptLanguage);
  const reading: Reading = { language, timeZone: view.timeZone, now: view.now };
  const { wording, locale } = language;
  const accent = view.accent === null ? null : accentStyle(view.accent);
  const styles = accent === null ? [pageStyle] : [pageStyle, accent];

  const html =
    `<!doctype html><html lang="${locale}" dir="${wording.direction}"><head><meta charset="utf-8">` +
    `<title>${escapeHtml(titleOf(view, wording))}</title>` +
    '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="robots" content="noindex">' +
    // The asker's digits must not become links of the phone's own making.
    '<meta name="format-detection" content="telephone=no,date=no,address=no,email=no">' +
    `<link rel="icon" href="${FAVICON}">${styles.map((style) => `<style>${style.text}</style>`).join("")}` +
    `</head><body>${body(view, reading)}<script>${pageScript.text}</script></body></html>`;
  return { html, contentSecurityPolicy: policy(styles.map((style) => style.source)), language: locale };
}

/** Two bars, as a data: address, so that no browser asks for /favicon.ico. */
export const FAVICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 8 8'%3E%3Cpath fill='%2333485c' d='M1 1h2v6H1zM5 1h2v6H5z'/%3E%3C/svg%3E";

function policy(styleSources: readonly string[]): string {
  return [
    "default-src 'none'",
    `style-src ${styleSources.join(" ")}`,
    `script-src ${pageScript.source}`,
    "img-src data:",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}

/** Says how things stand, and whose question it is; never a word of the asker's, since a tab looks like the page's own. */
function titleOf(view: PageView, wording: Wording): string {
  const titles: Record<Exclude<PageState["kind"], "open">, string> = {
    answered: wording.answeredTitle,
    answered_by_other: wording.otherTitle,
    expired: wording.expiredTitle,
    withdrawn: wording.withdrawnTitle,
    unknown_link: wording.unknownTitle,
    too_many: wording.tooManyTitle,
    unavailable: wording.unavailableTitle,
  };
  const { kind } = view.state;
  if (kind === "open") return wording.questionFrom.replace("{project}", () => view.projectName);
  return `${titles[kind]} · ${knowsQuestion(view.state) ? view.projectName : view.host}`;
}

/** Without a genuine link not even whose question it might be is told. */
function knowsQuestion(state: PageState): boolean {
  return "question" in state;
}

function body(view: PageView, reading: Reading): string {
  const { wording } = reading.language;
  const { state } = view;
  const host = `<small class="host" dir="ltr">${escapeHtml(view.host)}</small>`;
  const notice = view.test ? `<p class="notice">${escapeHtml(wording.testNotice)}</p>` : "";
  if (state.kind === "unknown_link" || state.kind === "too_many" || state.kind === "unavailable") {
    return `<main class="ended"><header><div>${host}</div></header>${withoutQuestion(state, reading)}</main>`;
  }

  const project = `<bdi>${escapeHtml(view.projectName)}</bdi>`;
  const logo = view.logo === null ? "" : `<img src="${logoAddress(view.logo)}" alt="">`;
  const [before = "", after = ""] = wording.questionFrom.split("{project}");
  const heading = `<h1><small>${escapeHtml(before.trim())}</small> ${project}${escapeHtml(after)}</h1>`;
  const header = `<header>${logo}<div>${heading}${host}</div></header>${notice}`;
  if (state.kind !== "open") return `<main class="ended">${header}${endedQuestion(state, project, reading)}</main>`;
  const error = state.error === null ? "" : errorNotice(state.error, wording);
  return `<main><div class="ask">${header}${error}${questionFence(state.question, reading)}</div>${answerForm(state, view.stamp, reading)}</main>`;
}

function errorNotice(error: "choose_one" | "comment_too_long", wording: Wording): string {
  const text = error === "choose_one" ? wording.chooseOne : wording.commentTooLong;
  return `<p class="notice" id="error" role="alert">${escapeHtml(text)}</p>`;
}

/**
 * The operator's SVG as an image, not as elements of the page: whatever is in it, it runs no script, loads nothing and
 * meets no style of ours. Percent-encoded where a URL (RFC 3986) or an attribute needs it, which is shorter than base64.
 */
function logoAddress(svg: string): string {
  // Inside HTML the namespace may be left out, in a file of its own it may not.
  const file = /\sxmlns=/.test(svg) ? svg : svg.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"');
  return `data:image/svg+xml,${encodeURIComponent(file.toWellFormed()).replace(/%(?:20|3D|3A|2F|2C|3B)/g, decodeURIComponent)}`;
}
