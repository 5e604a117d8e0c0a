/**
 * What people who wrote back are told: one short text each, in the letters that every phone has. None of these texts
 * holds a link or decides anything.
 */
import type { AddressKind } from "../channels/channel.ts";
import { measure } from "../platform/sms/segments.ts";
import type { PendingQuestion, Unclear } from "./reply.ts";

/** How to answer by a reply, for the text that asks: `Or reply "K7 1" for Approve, "K7 2" for Reject.` */
export function howToReply({ code, options }: PendingQuestion): string {
  if (!havePlaces(options)) return `Or reply ${code} and one of: ${choices(options)}.`;
  const each = options.map((option, index) => `"${code} ${index + 1}" for ${option}`).join(", ");
  return isShort(each) ? `Or reply ${each}.` : `Or reply ${code} and ${choices(options)}.`;
}

/** Asks again. `question` is the one that {@link Unclear} was said of, or null; nothing has been recorded. */
export function unclearText(because: Unclear, question: PendingQuestion | null): string {
  switch (because) {
    case "replies-off":
      return "Replies are not read here. Please open the link in the message you got.";
    case "nothing-pending":
      return "No question is waiting for you here. Nothing was recorded.";
    case "unknown-code":
      if (question === null) return `That code is not waiting for an answer. ${NOTHING} ${OTHERWISE}`;
      return `That code is not waiting for an answer. ${NOTHING} ${ask(question)}`;
    case "several-codes":
      return `Please answer one question in each text. ${NOTHING}`;
    case "no-code":
      return question === null ? `Please start with the code of the question. ${NOTHING} ${OTHERWISE}` : ask(question);
    case "no-option":
    case "several-options":
      return question === null ? `Please open the link. ${NOTHING}` : ask(question);
  }
}

/** The answer counts. */
export function recordedText(option: string, code: string): string {
  return `Recorded for ${code}: ${option}`;
}

/** The answer came too late to count. `choice` is what counts instead, or null. */
export function lateText(ending: "own" | "other" | "timed_out" | "cancelled", choice: string | null): string {
  switch (ending) {
    case "own":
      return `You had already answered${choice === null ? "" : `: ${choice}`}. Your first answer stands.`;
    case "other":
      return `Someone else answered first${choice === null ? "" : `: ${choice}`}. There is nothing left for you to do.`;
    case "timed_out":
      return choice === null
        ? "The time for this question is over. Nothing was recorded."
        : `The time for this question is over. The answer is ${choice}, as was set beforehand.`;
    case "cancelled":
      return "This question was withdrawn. There is nothing left for you to do.";
  }
}

/** Storage could not take the answer. */
export const notRecordedText = "Your answer could not be recorded. Please send it again in a minute, or open the link.";

/** Who texts, why, and how to end it, as carriers require. `project` is who asks, by its display name. */
export function helpText(project: string, questions: readonly PendingQuestion[], kind: AddressKind = "phone"): string {
  const [question] = questions;
  const how = questions.length === 1 && question !== undefined ? ` ${ask(question)}` : "";
  return `${project} sends you questions to decide.${how} Reply STOP to get no more ${kind === "phone" ? "texts" : "messages"}.`;
}

export function optedOutText(kind: AddressKind): string {
  return `You will get no more ${kind === "phone" ? "texts" : "messages"} from here. Reply START to get them again.`;
}

export function optedInText(kind: AddressKind): string {
  return `You will get ${kind === "phone" ? "texts" : "messages"} from here again. Reply STOP to end them.`;
}

// The parts

const NOTHING = "Nothing was recorded.";
const OTHERWISE = "Or open the link.";

function ask({ code, options }: PendingQuestion): string {
  return `Please reply with ${code} and one of: ${choices(options)}. ${OTHERWISE}`;
}

/** The options with their places, as {@link understandReply} reads them, or what stands for them where they are long. */
function choices(options: readonly string[]): string {
  const withPlaces = havePlaces(options);
  const listed = options.map((option, index) => (withPlaces ? `${index + 1} ${option}` : option)).join(", ");
  if (isShort(listed)) return listed;
  return withPlaces ? `a number from 1 to ${options.length}, in the order of the page` : "an option as on the page";
}

/** Options with numbers in them have no places: a place could be taken for one of them. */
function havePlaces(options: readonly string[]): boolean {
  return options.every((option) => !/\p{Nd}/u.test(option));
}

/** Whether a text with this in it, and a sentence around it, takes two segments at most. */
function isShort(listed: string): boolean {
  return measure(listed + SENTENCE).segments <= 2;
}

const SENTENCE = "x".repeat(100);
