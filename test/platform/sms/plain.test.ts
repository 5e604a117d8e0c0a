import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { isGsm7, septetsOf } from "../../../src/platform/sms/gsm7.ts";
import { plain, transliterated } from "../../../src/platform/sms/plain.ts";

describe("the plain spelling", () => {
  test.each([
    ["“Don’t” – really…", `"Don't" - really...`],
    ["« oui » ‚no‘ `rm -rf`", `" oui " 'no' 'rm -rf'`],
    ["1\u202f200\u00a0€\u2009net\u3000x\ty", "1 200 € net x y"],
    ["v1 → v2 • v3", "v1 -> v2 * v3"],
    ["a\u200bb\ufeffc\u00add\u202ee", "abcde"],
    ["one\u2028two", "one\ntwo"],
    ["−5 °C", "-5 °C"],
    ["e\u0301te\u0301", "été"],
  ])("of %p is %p", (text, expected) => {
    expect(plain(text)).toBe(expected);
  });

  test("leaves letters, digits, currencies, mathematical signs and emoji as they are, in every script", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const kept = (some: string) => some.normalize("NFC").match(/[\p{L}\p{N}\p{Sc}\p{So}×÷±≤≥≠≈%]/gu);
        // The two primes and the modifier apostrophe count as letters or punctuation by turns; they become quotes.
        expect(kept(plain(text))).toEqual(kept(text.replaceAll("\u02bc", "")));
      }),
    );
    expect(plain("١٢ ٥٪ ₹5 ≤ 6 Ж 你 👍 ½ ™")).toBe("١٢ ٥٪ ₹5 ≤ 6 Ж 你 👍 ½ ™");
  });

  test("is its own plain spelling", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => plain(plain(text)) === plain(text)));
  });
});

describe("letters without accents", () => {
  const letters = (text: string) => transliterated(text, (character) => septetsOf(character) !== null);

  test("lose those that the GSM alphabet lacks, and keep those that it has", () => {
    expect(letters("Škoda ç çé ñ Łódź œuvre İı ắ")).toBe("Skoda c cé ñ Lodz oeuvre Ii a");
    expect(isGsm7(letters("Příliš žluťoučký kůň"))).toBe(true);
  });

  test("of other scripts, digits and signs stay", () => {
    expect(letters("Жй 東 ₹ ½ 👍 ที่ ά")).toBe("Жй 東 ₹ ½ 👍 ที่ ά");
  });
});
