import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Page } from "playwright-core";
import { codeAt, stepAt } from "../../src/console/totp.ts";
import { type Appliance, startAppliance } from "../support/appliance.ts";
import { noBrowser, openBrowser, signedInContext, type TestBrowser } from "../support/browser.ts";
import { eventually } from "../support/eventually.ts";
import { Keyboard } from "../support/keyboard.ts";
import { administrator, type Operator, PASSWORD, secretIn } from "../support/operator.ts";

const SCREENS = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 800 } } as const;
const HOOK = "http://127.0.0.1:9/none";

let appliance: Appliance;
let browser: TestBrowser;
let asked: Record<"withdrawn" | "failed" | "other", string>;

/** One whose webhook was refused until it was given up, one to withdraw, one beside it, and an endpoint. */
async function something(on: Appliance): Promise<typeof asked> {
  const failed = await on.ask(on.keys.test, {
    message: "Told to nobody?",
    webhook_url: HOOK,
    details: { Sum: "4.10" },
  });
  const [message] = await on.messages(failed);
  await on.choose(message?.link ?? "", "Approve");
  await eventually(
    () => {
      on.clock.turn(10 * 60_000);
      return on.count("SELECT count(*) FROM deliveries WHERE status = 'failed' AND kind = 'webhook'");
    },
    (count) => count === 1,
  );
  await on.post("/v1/webhooks", on.keys.test, { url: "http://127.0.0.1:9/all", events: ["pause.cancelled"] });
  const withdrawn = await on.ask(on.keys.test, { message: "Delete the staging bucket?" });
  const other = await on.ask(on.keys.otherTest, { message: "Send the newsletter?" });
  return { withdrawn: withdrawn.pause_id, failed: failed.pause_id, other: other.pause_id };
}

/** Nothing is skipped in a page's outline, and its parts have names. */
const OUTLINE = `(() => {
  const levels = [...document.querySelectorAll("h1, h2, h3, h4")]
    .filter((each) => each.checkVisibility())
    .map((each) => Number(each.tagName[1]));
  const count = (selector) => document.querySelectorAll(selector).length;
  const unnamed = [...document.querySelectorAll("section, nav, [role=region]")].filter((each) => {
    const by = each.getAttribute("aria-labelledby");
    return !(each.getAttribute("aria-label") || (by && document.getElementById(by)?.textContent.trim()));
  });
  return [
    ...(levels.filter((level) => level === 1).length === 1 && levels[0] === 1 ? [] : ["the headings begin with " + levels]),
    ...levels.flatMap((level, at) => (at > 0 && level > levels[at - 1] + 1 ? ["h" + level + " behind h" + levels[at - 1]] : [])),
    ...(count("main") === 1 ? [] : [count("main") + " main parts"]),
    ...unnamed.map((each) => "a part without a name: " + each.outerHTML.slice(0, 80)),
    // What is told at each change holds nothing that changes by itself.
    ...[...document.querySelectorAll("[role=status] time, [role=alert] time, [aria-live] time")].map(
      (each) => "told again and again: " + each.parentElement.textContent,
    ),
  ];
})()`;

/** What is wrong with the page that is open: with its outline, and once round it in both directions. */
async function faultsOf(keyboard: Keyboard): Promise<string[]> {
  const path = new URL(keyboard.page.url()).pathname;
  const outline = (await keyboard.page.evaluate(OUTLINE)) as string[];
  const faults = [...outline, ...(await keyboard.walk("Tab")), ...(await keyboard.walk("Shift+Tab"))];
  const folder = process.env.CONSOLE_SCREENS;
  const size = keyboard.page.viewportSize()?.width;
  if (folder) await keyboard.page.screenshot({ path: `${folder}/keys-${path.replaceAll("/", "_")}-${size}.png` });
  return faults.map((fault) => `${path}: ${fault}`);
}

const linksIn = (page: Page, selector: string) =>
  page.evaluate(`[...document.querySelectorAll("${selector}")].map((each) => each.getAttribute("href"))`) as Promise<
    string[]
  >;

/** An address without what it is about: two pauses are one view. */
const viewOf = (href: string) => href.replace(/\?.*$/, "").replaceAll(/\b[a-z]+_[0-9a-z]{20,}/g, ":id");

