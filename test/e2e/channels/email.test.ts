/** A question by mail from the executable, over STARTTLS with a log-in, to a relay that nobody here wrote; answered on a phone. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Certificates, makeCertificates } from "../../channels/smtp-parts.ts";
import { type Aiosmtpd, contentOf, header, noAiosmtpd, startAiosmtpd } from "../../peers/aiosmtpd.ts";
import type { BinaryServer } from "../../support/binary.ts";
import { noBrowser, openBrowser, type TestBrowser } from "../../support/browser.ts";
import { liveKey, serveWith, settled } from "./stage.ts";

const CFO = "cfo@example.net";
const GONE = "gone@example.net";
const missing = [
  ...(noBrowser === null ? [] : ["chromium"]),
  ...(noAiosmtpd === null ? [] : ["python3-aiosmtpd"]),
  ...(existsSync(join(import.meta.dir, "../../../dist/pausepoint")) ? [] : ["dist/pausepoint"]),
];
setDefaultTimeout(60_000);

describe.skipIf(missing.length > 0)(`a mail${missing.length === 0 ? "" : ` [needs ${missing.join(", ")}]`}`, () => {
  let certificates: Certificates;
  let relay: Aiosmtpd;
  let browser: TestBrowser;
  let server: BinaryServer;
  let key = "";
  beforeAll(async () => {
    certificates = await makeCertificates();
    relay = await startAiosmtpd({
      tls: { cert: certificates.cert, key: certificates.key, mode: "starttls" },
      login: { user: "approve", password: "p@ss" },
      replies: { recipient: { [GONE]: ["550 5.1.1 No such user here"] } },
    });
    server = await serveWith({
      channels: `email: smtp({
        url: process.env.SMTP_URL,
        from: "PausePoint <approve@example.com>",
        tls: { ca: process.env.RELAY_CA },
        tellWhenOver: true,
      })`,
      env: { SMTP_URL: `smtp://approve:p%40ss@localhost:${relay.port}`, RELAY_CA: certificates.ca },
    });
    key = await liveKey(server);
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    await relay?.stop();
    certificates?.remove();
  });

  const ask = (recipient: string | string[]) =>
    server.ask({ recipient, channel: "email", message: "Wire $8,400?" }, key);
  const now = async (id: string) => (await server.call(`/v1/pause/${id}`, { key })).body;

  /** The next mail, and the link in it. */
  async function nextMail() {
    const mail = await relay.nextMail();
    const plain = contentOf(mail, "text/plain");
    const html = contentOf(mail, "text/html");
    return { mail, html, plain, link: /http:\/\/\S+\/r\/[\w-]+/.exec(plain)?.[0] ?? "no link" };
  }

  test("arrives encrypted, and is answered on a phone at its link", async () => {
    const { pause_id } = await ask(CFO);
    const { mail, html, link } = await nextMail();
    expect({ encrypted: mail.isEncrypted, user: mail.user, to: mail.to, defects: mail.defects }).toEqual({
      encrypted: true,
      user: "approve",
      to: [CFO],
      defects: [],
    });
    expect(html).toContain(`href="${link}"`);
    expect((await settled(server, key, pause_id, "sent")).reached).toBeNull();

    const context = await browser.context({ viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true });
    const page = await context.newPage();
    await page.goto(link);
    expect(await page.locator("blockquote").innerText()).toBe("Wire $8,400?");
    await page.getByRole("button", { name: "Approve" }).tap();
    await page.waitForURL((url) => url.href.includes("/r/"));
    await page.getByText("Approve").first().waitFor();
    await context.close();
    expect((await server.call(`/v1/pause/${pause_id}?wait=20`, { key })).body).toMatchObject({
      status: "responded",
      response_choice: "Approve",
      response_source: "human",
      response_via: "page",
      responded_by: CFO,
      reached: true,
    });
  });

  test("whose every link a scanner fetches, with GET and HEAD, decides nothing", async () => {
    const { pause_id } = await ask(CFO);
    const { html, plain } = await nextMail();
    const links = new Set(
      [...`${html}\n${plain}`.matchAll(/https?:\/\/[^\s"'<>]+/g)].map(([link]) => link.replaceAll("&amp;", "&")),
    );
    const own = [...links].filter((link) => link.startsWith(server.url));
    expect(own.length).toBeGreaterThan(0);
    for (const link of own) {
      for (const method of ["GET", "HEAD", "GET"]) await server.call(link, { method, key: "" });
    }
    expect(await now(pause_id)).toMatchObject({ status: "pending", response_choice: null, response_source: null });
    await server.call(`/v1/pause/${pause_id}/cancel`, { key, method: "POST" });
    const over = await nextMail();
    expect(header(over.mail, "Subject")).toStartWith("No answer needed");
  });

  test("to someone the relay does not know fails with its reason in words, and reached nobody", async () => {
    const { pause_id } = await ask(GONE);
    const pause = await settled(server, key, pause_id, "failed");
    expect(pause.delivery[0]?.error).toMatch(/550/);
    expect(pause.delivery[0]?.error).not.toContain(GONE);
    expect(pause.reached).toBe(false);
    expect(server.process.stderr).not.toContain(GONE);
  });

  test("is followed by one that it is over, in the same thread, to the one who did not decide", async () => {
    const { pause_id } = await ask([CFO, "coo@example.net"]);
    const mails = [await nextMail(), await nextMail()];
    const toCfo = mails.find(({ mail }) => mail.to[0] === CFO);
    const toCoo = mails.find(({ mail }) => mail.to[0] === "coo@example.net");
    await settled(server, key, pause_id, "sent", "sent");
    expect((await server.choose(toCfo?.link ?? "", "Reject")).status).toBe(303);
    const over = await nextMail();
    expect(over.mail.to).toEqual(["coo@example.net"]);
    expect(over.plain).toContain("Another recipient answered: Reject");
    const first = header(toCoo?.mail as never, "Message-ID");
    expect(first).toBeString();
    expect(header(over.mail, "In-Reply-To")).toBe(first);
    expect(header(over.mail, "References")).toContain(first ?? "none");
  });
});
