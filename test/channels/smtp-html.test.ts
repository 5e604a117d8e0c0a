import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import axe from "axe-core";
import type { Page } from "playwright-core";
import type { Conclusion } from "../../src/channels/channel.ts";
import { askingHtml, overHtml } from "../../src/channels/smtp/html.ts";
import { noBrowser, openBrowser, type TestBrowser } from "../support/browser.ts";
import { asking, LINK, PERSON, question } from "./smtp-parts.ts";

setDefaultTimeout(60_000);

/** Everything long and hostile at once. */
const extreme = {
  ...question,
  project: "P".repeat(60),
  message: `${"unbroken".repeat(60)}\u202E\n\n  indented\u200B${"\u0301".repeat(40)} שלום`,
  options: ["O".repeat(60), "قبول", "Reject"],
  details: [
    ["L".repeat(60), "V".repeat(500)],
    ["Note", "one\ntwo"],
  ] as const,
  isTest: true,
};
const over: Conclusion = {
  ...{ deliveryId: asking.deliveryId, to: PERSON, link: LINK, question: extreme, providerId: null },
  ...{ text: "Withdrawn.", ending: "cancelled", choice: null },
};
const parts = {
  "a question": askingHtml(question, LINK, "Approval needed"),
  "an extreme question": askingHtml(extreme, `${LINK}${"x".repeat(300)}`, "Approval needed"),
  "a conclusion": overHtml(over, "No answer needed"),
};

describe.skipIf(noBrowser !== null)(`the HTML part in Chromium${noBrowser ? ` (skipped: ${noBrowser})` : ""}`, () => {
  let browser: TestBrowser;
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser?.close());

  /** Shows the part as a mail client would: without script of its own, and with no way to fetch anything. */
  async function show(html: string, width: number, colorScheme: "light" | "dark", use: (page: Page) => Promise<void>) {
    const context = await browser.context({ viewport: { width, height: 844 }, colorScheme });
    try {
      const page = await context.newPage();
      const requested: string[] = [];
      page.on("request", (request) => requested.push(request.url()));
      await page.setContent(html);
      await use(page);
      expect(requested).toEqual([]);
    } finally {
      await context.close();
    }
  }

  describe.each(Object.entries(parts))("of %s", (_, html) => {
    test.each([
      [320, "light"],
      [390, "dark"],
      [600, "light"],
    ] as const)("fits %d px, and axe finds nothing, in %s colours", async (width, scheme) => {
      await show(html, width, scheme, async (page) => {
        expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(width);
        await page.addScriptTag({ content: axe.source });
        // A mail is shown inside a client's own page, which has the landmarks.
        const rules = { region: { enabled: false }, "landmark-one-main": { enabled: false } };
        const { violations } = await page.evaluate<axe.AxeResults>(`axe.run(document, ${JSON.stringify({ rules })})`);
        expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
      });
    });
  });

  test("has one large button, dark on light in the dark and light on dark otherwise", async () => {
    const look = async (page: Page) => {
      const link = page.getByRole("link", { name: "See and answer" });
      expect(await link.getAttribute("href")).toBe(LINK);
      const box = await link.boundingBox();
      expect(box?.height).toBeGreaterThanOrEqual(56);
      expect(box?.width).toBeGreaterThanOrEqual(340);
      const style = (element: string, property: string) =>
        page.evaluate<string>(`getComputedStyle(document.querySelector("${element}")).${property}`);
      return [await style(".button a", "color"), await style(".button", "backgroundColor")];
    };
    await show(parts["a question"], 390, "light", async (page) => {
      expect(await look(page)).toEqual(["rgb(255, 255, 255)", "rgb(51, 72, 92)"]);
    });
    await show(parts["a question"], 390, "dark", async (page) => {
      expect(await look(page)).toEqual(["rgb(19, 22, 25)", "rgb(143, 169, 194)"]);
    });
  });

  test("shows the asker's words with their line breaks, and hidden characters by their code", async () => {
    await show(parts["an extreme question"], 390, "light", async (page) => {
      const words = await page.locator(".fence div").innerText();
      expect(words).toContain("U+202E\n\n  indentedU+200B");
      expect(words).toContain("U+0301 ×34");
      expect(await page.getByText("U+202E", { exact: true }).getAttribute("title")).toBe("hidden character U+202E");
    });
  });
});
