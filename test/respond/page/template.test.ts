import { expect, test } from "bun:test";
import { languages } from "../../../src/respond/languages/index.ts";
import { pageScript, pageStyle } from "../../../src/respond/page/assets.ts";
import { renderPage } from "../../../src/respond/page/render.ts";
import { templateVersion, versionOf } from "../../../src/respond/page/template.ts";

const parts = { style: pageStyle.text, script: pageScript.text, languages, render: renderPage };

test("a template's version is a digest of what pages are made of, and the same each time", () => {
  expect(templateVersion()).toMatch(/^sha256:[0-9a-f]{64}$/);
  expect([versionOf(parts), versionOf(parts)]).toEqual([templateVersion(), templateVersion()]);
});

test("a character of the style, the script, any text of any language or any markup makes another version", () => {
  const changed = [
    { ...parts, style: `${parts.style} ` },
    { ...parts, script: `${parts.script}\n` },
    ...languages.flatMap((language, place) =>
      Object.entries(language)
        .filter(([name]) => name !== "tag")
        .map(([name, text]) => ({
          ...parts,
          languages: languages.with(place, { ...language, [name]: `${text}.` }),
        })),
    ),
    ...["<h2>", "<button ", ' class="mark"', "</footer>", "data-sending", " lang=", "en-GB"].map((markup) => ({
      ...parts,
      render: (view: Parameters<typeof renderPage>[0]) => ({
        html: renderPage(view).html.replaceAll(markup, `${markup}\u200a`),
      }),
    })),
  ];
  const versions = changed.map(versionOf);
  expect(changed.length).toBeGreaterThan(200);
  expect(new Set([templateVersion(), ...versions]).size).toBe(changed.length + 1);
});
