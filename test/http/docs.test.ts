import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import axe from "axe-core";
import { topics } from "../../src/http/docs/pages.ts";
import { escapeHtml } from "../../src/respond/page/escape.ts";
import { documents } from "../docs/documents.ts";
import { type Answer, type Appliance, startAppliance } from "../support/appliance.ts";
import { noBrowser, openBrowser, type TestBrowser } from "../support/browser.ts";

setDefaultTimeout(60_000);

let appliance: Appliance;
beforeAll(async () => {
  appliance = await startAppliance();
});
afterAll(() => appliance.stop());

describe("/docs", () => {
  test("shows every operation of the document, whole in one answer, with nothing from elsewhere", async () => {
    const { body: document } = await appliance.call("/openapi.json");
    const { text, headers } = await appliance.call("/docs");
    for (const item of Object.values<Record<string, { operationId: string; summary: string }>>(document.paths)) {
      for (const { operationId, summary } of Object.values(item)) {
        expect(text).toContain(`<h3 id="${operationId}">${summary.replaceAll("'", "&#39;")}</h3>`);
      }
    }
    expect(headers.get("content-security-policy")).toStartWith("default-src 'none'; style-src 'sha256-");
    expect(text).not.toContain("<script");
  });

  test("shows the example of every answer that has one, and what is sent to webhooks", async () => {
    const { body: document } = await appliance.call("/openapi.json");
    const { text } = await appliance.call("/docs");
    const shown = (example: unknown) => `<code>${escapeHtml(JSON.stringify(example, null, 2))}</code>`;
    type Content = { content?: Record<string, { example?: unknown }> };
    type Described = { operationId: string; requestBody?: Content; responses: Record<string, Content> };
    const operations = [...Object.values(document.paths), ...Object.values(document.webhooks)].flatMap((item) =>
      Object.values(item as Record<string, Described>),
    );
    let examples = 0;
    for (const { operationId, requestBody, responses } of operations) {
      const [, after = ""] = text.split(`<h3 id="${operationId}">`);
      const [own = ""] = after.split("<h3 ");
      for (const { content = {} } of [requestBody ?? {}, ...Object.values(responses)]) {
        for (const { example } of Object.values(content).filter((one) => one.example !== undefined)) {
          expect([operationId, own.includes(shown(example))]).toEqual([operationId, true]);
          examples++;
        }
      }
    }
    expect(examples).toBeGreaterThan(20);
    for (const type of Object.keys(document.webhooks)) expect(text).toContain(`<p><code>${type}</code></p>`);
  });

  test("every link, picture and anchor of every page leads to something on this server, in HTML and as Markdown", async () => {
    const origin = appliance.url;
    const fetched = new Map<string, Promise<Answer>>();
    const get = (path: string) => {
      const answer = fetched.get(path) ?? appliance.call(path);
      fetched.set(path, answer);
      return answer;
    };
    const isPage = (path: string) => path === "/docs" || /^\/docs\/[^/]+$/.test(path);
    const linksOf = (path: string, text: string) =>
      path.endsWith(".md")
        ? [...text.replaceAll(/^```[\s\S]*?^```/gm, "").matchAll(/\]\(([^)\s]+)\)/g)]
        : [...text.matchAll(/ (?:href|src)="([^"]+)"/g)];
    const next = [
      "/docs",
      ...Object.values(topics).flatMap((pages) => Object.keys(pages).map((name) => `/docs/${name}.md`)),
    ];
    const seen = new Set<string>();
    for (let path = next.pop(); path !== undefined; path = next.pop()) {
      if (seen.has(path)) continue;
      seen.add(path);
      const { status, text } = await get(path);
      expect([path, status]).toEqual([path, 200]);
      if (!isPage(path)) continue;
      // What is said of a sample to its test is for nobody who reads.
      if (!path.endsWith(".md")) expect([path, text.includes("&lt;!--")]).toEqual([path, false]);
      for (const [, link = ""] of linksOf(path, text)) {
        const target = new URL(link.replaceAll("&amp;", "&"), `${origin}${path}`);
        if (target.origin !== origin) continue;
        next.push(target.pathname);
        if (target.hash === "") continue;
        // Anchors are made of headings where the Markdown is shown.
        const shown = await get(target.pathname.replace(/\.md$/, ""));
        const id = decodeURIComponent(target.hash.slice(1));
        expect([path, link, shown.text.includes(` id="${id}"`)]).toEqual([path, link, true]);
      }
    }
    expect([...seen].filter(isPage).length).toBeGreaterThan(60);
    expect([...seen].filter((path) => path.startsWith("/docs/files/")).length).toBe(4);
  });

  test("a picture and a file are served as what they are, and no other file is", async () => {
    const picture = await fetch(`${appliance.url}/docs/files/console-pause.png`);
    expect(picture.headers.get("content-type")).toBe("image/png");
    expect(Buffer.from(await picture.arrayBuffer())).toEqual(readFileSync("docs/images/console-pause.png"));
    for (const [name, path] of [
      ["pausepoint.config.ts", "pausepoint.config.ts"],
      ["pausepoint_verify.py", "clients/verify/pausepoint_verify.py"],
    ] as const) {
      const { text, headers } = await appliance.call(`/docs/files/${name}`);
      expect([text === readFileSync(path, "utf8"), headers.get("content-type")]).toEqual([
        true,
        "text/plain; charset=utf-8",
      ]);
    }
    for (const name of ["nothing", "constructor", "..%2f..%2fpackage.json", "package.json"])
      expect([name, (await appliance.call(`/docs/files/${name}`)).status]).toEqual([name, 404]);
  });

  test("is found with a slash at its end, too", async () => {
    const { status, headers } = await appliance.call("/docs/");
    expect([status, headers.get("location")]).toEqual([308, "/docs"]);
  });

  test("a page's Markdown is the repository's, as text/markdown; an unknown page is a 404", async () => {
    const { text, headers } = await appliance.call("/docs/webhooks.md");
    expect(text).toBe(readFileSync("docs/webhooks.md", "utf8"));
    expect(headers.get("content-type")).toBe("text/markdown; charset=utf-8");
    expect((await appliance.call("/docs/nothing")).status).toBe(404);
    expect((await appliance.call("/docs/constructor")).status).toBe(404);
  });
});

