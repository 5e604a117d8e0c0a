import type { PageState } from "../view.ts";
import { escapeHtml, fill } from "./escape.ts";
import { fence, hostileInline, questionFence, type Reading, relativeElement, timeElement } from "./question.ts";

/** How a question ended: it stands first, and the question after it as a record. `project` is HTML. */
export function endedQuestion(state: EndedState, project: string, reading: Reading): string {
  const comment =
    state.kind === "answered" && state.comment
      ? fence(reading.language.wording.yourComment, state.comment, reading)
      : "";
  const reason =
    state.kind === "withdrawn" && state.reason
      ? fence(reading.language.wording.withdrawnReason, state.reason, reading)
      : "";
  return outcome(state, project, reading) + reason + comment + questionFence(state.question, reading);
}

/** A page about the link or the server, on which no question is known. */
export function withoutQuestion(state: BareState, reading: Reading): string {
  const { wording } = reading.language;
  const [title, text] = {
    unknown_link: [wording.unknownTitle, wording.unknownText],
    too_many: [wording.tooManyTitle, wording.tooManyText],
    unavailable: [wording.unavailableTitle, wording.unavailableText],
  }[state.kind] as [string, string];
  // An empty reference is this page's own address: a GET, also after a POST.
  const again = state.kind === "unavailable" ? `<p><a href="">${escapeHtml(wording.tryAgain)}</a></p>` : "";
  return `<section class="outcome"><span class="sign"></span><h1>${escapeHtml(title)}</h1><p>${escapeHtml(text)}</p>${again}</section>`;
}

export type BareState = Extract<PageState, { kind: "unknown_link" | "too_many" | "unavailable" }>;
export type EndedState = Exclude<PageState, BareState | { kind: "open" }>;

function outcome(state: EndedState, project: string, reading: Reading): string {
  const { wording } = reading.language;
  const when = `<p>${relativeElement(state.at, reading)}${timeElement(state.at, reading)}</p>`;
  const close = `<p class="quiet">${escapeHtml(wording.close)}</p>`;
  const chosen = (choice: string) => ({ choice: `<b>${hostileInline(choice, reading)}</b>` });
  const card = (sign: string, heading: string, text: string) =>
    `<section class="outcome"><span class="${sign}"></span>${heading}${text}${close}</section>`;
  const title = (text: string) => `<h2>${escapeHtml(text)}</h2>`;
  const choiceTitle = (text: string, choice: string) => `<h2 class="choice">${fill(text, chosen(choice))}</h2>`;

  switch (state.kind) {
    case "answered": {
      const text = state.repeated ? wording.alreadyAnswered : wording.answerRecorded;
      const recorded = `<p${state.repeated ? ' role="status"' : ""}>${escapeHtml(text)}</p>`;
      return card("sign done", choiceTitle(wording.youChose, state.choice), when + recorded);
    }
    case "answered_by_other":
      return card(
        "sign",
        choiceTitle(wording.otherChose, state.choice),
        `${when}<p>${escapeHtml(wording.nothingToDo)}</p>`,
      );
    case "expired": {
      const text =
        state.defaultChoice === null
          ? escapeHtml(wording.expiredWithout)
          : fill(wording.expiredDefault, chosen(state.defaultChoice));
      return card("sign", title(wording.expiredTitle), `${when}<p>${text}</p>`);
    }
    case "withdrawn":
      return card("sign", title(wording.withdrawnTitle), `${when}<p>${fill(wording.withdrawnText, { project })}</p>`);
  }
}
