import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import axe from "axe-core";
import type { Page } from "playwright-core";
import { type Appliance, startAppliance } from "../support/appliance.ts";
import { noBrowser, openBrowser, signedInContext, type TestBrowser } from "../support/browser.ts";
import { administrator, colleague, type Operator } from "../support/operator.ts";

const SCREENS = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 800 } } as const;

describe.skipIf(noBrowser !== null)("the console in a browser", () => {
  let appliance: Appliance;
  let admin: Operator;
  let browser: TestBrowser;
  let views: Record<string, string>;

  beforeAll(async () => {
    appliance = await startAppliance();
    admin = await administrator(appliance);
    await colleague(admin, "Vera", "viewer");
    const first = await appliance.ask(appliance.keys.test, {
      message: "Pay invoice 2231?",
      details: { Amount: "4,100.00 USD" },
      webhook_url: "http://127.0.0.1:9/none",
    });
    for (let made = 0; made < 3; made++) await appliance.ask(appliance.keys.test, { message: `Restart node ${made}?` });
    const [message] = await appliance.messages(first);
    await appliance.choose(message?.link ?? "", "Approve");
    const waiting = await appliance.ask(appliance.keys.test, {
      message: "Delete the bucket?",
      timeout_default: "Reject",
    });
    views = {
      waiting: "/console/waiting",
      decided: "/console/decided",
      answered: `/console/pauses/${first.pause_id}`,
      open: `/console/pauses/${waiting.pause_id}`,
      deliveries: "/console/deliveries",
      log: "/console/log",
      usage: "/console/usage",
      keys: "/console/keys",
      health: "/console/health",
      settings: "/console/settings",
      account: "/console/account",
      authenticator: "/console/account/authenticator",
      nothing: "/console/nothing",
    };
    browser = await openBrowser();
  }, 120_000);
  afterAll(async () => {
    await browser.close();
    await appliance.stop();
  });

  const signedIn = (options: Parameters<TestBrowser["context"]>[0] = {}) => signedInContext(browser, admin, options);

  async function expectClean(page: Page): Promise<void> {
    await page.evaluate(axe.source);
    const found = (await page.evaluate("axe.run()")) as axe.AxeResults;
    expect(found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`)).toEqual([]);
  }

  test.each(
    (["phone", "desktop"] as const).flatMap((screen) =>
      (["light", "dark"] as const).map((scheme) => [screen, scheme] as const),
    ),
  )(
    "every view is clean and fits on a %s, %s",
    async (screen, colorScheme) => {
      const context = await signedIn({ viewport: SCREENS[screen], colorScheme });
      const page = await context.newPage();
      const errors: string[] = [];
      page.on("console", (message) => {
        if (message.type() === "error" && !message.text().includes("404")) errors.push(message.text());
      });
      page.on("pageerror", (error) => errors.push(error.message));
      for (const [name, path] of Object.entries(views)) {
        await page.goto(`${appliance.url}${path}`);
        await expectClean(page);
        const wide = (await page.evaluate("document.documentElement.scrollWidth - innerWidth")) as number;
        expect([name, wide <= 0]).toEqual([name, true]);
        // A table of a phone has no columns beyond the edge, and is a table to a screen reader all the same.
        const beyond =
          '[...document.querySelectorAll(".scroll")].filter((each) => each.scrollWidth > each.clientWidth)';
        if (screen === "phone") expect([name, await page.evaluate(`${beyond}.length`)]).toEqual([name, 0]);
        if (name === "waiting")
          expect(await page.getByRole("cell", { name: /waiting|opened/ }).count()).toBeGreaterThan(0);
        const folder = process.env.CONSOLE_SCREENS;
        if (folder) await page.screenshot({ path: `${folder}/${name}-${screen}-${colorScheme}.png`, fullPage: true });
      }
      expect(errors).toEqual([]);
      await context.close();
    },
    300_000,
  );

  test.each(["/console/sign-in", "/console/setup"])("%s is clean", async (path) => {
    const context = await browser.context({ viewport: SCREENS.phone });
    const page = await context.newPage();
    await page.goto(`${appliance.url}${path}`);
    await expectClean(page);
    await context.close();
  });

  test("the keyboard finds, steps and tells its keys", async () => {
    const context = await signedIn();
    const page = await context.newPage();
    await page.goto(`${appliance.url}/console/waiting`);
    const focused = () =>
      page.evaluate("document.activeElement.id || document.activeElement.textContent") as Promise<string>;
    await page.keyboard.press("j");
    expect(await focused()).toBe("Restart node 0?");
    await page.keyboard.press("j");
    expect(await focused()).toBe("Restart node 1?");
    await page.keyboard.press("k");
    expect(await focused()).toBe("Restart node 0?");
    await page.keyboard.press("/");
    expect(await focused()).toBe("q");
    await page.keyboard.type("?j");
    expect(await page.inputValue("#q")).toBe("?j");
    await page.evaluate("document.activeElement.blur()");
    await page.keyboard.press("?");
    expect(await page.isVisible("dialog")).toBeTrue();
    await context.close();
  });

  test("a question that is asked meanwhile shows by itself", async () => {
    const context = await signedIn();
    const page = await context.newPage();
    await page.goto(`${appliance.url}/console/waiting`);
    await appliance.ask(appliance.keys.test, { message: "Asked meanwhile?" });
    await page.waitForSelector("text=Asked meanwhile?");
    await context.close();
  }, 120_000);

  test("a form works without script, and from the browser's own origin", async () => {
    const pause = await appliance.ask(appliance.keys.test, { message: "Withdraw me?" });
    const context = await signedIn({ javaScriptEnabled: false });
    const page = await context.newPage();
    await page.goto(`${appliance.url}/console/pauses/${pause.pause_id}`);
    await page.fill("#reason", "No longer needed");
    await page.click("text=Withdraw the question");
    await page.waitForSelector("text=No longer needed");
    expect((await appliance.pause(appliance.keys.test, pause.pause_id)).status).toBe("cancelled");
    await context.close();
  });
});
