import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { composeText } from "../../src/respond/text.ts";

const TEMPLATE = "{project}: {message}\n\nAnswer: {link}";
const link = `https://approve.example.com/r/${"a".repeat(52)}`;
const LONGEST = 1_600;

const text = (message: string, template = TEMPLATE, project = "PausePoint") =>
  composeText(template, { message, link, project });
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
