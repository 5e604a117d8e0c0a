import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Conclusion, OutgoingMessage, Question } from "../../../src/channels/channel.ts";
import { tapIn } from "../../../src/channels/whatsapp/tap.ts";
import { overTemplate, questionTemplate } from "../../../src/channels/whatsapp/template.ts";
import { oneLine, shortened } from "../../../src/channels/whatsapp/variable.ts";

const TOKEN = "A".repeat(52);
const LINK = `https://approve.example.com/r/${TOKEN}`;
const HOW = 'Or reply "K7 1" for Approve, "K7 2" for Reject.';
const TEMPLATES = {
  link: "HX1",
  titled: [
    { options: ["Approve", "Reject"], contentSid: "HX2" },
    { options: ["Now", "Later", "Never"], contentSid: "HX6" },
  ],
  two: "HX3",
  three: "HX4",
  over: "HX5",
};

function question(changes: Partial<Question> = {}): Question {
  return {
    ...{ project: "Finance", message: "Wire $8,400?", options: ["Approve", "Reject"], details: [], expiresAt: 0 },
    ...{ timeoutDefault: null, timeZone: "UTC", isTest: false, ...changes },
  };
}

function filled(changes: Partial<Question> = {}, howToReply: string | null = HOW, templates = TEMPLATES) {
  const asked = question(changes);
  const message: OutgoingMessage = {
    ...{ deliveryId: "dlv_1", to: "+13128471928", text: "", link: LINK, question: asked, validForSeconds: null },
    howToReply,
  };
  return questionTemplate(templates, message, asked);
}

describe("the template of a question", () => {
  test("is the one whose buttons are its options, in their order", () => {
    expect(filled()).toEqual({
      contentSid: "HX2",
      variables: { 1: "Finance", 2: "Wire $8,400?", 3: LINK, 4: HOW, 5: TOKEN },
      isWhole: true,
    });
    expect(filled({ options: ["Now", "Later", "Never"] }).contentSid).toBe("HX6");
    expect(filled({ options: ["Reject", "Approve"] }).contentSid).toBe("HX3");
    expect(filled({ options: ["approve", "Reject"] }).contentSid).toBe("HX3");
  });

  test("else has numbered buttons and says what they stand for, also where no reply is heard", () => {
    expect(filled({ options: ["a", "b", "c"] }, null)).toMatchObject({
      contentSid: "HX4",
      variables: { 4: "Button 1: a. Button 2: b. Button 3: c." },
    });
    expect(filled({ options: ["Yes", "No"] })).toMatchObject({
      variables: { 4: `Button 1: Yes. Button 2: No. ${HOW}` },
    });
  });

  test.each([[["Go"]], [["a", "b", "c", "d"]]])("is the link alone for the options %p", (options) => {
    expect(filled({ options })).toMatchObject({ contentSid: "HX1", variables: { 3: LINK } });
    expect(filled({ options }).variables).not.toHaveProperty("5");
    expect(filled({ options }, null).variables).toMatchObject({ 4: "Open the link." });
  });

  test("has the details behind the message while they fit, and no buttons once anything is left out", () => {
    const details = [["Invoice", "4711"]] as const;
    expect(filled({ details }).variables[2]).toBe("Wire $8,400? / Invoice: 4711");
    const long = filled({ details: [["Invoice", "x".repeat(900)]] });
    expect(long).toMatchObject({ contentSid: "HX1", isWhole: false, variables: { 2: "Wire $8,400?" } });
  });

  test("holds what Twilio takes for every message: text in one line, the link whole, 1,024 characters with its own", () => {
    const anything = fc.string({ unit: "binary", minLength: 1, maxLength: 1_600 });
    const labels = fc.array(fc.string({ unit: "grapheme", minLength: 1, maxLength: 60 }), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(anything, labels, fc.boolean(), (message, options, isHeard) => {
        const { variables } = filled({ message, options }, isHeard ? HOW : null);
        for (const value of Object.values(variables)) {
          expect(value).not.toBe("");
          expect(value).not.toMatch(/[\n\r\t]| {5}/);
        }
        expect(variables[3]).toBe(LINK);
        const { 5: _, ...shown } = variables;
        expect(Object.values(shown).join("").length + 160).toBeLessThanOrEqual(1_024);
      }),
    );
  });

  test("that a question is over is the operator's own, or there is none", () => {
    const over: Conclusion = {
      ...{ deliveryId: "dlv_1", to: "+13128471928", link: LINK, question: question(), providerId: null },
      text: "Another recipient answered: Approve",
      ending: "responded",
      choice: "Approve",
    };
    expect(overTemplate(TEMPLATES, over)).toMatchObject({
      contentSid: "HX5",
      variables: { 1: "Finance", 2: "Another recipient answered: Approve", 3: "Wire $8,400?" },
    });
    const { over: _, ...without } = TEMPLATES;
    expect(overTemplate(without, over)).toBeNull();
  });
});

test.each([
  ["a\nb", "a / b"],
  ["a\r\n\r\n  b\u2028c", "a / b / c"],
  ["a\t\tb      c", "a b c"],
  ["\u0000 \n", "-"],
])("%j becomes %j in one line", (text, line) => {
  expect(oneLine(text)).toBe(line);
});

test.each([
  ["Wire it all today", 17, "Wire it all today"],
  ["Wire it all today", 14, "Wire it all…"],
  ["Wire $8,400", 10, "Wire…"],
  ["x👩‍👩‍👧‍👦y", 6, "x…"],
  ["€1234567890", 6, "€1234…"],
])("%j in %d units is %j", (line, room, short) => {
  expect(shortened(line, room)).toBe(short);
});

test.each([
  ["ours", `${TOKEN}.1`, { kind: "tap", token: TOKEN, option: 1, by: "+13128471928", via: "whatsapp" }],
  ["somebody else's", "yes", null],
  ["a number behind no dot", TOKEN, null],
  ["none", "", null],
])("a payload that is %s", (_what, payload, tap) => {
  expect(tapIn(new URLSearchParams({ ButtonPayload: payload }), "+13128471928")).toEqual(tap as never);
});
