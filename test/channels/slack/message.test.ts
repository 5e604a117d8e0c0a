import { describe, expect, test } from "bun:test";
import type { Conclusion, OutgoingMessage, Question } from "../../../src/channels/channel.ts";
import type { Block, Button, Text } from "../../../src/channels/slack/blocks.ts";
import {
  type Contents,
  conclusionContents,
  questionContents,
  threadContents,
} from "../../../src/channels/slack/message.ts";

const TOKEN = "AUx1dG9rZW5fdGhhdF9kZWNpZGVzX2FuZF9tdXN0X25vdF9sZWFr";
const link = `https://approve.example.com/r/${TOKEN}`;
const EXPIRY = Date.UTC(2026, 10, 24, 18, 7);

const asked: Question = {
  project: "Meridian",
  message: "Refund 1,200 € to Meridian & Söhne?",
  options: ["Approve", "Reject"],
  details: [
    ["Order", "A-1007"],
    ["Amount", "1,200.00 €"],
  ],
  expiresAt: EXPIRY,
  timeoutDefault: "Reject",
  timeZone: "Europe/Berlin",
  isTest: false,
};

function message(changes: Partial<Question> = {}): OutgoingMessage {
  const question = { ...asked, ...changes };
  const text = `PausePoint: ${question.message}\n\nAnswer: ${link}`;
  return { deliveryId: "dlv_1", to: "U012AB3CD", text, link, question, validForSeconds: 900 };
}

function conclusion(changes: Partial<Conclusion> = {}): Conclusion {
  return {
    deliveryId: "dlv_1",
    to: "U012AB3CD",
    link,
    question: asked,
    providerId: "D069C7QFK/1700000000.000100",
    text: "Answered: Approve, by another recipient.",
    ending: "responded",
    choice: "Approve",
    ...changes,
  };
}

const texts = ({ blocks }: Contents): readonly Text[] =>
  blocks.flatMap((block): readonly Text[] => {
    if (block.type === "context") return block.elements;
    if (block.type === "actions") return block.elements.map(({ text }) => text);
    return "fields" in block ? block.fields : [block.text];
  });
const shown = (contents: Contents) =>
  texts(contents)
    .filter(({ type }) => type === "plain_text")
    .map(({ text }) => text);
const markups = (contents: Contents) =>
  texts(contents)
    .filter(({ type }) => type === "mrkdwn")
    .map(({ text }) => text);
const buttons = ({ blocks }: Contents): readonly Button[] =>
  blocks.flatMap((block) => (block.type === "actions" ? block.elements : []));
const choices = (contents: Contents) => buttons(contents).filter(({ value }) => value !== undefined);

/** The limits of Block Kit, as its reference has them, in UTF-16 units and in bytes where the reference does not say. */
function overLimit(contents: Contents): readonly string[] {
  const longest = (block: Block) => (block.type === "header" ? 150 : "fields" in block ? 2_000 : 3_000);
  const wrong: string[] = [];
  const check = (what: string, text: string, most: number) => {
    if (text.length === 0 || text.length > most) wrong.push(`${what} of ${text.length}`);
  };
  if (contents.blocks.length > 50) wrong.push(`${contents.blocks.length} blocks`);
  if (JSON.stringify(contents.blocks).length > 12_500) wrong.push("blocks too long");
  if (contents.text.length > 4_000) wrong.push("text too long");
  // What comes back with a tap: the whole message, JSON in ASCII, percent-encoded, in a request of at most 64 kB.
  const ascii = JSON.stringify(contents).replace(/[^ -~]/g, "\\uFFFF");
  if (encodeURIComponent(ascii).length > 56_000) wrong.push("a tap would be too long");
  for (const block of contents.blocks) {
    if (block.type === "actions") {
      if (block.elements.length > 25) wrong.push(`${block.elements.length} buttons`);
      for (const { text, value = "-", action_id } of block.elements) {
        check("button", text.text, 75);
        check("value", value, 2_000);
        check("action", action_id, 255);
      }
    } else if (block.type === "context") {
      if (block.elements.length > 10) wrong.push("context");
      for (const { text } of block.elements) check("context", text, 3_000);
    } else if ("fields" in block) {
      if (block.fields.length > 10) wrong.push(`${block.fields.length} fields`);
      for (const { text } of block.fields) check("field", text, longest(block));
    } else {
      check(block.type, block.text.text, longest(block));
    }
  }
  return wrong;
}

