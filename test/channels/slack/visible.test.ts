import { describe, expect, test } from "bun:test";
import { pieces, shortened, visibleText } from "../../../src/channels/slack/visible.ts";

describe("a text in which nothing hides", () => {
  test.each([
    ["Pay \u202E001,1 €", "Pay [U+202E]001,1 €"],
    ["Pay\u200B\u200B\u200B now", "Pay[U+200B ×3] now"],
    ["\u2066a\u2069", "[U+2066]a[U+2069]"],
    ["a\u0000b\u001Bc\u007Fd\u0085e", "a[U+0000]b[U+001B]c[U+007F]d[U+0085]e"],
    ["a\rb", "a[U+000D]b"],
    ["a\u2028b\u2029c", "a[U+2028]b[U+2029]c"],
    ["a\uFEFFb\u00ADc\u034Fd\u3164e\u2800f\uFFFCg", "a[U+FEFF]b[U+00AD]c[U+034F]d[U+3164]e[U+2800]f[U+FFFC]g"],
    ["a\uD800b", "a[U+D800]b"],
    ["x\u{E0041}\u{E0042}", "x[U+E0041][U+E0042]"],
    ["a\u200Db", "a[U+200D]b"],
    [`Z${"\u0335".repeat(40)}`, `Z${"\u0335".repeat(6)}[U+0335 ×34]`],
  ])("%j is shown as %j", (text, shown) => {
    expect(visibleText(text)).toBe(shown);
  });

  test.each([
    "Two lines\nand a\ttab",
    "👨‍👩‍👧 🏳️‍🌈 ❤️ ☎︎ 1️⃣ 👍🏽 🏴󠁧󠁢󠁥󠁮󠁧󠁿 🇩🇪",
    "می‌خواهم", // Persian, with a non-joiner
    "क्‍ष", // Devanagari, with a joiner
    "葛󠄀城", // a Han variant, as in names
    "שָׁלוֹם ‚naïve‘ 你好 Ω",
  ])("%j stays as it is", (text) => {
    expect(visibleText(text)).toBe(text);
  });

  test("line ends of Windows become line feeds", () => {
    expect(visibleText("a\r\nb")).toBe("a\nb");
  });

  test("a hostile text of any shape takes no time", () => {
    for (const text of [
      "\u200D".repeat(50_000),
      "\u0335".repeat(50_000),
      "👨‍".repeat(20_000),
      "a\u200B".repeat(25_000),
    ]) {
      expect(visibleText(text)).not.toMatch(/[\u200B]/);
    }
  });
});

describe("a text in pieces", () => {
  test("loses nothing but the spaces it was cut at", () => {
    const text = Array.from({ length: 400 }, (_, index) => `word${index}`).join(" ");
    const cut = pieces(text, 500);
    expect(cut.length).toBeGreaterThan(4);
    expect(cut.every((piece) => Buffer.byteLength(piece) <= 500)).toBe(true);
    expect(cut.join(" ")).toBe(text);
  });

  test("is never cut inside an emoji", () => {
    const family = "👨‍👩‍👧";
    const cut = pieces(family.repeat(100), 100);
    expect(cut.join("")).toBe(family.repeat(100));
    expect(cut.every((piece) => piece.length % family.length === 0)).toBe(true);
  });

  test("is cut inside a character that has no end", () => {
    const cut = pieces(`e${"\u0301".repeat(1_000)}`, 99);
    expect(cut.every((piece) => Buffer.byteLength(piece) <= 99)).toBe(true);
    expect(cut.join("")).toHaveLength(1_001);
  });

  test("has no empty ones, which Slack refuses", () => {
    expect(pieces("", 10)).toEqual([]);
    expect(pieces(" \n ", 10)).toEqual([]);
  });
});

test("a shortened text says so, within its length", () => {
  expect(shortened("abcdef", 6)).toBe("abcdef");
  expect(shortened("abcdefg", 6)).toBe("abcde…");
  expect(shortened("👨‍👩‍👧👨‍👩‍👧", 6)).toBe("👨‍👩‍👧…");
});
