/**
 * What a person meant who wrote back to a text. An answer has to name its question and its option; whatever could mean
 * something else is unclear, and the person is asked again. Nothing is guessed: an approval cannot be taken back.
 */
import { isCode } from "../platform/sms/codes.ts";
import { fold, isTelling, lettersOf, tidy, tidyAmount } from "./reply-words.ts";

/** A question that waits for an answer from the number that wrote. */
export interface PendingQuestion {
  /** As {@link nextCode} made it: `K7`. */
  readonly code: string;
  readonly options: readonly string[];
}

/** `code`: an answer holds its code. `open`: it may leave it out while one question waits. `off`: keywords alone. */
export type ReplyMode = "code" | "open" | "off";

export type Reply =
  /** `option` is one of that question's own, in its own spelling. */
  | { readonly kind: "answer"; readonly code: string; readonly option: string }
  /** `code` is the question that was named, or the only one that waits; null where that is open. */
  | { readonly kind: "unclear"; readonly because: Unclear; readonly code: string | null }
  /** No more texts, texts again, or who is this: the words that carriers reserve for it. */
  | { readonly kind: "stop" | "start" | "help" };

export type Unclear =
  /** Replies do not decide here. */
  | "replies-off"
  /** No question waits for this number. */
  | "nothing-pending"
  /** The code is missing and is needed. */
  | "no-code"
  /** A code of no question that waits. */
  | "unknown-code"
  /** Codes of more than one question. */
  | "several-codes"
  /** The question is clear; what is written is none of its options. */
  | "no-option"
  /** What is written could be more than one of its options. */
  | "several-options";

/** Reads what was written, given everything that waits for an answer from that number. */
export function understandReply(text: string, pending: readonly PendingQuestion[], mode: ReplyMode): Reply {
  const own = withoutQuotes(text);
  const keyword = keywordOf(own, pending.length);
  if (keyword !== null) return { kind: keyword };
  const only = pending.length === 1 ? (pending[0]?.code ?? null) : null;
  if (mode === "off") return unclear("replies-off", only);
  if (pending.length === 0) return unclear("nothing-pending", null);

  const written = fold(own);
  const words = wordsOf(written);
  const named = pending.filter(({ code }) => words.includes(fold(code)));
  const [question] = named;
  if (named.length > 1) return unclear("several-codes", null);
  if (question !== undefined) {
    const choice = withoutCode(written, fold(question.code), question.options.some(isAmount));
    return choice === null ? unclear("no-option", question.code) : choose(choice, question);
  }
  const [single] = pending;
  const isOpen = mode === "open" && pending.length === 1 && single !== undefined;
  // It may be the code of a question that is over: whatever stands beside it was not meant for another.
  if (words.some((word) => isCode(word.toUpperCase()))) {
    const isOption = isOpen && words.length > 1 && byExactText(written, single.options).length === 1;
    if (!isOption) return unclear("unknown-code", only);
  }
  return isOpen ? choose(written, single) : unclear("no-code", only);
}

/**
 * Whether a text has nothing in it that could be meant as an answer: no code, and no option of what waits. Several
 * people may write to one another where a channel's address is a room; whoever answers each of them may answer himself.
 */
export function isChatter(text: string, pending: readonly PendingQuestion[]): boolean {
  const own = withoutQuotes(text);
  if (keywordOf(own, pending.length) !== null) return false;
  if (wordsOf(fold(own)).some((word) => isCode(word.toUpperCase()))) return false;
  return pending.every((question) => {
    const read = understandReply(text, [question], "open");
    return read.kind === "unclear" && read.because === "no-option";
  });
}

function unclear(because: Unclear, code: string | null): Reply {
  return { kind: "unclear", because, code };
}

// Keywords

/**
 * The words of CTIA's Messaging Principles and Best Practices, as US carriers and Twilio act on them. They count only
 * when nothing else is written, and then before any option: who writes STOP must get no more texts.
 */
function keywordOf(text: string, pending: number): "stop" | "start" | "help" | null {
  const word = lettersOf(fold(text));
  if (STOP.has(word)) return "stop";
  if (HELP.has(word)) return "help";
  // YES opts in at carriers; to someone who was asked a question it is a try to answer it.
  return START.has(word) || (word === "yes" && pending === 0) ? "start" : null;
}

const STOP: ReadonlySet<string> = new Set(
  ["stop", "stop all", "stopall", "unsubscribe", "cancel", "end", "quit", "optout", "opt out", "revoke"].flatMap(
    (word) => [word, `please ${word}`],
  ),
);
const START: ReadonlySet<string> = new Set(["start", "unstop"]);
const HELP: ReadonlySet<string> = new Set(["help", "info"]);

// The code

/** Without the lines that a phone or a mail gateway marks as quoted. */
function withoutQuotes(text: string): string {
  const own = text.split(/\r\n|\r|\n/).filter((line) => !/^\s*[>＞]/.test(line));
  return own.join("\n");
}

