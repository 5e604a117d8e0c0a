/** The text part of a mail: first-class, in the order of the page. Each line of the asker's is fenced off by a bar. */
import type { Conclusion, Question } from "../channel.ts";
import { visibleLine, visibleText } from "./visible.ts";
import { WORDS } from "./wording.ts";

export function askingText(question: Question, link: string): string {
  return paragraphs(
    WORDS.heading(question),
    question.isTest && WORDS.test,
    `${WORDS.agentSays}:\n${fenced(question.message)}`,
    question.details.length > 0 && `${WORDS.details}:\n${detailLines(question)}`,
    `${WORDS.options}:\n${question.options.map((option) => `- ${visibleLine(option)}`).join("\n")}`,
    `${WORDS.button}:\n${link}`,
    `${WORDS.expires(question)}\n${WORDS.otherwise(question)}`,
    `${WORDS.decides}\n${WORDS.forYou}`,
  );
}

export function overText({ question, text }: Conclusion): string {
  return paragraphs(
    `${WORDS.over}.`,
    question.isTest && WORDS.test,
    visibleText(text),
    `${WORDS.wasAsked} (${visibleLine(question.project)}):\n${fenced(question.message)}`,
    WORDS.nothingToDo,
  );
}

function paragraphs(...parts: readonly (string | false)[]): string {
  return `${parts.filter((part) => part !== false).join("\n\n")}\n`;
}

/** Whatever the asker writes, none of it can look like a line of ours: every line starts with the bar. */
function fenced(words: string): string {
  return visibleText(words)
    .split("\n")
    .map((line) => `| ${line}`.trimEnd())
    .join("\n");
}

function detailLines({ details }: Question): string {
  return details
    .map(([label, value]) => fenced(`${visibleLine(label)}: ${value.replaceAll("\n", "\n    ")}`))
    .join("\n");
}
