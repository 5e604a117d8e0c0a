/** An endpoint's first minutes, in Chromium: made, tested, its delivery seen; and a test through a channel. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import axe from "axe-core";
import type { Page } from "playwright-core";
import { httpGatewaySchema } from "../../src/platform/config/http-gateway.ts";
import { SharedClock, withChannels } from "../http/channels/stage.ts";
import { type GatewayPeer, startGateway } from "../peers/gateway.ts";
import { type Receiver, startReceiver } from "../peers/receiver.ts";
import type { Appliance } from "../support/appliance.ts";
import { noBrowser, openBrowser, signedInContext, type TestBrowser } from "../support/browser.ts";
import { eventually } from "../support/eventually.ts";
import { administrator, type Operator } from "../support/operator.ts";

const SCREENS = [
  ["phone", "light", { width: 390, height: 844 }],
  ["phone", "dark", { width: 390, height: 844 }],
  ["desktop", "light", { width: 1280, height: 800 }],
  ["desktop", "dark", { width: 1280, height: 800 }],
] as const;

describe.skipIf(noBrowser !== null)("webhooks and channels in a browser", () => {
  let appliance: Appliance;
  let receiver: Receiver;
  let gateway: GatewayPeer;
  let admin: Operator;
  let browser: TestBrowser;

  beforeAll(async () => {
    [receiver, gateway] = [await startReceiver(), startGateway()];
    const body = { json: { to: "{{to}}", text: "{{text}}" } };
    const sms = { kind: "httpGateway", url: `${gateway.url}/send`, body, messageId: { path: "messages.0.id" } };
    appliance = await withChannels(new SharedClock(), { sms: httpGatewaySchema.parse(sms) });
    admin = await administrator(appliance);
    browser = await openBrowser();
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    await appliance.stop();
    await receiver.stop();
    await gateway.stop();
  });

  const signedIn = (options: Parameters<TestBrowser["context"]>[0] = {}) => signedInContext(browser, admin, options);

  /** No fault that axe knows, no line wider than the screen; a picture where somebody wants to look. */
  async function expectClean(page: Page, name: string): Promise<void> {
    await page.evaluate(axe.source);
    const found = (await page.evaluate("axe.run()")) as axe.AxeResults;
    expect(found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`)).toEqual([]);
    const wide = (await page.evaluate("document.documentElement.scrollWidth - innerWidth")) as number;
    expect([name, wide <= 0]).toEqual([name, true]);
    const folder = process.env.CONSOLE_SCREENS;
    if (folder) await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
  }

  /** News are told twice a second at most, by the appliance's clock, which somebody has to turn. */
  async function turningUntil(page: Page, selector: string): Promise<void> {
    await eventually(
      () => {
        appliance.clock.turn(500);
        return page.locator(selector).count();
      },
      (count) => count > 0,
    );
  }

  test.each(SCREENS)(
    "an endpoint is made, tested and seen to be told, on a %s, %s",
    async (screen, colorScheme, viewport) => {
      const context = await signedIn({ viewport, colorScheme });
      const page = await context.newPage();
      const errors: string[] = [];
      page.on("console", (message) => {
        if (message.type() === "error" && !/status of 4\d\d/.test(message.text())) errors.push(message.text());
      });
      page.on("pageerror", (error) => errors.push(error.message));
      const shot = (name: string) => expectClean(page, `webhook-${name}-${screen}-${colorScheme}`);

      await page.goto(`${appliance.url}/console/webhooks`);
      await page.fill("#url", "http://10.0.0.7/hooks");
      await page.fill("#description", `Ledger of the ${screen}`);
      await page.click("text=Add the endpoint");
      await page.waitForSelector("text=leads to a private network address");
      await shot("refused");
      expect(await page.inputValue("#description")).toBe(`Ledger of the ${screen}`);

      const url = `${receiver.url}/${screen}/${colorScheme}`;
      await page.fill("#url", url);
      await page.click("text=Add the endpoint");
      await page.waitForSelector("text=The new endpoint");
      await shot("secret");
      await page.click("text=To the endpoint");
      await page.waitForSelector("text=Live");
      receiver.behave({ status: 200, body: "thank you" });
      await page.click("text=Send a test event");
      await receiver.nextRequest();
      await eventually(
        () => appliance.count("SELECT count(*) FROM deliveries WHERE status <> 'delivered'"),
        (waiting) => waiting === 0,
      );
      // The page that came back shows what became of it by itself.
      await turningUntil(page, ".state.delivered");
      await page.click("summary >> text=Attempts");
      await page.waitForSelector("text=thank you");
      await shot("endpoint");
      await page.goto(`${appliance.url}/console/webhooks`);
      await page.waitForSelector(`text=${url}`);
      await shot("list");

      await page.goto(`${appliance.url}/console/channels/sms`);
      await page.fill("#address", "+1 (312) 847-1928");
      await page.click("text=Send the test");
      await page.waitForSelector("text=It was taken");
      await shot("channel");
      expect(errors).toEqual([]);
      await context.close();
      appliance.clock.turn(60_000);
    },
    60_000,
  );

  test("the same without script, and by the keyboard alone", async () => {
    const context = await signedIn({ javaScriptEnabled: false });
    const page = await context.newPage();
    await page.goto(`${appliance.url}/console/webhooks`);
    const focusedIs = async (wanted: string) => {
      for (let steps = 0; steps < 60; steps++) {
        await page.keyboard.press("Tab");
        if ((await page.locator(`${wanted}:focus`).count()) === 1) return;
      }
      throw new Error(`the keyboard does not come to ${wanted}`);
    };
    await focusedIs("#url");
    await page.keyboard.type(`${receiver.url}/keyboard`);
    await focusedIs("input[value='pause.cancelled']");
    await page.keyboard.press("Space");
    await page.keyboard.press("Enter");
    await page.waitForSelector("text=The new endpoint");
    await focusedIs("a:text('To the endpoint')");
    await page.keyboard.press("Enter");
    await page.waitForSelector("text=pause.cancelled");
    await focusedIs("button:text('Send a test event')");
    await page.keyboard.press("Enter");
    await Promise.all([receiver.nextRequest(), page.waitForURL(/#deliveries$/)]);
    await eventually(
      async () => {
        await page.reload();
        return page.locator("td .state.delivered").count();
      },
      (count) => count === 1,
    );
    await context.close();
  }, 30_000);
});
