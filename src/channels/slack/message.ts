/** A question, and its end, as a Slack message. */
import type { Conclusion, OutgoingMessage, Question } from "../channel.ts";
import {
  type Block,
  type Button,
  context,
  escapeMarkup,
  firstSection,
  header,
  markup,
  moment,
  plain,
  sections,
  table,
} from "./blocks.ts";
import { buttonValue, OPTION_ACTION, PAGE_ACTION } from "./tap.ts";
import { shortened, visibleText } from "./visible.ts";

/** What chat.postMessage and chat.update take for the contents. */
export interface Contents {
  /** For notifications and screen readers, which read nothing of the blocks. */
  readonly text: string;
  readonly blocks: readonly Block[];
}

/**
 * The question in full, with its buttons. One that Slack would refuse for its length comes as {@link shortContents}:
 * nobody decides by a button what they could not read whole.
 */
export function questionContents(message: OutgoingMessage, hasButtons: boolean): Contents {
  const { question, link } = message;
  if (question === null) return plainContents(message);
  const choices = question.options.map(visibleText);
  const fitsButtons = choices.every((choice) => [...choice].length <= SHOWN_ON_BUTTON);
  const blocks: readonly Block[] = [
    header(asks(question)),
    ...sections(visibleText(question.message)),
    ...detailsOf(question),
    ...(hasButtons && fitsButtons ? [] : sections(listOf(choices))),
    deadlineOf(question),
    ...(hasButtons ? [{ type: "actions" as const, elements: choiceButtons(link, choices, fitsButtons) }] : []),
    { type: "actions" as const, elements: [pageButton(link, hasButtons ? "Open the page" : "Answer on the page")] },
    context(plain(hasButtons ? "A tap is recorded as your answer. You can comment on the page." : WHERE_TO_ANSWER)),
  ];
  const spokenAt = (most: number) => ({ text: spoken(question, most), blocks });
  return [SPOKEN, SPOKEN_AT_LEAST].map(spokenAt).find(fits) ?? shortContents(message);
}

/** The beginning of the question and the way to the page, where it can be read whole and answered. */
export function shortContents(message: OutgoingMessage): Contents {
  const { question, link } = message;
  if (question === null) return plainContents(message);
  return {
    text: spoken(question, SPOKEN_AT_LEAST),
    blocks: [
      header(asks(question)),
      ...firstSection(visibleText(question.message)),
      context(plain("This is not all: the question is too long for Slack. Open the page to read it whole and answer.")),
      deadlineOf(question),
      { type: "actions", elements: [pageButton(link, "Answer on the page")] },
    ],
  };
}

/** What takes the question's place once it is over: the same words without buttons, and how it ended. `now` in ms. */
export function conclusionContents(conclusion: Conclusion, now: number): Contents {
  const { question } = conclusion;
  const ending = visibleText(conclusion.text);
  const seen = markup(`Updated ${moment(now, exactly(now, question.timeZone))}.`);
  const whole = {
    text: spokenText(`${ending}\n${asks(question)}: ${visibleText(question.message)}`, SPOKEN_AT_LEAST),
    blocks: [
      header(asks(question)),
      ...sections(visibleText(question.message)),
      ...detailsOf(question),
      ...sections(ending),
      context(seen),
    ],
  };
  if (fits(whole)) return whole;
  const blocks = [header(asks(question)), ...firstSection(visibleText(question.message)), ...sections(ending)];
  return { text: whole.text, blocks: [...blocks, context(seen)] };
}

/** How a question ended, for the message's thread. */
export function threadContents(conclusion: Conclusion): Contents {
  const ending = visibleText(conclusion.text);
  return { text: spokenText(ending), blocks: sections(ending) };
}

const WHERE_TO_ANSWER = "Your answer is given and recorded on the page.";

/** Slack cuts what is on a button after about 30 characters, and two options may differ behind that. */
const SHOWN_ON_BUTTON = 30;

function asks(question: Question): string {
  return `${visibleText(question.project)} asks${question.isTest ? " (test)" : ""}`;
}

function detailsOf(question: Question): readonly Block[] {
  return table(question.details.map(([label, text]) => [visibleText(label), visibleText(text)] as const));
}

function listOf(choices: readonly string[]): string {
  return choices.map((choice, index) => `${index + 1}. ${choice}`).join("\n");
}

/** All alike, in the order given: no button is made to look like the right one. */
function choiceButtons(link: string, choices: readonly string[], fitsButtons: boolean): readonly Button[] {
  return choices.map((choice, index) => ({
    type: "button",
    text: plain(fitsButtons ? choice : shortened(`${index + 1}. ${choice}`, SHOWN_ON_BUTTON)),
    action_id: `${OPTION_ACTION}${index}`,
    value: buttonValue(link, index),
  }));
}

function pageButton(link: string, label: string): Button {
  return { type: "button", text: plain(label), action_id: PAGE_ACTION, url: link };
}

/** The option that counts without an answer is the asker's word, so it has an element of its own, beside the markup. */
function deadlineOf({ expiresAt, timeZone, timeoutDefault }: Question): Block {
  const by = `If nobody answers by ${moment(expiresAt, exactly(expiresAt, timeZone))},`;
  if (timeoutDefault === null) return context(markup(`${by} the question ends without an answer.`));
  return context(markup(`${by} the answer will be:`), plain(visibleText(timeoutDefault)));
}

/** `Tuesday, 24 November 2026 at 18:07 UTC`. */
function exactly(at: number, timeZone: string): string {
  const format = { weekday: "long", day: "numeric", month: "long", year: "numeric", hour: "2-digit" } as const;
  const rest = { minute: "2-digit", calendar: "gregory", timeZone, timeZoneName: "short" } as const;
  return new Intl.DateTimeFormat("en-GB", { ...format, ...rest }).format(at);
}

/** A message that asks nothing. */
function plainContents({ text, link }: OutgoingMessage): Contents {
  const words = visibleText(text);
  // Plain text has no links to tap.
  const way = link !== "" && text.includes(link) ? [pageButton(link, "Open the page")] : [];
  const blocks: Block[] = [
    ...sections(words),
    ...(way.length > 0 ? [{ type: "actions" as const, elements: way }] : []),
  ];
  return { text: spokenText(words), blocks };
}

function spoken(question: Question, most: number): string {
  const choices = question.options.map(visibleText).join(", ");
  return spokenText(`${asks(question)}: ${visibleText(question.message)}\nChoices: ${choices}`, most);
}

/** Slack advises at most 4,000 characters; where they make the whole too long, the start has to do. */
const SPOKEN = 3_000;
const SPOKEN_AT_LEAST = 500;

/** This field is read as markup, whatever else it is told. */
function spokenText(text: string, most = SPOKEN): string {
  return shortened(escapeMarkup(text), most).replace(/&[a-z]{0,3}…$/, "…");
}

/** Where `msg_blocks_too_long` begins is not published. Reports put it at some 13,000 characters of blocks as JSON. */
const LONGEST_BLOCKS = 12_500;
const MOST_BLOCKS = 50;
/** The whole message comes back with each tap, percent-encoded JSON, in a request that may have 64 kB. */
const LONGEST_ECHO = 50_000;

function fits(contents: Contents): boolean {
  if (contents.blocks.length > MOST_BLOCKS || JSON.stringify(contents.blocks).length > LONGEST_BLOCKS) return false;
  const ascii = JSON.stringify(contents).replace(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return encodeURIComponent(ascii).length <= LONGEST_ECHO;
}