describe("a question in Slack", () => {
  test("shows who asks, what, the details, the choices and until when", () => {
    const contents = questionContents(message(), true);
    expect(shown(contents)).toEqual([
      "Meridian asks",
      "Refund 1,200 € to Meridian & Söhne?",
      "Order",
      "A-1007",
      "Amount",
      "1,200.00 €",
      "Reject",
      "Approve",
      "Reject",
      "Open the page",
      "A tap is recorded as your answer. You can comment on the page.",
    ]);
    expect(markups(contents)).toEqual([
      "If nobody answers by <!date^1795543620^{date_long_pretty} at {time}|Tuesday, 24 November 2026 at 19:07 CET>, " +
        "the answer will be:",
    ]);
    expect(contents.text).toBe("Meridian asks: Refund 1,200 € to Meridian &amp; Söhne?\nChoices: Approve, Reject");
  });

  test("has buttons that carry the token and the option's place, none made to look right", () => {
    expect(choices(questionContents(message(), true))).toEqual([
      {
        type: "button",
        text: { type: "plain_text", text: "Approve", emoji: false },
        action_id: "pausepoint_option_0",
        value: `${TOKEN}.0`,
      },
      {
        type: "button",
        text: { type: "plain_text", text: "Reject", emoji: false },
        action_id: "pausepoint_option_1",
        value: `${TOKEN}.1`,
      },
    ]);
  });

  test("has a link alone, and the choices as words, where no tap could come back", () => {
    const contents = questionContents(message(), false);
    expect(choices(contents)).toEqual([]);
    expect(buttons(contents)).toMatchObject([{ text: { text: "Answer on the page" }, url: link }]);
    expect(shown(contents)).toContain("1. Approve\n2. Reject");
  });

  test("says so when it is a test, and when nothing counts by itself", () => {
    const contents = questionContents(message({ isTest: true, timeoutDefault: null }), true);
    expect(shown(contents)[0]).toBe("Meridian asks (test)");
    expect(markups(contents)[0]).toContain("the question ends without an answer.");
  });

  test("numbers choices that a button would cut, and lists them whole", () => {
    const options = [
      "Refund the whole amount to the card ending in 4421",
      "Refund the whole amount to the card ending in 4422",
    ];
    const contents = questionContents(message({ options }), true);
    expect(choices(contents).map(({ text }) => text.text)).toEqual([
      "1. Refund the whole amount to…",
      "2. Refund the whole amount to…",
    ]);
    expect(shown(contents)).toContain(`1. ${options[0]}\n2. ${options[1]}`);
  });
});

describe("a hostile text", () => {
  const evil = "<!channel> <!here> <@U012AB3CD> <https://evil.example|the page> *bold* `x` & :tada: \u202Eevil\u200B";
  const seen = evil.replace("\u202E", "[U+202E]").replace("\u200B", "[U+200B]");
  const hostile = message({
    project: evil.slice(0, 21),
    message: evil,
    options: [evil.slice(0, 10), "No <@U1>"],
    details: [[evil, evil]],
    timeoutDefault: "No <@U1>",
  });

  test("stands in plain text only, with what it hid in the open", () => {
    const contents = questionContents(hostile, true);
    expect(shown(contents).filter((text) => text === seen)).toHaveLength(3);
    expect(markups(contents).join("")).not.toMatch(/channel|U1|evil/);
    expect(JSON.stringify(contents)).not.toContain("\u202E");
    expect(texts(contents).every((text) => (text.type === "plain_text" ? text.emoji === false : text.verbatim))).toBe(
      true,
    );
  });

  test("is no markup in the text of the notification", () => {
    for (const { text } of [
      questionContents(hostile, true),
      conclusionContents(conclusion({ question: hostile.question!, text: evil }), EXPIRY),
      threadContents(conclusion({ text: evil })),
      questionContents({ ...hostile, question: null, text: evil }, true),
    ]) {
      expect(text).not.toMatch(/[<>]|&(?!amp;|lt;|gt;)|\u202E/);
      expect(text).toContain("&lt;!channel&gt;");
    }
  });

  test("does not reach beyond the end of a notification by being cut in an escape", () => {
    for (let length = 2_940; length < 3_000; length++) {
      const { text } = questionContents(message({ message: `${"a".repeat(length - 1_500)}${"<".repeat(400)}` }), true);
      expect(text).not.toMatch(/&(?!amp;|lt;|gt;)/);
    }
  });
});

