import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import axe from "axe-core";
import type { BrowserContextOptions, Page } from "playwright-core";
import type { PageView } from "../../../src/respond/view.ts";
import { noBrowser, openBrowser, type TestBrowser } from "../../support/browser.ts";
import { type PageServer, servePages } from "./page-server.ts";
import { asked, open, states, viewOf } from "./samples.ts";

const PHONE = { width: 390, height: 844 };
const name = noBrowser ? `the answer page in Chromium (skipped: ${noBrowser})` : "the answer page in Chromium";
setDefaultTimeout(60_000);

describe.skipIf(noBrowser !== null)(name, () => {
  let browser: TestBrowser;
  let server: PageServer;
  beforeAll(async () => {
    browser = await openBrowser();
    server = servePages();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });

  /** Runs `use` on a fresh page, and fails on anything that the browser complained about, a breach of the policy above all. */
  async function onPage(options: BrowserContextOptions, use: (page: Page) => Promise<void>): Promise<void> {
    const context = await browser.context({ viewport: PHONE, locale: "en-US", timezoneId: "Asia/Tokyo", ...options });
    try {
      const page = await context.newPage();
      const complaints: string[] = [];
      page.on("console", (message) => complaints.push(message.text()));
      page.on("pageerror", (error) => complaints.push(String(error)));
      await use(page);
      expect(complaints).toEqual([]);
    } finally {
      await context.close();
    }
  }

  const show = async (page: Page, view: PageView) => {
    const address = server.show(view);
    await page.goto(address);
    return address;
  };
  const topOf = async (page: Page, selector: string) => (await page.locator(selector).first().boundingBox())?.y ?? -1;

  describe.each(["light", "dark"] as const)("in %s colours", (colorScheme) => {
    test.each(["en", "ar"])("axe finds nothing in any state, in %s", async (language) => {
      await onPage({ colorScheme }, async (page) => {
        for (const [name, state] of Object.entries(states)) {
          await show(page, viewOf(state, { acceptLanguage: language, test: true, accent: "#7a2e3a" }));
          expect({ name, violations: await violations(page) }).toEqual({ name, violations: [] });
        }
      });
    });

    test("axe finds nothing in the other languages, nor in hostile text", async () => {
      await onPage({ colorScheme }, async (page) => {
        for (const acceptLanguage of ["es", "de", "fr", "pt"]) {
          await show(page, viewOf(states["open-comment"]!, { acceptLanguage }));
          expect({ acceptLanguage, violations: await violations(page) }).toEqual({ acceptLanguage, violations: [] });
        }
        for (const view of extremes) {
          await show(page, view);
          expect(await violations(page)).toEqual([]);
        }
      });
    });
  });

  test("a page is one request, of this server, and nothing is asked for beside it", async () => {
    await onPage({}, async (page) => {
      const requested: string[] = [];
      page.on("request", (request) => requested.push(request.url()));
      const before = server.requests.length;
      const addresses: string[] = [];
      for (const state of Object.values(states)) addresses.push(await show(page, viewOf(state, { logo: LOGO })));
      expect(requested.filter((url) => !url.startsWith("data:"))).toEqual(addresses);
      expect(server.requests.slice(before)).toEqual(addresses.map((url) => `GET ${new URL(url).pathname}`));
    });
  });

  test.each([320, 195, 160])("nothing scrolls sideways at a width of %d px", async (width) => {
    await onPage({ viewport: { width, height: 600 } }, async (page) => {
      for (const view of [...Object.values(states).map((state) => viewOf(state)), ...extremes]) {
        for (const acceptLanguage of ["de", "ar"]) {
          await show(page, { ...view, acceptLanguage });
          expect(await page.evaluate("document.documentElement.scrollWidth - innerWidth")).toBeLessThanOrEqual(0);
          // Nor is anything cut: text that does not fit would reach out of the box that holds it.
          expect(await page.evaluate(CUT_TEXT)).toEqual([]);
        }
      }
    });
  });

  test.each([
    ["a phone", PHONE],
    ["a small phone", { width: 320, height: 568 }],
    ["a desk", { width: 1280, height: 900 }],
  ])(
    "on %s the first option stands in the lower half of the first screen, however short the question",
    async (_, viewport) => {
      await onPage({ viewport }, async (page) => {
        for (const options of [
          ["Approve", "Reject"],
          ["OK"],
          Array.from({ length: 10 }, (_, index) => `Option ${index}`),
        ]) {
          await show(page, asked({ message: "Go?", details: {}, options, timeoutDefault: null }));
          expect(await topOf(page, "button")).toBeGreaterThanOrEqual(viewport.height / 2);
        }
      });
    },
  );

  test("on a phone both options of an ordinary question are on the first screen", async () => {
    await onPage({}, async (page) => {
      await show(page, viewOf(open));
      const last = await page.locator("button").last().boundingBox();
      expect((last?.y ?? 0) + (last?.height ?? 0)).toBeLessThanOrEqual(PHONE.height);
    });
  });

  test("options are large, apart, all alike, and as given", async () => {
    await onPage({}, async (page) => {
      const options = ["approve", "Reject everything", "später", "ß"];
      await show(page, asked({ options, timeoutDefault: "später" }));
      const boxes = await Promise.all((await page.locator("button").all()).map((button) => button.boundingBox()));
      for (const [index, box] of boxes.entries()) {
        expect(box?.height).toBeGreaterThanOrEqual(56);
        const above = boxes[index - 1];
        if (above && box) expect(box.y - above.y - above.height).toBeGreaterThanOrEqual(12);
      }
      const looks = await page.evaluate(
        '[...document.querySelectorAll("button")].map((b) => { const s = getComputedStyle(b); return [s.color, s.background, s.border, s.font, s.width].join(); })',
      );
      expect(new Set(looks as string[]).size).toBe(1);
      expect(await page.locator("button").allInnerTexts()).toEqual(options);
    });
  });

  test("no option is focused or chosen beforehand", async () => {
    await onPage({}, async (page) => {
      for (const state of ["open", "open-comment", "open-choose-one", "open-comment-too-long"]) {
        await show(page, viewOf(states[state]!));
        expect(await page.evaluate("document.activeElement === document.body")).toBe(true);
        expect(await page.locator("[autofocus], [checked], [selected]").count()).toBe(0);
      }
    });
  });

  test("a double tap submits once", async () => {
    await onPage({}, async (page) => {
      const address = await show(page, viewOf(open));
      const held = server.hold();
      const { x = 0, y = 0 } = (await page.getByRole("button", { name: "Reject" }).boundingBox()) ?? {};
      // The second tap comes when the first answer has reached the server and nothing has come back yet.
      await page.mouse.click(x + 40, y + 28);
      await held.arrived;
      await page.mouse.click(x + 40, y + 28);
      held.release();
      await page.getByText("You chose").waitFor();
      expect(server.answers(address)).toEqual([{ choice: "Reject", comment: null }]);
    });
  });

  test("a tap is on its way until the page comes back from the browser's cache, and can then be made again", async () => {
    await onPage({}, async (page) => {
      const address = await show(page, viewOf(open));
      await page.evaluate(
        'document.querySelector("form").addEventListener("submit", (event) => event.preventDefault(), { once: true })',
      );
      await page.getByRole("button", { name: "Approve" }).click();
      expect(await page.locator("[aria-disabled]").count()).toBe(2);
      expect(await page.getByRole("status").innerText()).toBe("Sending your answer…");
      await page.evaluate('dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }))');
      expect(await page.locator("[aria-disabled]").count()).toBe(0);
      await page.getByRole("button", { name: "Approve" }).click();
      await page.getByText("You chose").waitFor();
      expect(server.answers(address)).toHaveLength(1);
    });
  });

  test("without JavaScript the whole of it works, and a choice arrives exactly as it was given", async () => {
    const options = [
      `"quotes" & 'ticks' <b>`,
      "  inner   spaces  kept",
      "é e\u0301",
      "👩🏽‍💻 \u202EevorppA",
      "نعم",
      "+%41=&;#",
    ];
    await onPage({ javaScriptEnabled: false }, async (page) => {
      for (const [index, option] of options.entries()) {
        const address = await show(page, asked({ options, timeoutDefault: null, allowComment: true }));
        await page.getByRole("textbox").fill("two\nlines & <i>");
        await page.locator("button").nth(index).click();
        await page.getByText("You chose").waitFor();
        expect(page.url()).toBe(address);
        expect(server.answers(address)).toEqual([{ choice: option, comment: "two\r\nlines & <i>" }]);
      }
    });
  });

  test("a comment that was refused comes back whole, for shortening", async () => {
    const comment = `\n\n"first" </textarea><b>\r\n${"x".repeat(2_000)}`;
    await onPage({}, async (page) => {
      await show(page, viewOf({ ...states["open-comment-too-long"]!, comment } as PageView["state"]));
      expect(await page.getByRole("textbox").inputValue()).toBe(comment.replace("\r\n", "\n"));
      expect(await page.getByRole("textbox").getAttribute("aria-describedby")).toBe("error");
      expect(await page.getByRole("alert").innerText()).toContain("Nothing was recorded");
    });
  });

  test("exact times are the project's, and with script the reader's own, without a shift of the layout", async () => {
    await onPage({ javaScriptEnabled: false }, async (page) => {
      await show(page, viewOf(open));
      expect(await page.locator("time").innerText()).toMatch(/6:07\sPM\s\(Central European Standard Time\)/);
    });
    await onPage({}, async (page) => {
      await page.addInitScript(
        "globalThis.shifts = []; new PerformanceObserver((list) => shifts.push(...list.getEntries().map((e) => e.value))).observe({ type: 'layout-shift', buffered: true })",
      );
      for (const state of [open, states.answered!]) {
        await show(page, viewOf(state));
        expect(await page.locator("time").innerText()).toMatch(/[\s\S]*November [\s\S]*\(Japan Standard Time\)/);
        await page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))");
        expect(await page.evaluate("shifts")).toEqual([]);
      }
    });
  });

  test("the time left goes on while the page is open, by the server's clock and not the phone's", async () => {
    await onPage({}, async (page) => {
      await page.clock.install({ time: 0 });
      await show(page, viewOf(open));
      const left = page.locator("[data-ms]");
      expect(await left.innerText()).toBe("in 4 hours");
      await page.clock.runFor(2.5 * 3_600_000);
      expect(await left.innerText()).toBe("in 90 minutes");
      await page.clock.runFor(2 * 3_600_000);
      expect(await left.innerText()).toBe("30 minutes ago");
    });
  });

  test("in Arabic the page runs from the right, and an English question in it from the left", async () => {
    await onPage({}, async (page) => {
      await show(page, viewOf(states["open-comment"]!, { acceptLanguage: "ar" }));
      const direction = (selector: string) =>
        page.evaluate(`getComputedStyle(document.querySelector("${selector}")).direction`);
      expect(await direction("main")).toBe("rtl");
      expect(await direction("blockquote")).toBe("ltr");
      expect(await direction("td bdi")).toBe("ltr");
      expect(await direction(".host")).toBe("ltr");
    });
  });

  test("marks that stack above a line stay inside the fence, over no word of the page's own", async () => {
    await onPage({}, async (page) => {
      const pictures = async (message: string) => {
        await show(page, asked({ message, details: {} }));
        const { y = 0, height = 0 } = (await page.locator(".words").boundingBox()) ?? {};
        const above = await page.screenshot({ clip: { x: 0, y: 0, width: PHONE.width, height: y } });
        const button = await page.locator("button").first().screenshot();
        return [y, height, Bun.hash(above), Bun.hash(button)];
      };
      expect(await pictures(`a${"\u0301".repeat(6)}`)).toEqual(await pictures("a"));
      // How high marks stack is the font's affair: whatever it does, the fence is clipped.
      for (const selector of [".words", ".fence", "button"]) {
        const overflow = await page.evaluate(`getComputedStyle(document.querySelector("${selector}")).overflow`);
        expect(overflow).toBe("hidden");
      }
    });
  });
});

