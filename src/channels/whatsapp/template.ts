/**
 * A question as a template that WhatsApp has approved: which one, and what stands in its variables. Their order is one
 * for all templates, and told in docs/channels.md with the texts:
 *
 * 1 who asks, 2 the message, 3 the link, 4 how to answer, 5 the link's token, for what the buttons send back
 */
import type { WhatsAppConfig } from "../../platform/config/whatsapp.ts";
import type { Conclusion, OutgoingMessage, Question } from "../channel.ts";
import { tokenOf } from "./tap.ts";
import { oneLine, shortened } from "./variable.ts";

type Templates = WhatsAppConfig["templates"];

/** What a template is sent with. */
export interface Filled {
  readonly contentSid: string;
  /** By the names of the variables; Twilio takes it as JSON. */
  readonly variables: Readonly<Record<string, string>>;
  /** Whether the person reads all that is asked. Without that there are no buttons: they would decide unread. */
  readonly isWhole: boolean;
}

/** WhatsApp takes 1,024 characters, and a template of ours has fewer than this without its variables. */
const LONGEST = 1_024;
const OWN_WORDS = 160;

/** The template that fits a question best: buttons titled as its options, numbered buttons, or the link alone. */
export function questionTemplate(templates: Templates, message: OutgoingMessage, question: Question): Filled {
  const { link, howToReply = null } = message;
  const fill = (contentSid: string, how: string, token: string | null): Filled => {
    const fixed = { project: oneLine(question.project), how: oneLine(how) };
    const room = LONGEST - OWN_WORDS - fixed.project.length - link.length - fixed.how.length;
    const whole = oneLine(wordsOf(question));
    // Who reads too little of it opens the page, so that details are the first to go.
    const words = whole.length <= room ? whole : shortened(oneLine(question.message), room);
    const variables = { 1: fixed.project, 2: words, 3: link, 4: fixed.how, ...(token === null ? {} : { 5: token }) };
    return { contentSid, variables, isWhole: words === whole };
  };
  const buttons = buttonsFor(templates, question.options);
  if (buttons !== null) {
    const how = buttons.areNumbered ? numbered(question.options, howToReply) : (howToReply ?? "Or open the link.");
    const filled = fill(buttons.contentSid, how, tokenOf(link));
    if (filled.isWhole) return filled;
  }
  return fill(templates.link, howToReply ?? "Open the link.", null);
}

/** Word that a question is over; null where the operator has no template for it. */
export function overTemplate(templates: Templates, { question, text }: Conclusion): Filled | null {
  if (templates.over === undefined) return null;
  const project = oneLine(question.project);
  const words = oneLine(text);
  const message = oneLine(question.message);
  const asked = shortened(message, LONGEST - OWN_WORDS - project.length - words.length);
  return { contentSid: templates.over, variables: { 1: project, 2: words, 3: asked }, isWhole: asked === message };
}

/** A title is part of what WhatsApp approves, so that it can't be a variable: it is the option, or a number for it. */
function buttonsFor(templates: Templates, options: readonly string[]) {
  const titled = templates.titled.find(
    (each) => each.options.length === options.length && each.options.every((title, index) => title === options[index]),
  );
  if (titled !== undefined) return { contentSid: titled.contentSid, areNumbered: false };
  const contentSid = options.length === 2 ? templates.two : options.length === 3 ? templates.three : undefined;
  return contentSid === undefined ? null : { contentSid, areNumbered: true };
}

/** What the buttons 1, 2 and 3 stand for. */
function numbered(options: readonly string[], howToReply: string | null): string {
  const meanings = options.map((option, index) => `Button ${index + 1}: ${option}.`).join(" ");
  return howToReply === null ? meanings : `${meanings} ${howToReply}`;
}

/** The message, and what the page shows beneath it as a table. */
function wordsOf({ message, details }: Question): string {
  return [message, ...details.map(([label, text]) => `${label}: ${text}`)].join("\n");
}
