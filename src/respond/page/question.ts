import type { PageState, Question } from "../view.ts";
import { escapeHtml, fill } from "./escape.ts";
import { hostileText } from "./hostile.ts";
import type { ReaderLanguage } from "./language.ts";
import { exactTime, relativeTime } from "./time.ts";

/** Where and when the page is read: what every part of it is worded by. */
export interface Reading {
  readonly language: ReaderLanguage;
  readonly timeZone: string;
  readonly now: number;
}

/** Longer values than this are read as prose and start at the label; shorter ones, amounts above all, align at the end. */
const SHORT_VALUE = 30;

/** A caption of the page's own over words that are not: fenced off, whole, with a direction of their own. */
export function fence(caption: string, words: string, reading: Reading, below = ""): string {
  return `<section class="fence"><h2>${escapeHtml(caption)}</h2>${quote(words, reading)}${below}</section>`;
}

/** The asker's message and details. */
export function questionFence(question: Question, reading: Reading): string {
  if (question.erased === true) return `<p class="notice">${escapeHtml(reading.language.wording.erased)}</p>`;
  return fence(reading.language.wording.agentSays, question.message, reading, detailsTable(question, reading));
}

/** A piece of the asker's text inside a line of the page's own. */
export function hostileInline(text: string, reading: Reading): string {
  // The language of these words is not known, and need not be the page's.
  return `<bdi lang="">${hostileText(text, reading.language.wording.hiddenCharacter)}</bdi>`;
}

/** The comment field, if allowed, then the options as given, then what happens otherwise. */
export function answerForm(
  state: Extract<PageState, { kind: "open" }>,
  stamp: string | null,
  reading: Reading,
): string {
  const { wording } = reading.language;
  const { question } = state;
  const buttons = question.options.map(
    (option) => `<button name="choice" value="${escapeHtml(option)}">${hostileInline(option, reading)}</button>`,
  );
  const page = stamp === null ? "" : `<input type="hidden" name="page" value="${escapeHtml(stamp)}">`;
  return (
    `<form method="post" aria-labelledby="answer">${page}${question.allowComment ? commentField(state, reading) : ""}` +
    `<h2 class="label" id="answer">${escapeHtml(wording.yourAnswer)}</h2>${buttons.join("")}` +
    `<p class="status" role="status" data-sending="${escapeHtml(wording.sending)}"></p></form>` +
    `<footer><div class="when">${expiry(question, reading)}</div>` +
    `<p class="quiet">${escapeHtml(wording.recorded)}</p><p class="quiet">${escapeHtml(wording.linkUse)}</p></footer>`
  );
}

/** The exact moment, which the page's script turns into the reader's own zone. It stands on a line of its own. */
export function timeElement(at: number, reading: Reading): string {
  const exact = exactTime(at, reading.language.locale, reading.timeZone);
  return `<time datetime="${new Date(at).toISOString()}">${escapeHtml(exact)}</time>`;
}

/** The distance to a moment, which the page's script keeps up to date. */
export function relativeElement(at: number, reading: Reading): string {
  const distance = at - reading.now;
  return `<span data-ms="${distance}">${escapeHtml(relativeTime(distance, reading.language.locale))}</span>`;
}

function quote(words: string, reading: Reading): string {
  return `<blockquote class="words" dir="auto" lang="">${hostileText(words, reading.language.wording.hiddenCharacter)}</blockquote>`;
}

function detailsTable(question: Question, reading: Reading): string {
  const rows = Object.entries(question.details).map(([label, value]) => {
    const long = value.includes("\n") || [...value].length > SHORT_VALUE;
    const cell = `<td${long ? ' class="long"' : ""}>${hostileInline(value, reading)}</td>`;
    return `<tr><th scope="row">${hostileInline(label, reading)}</th>${cell}</tr>`;
  });
  if (rows.length === 0) return "";
  return `<table aria-label="${escapeHtml(reading.language.wording.details)}">${rows.join("")}</table>`;
}

function commentField(state: Extract<PageState, { kind: "open" }>, reading: Reading): string {
  const wrong = state.error === "comment_too_long" ? ' aria-invalid="true" aria-describedby="error"' : "";
  return (
    `<div><label class="label" for="comment">${escapeHtml(reading.language.wording.commentLabel)}</label>` +
    // The parser drops one line feed after the tag, so that a comment may begin with one.
    `<textarea id="comment" name="comment" rows="2" maxlength="2000" dir="auto"${wrong}>\n${escapeHtml(state.comment)}</textarea></div>`
  );
}

function expiry(question: Question, reading: Reading): string {
  const { wording } = reading.language;
  const otherwise =
    question.timeoutDefault === null
      ? escapeHtml(wording.thenNothing)
      : fill(wording.thenDefault, { choice: `<b>${hostileInline(question.timeoutDefault, reading)}</b>` });
  const expires = fill(wording.expires, { relative: relativeElement(question.expiresAt, reading) });
  return `<p><b>${expires}</b></p>${timeElement(question.expiresAt, reading)}<p>${otherwise}</p>`;
}
