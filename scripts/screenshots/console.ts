import { join } from "node:path";
import { startAppliance } from "../../test/support/appliance.ts";
import { signedInContext, type TestBrowser } from "../../test/support/browser.ts";
import { administrator } from "../../test/support/operator.ts";
import { save } from "./save.ts";

/** Takes a picture of what waits, also on a phone in the dark, and of one pause with its timeline, as an administrator sees them. */
export async function photographConsole(browser: TestBrowser, folder: string): Promise<void> {
  const appliance = await startAppliance();
  try {
    // The console's view of health has the machine's own time, and what happens here takes a few minutes.
    appliance.clock.turn(Date.now() - appliance.clock.now() - 300_000);
    const admin = await administrator(appliance, "Operator");
    const ask = (message: string, hours: number, recipient = "+13128471928") =>
      appliance.ask(appliance.keys.test, { message, recipient, timeout_hours: hours, timeout_default: "Reject" });
    const answered = await appliance.ask(appliance.keys.test, {
      message: "Pay invoice 2231?",
      details: { Amount: "4,100.00 USD", Due: "30 November" },
    });
    const [message] = await appliance.messages(answered);
    await appliance.call(message?.link ?? "");
    await appliance.choose(message?.link ?? "", "Approve");
    appliance.clock.turn(240_000);
    const pending = await ask("Deploy build 4712 to production?", 1);
    await ask("Delete 1,204 files that nobody opened for two years?", 4, "+13128471929");
    await ask("Send the November newsletter to 18,240 readers?", 24);
    const desk = { viewport: { width: 1180, height: 560 }, deviceScaleFactor: 2 };
    const context = await signedInContext(browser, admin, desk);
    const page = await context.newPage();
    await appliance.messages(pending);
    await page.goto(`${appliance.url}/console/waiting`);
    await save(page, join(folder, "console-waiting.png"), true);
    await page.goto(`${appliance.url}/console/pauses/${answered.pause_id}`);
    await save(page, join(folder, "console-pause.png"), false);
    await context.close();
    const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, colorScheme: "dark" } as const;
    const inHand = await signedInContext(browser, admin, phone);
    const small = await inHand.newPage();
    await small.goto(`${appliance.url}/console/waiting`);
    await save(small, join(folder, "console-phone.png"), true);
    await inHand.close();
  } finally {
    await appliance.stop();
  }
}
