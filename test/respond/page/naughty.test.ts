import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync } from "node:fs";
import { renderPage } from "../../../src/respond/page/render.ts";
import { noBrowser, openBrowser, type TestBrowser } from "../../support/browser.ts";
import { asked } from "./samples.ts";

const VECTORS = new URL("../../../../shared/vectors/naughty-strings/blns.json", import.meta.url).pathname;
const reason = existsSync(VECTORS) ? noBrowser : `there is no ${VECTORS}`;
const name = reason ? `the big list of naughty strings (skipped: ${reason})` : "the big list of naughty strings";
setDefaultTimeout(60_000);

describe.skipIf(reason !== null)(name, () => {
  let browser: TestBrowser;
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser?.close());

  test("every string is shown whole, as message, detail and option, and makes no element", async () => {
    const strings = [...new Set((await Bun.file(VECTORS).json()) as string[])];
    const pages = strings.map((text) => {
      const { html } = renderPage(
        asked({ message: text, options: [text], details: { [`l${text}`]: text }, timeoutDefault: text }),
      );
      return html;
    });
    const context = await browser.context();
    const page = await context.newPage();
    const read = (await page.evaluate(`(${READ})(${JSON.stringify(pages)})`)) as Read[];
    await context.close();

    const [plain] = read;
    expect(read).toHaveLength(strings.length);
    expect(strings.length).toBeGreaterThanOrEqual(500);
    for (const [index, text] of strings.entries()) {
      // A line end of another computer is shown as a line end.
      const shown = text.replaceAll("\r\n", "\n");
      const expected: Read = {
        elements: plain?.elements ?? [],
        message: shown,
        label: `l${shown}`,
        detail: shown,
        value: text,
        option: shown,
        otherwise: shown,
      };
      expect(read[index]).toEqual(expected);
    }
    console.log(`naughty strings: ${strings.length} shown`);
  });
});

interface Read {
  readonly elements: readonly string[];
  readonly message: string;
  readonly label: string;
  readonly detail: string;
  readonly value: string;
  readonly option: string;
  readonly otherwise: string;
}

/** In the browser: parses each page, counts its elements but for marks, and reads the text back with marks decoded. */
const READ = `(pages) => pages.map((html) => {
  const page = new DOMParser().parseFromString(html, "text/html");
  for (const mark of page.querySelectorAll(".mark")) {
    const [, code, count] = /^U\\+([0-9A-F]+)(?: ×(\\d+))?$/.exec(mark.textContent);
    mark.replaceWith(String.fromCodePoint(parseInt(code, 16)).repeat(Number(count ?? 1)));
  }
  const text = (selector) => page.querySelector(selector).textContent;
  return {
    elements: [...page.querySelectorAll("*")].map((element) => 
      // Only a value's alignment depends on the text: on its length.
      element.tagName + (element.tagName === "TD" ? "" : "[" + element.getAttributeNames() + "]")),
    message: text("blockquote"),
    label: text("th"),
    detail: text("td"),
    value: page.querySelector("button").value,
    option: text("button"),
    otherwise: text(".when p:last-child b"),
  };
})`;
