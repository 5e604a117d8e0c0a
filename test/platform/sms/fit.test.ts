import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type FitOptions, fit, LEAST } from "../../../src/platform/sms/fit.ts";
import { isGsm7 } from "../../../src/platform/sms/gsm7.ts";
import { plain } from "../../../src/platform/sms/plain.ts";
import { measure } from "../../../src/platform/sms/segments.ts";

const LINK = `https://approve.example.com/r/${"a".repeat(52)}`;
const HEAD = "PausePoint: ";
const TAIL = `\n\nAnswer: ${LINK}`;

const fitted = (message: string, options: Partial<FitOptions> = {}) =>
  fit(message, (shown) => `${HEAD}${shown}${TAIL}`, {
    segments: 2,
    longest: 1_600,
    transliterate: false,
    ...options,
  });
const shown = (message: string, options: Partial<FitOptions> = {}) =>
  fitted(message, options).slice(HEAD.length, -TAIL.length);
const graphemes = (text: string) => [...new Intl.Segmenter("en").segment(text)].map(({ segment }) => segment);

describe("a message that is too long for two segments", () => {
  const words = "Refund the customer after the third complaint about the late parcel. ".repeat(8);

  test("is cut at the end of a word, and the text stays within two", () => {
    const text = fitted(words);
    expect(measure(text).segments).toBe(2);
    expect(measure(text).unitsLeft).toBeLessThan(20);
    expect(shown(words)).toEndWith("...");
    const start = shown(words).slice(0, -3);
    expect(words.startsWith(`${start} `)).toBe(true);
  });

  test("is cut between two characters where no word ends nearby", () => {
    const text = fitted("x".repeat(400));
    expect(measure(text)).toMatchObject({ segments: 2, unitsLeft: 0 });
  });

  test("keeps as much as one segment or ten have room for", () => {
    expect(measure(fitted(words, { segments: 1 })).segments).toBeGreaterThan(1);
    expect(measure(fitted(words.repeat(4), { segments: 5 })).segments).toBe(5);
    expect(shown(words, { segments: 10 })).toBe(words);
  });

  test("takes a segment more where less than a sentence would be left", () => {
    // Cyrillic: two segments would leave 32 characters beside the link.
    const message = "Разрешить возврат денег клиенту после третьей жалобы на опоздание посылки? ".repeat(4);
    const text = fitted(message);
    expect(measure(text)).toMatchObject({ encoding: "UCS-2", segments: 3 });
    expect(graphemes(shown(message)).length).toBeGreaterThanOrEqual(LEAST);
  });

  test("is shown whole, whatever it costs, when it is short", () => {
    const message = "Разрешить возврат денег клиенту после третьей жалобы?";
    expect(message.length).toBeLessThan(LEAST);
    expect(shown(message)).toBe(message);
    expect(measure(fitted(message)).segments).toBe(3);
  });

  test("is cut before what makes the whole text dear", () => {
    const message = `${"Delete the old backups of the staging server. ".repeat(3)}${"Thanks ".repeat(12)}🙏`;
    const text = fitted(message);
    expect(measure(text)).toMatchObject({ encoding: "GSM-7", segments: 2 });
    expect(shown(message)).not.toContain("🙏");
  });

  test.each([
    ["Pay ", "1,200,000 EUR"],
    ["Pay ", "1 200 000 €"],
    ["Pay ", "€ 1.200.000"],
    ["Pay ", "$1,200 per hour"],
  ])("never ends in half an amount: %p%p", (before, amount) => {
    for (let length = 150; length < 230; length++) {
      const lead = `${"The invoice of the supplier is due. ".repeat(8).slice(0, length)} ${before}`;
      const cut = shown(`${lead}${amount} to the supplier. ${"Yes. ".repeat(30)}`);
      expect(cut).not.toMatch(/[\d€$][\d.,]*\.\.\.$/);
    }
  });

  test("is cut inside a number only where there is nothing else", () => {
    expect(shown("7".repeat(400))).toMatch(/^7{150,}\.\.\.$/);
  });
});

describe("typographic characters", () => {
  test("are written plainly where that saves a segment", () => {
    const message = `Delete “staging-2” – the client’s own copy? ${"Yes. ".repeat(20)}`;
    expect(shown(message)).toBe(`Delete "staging-2" - the client's own copy? ${"Yes. ".repeat(20)}`);
    expect(measure(fitted(message))).toMatchObject({ encoding: "GSM-7", segments: 2 });
  });

  test("stay where it saves nothing, since another character needs UCS-2 all the same", () => {
    expect(shown("“Да” – 👍?")).toBe("“Да” – 👍?");
  });

  test("stay where segments do not count", () => {
    expect(shown("“Yes” – or no?", { segments: null })).toBe("“Yes” – or no?");
  });

  test("letters keep their accents, unless it was asked for", () => {
    const message = "Köçek’in çağrısı? ".repeat(5);
    expect(shown(message)).toBe(message);
    expect(shown(message, { transliterate: true })).toBe("Köcek'in cagrisi? ".repeat(5));
  });
});

describe("for any message", () => {
  const messages = fc
    .array(
      fc.oneof(
        fc.string({ unit: "grapheme", maxLength: 200 }),
        fc.string({ unit: "binary", maxLength: 200 }),
        fc
          .constantFrom("word ", "“quoted” ", "1,200 € ", "👩🏽‍🚀", "e\u0301", "ж", "[x] ", "\n", "不")
          .chain((piece) => fc.integer({ min: 1, max: 120 }).map((times) => piece.repeat(times))),
      ),
      { minLength: 1, maxLength: 6 },
    )
    .map((parts) => parts.join(""));

  test("the text has the link and a true start of the message, and never more than 1,600 units", () => {
    fc.assert(
      fc.property(messages, fc.integer({ min: 1, max: 10 }), fc.boolean(), (message, segments, transliterate) => {
        const text = fitted(message, { segments, transliterate });
        expect(text.length).toBeLessThanOrEqual(1_600);
        expect(text.startsWith(HEAD) && text.endsWith(TAIL)).toBe(true);
        if (transliterate) return;
        const inside = text.slice(HEAD.length, -TAIL.length);
        if (inside === message || (inside === plain(message) && isGsm7(text))) return;
        expect(inside.endsWith("...")).toBe(true);
        const start = graphemes(inside.slice(0, -3));
        const isStartOf = (whole: string) =>
          graphemes(whole).slice(0, start.length).join("") === inside.slice(0, -3) && whole.length > inside.length - 3;
        expect(isStartOf(message) || (isGsm7(text) && isStartOf(plain(message)))).toBe(true);
        // The wish is given up only where too little would be left; then at least a sentence is.
        if (measure(text).segments > segments) expect(start.length).toBeGreaterThanOrEqual(LEAST);
      }),
      { numRuns: 200 },
    );
  });
});
