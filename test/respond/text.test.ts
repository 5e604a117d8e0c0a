import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { measure } from "../../src/platform/sms/segments.ts";
import { composeText } from "../../src/respond/text.ts";

const TEMPLATE = "{project}: {message}\n\nAnswer: {link}";
const link = `https://approve.example.com/r/${"a".repeat(52)}`;
const LONGEST = 1_600;

const text = (message: string, template = TEMPLATE, project = "PausePoint") =>
  composeText(template, { message, link, project }, { segments: null });
/** What stands in the place of the message. */
const kept = (message: string) => text(message).slice("PausePoint: ".length, -`\n\nAnswer: ${link}`.length);
const graphemes = (whole: string) =>
  [...new Intl.Segmenter("en", { granularity: "grapheme" }).segment(whole)].map(({ segment }) => segment);

describe("the text of a message", () => {
  test("is the template with the message, the link and the project in their places", () => {
    expect(text("Deploy?")).toBe(`PausePoint: Deploy?\n\nAnswer: ${link}`);
    expect(text("Deploy?", "{link} asks: {message}")).toBe(`${link} asks: Deploy?`);
  });

  test("takes what people wrote as it is, also where it looks like a place in the template", () => {
    expect(text("{link} {project} {message} $& $1", "{message} {link} {project}", "{message} $`")).toBe(
      `{link} {project} {message} $& $1 ${link} {message} $\``,
    );
  });

  test("stays whole up to 1,600 UTF-16 units and is cut above", () => {
    const room = LONGEST - text("").length;
    expect(kept("x".repeat(room))).toBe("x".repeat(room));
    expect(text("x".repeat(room))).toHaveLength(LONGEST);
    expect(kept("x".repeat(room + 1))).toBe(`${"x".repeat(room - 3)}...`);
  });

  test("is cut between two characters as a person sees them", () => {
    const family = "👨‍👩‍👧‍👦";
    const cut = kept(family.repeat(200));
    expect(cut).toBe(`${family.repeat(Math.floor((LONGEST - text("").length - 3) / family.length))}...`);
  });

  test("ends in no blank before the dots", () => {
    expect(kept(`${"x".repeat(1_400)}${" ".repeat(150)}${"y".repeat(100)}`)).toBe(`${"x".repeat(1_400)}...`);
  });

  test("takes further places, and leaves alone what is none", () => {
    const parts = { message: "Deploy?", link, project: "P", reply: "Or reply: K7 1" };
    expect(composeText("{message} {reply} {other} { {link}", parts, { segments: 2 })).toBe(
      `Deploy? Or reply: K7 1 {other} { ${link}`,
    );
  });

  test("stays within the segments that are wished for", () => {
    const message = "Refund the customer after the third complaint about the late parcel. ".repeat(10);
    for (const segments of [2, 3, 4]) {
      const composed = composeText(TEMPLATE, { message, link, project: "PausePoint" }, { segments });
      expect(measure(composed).segments).toBe(segments);
      expect(composed).toEndWith(`...\n\nAnswer: ${link}`);
    }
  });

  test("is written plainly around the message too, but the link stays as it is", () => {
    const odd = "https://approve.example.com/r/–’";
    const parts = { message: "Deploy? ".repeat(12).trim(), link, project: "Müller’s" };
    const template = "{project} – {message}\n\nAnswer: {link}";
    const plainly = `Müller's - ${parts.message}\n\nAnswer: ${link}`;
    expect(composeText(template, parts, { segments: 2 })).toBe(plainly);
    expect(composeText(template, { ...parts, link: odd }, { segments: 2 })).toEndWith(odd);
  });

  test("is never longer than a carrier takes, and the link in it is never cut, for any message", () => {
    const pieces = fc.oneof(
      fc.string({ unit: "grapheme", maxLength: 1_600 }),
      fc.string({ unit: "binary", maxLength: 1_600 }),
      fc.constantFrom(
        "👩🏽‍🚀".repeat(300),
        "e\u0301".repeat(900),
        "🇩🇪".repeat(400),
        "ก็".repeat(800),
        `${"z".repeat(1_430)}👩🏽‍🚀👩🏽‍🚀👩🏽‍🚀👩🏽‍🚀👩🏽‍🚀👩🏽‍🚀`,
      ),
    );
    fc.assert(
      fc.property(fc.array(pieces, { minLength: 1, maxLength: 4 }), (parts) => {
        const message = parts.join("");
        const whole = text(message);
        expect(whole.length).toBeLessThanOrEqual(LONGEST);
        expect(whole.startsWith("PausePoint: ")).toBe(true);
        expect(whole.endsWith(`\n\nAnswer: ${link}`)).toBe(true);
        const shown = kept(message);
        if (shown === message) return;
        expect(shown.endsWith("...")).toBe(true);
        const start = shown.slice(0, -3);
        const all = graphemes(message);
        const count = graphemes(start).length;
        expect(all.slice(0, count).join("")).toBe(start);
      }),
      { numRuns: 60 },
    );
  });
});
