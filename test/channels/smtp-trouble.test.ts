/** What aiosmtpd never does: a relay of the test's own that hangs, breaks off, or talks nonsense, on a real socket. */
import { afterEach, describe, expect, test } from "bun:test";
import { createServer, type Socket } from "node:net";
import { createSmtpChannel } from "../../src/channels/smtp/index.ts";
import { asking, handClock, LINK, PERSON, settings, TOKEN } from "./smtp-parts.ts";

const running: { stop(): unknown }[] = [];
afterEach(async () => {
  for (const part of running.splice(0)) await part.stop();
});

/** The commands of a session, in order; `hello` is the connection, `handshake` the first byte of TLS. */
type Step = "hello" | "EHLO" | "HELO" | "STARTTLS" | "handshake" | "AUTH" | "MAIL" | "RCPT" | "DATA" | "." | "QUIT";

const USUAL: Readonly<Record<Step, string>> = {
  hello: "220 relay.example.com ESMTP\r\n",
  EHLO: "250-relay.example.com\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n",
  HELO: "250 relay.example.com\r\n",
  STARTTLS: "220 go ahead\r\n",
  handshake: "",
  AUTH: "235 2.7.0 welcome\r\n",
  MAIL: "250 2.1.0 Ok\r\n",
  RCPT: "250 2.1.5 Ok\r\n",
  DATA: "354 go ahead\r\n",
  ".": "250 2.0.0 Ok: queued as RAW1\r\n",
  QUIT: "221 2.0.0 Bye\r\n",
};

/** What it says in place of the usual: null is silence, `cut` ends the connection after these bytes. */
type Changes = Partial<Record<Step, string | null | { readonly cut: string }>>;

async function startRawRelay(changes: Changes = {}) {
  const steps: Step[] = [];
  const sockets = new Set<Socket>();
  const waiting: { step: Step; resolve: () => void }[] = [];
  const closed = Promise.withResolvers<void>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => closed.resolve());
    const take = (step: Step) => {
      steps.push(step);
      const answer = step in changes ? changes[step] : USUAL[step];
      if (typeof answer === "string") socket.write(answer);
      else if (answer) socket.end(answer.cut);
      for (const waiter of waiting) if (waiter.step === step) waiter.resolve();
    };
    let mode: "commands" | "content" | "tls" = "commands";
    let rest = "";
    socket.on("data", (chunk) => {
      if (mode === "tls") return take("handshake");
      rest += chunk.toString("latin1");
      for (;;) {
        const mark = mode === "content" ? "\r\n.\r\n" : "\r\n";
        const end = rest.indexOf(mark);
        if (end === -1) return;
        const line = rest.slice(0, end);
        rest = rest.slice(end + mark.length);
        if (mode === "content") {
          mode = "commands";
          take(".");
          continue;
        }
        const step = line.split(" ")[0] as Step;
        take(step);
        if (step === "STARTTLS" && !("STARTTLS" in changes)) mode = "tls";
        const toData = step in changes ? changes[step] : USUAL[step];
        if (step === "DATA" && typeof toData === "string" && toData.startsWith("3")) mode = "content";
      }
    });
    take("hello");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  running.push({
    stop: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise<void>((resolve) => server.close(() => resolve()));
    },
  });
  return {
    port: (server.address() as { port: number }).port,
    steps,
    /** Resolves when the client has come as far as this. */
    reached: (step: Step) =>
      steps.includes(step) ? Promise.resolve() : new Promise<void>((resolve) => waiting.push({ step, resolve })),
    /** Resolves when the first connection is gone. */
    closed: closed.promise,
  };
}

const untilStopped = new AbortController().signal;
const unencrypted = { tls: { startTls: "off", allowUnencryptedLogin: true } };

function url(port: number, login = "paul:pass%2Fword@") {
  return `smtp://${login}127.0.0.1:${port}`;
}

/** One attempt at a relay with these changes, over a connection that is not encrypted. */
async function sendTo(changes: Changes, options: { url?: string; settings?: Record<string, unknown> } = {}) {
  const relay = await startRawRelay(changes);
  const config = settings(url(relay.port), options.settings ?? unencrypted);
  const result = await createSmtpChannel(config, handClock().clock).send(asking, untilStopped);
  const told = JSON.stringify(result);
  for (const secret of [TOKEN, LINK, PERSON, "pass/word", "Meridian", "AHBhdWwAcGFzcy93b3Jk"]) {
    expect(told).not.toContain(secret);
  }
  return { result, relay };
}