const nextCode = (secret: Uint8Array) => {
  appliance.clock.turn(60_000);
  return codeAt(secret, stepAt(appliance.clock.now()));
};

describe.skipIf(noBrowser !== null)("by keyboard alone", () => {
  beforeAll(async () => {
    appliance = await startAppliance();
    asked = await something(appliance);
    browser = await openBrowser();
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    await appliance.stop();
  });

  test("somebody sets the console up, finds, withdraws, makes a key, sends again, changes the password, and signs out and in", async () => {
    const context = await browser.context({ viewport: SCREENS.desktop });
    const page = await context.newPage();
    const keyboard = new Keyboard(page);
    const heading = () => page.textContent("h1");

    await page.goto(appliance.app.consoleSetup ?? "");
    expect(await faultsOf(keyboard)).toEqual([]);
    await keyboard.fill("Your name", "Alex");
    await keyboard.fill("New password", PASSWORD);
    await keyboard.leaveBy("Enter");
    expect(await heading()).toBe("Set up your authenticator");
    const secret = secretIn(await page.content());
    expect(await faultsOf(keyboard)).toEqual([]);
    await keyboard.fill("Code", nextCode(secret));
    await keyboard.leaveBy("Enter");
    expect(await heading()).toBe("Keep your recovery codes");
    expect(await faultsOf(keyboard)).toEqual([]);
    await keyboard.follow("/console");
    expect(await heading()).toBe("Waiting");

    // The first stop leads past the navigation.
    expect((await keyboard.press("Tab"))?.href).toBe("#main");
    await keyboard.press("Enter");
    expect((await keyboard.press("Tab"))?.name).toBe("input Search");

    await page.keyboard.type("bucket");
    await keyboard.leaveBy("Enter");
    expect(new URL(page.url()).searchParams.get("q")).toBe("bucket");
    expect(await linksIn(page, "main td a")).toEqual([`/console/pauses/${asked.withdrawn}`]);
    await keyboard.tabToNamed("Project");
    await keyboard.press("End");
    const chosen = (await page.evaluate("document.activeElement.value")) as string;
    expect(chosen).not.toBe("");
    await keyboard.tabToNamed("Show");
    await keyboard.leaveBy("Space");
    expect(new URL(page.url()).searchParams.get("world")).toBe(chosen);

    await keyboard.follow("/console/waiting");
    await keyboard.follow(`/console/pauses/${asked.withdrawn}`);
    await keyboard.fill("Reason, for the log and the asker (may be empty)", "Asked twice");
    await keyboard.leaveBy("Enter");
    const ended = await appliance.pause(appliance.keys.test, asked.withdrawn);
    expect([ended.status, ended.cancel_reason]).toEqual(["cancelled", "Asked twice"]);

    await keyboard.follow("/console/keys");
    await keyboard.fill("What it is for", "agent");
    await keyboard.tabToNamed("receipts:consume");
    await keyboard.press("Space");
    await keyboard.tabToNamed("Make the key");
    await keyboard.leaveBy("Space");
    const key = (await page.textContent(".secret code")) ?? "";
    expect((await appliance.get("/v1/pause", key)).status).toBe(200);
    expect(await faultsOf(keyboard)).toEqual([]);

    await keyboard.follow("/console/deliveries");
    await keyboard.tabToNamed(`Send again: ${HOOK}`);
    await keyboard.leaveBy("Enter");
    const log = await appliance.log(appliance.keys.test, asked.failed);
    expect(log.filter(({ type }) => type === "delivery.requeued").length).toBe(1);

    // The list of keys opens over the page, holds the focus, and gives it back.
    await keyboard.follow("/console/waiting");
    await keyboard.tabToLink("/console/decided");
    expect((await keyboard.press("?"))?.name).toBe("button Close");
    for (const key of ["Tab", "Shift+Tab"])
      expect((await keyboard.press(key))?.name ?? "button Close").toBe("button Close");
    expect((await keyboard.press("Escape"))?.href).toBe("/console/decided");

    await keyboard.follow("/console/account");
    await keyboard.fill("Current password", PASSWORD);
    await keyboard.fill("Code", nextCode(secret));
    await keyboard.fill("New password", `${PASSWORD}, others`);
    await keyboard.leaveBy("Enter");
    expect(await page.textContent("[role=status].notice")).toContain("Your password is changed");

    await keyboard.tabToNamed("Sign out");
    await keyboard.leaveBy("Enter");
    expect(await heading()).toBe("Sign in");
    expect(await faultsOf(keyboard)).toEqual([]);
    await keyboard.fill("Name", "alex");
    await keyboard.fill("Password", "not the password");
    await keyboard.leaveBy("Enter");
    expect(await page.textContent("[role=alert]")).toContain("is wrong");
    await keyboard.fill("Name", "alex");
    await keyboard.fill("Password", `${PASSWORD}, others`);
    await keyboard.fill("Code", nextCode(secret));
    await keyboard.leaveBy("Enter");
    expect(await heading()).toBe("Waiting");
    await context.close();
  }, 120_000);
});