function wordsOf(folded: string): readonly string[] {
  return folded.split(/[^\p{L}\p{N}]+/u).filter((word) => word !== "");
}

/**
 * What is left of a text that begins or ends with the code, without what separates the two (`K7: approve`,
 * `approve, K7`). Null when the code stands elsewhere. Before an amount no sign separates but the colon: `K7 -1` and
 * `K7 .5` are other amounts than 1 and 5.
 */
function withoutCode(folded: string, code: string, isAmountAsked: boolean): string | null {
  const opening = `["'*_(\\[]*`;
  const closing = `["'*_)\\]]*`;
  const after = isAmountAsked ? "\\s*[:=]\\s*|\\s+" : "\\s*[:.,;=)]+\\s*|\\s+-+\\s+|-+(?=\\p{L})|\\s+";
  const before = isAmountAsked ? "\\s*:\\s*|\\s+" : "\\s*[:.,;]+\\s*|\\s+-+\\s+|\\s+";
  const first = new RegExp(`^${opening}${code}${closing}(?:${after})(?<choice>.+)$`, "su");
  const last = new RegExp(`^(?<choice>.+?)(?:${before})${opening}${code}${closing}[.,;!]*$`, "su");
  return (first.exec(folded) ?? last.exec(folded))?.groups?.choice ?? null;
}

// The option

/** Takes the option that is named: by its whole text, by its number, by both, or by a start that fits it alone. */
function choose(written: string, { code, options }: PendingQuestion): Reply {
  const answers: readonly Finder[] = [byExactText, byText, byNumber, byNumberAndText, byStart];
  for (const find of answers) {
    const found = find(written, options);
    const [option] = found;
    if (found.length > 1) return unclear("several-options", code);
    if (option !== undefined) return { kind: "answer", code, option };
  }
  return unclear("no-option", code);
}

/** The options that could be meant. One that finds any keeps the later ones from being asked. */
type Finder = (written: string, options: readonly string[]) => readonly string[];

/** Letter by letter, but for case, width and blanks. */
const byExactText: Finder = (written, options) => options.filter((option) => fold(option) === written);

/** The same without quotes around it, a full stop after it, or a sign that agrees with everything. */
const byText: Finder = (written, options) => {
  const text = tidy(written);
  const amount = tidyAmount(written);
  return options.filter((option) => {
    const asked = fold(option);
    return isAmount(option) ? asked === amount : text !== "" && tidy(asked) === text;
  });
};

/**
 * By its place, from 1. Where an option is an amount itself, a number means that, never a place; and where the number
 * stands in another option (`2 days`, `1 day`), it could be meant by it.
 */
const byNumber: Finder = (written, options) => {
  const number = /^[#(]?([1-9]\d?)\)?$/.exec(tidy(written))?.[1];
  const inPlace = number === undefined ? undefined : options[Number(number) - 1];
  if (number === undefined || inPlace === undefined || options.some(isAmount)) return [];
  const others = options.filter((option) => option !== inPlace && fold(option).match(/\d+/g)?.includes(number));
  return [inPlace, ...others];
};

/** As it stands in a list: `1 Approve`, `2) Reject`. Both have to agree. */
const byNumberAndText: Finder = (written, options) => {
  const [, number, text = ""] = /^[#(]?([1-9]\d?)(?:\s*[.):=]+\s*|\s+-\s+|\s+)(.+)$/su.exec(tidy(written)) ?? [];
  const inPlace = number === undefined ? undefined : options[Number(number) - 1];
  if (inPlace === undefined || options.some(isAmount)) return [];
  const named = byText(text, options);
  return named.includes(inPlace) ? named : [];
};

/**
 * By its first letters, at least three that say something, when no word of another option begins so. `2` is not the
 * start of 25, 2.5 or 2%.
 */
const byStart: Finder = (written, options) => {
  const start = tidy(written);
  const meant = start === "" ? [] : options.filter((option) => tidy(fold(option)).startsWith(start));
  if (meant.length !== 1) return meant;
  const isHalfAmount = meant.some((option) => /^\p{Nd}(?!$| \p{L})/u.test(tidy(fold(option)).slice(start.length - 1)));
  if (isHalfAmount || !isTelling(start)) return [];
  return [...meant, ...options.filter((option) => !meant.includes(option) && hasWordThatBegins(fold(option), start))];
};

function hasWordThatBegins(option: string, start: string): boolean {
  for (let at = option.indexOf(start); at !== -1; at = option.indexOf(start, at + 1)) {
    if (at === 0 || !/[\p{L}\p{N}]/u.test(option[at - 1] ?? "")) return true;
  }
  return false;
}

/** A number with its signs and no word. */
function isAmount(option: string): boolean {
  return /\p{Nd}/u.test(option) && !/\p{L}/u.test(option);
}
