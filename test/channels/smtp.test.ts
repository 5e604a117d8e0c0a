import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { createHash, createPublicKey, createVerify } from "node:crypto";
import { createServer } from "node:net";
import type { Conclusion, OutgoingMessage } from "../../src/channels/channel.ts";
import { createSmtpChannel } from "../../src/channels/smtp/index.ts";
import type { SmtpConfig } from "../../src/platform/config/smtp.ts";
import {
  type AiosmtpdOptions,
  contentOf,
  header,
  noAiosmtpd,
  type ReceivedMail,
  startAiosmtpd,
} from "../peers/aiosmtpd.ts";
import {
  asking,
  type Certificates,
  handClock,
  LINK,
  makeCertificates,
  PERSON,
  question,
  settings,
  TOKEN,
} from "./smtp-parts.ts";

const running: { stop(): unknown }[] = [];
let certificates: Certificates;
beforeAll(async () => {
  certificates = await makeCertificates();
});
afterAll(() => certificates.remove());
afterEach(async () => {
  for (const part of running.splice(0)) await part.stop();
});

const untilStopped = new AbortController().signal;
const LOGIN = { user: "paul@relay", password: "s3cret/of the relay" };
const URL_LOGIN = `${encodeURIComponent(LOGIN.user)}:${encodeURIComponent(LOGIN.password)}@`;

async function startRelay(options: AiosmtpdOptions = {}) {
  const relay = await startAiosmtpd(options);
  running.push(relay);
  return relay;
}

function send(config: SmtpConfig, message: Partial<OutgoingMessage> = {}) {
  return createSmtpChannel(config, handClock().clock).send({ ...asking, ...message }, untilStopped);
}

/** One message through a fresh relay, and what came there. */
async function receive(message: Partial<OutgoingMessage> = {}, changes: Record<string, unknown> = {}) {
  const relay = await startRelay();
  const result = await send(settings(`smtp://127.0.0.1:${relay.port}`, changes), message);
  expect(result.outcome).toBe("sent");
  return relay.nextMail();
}

const starttls = () => ({ cert: certificates.cert, key: certificates.key, mode: "starttls" }) as const;
const implicit = () => ({ cert: certificates.cert, key: certificates.key, mode: "implicit" }) as const;

const suite = noAiosmtpd === null ? "" : " [needs python3-aiosmtpd]";