describe("within Block Kit's limits stays", () => {
  test.each([
    ["a message of 1,600 letters", "a".repeat(1_600)],
    ["a message of 1,600 emoji", "😀".repeat(1_600)],
    ["a message of 1,600 Han characters", "承".repeat(1_600)],
    ["a message of 1,600 ampersands", "&".repeat(1_600)],
    ["a message of 1,600 lines", "\n".repeat(1_599).concat("x")],
  ])("%s, whole and with its buttons", (_, words) => {
    const contents = questionContents(message({ message: words }), true);
    expect(overLimit(contents)).toEqual([]);
    expect(choices(contents)).toHaveLength(2);
    expect(shown(contents).join("").replaceAll("\n", "")).toContain(words.replaceAll("\n", ""));
  });

  test("a question with twenty details and ten long options", () => {
    const details = Array.from({ length: 20 }, (_, index) => [`Label ${index}`, `Value ${index} `.repeat(30)] as const);
    const options = Array.from({ length: 10 }, (_, index) => `${index} ${"😀".repeat(58)}`);
    const contents = questionContents(message({ details, options }), true);
    expect(overLimit(contents)).toEqual([]);
    expect(choices(contents)).toHaveLength(10);
    for (const [label, text] of details) {
      const place = shown(contents).indexOf(label);
      expect(shown(contents)[place + 1]).toBe(text);
    }
  });

  const twenty = (label: string, text: string) => Array.from({ length: 20 }, () => [label, text] as const);
  test.each([
    ["details of 500 letters each", twenty("a".repeat(60), "a".repeat(500)), "Why?"],
    ["details of 500 Han characters each", twenty("承".repeat(60), "承".repeat(500)), "Why?"],
    ["details of invisible characters", twenty("\u200B\u202E".repeat(30), "\u200B\u202E".repeat(250)), "Why?"],
    ["a message and details of emoji", twenty("😀", "😀".repeat(100)), "😀".repeat(1_600)],
  ])("%s: too long for Slack, so it is answered on the page, where all of it stands", (_, details, words) => {
    const contents = questionContents(message({ details, message: words }), true);
    expect(overLimit(contents)).toEqual([]);
    expect(choices(contents)).toEqual([]);
    expect(shown(contents).join("\n")).toContain("This is not all");
    expect(buttons(contents)).toMatchObject([{ url: link }]);
    const over = conclusionContents(conclusion({ question: { ...asked, details } }), EXPIRY);
    expect(overLimit(over)).toEqual([]);
    expect(shown(over)).toContain("Answered: Approve, by another recipient.");
  });

  test("one long detail, in a section of its own, and an empty one", () => {
    const details = [
      ["Log", "\u200B\u202E".repeat(250)],
      ["Note", ""],
    ] as const;
    const contents = questionContents(message({ details }), true);
    expect(overLimit(contents)).toEqual([]);
    expect(shown(contents).join("")).toContain("Log: [U+200B][U+202E]");
    expect(shown(contents).slice(shown(contents).indexOf("Note"))[1]).toBe("–");
    expect(choices(contents)).toHaveLength(2);
  });

  test("a project with a long name", () => {
    for (const project of ["👩‍👩‍👧‍👦".repeat(8), "\u200B\u202E".repeat(30)]) {
      expect(overLimit(questionContents(message({ project }), true))).toEqual([]);
    }
  });
});

describe("a question that is over", () => {
  test("has no button left, and says how it ended and when", () => {
    const contents = conclusionContents(conclusion(), EXPIRY);
    expect(buttons(contents)).toEqual([]);
    expect(JSON.stringify(contents)).not.toContain(TOKEN);
    expect(shown(contents)).toEqual([
      "Meridian asks",
      "Refund 1,200 € to Meridian & Söhne?",
      "Order",
      "A-1007",
      "Amount",
      "1,200.00 €",
      "Answered: Approve, by another recipient.",
    ]);
    expect(markups(contents)[0]).toStartWith("Updated <!date^1795543620^");
    expect(contents.text).toStartWith("Answered: Approve, by another recipient.\n");
  });
});

describe("a message that asks nothing", () => {
  const note: OutgoingMessage = { ...message(), question: null, text: "This code is not known." };

  test("is its text alone", () => {
    expect(questionContents(note, true)).toEqual({
      text: note.text,
      blocks: [{ type: "section", text: { type: "plain_text", text: note.text, emoji: false } }],
    });
  });

  test("has its link where it can be tapped", () => {
    expect(buttons(questionContents({ ...note, text: `See ${link}` }, true))).toMatchObject([{ url: link }]);
  });
});
