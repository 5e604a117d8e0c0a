import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { measure } from "../../src/platform/sms/segments.ts";
import { type Unclear, understandReply } from "../../src/respond/reply.ts";
import {
  helpText,
  howToReply,
  lateText,
  notRecordedText,
  optedInText,
  optedOutText,
  recordedText,
  unclearText,
} from "../../src/respond/reply-texts.ts";

const K7 = { code: "K7", options: ["Approve", "Reject"] };

const REASONS: readonly Unclear[] = [
  ...(["replies-off", "nothing-pending", "no-code", "unknown-code"] as const),
  ...(["several-codes", "no-option", "several-options"] as const),
];

describe("the texts that answer people", () => {
  test("ask again with the choices, when it was not clear what was meant", () => {
    const again = "Please reply with K7 and one of: 1 Approve, 2 Reject. Or open the link.";
    for (const because of ["no-option", "several-options", "no-code"] as const) {
      expect(unclearText(because, K7)).toBe(again);
    }
    expect(unclearText("unknown-code", K7)).toBe(
      `That code is not waiting for an answer. Nothing was recorded. ${again}`,
    );
  });

  test("say what happened", () => {
    expect(recordedText("Approve", "K7")).toBe("Recorded for K7: Approve");
    expect(lateText("own", "Approve")).toBe("You had already answered: Approve. Your first answer stands.");
    expect(lateText("other", "Reject")).toStartWith("Someone else answered first: Reject.");
    expect(lateText("timed_out", null)).toBe("The time for this question is over. Nothing was recorded.");
    expect(lateText("timed_out", "Reject")).toEndWith("The answer is Reject, as was set beforehand.");
    expect(lateText("cancelled", null)).toStartWith("This question was withdrawn.");
    expect(helpText("Finance", [K7])).toBe(
      "Finance sends you questions to decide. Please reply with K7 and one of: 1 Approve, 2 Reject. Or open the link. Reply STOP to get no more texts.",
    );
    expect(helpText("Finance", [])).toBe("Finance sends you questions to decide. Reply STOP to get no more texts.");
  });

  test("are calm, and cost one segment when the options are short", () => {
    const all = [
      ...REASONS.flatMap((because) => [unclearText(because, K7), unclearText(because, null)]),
      ...(["own", "other", "timed_out", "cancelled"] as const).flatMap((end) => [
        lateText(end, null),
        lateText(end, "No"),
      ]),
      ...[
        ...(["phone", "text"] as const).flatMap((kind) => [optedInText(kind), optedOutText(kind)]),
        notRecordedText,
        helpText("Finance", [K7]),
        howToReply(K7),
        recordedText("No", "K7"),
      ],
    ];
    for (const text of all) {
      expect(measure(text)).toMatchObject({ encoding: "GSM-7", segments: 1 });
      expect(text).not.toMatch(/[!]|sorry|oops|http/i);
    }
  });

  test("speak of texts to a number, and of messages anywhere else", () => {
    expect([optedOutText("phone"), optedInText("phone"), helpText("Finance", [])].join()).not.toContain("messages");
    expect([optedOutText("topic"), optedInText("text"), helpText("Finance", [], "slack")].join()).not.toContain(
      "texts",
    );
  });

  test("tell how to reply, in the text that asks", () => {
    expect(howToReply(K7)).toBe(`Or reply "K7 1" for Approve, "K7 2" for Reject.`);
  });

  test("name places only where a place can't be taken for an option", () => {
    expect(howToReply({ code: "K7", options: ["2 days", "1 day"] })).toBe("Or reply K7 and one of: 2 days, 1 day.");
    expect(howToReply({ code: "K7", options: ["10", "20"] })).toBe("Or reply K7 and one of: 10, 20.");
  });

  test("do not grow with the options", () => {
    const long = Array.from({ length: 10 }, (_, index) => `Option ${"abcdefghij"[index]} ${"x".repeat(50)}`);
    const question = { code: "K7", options: long };
    expect(howToReply(question)).toBe("Or reply K7 and a number from 1 to 10, in the order of the page.");
    expect(unclearText("no-option", question)).toBe(
      "Please reply with K7 and one of: a number from 1 to 10, in the order of the page. Or open the link.",
    );
  });

  test("tell places that are then understood as they were told", () => {
    const word = fc.string({ unit: fc.constantFrom(..."abcXYZ éж"), minLength: 1, maxLength: 12 });
    const options = fc.uniqueArray(
      word.filter((text) => text.trim() === text && !/ {2}/.test(text)),
      { minLength: 1, maxLength: 10, selector: (text) => text.toLowerCase() },
    );
    fc.assert(
      fc.property(options, (named) => {
        const question = { code: "K7", options: named };
        named.forEach((option, index) => {
          const answer = { kind: "answer" as const, code: "K7", option };
          expect(understandReply(`"K7 ${index + 1}"`, [question], "code")).toEqual(answer);
          expect(understandReply(`K7 ${index + 1}`, [question], "code")).toEqual(answer);
          expect(understandReply(`K7 ${option}`, [question], "code")).toEqual(answer);
          expect(understandReply(`K7 ${index + 1} ${option}`, [question], "code")).toEqual(answer);
        });
      }),
    );
  });
});
