import { join } from "node:path";
import type { BrowserContextOptions, Page } from "playwright-core";
import type { TwilioPeer } from "../../test/peers/twilio.ts";
import type { BinaryServer } from "../../test/support/binary.ts";
import type { TestBrowser } from "../../test/support/browser.ts";
import { save } from "./save.ts";

/** Asks, and reads the links out of the texts that arrive. */
export class Asker {
  constructor(
    readonly server: BinaryServer,
    readonly peer: TwilioPeer,
    readonly key: string,
  ) {}

  /** Addresses, on this machine, of the page for each recipient, and the pause's id. */
  async ask(wanted: Readonly<Record<string, unknown>> = {}): Promise<{ id: string; links: string[] }> {
    const to = [wanted.recipient ?? "+13128471928"].flat() as string[];
    const { pause_id: id } = await this.server.ask({ ...payment, ...wanted }, this.key);
    const texts = await Promise.all(to.map((number) => this.peer.nextMessage({ to: number })));
    const tokens = texts.map(({ body }) => /\/r\/\S+/.exec(body)?.[0] ?? "");
    return { id, links: tokens.map((token) => `${this.server.url}${token}`) };
  }

  /** Asks with a time of about a second, and waits until it is over. */
  async askInVain(timeoutDefault: string | null): Promise<string> {
    const { id, links } = await this.ask({ timeout_hours: 0.0003, timeout_default: timeoutDefault });
    await this.server.call(`/v1/pause/${id}?wait=60`, { key: this.key });
    return links[0] ?? "";
  }
}

/** Takes a picture of every state of the page into `folder`, as `page-<state>.png`. */
export async function photographPages(browser: TestBrowser, folder: string, asker: Asker): Promise<void> {
  const shoot = async (
    name: string,
    url: string,
    options: BrowserContextOptions = {},
    act?: (page: Page) => unknown,
  ) => {
    const context = await browser.context({ ...phone, ...options });
    const page = await context.newPage();
    await page.goto(url);
    await act?.(page);
    await save(page, join(folder, `page-${name}.png`), options.viewport === undefined);
    await context.close();
  };

  const [open = ""] = (await asker.ask()).links;
  await shoot("open", open);
  await shoot("open-dark", open, { colorScheme: "dark" });
  await shoot("answered", open, {}, async (page) => {
    await page.getByRole("button", { name: "Approve" }).tap();
    await page.getByText("You can close this page.").waitFor();
  });

  const two = await asker.ask({ recipient: ["+13128471928", "+14155550132"] });
  await asker.server.choose(two.links[0] ?? "", "Approve");
  await shoot("answered-by-other", two.links[1] ?? "");

  await shoot("expired-default", await asker.askInVain("Reject"));
  await shoot("expired", await asker.askInVain(null));

  const withdrawn = await asker.ask();
  const reason = "The supplier has sent a corrected invoice.";
  await asker.server.call(`/v1/pause/${withdrawn.id}/cancel`, { key: asker.key, json: { reason } });
  await shoot("withdrawn", withdrawn.links[0] ?? "");

  await shoot("unknown-link", open.slice(0, -4));
  const arabic = {
    message: "هل تريد تحويل 8,400 دولار إلى شركة ميريديان؟",
    details: { المبلغ: "$8,400.00", الفاتورة: "4712" },
    options: ["موافق", "مرفوض"],
    timeout_default: "مرفوض",
  };
  await shoot("arabic", (await asker.ask(arabic)).links[0] ?? "", { locale: "ar" });

  const long = await asker.ask({
    message: contract,
    details: {},
    options: ["Sign", "Send back"],
    timeout_default: null,
    allow_comment: true,
  });
  await shoot("long-message", long.links[0] ?? "");
}

const payment = {
  message: "Wire $8,400 to Meridian Supplies?",
  details: { Amount: "$8,400.00", To: "Meridian Supplies", Invoice: "4712" },
  options: ["Approve", "Reject"],
  timeout_hours: 4,
  timeout_default: "Reject",
};

const contract = `Sign and submit the supply contract with Meridian Supplies?

It runs for 24 months from the first of January and renews by itself for another twelve unless one side gives notice three months before the end. Prices are fixed for the first year; after that they may rise with the producer price index, by at most four per cent a year.

Compared with last year's contract the payment term is shorter (14 days in place of 30), the penalty for late delivery is higher (1 % a day, at most 10 %), and the place of jurisdiction has moved to Chicago.

Legal has read it and asks for no change.`;

const phone: BrowserContextOptions = {
  viewport: { width: 390, height: 844 },
  deviceScaleFactor: 2,
  isMobile: true,
  hasTouch: true,
  locale: "en-US",
  timezoneId: "America/Chicago",
};