describe("a relay that hangs", () => {
  const stages = [
    // The relay sees the connection before this side does.
    ["hello", unencrypted, "(?:while connecting|during the greeting and the start of encryption)", true],
    ["EHLO", unencrypted, "during the greeting and the start of encryption", true],
    ["STARTTLS", { tls: { startTls: "required" } }, "during the greeting and the start of encryption", true],
    ["handshake", { tls: { startTls: "required" } }, "during the greeting and the start of encryption", true],
    ["AUTH", unencrypted, "during the log-in", true],
    ["MAIL", unencrypted, "while sender and recipient were named", true],
    ["RCPT", unencrypted, "while sender and recipient were named", true],
    ["DATA", unencrypted, "while sender and recipient were named", true],
    [".", unencrypted, "after the mail was handed over", false],
  ] as const;
  const maybe = "; it may have taken the mail, so a retry can bring it twice";

  test.each(stages)("at %s is given up when the time of the attempt is over", async (step, changes, when, isDown) => {
    const relay = await startRawRelay(step === "handshake" ? {} : { [step]: null });
    const { clock, turn, armed } = handClock();
    const channel = createSmtpChannel(settings(url(relay.port), { ...changes, timeoutSeconds: 90 }), clock);
    const sending = channel.send(asking, untilStopped);
    await relay.reached(step);
    turn(60_000);
    turn(30_000);
    expect(await sending).toEqual({
      outcome: "retry",
      error: expect.stringMatching(
        new RegExp(`^the relay was not done within 90 s \\(${when}\\)${step === "." ? maybe : ""}$`),
      ),
      status: null,
      excerpt: null,
      retryAfterMs: null,
      ...(isDown ? { isChannelDown: true } : {}),
    });
    await relay.closed;
    expect(armed()).toBe(0);
  });

  test.each(stages)("at %s is left at once when the appliance stops", async (step, changes, when) => {
    const relay = await startRawRelay(step === "handshake" ? {} : { [step]: null });
    const stop = new AbortController();
    const { clock, armed } = handClock();
    const sending = createSmtpChannel(settings(url(relay.port), changes), clock).send(asking, stop.signal);
    await relay.reached(step);
    stop.abort();
    const result = await sending;
    expect(result).toMatchObject({
      outcome: "retry",
      error: expect.stringMatching(new RegExp(`^the attempt was stopped ${when}${step === "." ? maybe : ""}$`)),
    });
    expect(result).not.toHaveProperty("isChannelDown");
    await relay.closed;
    expect(armed()).toBe(0);
  });

  test("is not called at all by an attempt that was stopped before", async () => {
    const relay = await startRawRelay();
    const result = await createSmtpChannel(settings(url(relay.port), unencrypted)).send(asking, AbortSignal.abort());
    expect(result).toMatchObject({ outcome: "retry", error: "the attempt was stopped while connecting" });
    expect(relay.steps).toEqual([]);
  });

  test("at the good-bye has taken the mail", async () => {
    const { result, relay } = await sendTo({ QUIT: null });
    expect(result).toMatchObject({ outcome: "sent", providerId: "RAW1" });
    await relay.reached("QUIT");
  });
});

describe("a relay that breaks off", () => {
  test.each([
    ["hello", "during the greeting and the start of encryption", true],
    ["EHLO", "during the greeting and the start of encryption", true],
    ["AUTH", "during the log-in", true],
    ["MAIL", "while sender and recipient were named", true],
    ["RCPT", "while sender and recipient were named", true],
  ] as const)("at %s, in the middle of its answer", async (step, when, isDown) => {
    const { result } = await sendTo({ [step]: { cut: "2" } });
    expect(result).toMatchObject({
      outcome: "retry",
      error: `the connection to the relay broke ${when} (ECONNECTION)`,
      isChannelDown: isDown,
    });
  });

  test.each(["", "25", "250 2.0.0 Ok: queued as HALF"])(
    "after the mail, having said %p, may have taken it",
    async (cut) => {
      const { result } = await sendTo({ ".": { cut } });
      expect(result).toEqual({
        outcome: "retry",
        error:
          "the connection to the relay broke after the mail was handed over (ECONNECTION); it may have taken the mail, so a retry can bring it twice",
        status: null,
        excerpt: null,
        retryAfterMs: null,
      });
    },
  );

  test("in the TLS handshake", async () => {
    const { result } = await sendTo({ handshake: { cut: "" } }, { settings: { tls: { startTls: "required" } } });
    expect(result).toMatchObject({
      outcome: "retry",
      isChannelDown: true,
      error: "the connection to the relay broke during the greeting and the start of encryption (ECONNRESET)",
    });
  });
});

