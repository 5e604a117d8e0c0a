/** What a mail says in PausePoint's own words, shared by its text and its HTML part. */
import type { Question } from "../channel.ts";
import { visibleLine } from "./visible.ts";

export const WORDS = {
  heading: (question: Question) => `Question from ${visibleLine(question.project)}`,
  test: "This is a test. Nothing real depends on your answer.",
  agentSays: "The agent says",
  details: "Details",
  options: "You can answer",
  button: "See and answer",
  sameLink: "The button opens this address:",
  decides: "Nothing is decided by this mail or by a reply to it, only by what you choose on that page.",
  forYou: "The link is for you alone, for this one question. Do not forward it.",
  otherwise: ({ timeoutDefault }: Question) =>
    timeoutDefault === null
      ? "If nobody answers by then, the question expires without an answer."
      : `If nobody answers by then, the answer will be “${visibleLine(timeoutDefault)}”.`,
  expires: (question: Question) => `Expires ${exactTime(question.expiresAt, question.timeZone)}.`,
  over: "No answer is needed any more",
  wasAsked: "The agent had asked",
  nothingToDo: "There is nothing left for you to do.",
} as const;

const LONGEST_SUBJECT = 80;

/** `Approval needed:` and the first words of the message. */
export function askingSubject(message: string): string {
  return cut(`Approval needed: ${visibleLine(message)}`);
}

/**
 * Begins with what the reader needs to know, not with `Re:`, as a phone shows the subject alone and "Approval needed"
 * would send them to answer. Clients that thread by References put it under the first mail none the less.
 */
export function overSubject(message: string): string {
  return cut(`No answer needed: ${visibleLine(message)}`);
}

/** The subject of a message that asks nothing. */
export function firstWords(text: string): string {
  return cut(visibleLine(text));
}

/** At most {@link LONGEST_SUBJECT} characters as a person sees them, at the end of a word where one is near. */
function cut(subject: string): string {
  const graphemes = Array.from(
    new Intl.Segmenter("en", { granularity: "grapheme" }).segment(subject),
    (s) => s.segment,
  );
  if (graphemes.length <= LONGEST_SUBJECT) return subject;
  const kept = graphemes.slice(0, LONGEST_SUBJECT - 1);
  const space = kept.lastIndexOf(" ");
  return `${(space > LONGEST_SUBJECT * 0.75 ? kept.slice(0, space) : kept).join("").trimEnd()}…`;
}

/** "Tuesday, November 24, 2026 at 6:07 PM (Central European Standard Time)". A mail is read later: no "in 3 hours". */
function exactTime(at: number, timeZone: string): string {
  const options = { calendar: "gregory", timeZone } as const;
  const date = new Intl.DateTimeFormat("en", { dateStyle: "full", timeStyle: "short", ...options }).format(at);
  const zone = new Intl.DateTimeFormat("en", { timeZoneName: "long", ...options })
    .formatToParts(at)
    .find(({ type }) => type === "timeZoneName")?.value;
  // The formatter puts a narrow no-break space before AM and PM, which some mail clients show as a box.
  return `${date} (${zone ?? timeZone})`.replaceAll("\u202F", " ");
}