const LOGO = '<svg viewBox="0 0 8 8"><style>path{fill:red}</style><path d="M0 0h8v8z"/></svg>';
const ZALGO = "Z\u0335\u0321\u031B\u0359\u0316\u030A\u0310".repeat(200);

/** Questions at the limits of the contract, and beyond good manners. */
const extremes: readonly PageView[] = [
  asked({ message: "W".repeat(1_600), allowComment: true }),
  asked({ message: "👩🏽‍💻".repeat(400) }),
  asked({ message: "😀".repeat(1_600) }),
  asked({ message: `o${"\u0489".repeat(800)}a${"\u0301\u0323".repeat(399)}` }),
  asked({ message: ZALGO, options: ["\u200Byes\u202E", "n\u00ADo", ZALGO.slice(0, 60)], timeoutDefault: null }),
  asked(
    { message: "\u202E".repeat(800) + "ab\u200B".repeat(266) },
    { projectName: "N".repeat(60), host: `${"h".repeat(60)}.example.com` },
  ),
  asked({
    message: "Which one?",
    options: Array.from({ length: 10 }, (_, index) => String(index).padEnd(60, "M")),
    details: Object.fromEntries(
      Array.from({ length: 20 }, (_, index) => [String(index).padEnd(60, "L"), String(index).padEnd(500, "V")]),
    ),
    timeoutDefault: "0".padEnd(60, "M"),
  }),
];

/** Elements whose inline content is wider than they are, where overflow is hidden and so would be cut. */
const CUT_TEXT = `[...document.querySelectorAll("main *")]
  .filter((e) => getComputedStyle(e).overflowX === "hidden" && e.scrollWidth > e.clientWidth)
  .map((e) => e.tagName + "." + e.className + " " + e.scrollWidth + ">" + e.clientWidth)`;

/** WCAG 2.0 to 2.2, levels A and AA, and axe's own good practices. */
async function violations(page: Page): Promise<unknown> {
  await page.evaluate(axe.source);
  return page.evaluate(`axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] })
    .then((result) => result.violations.map((v) => v.id + ": " + v.nodes.map((n) => n.html + " " + n.failureSummary).join(" | ")))`);
}