describe("a relay that refuses every mail takes the channel down", () => {
  test.each([
    ["hello", "554 5.3.2 not from here\r\n", "the relay refuses to talk to this server (554 5.3.2)"],
    ["hello", "421 busy\r\n", "the relay is closing the connection, for it is stopping or has too much to do (421)"],
    ["hello", "HTTP/1.1 400 Bad Request\r\n", "what answers at `url` does not speak SMTP (EPROTOCOL)"],
    ["EHLO", "250 relay.example.com\r\n", "the relay offers no log-in, though `url` has a user and password"],
    [
      "AUTH",
      "454 4.7.0 database away\r\n",
      "the relay cannot check the user name and password at the moment (454 4.7.0)",
    ],
    [
      "AUTH",
      "504 5.5.4 no PLAIN\r\n",
      "the relay does not take any of the ways to log in that PausePoint knows (504 5.5.4)",
    ],
    ["AUTH", "535 5.7.8 AHBhdWwAcGFzcy93b3Jk\r\n", "the relay refuses the user name or password in `url` (535 5.7.8)"],
    ["AUTH", "538 5.7.11 encrypt\r\n", "the relay wants an encrypted connection before the log-in (538 5.7.11)"],
    ["MAIL", "452 4.3.1 full\r\n", "the relay takes no mail at the moment: the relay has no room left (452 4.3.1)"],
    ["MAIL", "550 5.1.8 no\r\n", "the relay refuses the sender in `from` (550 5.1.8)"],
    ["RCPT", "421 4.4.5 too much\r\n", "the relay has too much to do (421 4.4.5)"],
    [".", "421 4.3.2 stopping\r\n", "the relay takes no mail at the moment (421 4.3.2)"],
  ] as const)("at %s with %p", async (step, answer, error) => {
    const { result } = await sendTo({ [step]: answer });
    expect(result).toMatchObject({ outcome: "retry", isChannelDown: true, error });
  });

  test("with a greeting that never ends", async () => {
    const { result } = await sendTo({ hello: `220-${"x".repeat(70_000)}` });
    expect(result).toMatchObject({
      error: "what answers at `url` does not speak SMTP (EPROTOCOL)",
      isChannelDown: true,
    });
  });

  test("smtps:// at a port that is not encrypted from the start", async () => {
    const relay = await startRawRelay();
    const channel = createSmtpChannel(settings(`smtps://127.0.0.1:${relay.port}`), handClock().clock);
    const result = await channel.send(asking, untilStopped);
    expect(result).toMatchObject({ outcome: "retry", isChannelDown: true, status: null });
    expect(result).toHaveProperty(
      "error",
      expect.stringMatching(/^the encrypted connection to the relay could not be/),
    );
  });

  test("STARTTLS is offered, but not given", async () => {
    const tls = { startTls: "if-offered", allowUnencryptedLogin: true };
    const { result, relay } = await sendTo({ STARTTLS: "454 4.7.0 no TLS now\r\n" }, { settings: { tls } });
    expect(result).toMatchObject({
      ...{ outcome: "retry", isChannelDown: true, status: 454, excerpt: "454 4.7.0" },
      error: "the relay offers encryption (STARTTLS), but does not start it",
    });
    expect(relay.steps).not.toContain("AUTH");
  });

  test("credentials it repeats are kept out of the excerpt, in clear and in base64", async () => {
    const { result } = await sendTo({ MAIL: "451 paul pass/word AHBhdWwAcGFzcy93b3Jk cGF1bA== cGFzcy93b3Jk\r\n" });
    expect(result.excerpt).toBe("451 [hidden] [hidden] [hidden] [hidden] [hidden]");
  });
});

describe("a relay of another make", () => {
  test("that takes commands in one go (RFC 2920) refuses the recipient alone", async () => {
    const { result } = await sendTo({
      EHLO: "250-relay.example.com\r\n250-PIPELINING\r\n250 AUTH PLAIN\r\n",
      RCPT: "550 5.1.1 unknown\r\n",
      DATA: "554 5.5.1 no valid recipients\r\n",
    });
    expect(result).toMatchObject({ outcome: "failed", error: "the mailbox does not exist (550 5.1.1)" });
  });

  test("that knows no EHLO is greeted the old way", async () => {
    const relay = await startRawRelay({ EHLO: "502 what?\r\n" });
    const config = settings(url(relay.port, ""), { tls: { startTls: "off" } });
    expect(await createSmtpChannel(config).send(asking, untilStopped)).toMatchObject({ outcome: "sent" });
    expect(relay.steps.slice(0, 6)).toEqual(["hello", "EHLO", "HELO", "MAIL", "RCPT", "DATA"]);
  });

  test("that is confused about the order of commands is asked again later", async () => {
    const { result } = await sendTo({ DATA: "503 5.5.1 bad sequence\r\n" });
    expect(result).toMatchObject({ outcome: "retry", status: 503 });
  });

  test.each([
    ["250 2.0.0 Ok: queued as 4Xy1Z23kqpz5", "4Xy1Z23kqpz5"],
    ["250 OK id=1tFabc-0000000ABCD-1xyz", "1tFabc-0000000ABCD-1xyz"],
    ["250 2.0.0 4AP5kQxb012345 Message accepted for delivery", "4AP5kQxb012345"],
    [
      "250 2.6.0 <dlv_1@example.com> [InternalId=4711000001, Hostname=mx.example.com] Queued mail for delivery",
      "4711000001",
    ],
    ["250 2.0.0 OK  1764000000 af79cd13be357-8b2 - gsmtp", "af79cd13be357-8b2"],
    ["250 Ok 0100018b5c3c0a4f-aaaa-000000", "0100018b5c3c0a4f-aaaa-000000"],
    ["250 thank you", null],
  ])("says %p, which names the mail %p", async (answer, providerId) => {
    const { result } = await sendTo({ ".": `${answer}\r\n` });
    expect(result).toMatchObject({ outcome: "sent", providerId, status: 250 });
  });
});
