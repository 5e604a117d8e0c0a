import { describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { en } from "../../../src/respond/languages/en.ts";
import { languages } from "../../../src/respond/languages/index.ts";

const placeholders = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(String).sort();

describe.each(languages.map((wording) => [wording.tag, wording] as const))("the wording in %s", (tag, wording) => {
  test("has the very same texts as English, with the same values in them", () => {
    expect(Object.keys(wording).sort()).toEqual(Object.keys(en).sort());
    for (const [name, english] of Object.entries(en)) {
      const text: string = wording[name as keyof typeof wording];
      expect(typeof text).toBe(typeof english);
      expect(text.trim()).toBe(text);
      expect(text).not.toBe("");
      expect({ name, placeholders: placeholders(text) }).toEqual({ name, placeholders: placeholders(english) });
    }
  });

  test("is a language of its own that times can be written in", () => {
    expect(Intl.DateTimeFormat.supportedLocalesOf(tag)).toEqual([tag]);
    expect(languages.filter((other) => other.tag === tag)).toHaveLength(1);
  });

  test("raises its voice nowhere", () => {
    for (const text of Object.values(wording)) expect(text).not.toMatch(/[!¡]/);
  });
});

test("every language file is spoken", () => {
  const folder = new URL("../../../src/respond/languages", import.meta.url).pathname;
  const files = readdirSync(folder).filter((file) => !["index.ts", "wording.ts"].includes(file));
  expect(files.sort()).toEqual(languages.map((wording) => `${wording.tag}.ts`).sort());
});

test("English, Spanish, German, French, Portuguese and Arabic are there, and only Arabic runs from the right", () => {
  expect(languages.map((wording) => wording.tag).sort()).toEqual(["ar", "de", "en", "es", "fr", "pt"]);
  expect(languages.filter((wording) => wording.direction === "rtl").map((wording) => wording.tag)).toEqual(["ar"]);
});