describe.skipIf(noBrowser !== null)("every view by keyboard", () => {
  let admin: Operator;
  beforeAll(async () => {
    appliance = await startAppliance();
    asked = await something(appliance);
    admin = await administrator(appliance);
    browser = await openBrowser();
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    await appliance.stop();
  });

  async function opened(screen: keyof typeof SCREENS): Promise<Keyboard> {
    const context = await signedInContext(browser, admin, { viewport: SCREENS[screen] });
    const page = await context.newPage();
    await page.goto(`${appliance.url}/console/waiting`);
    return new Keyboard(page);
  }

  test.each(["desktop", "phone"] as const)(
    "is reached from the one before, and everything in it by Tab, in its order and in sight, on a %s",
    async (screen) => {
      const keyboard = await opened(screen);
      const { page } = keyboard;
      const rail = await linksIn(page, "nav a");
      const seen = new Set<string>();
      const faults: string[] = [];
      // Each way begins in the navigation, which every page has, and goes on by links of the page itself.
      const ways = rail.map((href) => [href]);
      for (let way = ways.shift(); way !== undefined; way = ways.shift()) {
        if (seen.has(viewOf(way.at(-1) ?? ""))) continue;
        seen.add(viewOf(way.at(-1) ?? ""));
        for (const href of way) await keyboard.follow(href);
        faults.push(...(await faultsOf(keyboard)));
        expect(await linksIn(page, "nav a")).toEqual(rail);
        const onwards = await linksIn(page, "main a[href^='/console/']");
        ways.push(...onwards.filter((href) => !seen.has(viewOf(href))).map((href) => [...way, href]));
      }
      expect(faults).toEqual([]);
      expect([...seen]).toEqual(
        expect.arrayContaining([...rail, "/console/pauses/:id", "/console/account/authenticator"]),
      );
      await page.context().close();
    },
    180_000,
  );

  test("news leave the focus where it is, are told once, and give it back to the page where its row is gone", async () => {
    const keyboard = await opened("desktop");
    const { page } = keyboard;
    const href = `/console/pauses/${asked.other}`;
    await keyboard.tabToLink(href);
    await page.waitForSelector('main > [role=status]:text("Live")');
    const rows = (await linksIn(page, "main td a")).length;
    await appliance.ask(appliance.keys.test, { message: "Asked meanwhile?", timeout_hours: 0.5 });
    await page.waitForSelector("text=Asked meanwhile?");
    const { stop } = await keyboard.look();
    expect([stop?.href, stop?.fault]).toEqual([href, null]);
    expect(await page.textContent("main > [role=status]")).toBe(`Live: ${rows + 1} in the list`);
    await keyboard.press("Shift+Tab");
    expect((await keyboard.press("Shift+Tab"))?.name).toBe("a Asked meanwhile?");
    await keyboard.tabToLink(href);

    // Somebody withdraws it elsewhere: what was focused is no more, and nothing else can be set off by mistake.
    await admin.send(`/console/pauses/${asked.other}/withdraw`);
    appliance.clock.turn(1_000);
    await page.waitForSelector(`main a[href='${href}']`, { state: "detached" });
    expect(await page.evaluate("document.activeElement.id")).toBe("main");
    expect((await keyboard.look()).stop?.fault).toBeNull();
    expect((await keyboard.press("Tab"))?.name).toBe("input Search");
    await page.context().close();
  }, 60_000);
});
