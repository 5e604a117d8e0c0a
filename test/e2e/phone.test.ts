/** The whole loop over the compiled executable: an agent asks over HTTP, a phone opens the link and taps. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { BrowserContextOptions, Page } from "playwright-core";
import { type BinaryServer, serveBinary } from "../support/binary.ts";
import { noBrowser, openBrowser, type TestBrowser } from "../support/browser.ts";

const PHONE: BrowserContextOptions = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };
const missing = [
  ...(noBrowser === null ? [] : ["chromium"]),
  ...(existsSync(join(import.meta.dir, "../../dist/pausepoint")) ? [] : ["dist/pausepoint"]),
];
const title = missing.length === 0 ? "a person with a phone" : `a person with a phone [needs ${missing.join(", ")}]`;
setDefaultTimeout(60_000);

describe.skipIf(missing.length > 0)(title, () => {
  let browser: TestBrowser;
  let server: BinaryServer;
  beforeAll(async () => {
    [browser, server] = await Promise.all([openBrowser(), serveBinary()]);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });

  /** Runs `use` on a fresh page, and fails on anything that the browser complained about or asked another host for. */
  async function onPhone(use: (page: Page) => Promise<void>, options: BrowserContextOptions = {}): Promise<void> {
    const context = await browser.context({ ...PHONE, locale: "en-US", ...options });
    try {
      const page = await context.newPage();
      const complaints: string[] = [];
      page.on("console", (message) => complaints.push(message.text()));
      page.on("pageerror", (error) => complaints.push(String(error)));
      page.on("request", (request) => {
        const url = request.url();
        if (!url.startsWith(`${server.url}/`) && !url.startsWith("data:")) complaints.push(`asked for ${url}`);
      });
      await use(page);
      // Chromium reports a page that answers 404 or 410 by itself; that is no complaint about the page.
      expect(complaints.filter((text) => !/status of 4(04|10)/.test(text))).toEqual([]);
    } finally {
      await context.close();
    }
  }

  const typesOf = async (pauseId: string): Promise<string[]> =>
    (await server.call(`/v1/pause/${pauseId}/audit`)).body.data.map(({ type }: { type: string }) => type);

  test.each([true, false])(
    "taps once, and the agent that waits has the answer; with JavaScript: %p",
    async (script) => {
      const { pause_id } = await server.ask({ options: ["Approve", "Reject"], timeout_default: "Reject" });
      const link = await server.link(pause_id);
      const waiting = server.pause(pause_id, 60);
      await onPhone(
        async (page) => {
          await page.goto(link);
          expect(await page.locator("blockquote").innerText()).toBe("Wire $8,400 to Meridian?");
          expect(await page.getByRole("button").allInnerTexts()).toEqual(["Approve", "Reject"]);
          await page.getByRole("button", { name: "Approve" }).tap();
          await page.getByText("You chose Approve").waitFor();
          expect(page.url()).toBe(link);
          expect(await page.getByRole("button").count()).toBe(0);
        },
        { javaScriptEnabled: script },
      );
      expect(await waiting).toMatchObject({
        status: "responded",
        response_choice: "Approve",
        response_source: "human",
        response_via: "page",
        responded_by: "+13128471928",
      });
      const types = ["pause.created", "pause.delivered", "pause.opened", "pause.responded", "pause.viewed"];
      expect(await typesOf(pause_id)).toEqual(types);
    },
  );

  test("who taps again in a page left open is told what was chosen, and the first answer stands", async () => {
    const { pause_id } = await server.ask();
    const link = await server.link(pause_id);
    await onPhone(async (page) => {
      await page.goto(link);
      expect((await server.choose(link, "Approve")).status).toBe(303);
      await page.getByRole("button", { name: "Reject" }).tap();
      await page.getByText("You chose Approve").waitFor();
      expect(await page.locator("main").innerText()).toContain("You had already answered. Your first answer stands.");
      await page.goto(link);
      await page.getByText("You chose Approve").waitFor();
    });
    expect((await server.pause(pause_id)).response_choice).toBe("Approve");
    expect((await typesOf(pause_id)).slice(-2)).toEqual(["response.rejected", "pause.viewed"]);
  });

  test("of two who were asked, the slower one sees what the other chose", async () => {
    const recipient = ["+13128471928", "+14155550132"];
    const { pause_id } = await server.ask({ recipient });
    const [first = "", second = ""] = await server.links(pause_id, 2);
    await onPhone(async (page) => {
      await page.goto(second);
      expect((await server.choose(first, "Reject")).status).toBe(303);
      await page.getByRole("button", { name: "Approve" }).tap();
      await page.getByText("Someone else answered first: Reject").waitFor();
      expect(await page.getByRole("button").count()).toBe(0);
    });
    expect(await server.pause(pause_id)).toMatchObject({ response_choice: "Reject", responded_by: recipient[0] });
  });

  test("finds the time over, with what was decided by the clock and that no person chose it", async () => {
    for (const [timeout_default, said] of [
      ["Reject", "Nobody answered, so the answer is Reject. It was set beforehand; no person chose it."],
      [null, "Nobody answered. The question ended without an answer."],
    ]) {
      const { pause_id } = await server.ask({ timeout_default });
      const link = await server.link(pause_id);
      await onPhone(async (page) => {
        await page.goto(link);
        await server.call(`/v1/test/pause/${pause_id}/expire`, { json: {} });
        await page.getByRole("button", { name: "Approve" }).tap();
        await page.getByRole("heading", { name: "The time is over" }).waitFor();
        expect(await page.locator("main").innerText()).toContain(said!);
      });
      expect(await server.pause(pause_id)).toMatchObject({ response_choice: timeout_default, responded_by: null });
    }
  });

  test("finds the question withdrawn, with the reason", async () => {
    const { pause_id } = await server.ask();
    const link = await server.link(pause_id);
    await server.call(`/v1/pause/${pause_id}/cancel`, { json: { reason: "The invoice was a duplicate." } });
    await onPhone(async (page) => {
      await page.goto(link);
      await page.getByRole("heading", { name: "The question was withdrawn" }).waitFor();
      expect(await page.locator("main").innerText()).toContain("The invoice was a duplicate.");
      expect(await page.getByRole("button").count()).toBe(0);
    });
  });

  test("learns nothing about the question from a link that is forged or cut", async () => {
    const { pause_id } = await server.ask({ message: "The password is swordfish" });
    const link = await server.link(pause_id);
    const flipped = link.replace(/.$/, (last) => (last === "A" ? "B" : "A"));
    await onPhone(async (page) => {
      for (const address of [flipped, link.slice(0, -1), `${link}A`]) {
        expect((await page.goto(address))?.status()).toBe(404);
        await page.getByRole("heading", { name: "This link is not valid" }).waitFor();
        expect(await page.content()).not.toContain("swordfish");
        expect((await server.choose(address, "Approve")).status).toBe(404);
      }
    });
    expect(await typesOf(pause_id)).not.toContain("pause.opened");
    expect((await server.pause(pause_id)).status).toBe("pending");
  });

  test("reads the details in their order, and the comment goes to the agent as it was written", async () => {
    const details = { Amount: "$8,400.00", To: "Meridian Supplies", Invoice: "4712" };
    const { pause_id } = await server.ask({ details, allow_comment: true });
    const link = await server.link(pause_id);
    const comment = 'Only with a second signature: "R. & S." <both>\n— tomorrow 🖊️';
    await onPhone(async (page) => {
      await page.goto(link);
      const cells = await page.getByRole("table").locator("th, td").allInnerTexts();
      expect(cells).toEqual(Object.entries(details).flat());
      await page.getByRole("textbox").fill(comment);
      await page.getByRole("button", { name: "Reject" }).tap();
      await page.getByText("You chose Reject").waitFor();
      expect(await page.locator("main").innerText()).toContain('Only with a second signature: "R. & S." <both>');
    });
    expect(await server.pause(pause_id)).toMatchObject({ response_choice: "Reject", response_comment: comment });
  });

  test("who reads Arabic has the whole page from the right, the host's name under the asker's", async () => {
    const { pause_id } = await server.ask({ message: "هل تريد التحويل؟", options: ["موافق", "مرفوض"] });
    const link = await server.link(pause_id);
    await onPhone(
      async (page) => {
        await page.goto(link);
        const rightOf = (selector: string) =>
          page.evaluate(
            `(() => { const r = document.createRange(); r.selectNodeContents(document.querySelector("${selector}")); return r.getBoundingClientRect().right; })()`,
          ) as Promise<number>;
        expect(Math.abs((await rightOf("h1")) - (await rightOf(".host")))).toBeLessThan(2);
        await page.getByRole("button", { name: "موافق" }).tap();
        await page.locator(".outcome").getByText("موافق").waitFor();
      },
      { locale: "ar" },
    );
    expect((await server.pause(pause_id)).response_choice).toBe("موافق");
  });

  test("is the only one who decides: scanners, previews and prefetchers open the link and nothing happens", async () => {
    const { pause_id } = await server.ask({ timeout_default: "Approve" });
    const link = await server.link(pause_id);
    const visitors = [
      { "user-agent": "Mozilla/5.0 (compatible; link preview)", purpose: "preview" },
      { "sec-purpose": "prefetch;prerender" },
      { "x-moz": "prefetch" },
      { "x-purpose": "preview" },
      { accept: "*/*", "user-agent": "mail link scanner" },
    ];
    for (let visit = 0; visit < 20; visit++) {
      const headers = visitors[visit % visitors.length]!;
      for (const address of [link, `${link}?choice=Approve`]) {
        expect((await server.call(address, { key: "", headers })).status).toBe(200);
        expect((await server.call(address, { key: "", headers, method: "HEAD" })).status).toBe(200);
      }
    }
    for (const method of ["PUT", "PATCH", "DELETE", "OPTIONS"]) {
      expect((await server.call(link, { key: "", method, body: null })).status).toBe(405);
    }
    expect(await server.pause(pause_id)).toMatchObject({ status: "pending", response_choice: null });
    // The first look is recorded, and the first by who does not say that it is a machine; the others add nothing.
    expect(await typesOf(pause_id)).toEqual(["pause.created", "pause.delivered", "pause.opened", "pause.viewed"]);
    expect((await server.choose(link, "Reject")).status).toBe(303);
    expect(await server.pause(pause_id)).toMatchObject({ response_choice: "Reject", response_source: "human" });
  });
});
