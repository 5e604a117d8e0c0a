import { expect, test } from "bun:test";
import { chooseLanguage } from "../../../src/respond/page/language.ts";

test.each([
  ["no header", null, "en"],
  ["an empty header", "", "en"],
  ["a language we speak", "de", "de"],
  ["a region of it, kept for the times", "en-GB", "en-GB"],
  ["letters of any case", "DE-ch", "de-CH"],
  ["a browser's usual list", "fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5", "fr-CH"],
  ["the highest quality, not the first place", "en;q=0.5,es;q=0.8,de;q=0.7", "es"],
  ["the first of equals", "pt,es", "pt"],
  ["a script subtag is cut off", "ar-Arab-EG", "ar-EG"],
  ["extensions do not reach the page", "de-DE-u-ca-buddhist-nu-thai", "de-DE"],
  ["the next one when we do not speak the first", "ja,nl;q=0.9,pt-BR;q=0.3", "pt-BR"],
  ["none that we speak", "ja,nl", "en"],
  ["anything", "*", "en"],
  ["anything but English", "en;q=0,*", "es"],
  ["not the one ruled out", "de;q=0, de-AT, fr;q=0.1", "fr"],
  ["white space as the grammar allows it", " \tes ;\tq=0.3 ,\t fr ; q=0.4 ", "fr"],
  ["empty list elements", ",,de,,", "de"],
  ["malformed ranges are passed over", "de;q=2, fr;q=0.12345, es;level=1, <b>, pt;q=0.1", "pt"],
  ["a prefix that is no subtag", "deutsch, english", "en"],
])("chooses by %s", (_, header, locale) => {
  expect(chooseLanguage(header).locale).toBe(locale);
  expect(locale.startsWith(chooseLanguage(header).wording.tag)).toBe(true);
});

test("a header of many thousand ranges is not read to its end", () => {
  expect(chooseLanguage(`${"ja,".repeat(5_000)}de`).locale).toBe("en");
});