describe.skipIf(noAiosmtpd !== null)(`a mail that the relay takes${suite}`, () => {
  test("is sent, with the relay's own id for it", async () => {
    const relay = await startRelay();
    expect(await send(settings(`smtp://127.0.0.1:${relay.port}`))).toEqual({
      outcome: "sent",
      providerId: "TEST000001",
      status: 250,
      excerpt: "250 2.0.0",
    });
    expect(await relay.nextMail()).toMatchObject({ from: "approve@example.com", to: [PERSON] });
  });

  test("has these headers and no others", async () => {
    const mail = await receive({}, { replyTo: "Ops, Night <ops@example.com>" });
    expect(mail.defects).toEqual([]);
    expect(mail.headers.filter(([name]) => name !== "Content-Type")).toEqual([
      ["Auto-Submitted", "auto-generated"],
      ["X-Auto-Response-Suppress", "All"],
      ["From", "PausePoint <approve@example.com>"],
      ["To", PERSON],
      ["Reply-To", '"Ops, Night" <ops@example.com>'],
      ["Subject", "Approval needed: Refund 1,200 € to Meridian & Söhne for order 4711? The goods…"],
      ["Message-ID", "<dlv_01kb1@example.com>"],
      ["Date", "Tue, 24 Nov 2026 14:00:00 +0000"],
      ["MIME-Version", "1.0"],
    ]);
  });

  test("keeps its Message-ID over retries, so that a receiver can tell that it had it", async () => {
    const relay = await startRelay({ replies: { content: { [PERSON]: ["451 4.3.0 try again"] } } });
    const config = settings(`smtp://127.0.0.1:${relay.port}`);
    expect((await send(config)).outcome).toBe("retry");
    expect((await send(config)).outcome).toBe("sent");
    expect((await send(config)).outcome).toBe("sent");
    expect((await send(config, { deliveryId: "dlv_other" })).outcome).toBe("sent");
    const ids = [await relay.nextMail(), await relay.nextMail(), await relay.nextMail()];
    expect(ids.map((mail) => header(mail, "Message-ID"))).toEqual([
      "<dlv_01kb1@example.com>",
      "<dlv_01kb1@example.com>",
      "<dlv_other@example.com>",
    ]);
  });

  test("says everything in its text part, in the order of the page", async () => {
    const mail = await receive();
    expect(mail.body.parts?.map(({ type, charset }) => `${type} ${charset}`)).toEqual([
      "text/plain utf-8",
      "text/html utf-8",
    ]);
    expect(contentOf(mail, "text/plain").replaceAll("\r\n", "\n")).toBe(`Question from Meridian Operations

The agent says:
| Refund 1,200 € to Meridian & Söhne for order 4711?
| The goods came back. 🎉

Details:
| Amount: 1,200.00 €
| Reason: Two came back.
|     One is lost.

You can answer:
- Approve
- Reject

See and answer:
${LINK}

Expires Tuesday, November 24, 2026 at 6:07 PM (Central European Standard Time).
If nobody answers by then, the answer will be “Reject”.

Nothing is decided by this mail or by a reply to it, only by what you choose on that page.
The link is for you alone, for this one question. Do not forward it.
`);
  });

  test("says when the question ends without an answer, and when it is a test", async () => {
    const mail = await receive({ question: { ...question, timeoutDefault: null, isTest: true, details: [] } });
    for (const type of ["text/plain", "text/html"]) {
      expect(contentOf(mail, type)).toContain("If nobody answers by then, the question expires without an answer.");
      expect(contentOf(mail, type)).toContain("This is a test. Nothing real depends on your answer.");
      expect(contentOf(mail, type)).not.toContain("Details");
    }
  });

  test("has a link in its HTML part to the question and nowhere else, and fetches nothing", async () => {
    const html = contentOf(await receive(), "text/html");
    const hrefs = Array.from(html.matchAll(/href="([^"]*)"/g), ([, href]) => href);
    expect(hrefs).toEqual([LINK, LINK]);
    expect(html).not.toMatch(/\bsrc=|url\(|@import|<img|<link|<script|<form|<iframe/i);
    expect(html).toContain("See and answer");
  });

  test("without a question is its text alone", async () => {
    const mail = await receive({ question: null, text: "Recorded: Approve.\nThank you." });
    expect(mail.body).toMatchObject({ type: "text/plain", content: "Recorded: Approve.\r\nThank you.\r\n" });
    expect(header(mail, "Subject")).toBe("Recorded: Approve. Thank you.");
  });

  test("without a question has a subject that is cut between two characters too", async () => {
    const mail = await receive({ question: null, text: `${"🎉".repeat(100)}\u202E\n` });
    expect(header(mail, "Subject")).toBe(`${"🎉".repeat(79)}…`);
    expect(mail.body.content).toBe(`${"🎉".repeat(100)}[U+202E]\r\n`);
  });

  test("is handed over beside others, each to its own person", async () => {
    const relay = await startRelay();
    const channel = createSmtpChannel(settings(`smtp://127.0.0.1:${relay.port}`));
    const people = ["a", "b", "c", "d"].map((name) => `${name}@example.net`);
    const sent = people.map((to) => channel.send({ ...asking, deliveryId: `dlv_${to[0]}`, to }, untilStopped));
    expect((await Promise.all(sent)).map(({ outcome }) => outcome)).toEqual(["sent", "sent", "sent", "sent"]);
    const mails = await Promise.all(people.map(() => relay.nextMail()));
    const seen = mails.map((mail) => `${mail.to} ${header(mail, "To")} ${header(mail, "Message-ID")}`);
    expect(seen.sort()).toEqual(people.map((to) => `${to} ${to} <dlv_${to[0]}@example.com>`));
  });

  test("in another script than Latin has the line breaks of every other mail (RFC 2045)", async () => {
    const message = "退款一千二百元\n请批准";
    const mail = await receive({ question: { ...question, message } });
    expect(header(mail, "Subject")).toBe("Approval needed: 退款一千二百元 请批准");
    for (const type of ["text/plain", "text/html"]) expect(contentOf(mail, type)).not.toMatch(/(?<!\r)\n|\r(?!\n)/);
    expect(contentOf(mail, "text/plain")).toContain("| 退款一千二百元\r\n| 请批准\r\n");
  });

  test("may hold lines that only a full stop or the word From begins, and very long ones", async () => {
    const message = `.\n..\nFrom here\n${"x".repeat(1500)}`;
    const mail = await receive({ question: null, text: message });
    expect(mail.body.content?.replaceAll("\r\n", "\n")).toBe(`${message}\n`);
  });

  test("reaches an address in another script where the relay offers that (RFC 6531)", async () => {
    expect((await receive({ to: "jörg@exämple.net" })).to).toEqual(["jörg@exämple.net"]);
    expect((await receive({ to: "joerg@exämple.net" })).to).toEqual(["joerg@xn--exmple-cua.net"]);
  });
});

describe.skipIf(noAiosmtpd !== null)(`the asker's words${suite}`, () => {
  const ask = (message: string, changes: Partial<typeof question> = {}) =>
    receive({ question: { ...question, message, ...changes } });

  test("add no header by way of the subject, the project's name or an address", async () => {
    const evil = "Pay\r\nBcc: thief@example.org\r\n\r\nand\u2028go\u0000\u0085";
    const mail = await ask(evil, { project: "Ops\r\nX-Evil: 1" });
    expect(mail.to).toEqual([PERSON]);
    expect(mail.headers.map(([name]) => name)).not.toContain("Bcc");
    expect(header(mail, "Subject")).toBe("Approval needed: Pay Bcc: thief@example.org and go[U+0000][U+0085]");
    expect(Buffer.from(mail.raw, "base64").toString()).not.toMatch(/^(?:Bcc|X-Evil):/im);
  });

  test("name no second recipient", async () => {
    const relay = await startRelay();
    const config = settings(`smtp://127.0.0.1:${relay.port}`);
    const tried = ["cfo@example.net, thief@example.org", "cfo@example.net\r\nRCPT TO:<thief@example.org>", "a@b> <c@d"];
    for (const to of tried) {
      const result = await send(config, { to });
      expect({ to, outcome: result.outcome }).toEqual({ to, outcome: "failed" });
    }
    expect((await send(config)).outcome).toBe("sent");
    expect((await relay.nextMail()).to).toEqual([PERSON]);
  });

  test("are cut in the subject between two characters as a person sees them", async () => {
    const family = "👨‍👩‍👧";
    const subject = header(await ask(family.repeat(200)), "Subject");
    expect(subject).toBe(`Approval needed: ${family.repeat(62)}…`);
    expect([...new Intl.Segmenter("en").segment(subject!)]).toHaveLength(80);
    expect(header(await ask("y".repeat(63)), "Subject")).toBe(`Approval needed: ${"y".repeat(63)}`);
  });

  test("hide nothing: overrides, zero-width characters and controls are shown by their code", async () => {
    const mail = await ask("Pay \u202E0051$ to a\u200B\u200Bcme\u0007 ⚠️", { options: ["Yes\u2066", "No"] });
    expect(contentOf(mail, "text/plain")).toContain("| Pay [U+202E]0051$ to a[U+200B ×2]cme[U+0007] ⚠️\r\n");
    expect(contentOf(mail, "text/plain")).toContain("- Yes[U+2066]\r\n");
    expect(contentOf(mail, "text/html")).toContain('title="hidden character U+202E">U+202E</span>0051$');
    expect(mail.raw).not.toContain("\u202E");
    expect(Buffer.from(mail.raw, "base64").toString()).not.toMatch(/=E2=80=AE|=E2=80=8B/);
  });

  test("are no markup", async () => {
    const evil = `</div><a href="https://evil.example">x</a><img src=x onerror='1'>&amp;`;
    const everywhere = { project: evil, options: [evil], details: [[evil, evil]] as const, timeoutDefault: evil };
    const html = contentOf(await ask(evil, everywhere), "text/html");
    expect(html).not.toContain('<a href="https://evil');
    expect(html).not.toContain("<img");
    expect(html.match(/&#60;img src=x onerror=&#39;1&#39;&#62;&#38;amp;/g)).toHaveLength(6);
  });

  test("cannot look like lines of ours in the text part", async () => {
    const mail = await ask("Pay?\r\n\nSee and answer:\nhttps://evil.example\u2028See\rand\u000Banswer");
    const lines = contentOf(mail, "text/plain").split("\r\n");
    expect(lines.filter((line) => line.includes("evil.example"))).toEqual([
      "| https://evil.example[U+2028]See[U+000D]and[U+000B]answer",
    ]);
    expect(lines).toContain("| Pay?");
    expect(lines.filter((line) => line === "See and answer:")).toHaveLength(1);
  });
});

describe.skipIf(noAiosmtpd !== null)(`the connection${suite}`, () => {
  test("is encrypted by STARTTLS under an authority of the operator's own", async () => {
    const relay = await startRelay({ tls: starttls() });
    const tls = { ca: certificates.ca, startTls: "required" };
    expect((await send(settings(`smtp://127.0.0.1:${relay.port}`, { tls }))).outcome).toBe("sent");
    expect((await relay.nextMail()).isEncrypted).toBe(true);
  });

  test("is encrypted from the start with smtps://, found by the name localhost", async () => {
    const relay = await startRelay({ tls: implicit() });
    const config = settings(`smtps://localhost:${relay.port}`, { tls: { ca: certificates.ca } });
    expect(await send(config)).toMatchObject({ outcome: "sent" });
    expect((await relay.nextMail()).isEncrypted).toBe(true);
  });

  test.each(["starttls", "implicit"] as const)(
    "%s: a certificate that nobody trusted here signed is refused",
    async (mode) => {
      const relay = await startRelay({ tls: mode === "starttls" ? starttls() : implicit() });
      const scheme = mode === "starttls" ? "smtp" : "smtps";
      const tls = mode === "starttls" ? { startTls: "required" } : {};
      const result = await send(settings(`${scheme}://127.0.0.1:${relay.port}`, { tls }));
      expect(result).toMatchObject({ outcome: "retry", isChannelDown: true, status: null });
      expect("error" in result && result.error).toMatch(
        /^the relay's certificate is signed by nobody that is trusted here; tls\.ca names your own authority \([A-Z_]+\)$/,
      );
    },
  );

  test.each(["starttls", "implicit"] as const)("%s: a certificate for another name is refused", async (mode) => {
    const relay = await startRelay({ tls: mode === "starttls" ? starttls() : implicit() });
    const url = `${mode === "starttls" ? "smtp" : "smtps"}://127.0.0.1:${relay.port}`;
    const startTls = mode === "starttls" ? { startTls: "required" } : {};
    const named = (serverName: string) => settings(url, { tls: { ca: certificates.ca, serverName, ...startTls } });
    expect(await send(named("mail.example.org"))).toMatchObject({
      outcome: "retry",
      isChannelDown: true,
      error:
        "the relay's certificate is for another name; tls.serverName says which one to expect (ERR_TLS_CERT_ALTNAME_INVALID)",
    });
    expect((await send(named("relay.example.com"))).outcome).toBe("sent");
  });

  test("is not made without encryption, where that is required", async () => {
    const relay = await startRelay();
    const url = `smtp://127.0.0.1:${relay.port}`;
    expect(await send(settings(url, { tls: { startTls: "required" } }))).toMatchObject({
      outcome: "retry",
      isChannelDown: true,
      error: 'the relay offers no encryption (STARTTLS); tls.startTls "if-offered" or "off" would go on without',
    });
    expect((await send(settings(url, { tls: { startTls: "if-offered" } }))).outcome).toBe("sent");
    expect((await relay.nextMail()).isEncrypted).toBe(false);
  });

  test("is encrypted where that is offered, and not with startTls off", async () => {
    const relay = await startRelay({ tls: starttls() });
    const url = `smtp://127.0.0.1:${relay.port}`;
    await send(settings(url, { tls: { startTls: "if-offered", ca: certificates.ca } }));
    expect((await relay.nextMail()).isEncrypted).toBe(true);
    await send(settings(url, { tls: { startTls: "off" } }));
    expect((await relay.nextMail()).isEncrypted).toBe(false);
  });
});

describe.skipIf(noAiosmtpd !== null)(`the log-in${suite}`, () => {
  const secure = () => ({ tls: { ca: certificates.ca } });

  test("with the right password, over STARTTLS", async () => {
    const relay = await startRelay({ tls: starttls(), login: LOGIN });
    expect((await send(settings(`smtp://${URL_LOGIN}127.0.0.1:${relay.port}`, secure()))).outcome).toBe("sent");
    expect(await relay.nextMail()).toMatchObject({ user: LOGIN.user, isEncrypted: true });
  });

  test("with a wrong password takes the channel down, and says no word of it", async () => {
    const relay = await startRelay({ tls: implicit(), login: { ...LOGIN, password: "another" } });
    const result = await send(settings(`smtps://${URL_LOGIN}127.0.0.1:${relay.port}`, secure()));
    expect(result).toEqual({
      outcome: "retry",
      error: "the relay refuses the user name or password in `url` (535 5.7.8)",
      status: 535,
      excerpt: "535 5.7.8",
      retryAfterMs: null,
      isChannelDown: true,
    });
  });

  test("is asked for in plain words where the url has none", async () => {
    const relay = await startRelay({ tls: implicit(), login: LOGIN });
    expect(await send(settings(`smtps://127.0.0.1:${relay.port}`, secure()))).toMatchObject({
      outcome: "retry",
      isChannelDown: true,
      error: "the relay wants a log-in: put user and password into `url` (530 5.7.0)",
    });
  });

  test("is never sent unencrypted, unless that was allowed", async () => {
    const relay = await startRelay({ login: LOGIN, loginInClear: true });
    const url = `smtp://${URL_LOGIN}127.0.0.1:${relay.port}`;
    expect(await send(settings(url, { tls: { startTls: "if-offered" } }))).toMatchObject({
      outcome: "retry",
      isChannelDown: true,
      error: "the relay offers no encryption (STARTTLS), and the password is not sent without it",
    });
    const allowed = { tls: { startTls: "off", allowUnencryptedLogin: true } };
    expect((await send(settings(url, allowed))).outcome).toBe("sent");
    expect(await relay.nextMail()).toMatchObject({ user: LOGIN.user, isEncrypted: false });
  });
});

describe.skipIf(noAiosmtpd !== null)(`a mail that the relay refuses${suite}`, () => {
  const refuse = async (kind: "recipient" | "content", reply: string) => {
    const relay = await startRelay({ replies: { [kind]: { [PERSON]: [reply] } } });
    return send(settings(`smtp://127.0.0.1:${relay.port}`));
  };

  test.each([
    ["550 5.1.1 <cfo@example.net>: Recipient address rejected", "the mailbox does not exist (550 5.1.1)"],
    ["550 No such user here", "the mailbox does not exist, or the relay may not say so (550)"],
    ["552 5.2.2 Over quota", "the mailbox is full (552 5.2.2)"],
    [
      "554 5.7.1 Relay access denied",
      "a rule of the relay or of the recipient's mail server refuses the mail (554 5.7.1)",
    ],
    [
      "550 5.7.509 Access denied",
      "a rule of the relay or of the recipient's mail server refuses the mail (550 5.7.509)",
    ],
    ["556 5.1.10 Recipient has a null MX", "the domain of the address takes no mail (556 5.1.10)"],
    ["571 no", "the relay refuses the mail (571)"],
  ])("for good, at the recipient: %s", async (reply, error) => {
    const result = await refuse("recipient", reply);
    expect(result).toMatchObject({ outcome: "failed", error, status: Number(reply.slice(0, 3)) });
  });

  test.each([
    ["450 4.2.0 Greylisted", "the mailbox cannot take the mail (450 4.2.0)"],
    ["452 4.2.2 Mailbox full", "the mailbox is full (452 4.2.2)"],
    ["451 later", "the relay failed while it worked on the mail (451)"],
  ])("for now, at the recipient: %s", async (reply, error) => {
    const result = await refuse("recipient", reply);
    expect(result).toEqual({
      ...{ outcome: "retry", error, status: Number(reply.slice(0, 3)), excerpt: reply, retryAfterMs: null },
    });
  });

  test("as it closes the connection: the other mails wait too", async () => {
    expect(await refuse("recipient", "421 4.3.2 Shutting down")).toMatchObject({
      outcome: "retry",
      isChannelDown: true,
      error: "the relay takes no mail at the moment (421 4.3.2)",
    });
  });

  test("for its content, of which no word is kept", async () => {
    const reply = `554 5.7.1 Refused for ${LINK} in "Refund 1,200 to Meridian" to ${PERSON}`;
    expect(await refuse("content", reply)).toEqual({
      outcome: "failed",
      error: "a rule of the relay or of the recipient's mail server refuses the mail (554 5.7.1)",
      status: 554,
      excerpt: "554 5.7.1",
    });
    expect(await refuse("content", "451 4.7.0 scanner is away")).toMatchObject({ outcome: "retry", status: 451 });
  });

  test("for its sender takes the channel down, as every mail has the same one", async () => {
    const sender = { "approve@example.com": "553 5.7.1 <approve@example.com>: not owned by paul@relay" };
    const relay = await startRelay({ tls: starttls(), login: LOGIN, replies: { sender } });
    const config = settings(`smtp://${URL_LOGIN}127.0.0.1:${relay.port}`, { tls: { ca: certificates.ca } });
    expect(await send(config)).toEqual({
      outcome: "retry",
      error: "the relay refuses the sender in `from` (553 5.7.1)",
      status: 553,
      excerpt: "553 5.7.1 [hidden] not owned by [hidden]",
      retryAfterMs: null,
      isChannelDown: true,
    });
  });

  test("for its size, which is known before it is sent", async () => {
    const relay = await startRelay({ sizeLimit: 500 });
    expect(await send(settings(`smtp://127.0.0.1:${relay.port}`))).toMatchObject({
      outcome: "failed",
      error: "the mail is larger than the relay takes",
    });
  });

  test("the excerpt shows the relay's words without address, link or password", async () => {
    const said = `550 5.1.1 CFO@example.net (cfo) unknown, see https://relay.example/${TOKEN} or ask postmaster@example.net`;
    const result = await refuse("recipient", said);
    expect(result.excerpt).toBe("550 5.1.1 [hidden] ([hidden]) unknown, see [hidden] or ask [hidden]");
  });
});

test("a closed port takes the channel down", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise<void>((resolve) => server.close(() => resolve()));
  expect(await send(settings(`smtp://127.0.0.1:${port}`))).toMatchObject({
    outcome: "retry",
    isChannelDown: true,
    status: null,
    error: "the relay in `url` cannot be reached (ECONNREFUSED)",
  });
});

describe.skipIf(noAiosmtpd !== null)(`telling those who were asked that it is over${suite}`, () => {
  const conclusion: Conclusion = {
    ...{ deliveryId: asking.deliveryId, to: PERSON, link: LINK, question, providerId: "TEST000001" },
    ...{ text: "Answered: Approve\u202E, by another recipient.", ending: "responded", choice: "Approve" },
  };

  test("happens only where the operator wants it", () => {
    expect(createSmtpChannel(settings("smtp://127.0.0.1")).conclude).toBeUndefined();
  });

  test("is a second mail, threaded under the first, that asks nothing and links to nothing", async () => {
    const relay = await startRelay();
    const channel = createSmtpChannel(settings(`smtp://127.0.0.1:${relay.port}`, { tellWhenOver: true }));
    await channel.send(asking, untilStopped);
    expect(await channel.conclude?.(conclusion, untilStopped)).toMatchObject({ outcome: "sent" });
    const [first, second] = [await relay.nextMail(), await relay.nextMail()] as [ReceivedMail, ReceivedMail];
    const id = header(first, "Message-ID");
    expect(header(second, "In-Reply-To")).toBe(id!);
    expect(header(second, "References")).toBe(id!);
    expect(header(second, "Message-ID")).toBe("<dlv_01kb1.over@example.com>");
    expect(header(second, "Auto-Submitted")).toBe("auto-generated");
    expect(header(second, "Subject")).toStartWith("No answer needed: Refund 1,200 € to Meridian & Söhne");
    expect(contentOf(second, "text/plain").replaceAll("\r\n", "\n")).toBe(`No answer is needed any more.

Answered: Approve[U+202E], by another recipient.

The agent had asked (Meridian Operations):
| Refund 1,200 € to Meridian & Söhne for order 4711?
| The goods came back. 🎉

There is nothing left for you to do.
`);
    expect(contentOf(second, "text/html")).not.toContain("href=");
    expect(contentOf(second, "text/html")).not.toContain(TOKEN);
  });
});

describe.skipIf(noAiosmtpd !== null)(`a DKIM signature${suite}`, () => {
  test("verifies with the public key, as RFC 6376 says, and covers what matters", async () => {
    const dkim = { domain: "example.com", selector: "mail2026", privateKey: certificates.rsaKey };
    const mail = await receive({}, { dkim });
    const raw = Buffer.from(mail.raw, "base64").toString("latin1");
    const end = raw.indexOf("\r\n\r\n");
    const fields = raw.slice(0, end).split(/\r\n(?![ \t])/);
    const body = raw.slice(end + 4);
    const relaxed = (field: string) => {
      const colon = field.indexOf(":");
      const value = field
        .slice(colon + 1)
        .replaceAll("\r\n", "")
        .replace(/[ \t]+/g, " ")
        .trim();
      return `${field.slice(0, colon).toLowerCase().trim()}:${value}`;
    };
    const signature = fields.find((field) => /^dkim-signature:/i.test(field))!;
    const tags = Object.fromEntries(
      relaxed(signature)
        .replace("dkim-signature:", "")
        .split(";")
        .map((tag) => [tag.slice(0, tag.indexOf("=")).trim(), tag.slice(tag.indexOf("=") + 1).replace(/\s/g, "")]),
    );
    expect(tags).toMatchObject({ v: "1", a: "rsa-sha256", c: "relaxed/relaxed", d: "example.com", s: "mail2026" });
    const lines = body.split("\r\n").map((line) => line.replace(/[ \t]+/g, " ").replace(/ $/, ""));
    const canonicalBody = `${lines.join("\r\n").replace(/(?:\r\n)+$/, "")}\r\n`;
    expect(tags.bh).toBe(createHash("sha256").update(canonicalBody, "latin1").digest("base64"));
    const signed = tags.h!.toLowerCase().split(":");
    for (const name of ["from", "to", "subject", "date", "message-id"]) expect(signed).toContain(name);
    const chosen = signed.flatMap((name) => fields.filter((field) => field.toLowerCase().startsWith(`${name}:`)));
    const unsigned = relaxed(signature).replace(/([;\s]b=)[^;]*/, "$1");
    const input = [...chosen.map(relaxed), unsigned].join("\r\n");
    const verify = createVerify("RSA-SHA256").update(input, "latin1");
    expect(verify.verify(createPublicKey(certificates.rsaKey), tags.b!, "base64")).toBe(true);
  });
});
