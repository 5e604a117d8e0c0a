import { describe, expect, test } from "bun:test";
import { hostileText } from "../../../src/respond/page/hostile.ts";
import { decodeMarks } from "./decode.ts";

const show = (text: string) => hostileText(text, "hidden character {code}");
const marksIn = (text: string) => [...show(text).matchAll(/>(U\+[^<]+)<\/span>/g)].map((match) => match[1]);
const untouched = (text: string) => expect(show(text)).toBe(text);

describe("what hides is shown", () => {
  test("a direction override stands as a mark with a name for screen readers", () => {
    expect(show("pay \u202Exe")).toBe(
      'pay <span class="mark" role="img" title="hidden character U+202E">U+202E</span>xe',
    );
  });

  test.each([
    ["bidi controls", "\u202A\u202B\u202C\u202D\u202E\u2066\u2067\u2068\u2069\u200E\u200F\u061C"],
    ["zero-width characters", "a\u200Bb\u200Cc\u200Dd\uFEFFe\u2060f\u180Eg"],
    ["soft hyphen, grapheme joiner and fillers", "a\u00ADb\u034Fc\u3164d\uFFA0e\u115Ff\u2800g"],
    ["C0 and C1 controls, a lone carriage return too", "\0a\u0007b\rc\u001Bd\u007Fe\u0085f\u009Fg"],
    ["tags without a flag", "\u{1F3F4}\u{E0078}\u{E007F}a\u{E0041}\u{E0001}"],
    ["variation selectors with nothing to vary", "a\uFE0Fb\u{E0101}\u{1F600}\uFE0F\u{E01EF}\uFE01"],
    ["line and paragraph separators", "a\u2028b\u2029c"],
    ["lone surrogates and noncharacters", "a\uD800b\uDFFFc\uFFFEd\u{1FFFF}"],
    ["joiners between Latin letters, doubled, or at the edge", "\u200Dpay\u200Dpal\u200C\u200D"],
    ["a break between Latin letters", "a\u200Bb"],
  ])("%s", (_, text) => {
    const invisible = [...text].filter((character) =>
      /[^\p{L}\u{1F600}\u{1F3F4}]|[\u3164\uFFA0\u115F]/u.test(character),
    );
    const kept = text.includes("\u{1F600}\uFE0F") ? 1 : 0;
    expect(marksIn(text)).toHaveLength(invisible.length - kept);
    expect(decodeMarks(show(text))).toBe(text);
  });

  test("a run of the same character is one mark with its count", () => {
    expect(marksIn(`a${"\u200B".repeat(1_600)}b`)).toEqual(["U+200B ×1600"]);
    expect(decodeMarks(show(`a${"\u{E0041}".repeat(3)}`))).toBe(`a${"\u{E0041}".repeat(3)}`);
  });

  test("marks piled on one letter are told rather than stacked out of sight", () => {
    const pile = `a${"\u0301".repeat(1_598)}\u0489`;
    expect(show(pile)).toStartWith(`a${"\u0301".repeat(6)}<span`);
    expect(marksIn(pile)).toEqual(["U+0301 ×1592", "U+0489"]);
    expect(decodeMarks(show(pile))).toBe(pile);
  });
});

describe("what is written honestly is left alone", () => {
  test("line breaks and tabs, of every kind of computer", () => {
    expect(show("a\n\tb\r\nc")).toBe("a\n\tb\nc");
  });

  test("emoji: families, skin tones, keycaps, flags of countries and of England", () => {
    untouched("👨‍👩‍👧‍👦 👩🏽‍💻 ❤️ 1️⃣ 🏳️‍🌈 🇩🇪 🏴󠁧󠁢󠁥󠁮󠁧󠁿 ☎︎ 🤷🏾‍♀️");
  });

  test("a joiner inside a word of Persian, Hindi, Malayalam or Sinhala", () => {
    untouched("می‌خواهم क्‍ष അവന്‍ ශ්‍රී");
  });

  test("word breaks in Khmer and Thai, Japanese name variants, Arabic number signs", () => {
    untouched("សួស្តី\u200Bពិភព ไทย\u200Bแลนด์ 葛\u{E0100} \u0600١٢");
  });

  test("letters that look alike, spaces that are wide, and as many marks on a letter as a script needs", () => {
    untouched("аррӏе\u00A0\u3000Việt בְּרֵאשִׁ֖ית བསྒྲུབས Z\u0335\u0321\u031B\u0359\u0316\u030A");
  });
});

test("markup is escaped around a mark", () => {
  expect(show("<b>\u200B</b>")).toBe(
    '&lt;b&gt;<span class="mark" role="img" title="hidden character U+200B">U+200B</span>&lt;/b&gt;',
  );
});
