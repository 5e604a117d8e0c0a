/**
 * Makes docs/images anew: every state of the answer page as a phone shows it, the console, and the first start in a terminal. Run by
 * hand (`bun scripts/screenshots.ts`) after `npm run build`, on a machine with Chromium. The pages are those of the
 * executable, asked with a live key through a Twilio that runs here, so that they look as they do in earnest.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { startTwilioPeer, type TwilioPeer } from "../test/peers/twilio.ts";
import { serveBinary } from "../test/support/binary.ts";
import { openBrowser, type TestBrowser } from "../test/support/browser.ts";
import { photographConsole } from "./screenshots/console.ts";
import { heroPage } from "./screenshots/hero.ts";
import { Asker, photographPages } from "./screenshots/pages.ts";
import { save } from "./screenshots/save.ts";
import { firstStart, terminalPage } from "./screenshots/terminal.ts";

const images = join(import.meta.dir, "../docs/images");

mkdirSync(images, { recursive: true });
const browser = await openBrowser();
const peer = await startTwilioPeer({ senders: ["+13125550100"] });
const server = await serveBinary({ files: { "pausepoint.config.ts": configFor(peer) } });
try {
  const key = (await server.run("keys", "create", "--name", "agent", "--project", "finance")).stdout.trim();
  await photographConsole(browser, images);
  await photographPages(browser, images, new Asker(server, peer, key));
  await photograph(browser, "hero.png", heroPage(images), { width: 1040, height: 900 });
  await photograph(browser, "terminal.png", terminalPage(await firstStart()), { width: 960, height: 100 });
} finally {
  await Promise.all([browser.close(), server.stop(), peer.stop()]);
}

function configFor({ accountSid, authToken, url }: TwilioPeer): string {
  return `import { defineConfig, twilio } from "pausepoint/config";
    export default defineConfig({
      baseUrl: "https://approve.example.com",
      channels: {
        sms: twilio({ accountSid: "${accountSid}", authToken: "${authToken}", from: "+13125550100", apiBase: "${url}" }),
      },
      projects: { finance: { displayName: "Finance agent", timeZone: "America/Chicago" } },
    });`;
}

/** A page made here, as high as it is. */
async function photograph(
  browser: TestBrowser,
  name: string,
  html: string,
  viewport: { width: number; height: number },
): Promise<void> {
  const context = await browser.context({ viewport, deviceScaleFactor: 2 });
  const page = await context.newPage();
  await page.setContent(html);
  await save(page, join(images, name), false);
  await context.close();
}
