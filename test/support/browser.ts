import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, type BrowserContextOptions, chromium } from "playwright-core";

const EXECUTABLE = "/usr/bin/chromium";

/** Why tests with a browser cannot run here, or null when they can. For `test.skipIf` and the name of the skipped group. */
export const noBrowser: string | null = existsSync(EXECUTABLE) ? null : `there is no ${EXECUTABLE} on this machine`;

/** The real Chromium, headless, with a profile of its own that is removed on `close`, and quiet towards the internet. */
export interface TestBrowser {
  /** A fresh context in the same browser: its own language, viewport, colours, script on or off. */
  context(options?: BrowserContextOptions): Promise<BrowserContext>;
  close(): Promise<void>;
}

export async function openBrowser(): Promise<TestBrowser> {
  const profile = mkdtempSync(join(tmpdir(), "pausepoint-chromium-"));
  const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"].concat([
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ]);
  const first = await chromium.launchPersistentContext(profile, { executablePath: EXECUTABLE, headless: true, args });
  const browser = first.browser();
  return {
    context: (options) => {
      if (!browser) throw new Error("Chromium gave no browser to open a context in");
      return browser.newContext(options);
    },
    async close() {
      await first.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}

/** A context of the browser in which somebody is signed in to a console already: `cookie` is `name=value`. */
export async function signedInContext(
  browser: TestBrowser,
  { cookie, appliance: { url } }: { readonly cookie: string; readonly appliance: { readonly url: string } },
  options: BrowserContextOptions = {},
): Promise<BrowserContext> {
  const context = await browser.context(options);
  const [name = "", value = ""] = cookie.split("=");
  await context.addCookies([{ name, value, url }]);
  return context;
}