test("/llms.txt has the form of llmstxt.org, and each of its links is served as Markdown", async () => {
  const { text } = await appliance.call("/llms.txt");
  expect(text).toMatch(/^# PausePoint\n\n> .+\n\n/);
  const links = [...text.matchAll(/^- \[[^\]]+\]\(([^)]+)\): .+$/gm)].map(([, link = ""]) => link);
  expect(links.length).toBeGreaterThan(10);
  for (const link of links) {
    const { status, headers } = await appliance.call(link);
    expect([status, headers.get("content-type")]).toEqual([200, "text/markdown; charset=utf-8"]);
  }
});

test("every page for whoever uses it is in the executable, and what is for its makers is not", () => {
  const own = ["ARCHITECTURE", "testing", "tested"];
  const written = documents.flatMap(({ path }) => /^docs\/(.+)\.md$/.exec(path)?.[1] ?? []);
  const served = Object.values(topics).flatMap((pages) => Object.keys(pages));
  expect(served.sort()).toEqual(written.filter((name) => !own.includes(name)).sort());
});

describe.skipIf(noBrowser !== null)(`in Chromium, without script${noBrowser === null ? "" : `: ${noBrowser}`}`, () => {
  let browser: TestBrowser;
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser?.close());

  test.each([
    ["/docs", "light"],
    ["/docs", "dark"],
    ["/docs/api", "light"],
    ["/docs/webhooks", "dark"],
  ] as const)(
    "%s in %s fits a phone and has nothing that a checker of accessibility finds",
    async (path, colorScheme) => {
      const context = await browser.context({ viewport: { width: 390, height: 844 }, colorScheme });
      const page = await context.newPage();
      const complaints: string[] = [];
      page.on("console", (message) => complaints.push(message.text()));
      await page.goto(`${appliance.url}${path}`);
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(390);
      await page.evaluate(axe.source);
      const found = (await page.evaluate("axe.run()")) as axe.AxeResults;
      expect(found.violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
      if (process.env.SHOTS !== undefined)
        await page.screenshot({ path: `${process.env.SHOTS}${path.replaceAll("/", "_")}-${colorScheme}.png` });
      expect(complaints).toEqual([]);
      await context.close();
    },
  );

  test("the list of pages is folded on a phone, opens by a tap or the keyboard, and stands open where there is room", async () => {
    const context = await browser.context({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
    const page = await context.newPage();
    await page.goto(`${appliance.url}/docs/ask`);
    const link = page.locator("nav a[href='/docs/api']");
    expect((await page.locator("h1").boundingBox())?.y).toBeLessThan(160);
    expect(await link.isVisible()).toBe(false);
    if (process.env.SHOTS !== undefined) await page.screenshot({ path: `${process.env.SHOTS}/folded.png` });
    await page.locator("nav summary").tap();
    expect(await link.isVisible()).toBe(true);
    await page.locator("nav summary").press("Enter");
    expect(await link.isVisible()).toBe(false);
    await page.setViewportSize({ width: 1280, height: 800 });
    expect(await link.isVisible()).toBe(true);
    expect(await page.locator("nav summary").isVisible()).toBe(false);
    if (process.env.SHOTS !== undefined) await page.screenshot({ path: `${process.env.SHOTS}/wide.png` });
    await context.close();
  });
});
