import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { Conclusion, OutgoingMessage } from "../../../src/channels/channel.ts";
import { createTwilioChannel } from "../../../src/channels/twilio/index.ts";
import { type Clock, LONGEST_TIMER } from "../../../src/platform/clock.ts";
import { type TwilioConfig, twilioSchema } from "../../../src/platform/config/twilio.ts";
import { measure } from "../../../src/platform/sms/segments.ts";
import { startTwilioPeer, type TwilioPeer } from "../../peers/twilio.ts";

const PHONE = "+13128471928";
const LANDLINE = "+13125550188";
const OPTED_OUT = "+13125550177";
const ABROAD = "+4930901820";
const SENDER = "+15005550006";
const SERVICE = `MG${"ab".repeat(16)}`;
const API_KEY = `SK${"cd".repeat(16)}`;
const HOOKS = "https://approve.example.com/hooks/sms";
const TOKEN = "AUx1dG9rZW5fdGhhdF9kZWNpZGVzX2FuZF9tdXN0X25vdF9sZWFr";

let peer: TwilioPeer;
const running: { stop(): unknown }[] = [];

beforeEach(async () => {
  peer = await startTwilioPeer({
    apiKeys: { [API_KEY]: "the-secret-of-the-key" },
    messagingServices: { [SERVICE]: [SENDER], [`MG${"00".repeat(16)}`]: [] },
    senders: [SENDER, "+447700900123", "ACME"],
    landlines: [LANDLINE],
    optedOut: [OPTED_OUT],
    allowedPrefixes: ["+1", "+44", "+33"],
  });
  running.push(peer);
});

afterEach(async () => {
  for (const part of running.splice(0).reverse()) await part.stop();
});

const link = `https://approve.example.com/r/${TOKEN}`;
const question: OutgoingMessage = {
  deliveryId: "dlv_1",
  to: PHONE,
  text: `PausePoint: Refund 1,200 € to Meridian & Söhne?\n\nAnswer: ${link}`,
  link,
  question: null,
  validForSeconds: 900,
};
const untilStopped = new AbortController().signal;

/** The peer's account as the operator would write it; a change to undefined leaves the setting out. */
function settings(changes: Record<string, unknown> = {}): TwilioConfig {
  const { accountSid, authToken, url } = peer;
  const written = { kind: "twilio", accountSid, authToken, from: SENDER, apiBase: url, ...changes };
  return twilioSchema.parse(Object.fromEntries(Object.entries(written).filter(([, value]) => value !== undefined)));
}

/** One attempt through a fresh channel. */
function send(message: Partial<OutgoingMessage> = {}, changes: Record<string, unknown> = {}, clock?: Clock) {
  return createTwilioChannel(settings(changes), clock).send({ ...question, ...message }, untilStopped);
}

/** The same, where Twilio can call us. */
function sendHooked(message: Partial<OutgoingMessage> = {}, changes: Record<string, unknown> = {}) {
  return createTwilioChannel(settings(changes), undefined, () => HOOKS).send({ ...question, ...message }, untilStopped);
}

/** A server of the test's own, for answers that the peer does not give. */
function serve(answer: (request: Request) => Response | Promise<Response>): string {
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: answer });
  running.push({ stop: () => server.stop(true) });
  return `http://127.0.0.1:${server.port}`;
}

/** A clock that stands still until it is turned. */
function handClock(start = 0) {
  let now = start;
  let timers: { due: number; callback: () => void }[] = [];
  const clock: Clock = {
    now: () => now,
    after(milliseconds, callback) {
      const timer = { due: now + Math.min(milliseconds, LONGEST_TIMER), callback };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
  };
  const turn = (milliseconds: number) => {
    now += milliseconds;
    for (const timer of timers.filter(({ due }) => due <= now)) {
      timers = timers.filter((other) => other !== timer);
      timer.callback();
    }
  };
  return { clock, turn, armed: () => timers.length };
}

describe("a text that Twilio takes", () => {
  test("is sent with its SID", async () => {
    const result = await send();
    expect(result).toMatchObject({ outcome: "sent", status: 201, providerId: peer.messages[0]!.sid });
    expect(peer.messages[0]).toMatchObject({ to: PHONE, from: SENDER, body: question.text });
  });

  test("goes out as exactly these fields, in one request", async () => {
    await send();
    expect(peer.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      `POST /2010-04-01/Accounts/${peer.accountSid}/Messages.json`,
    ]);
    expect(Object.fromEntries(peer.requests[0]!.form)).toEqual({
      To: PHONE,
      From: SENDER,
      Body: question.text,
      ValidityPeriod: "900",
    });
  });

  test("names the messaging service in place of a sender", async () => {
    const result = await send({}, { from: undefined, messagingServiceSid: SERVICE });
    expect(result.outcome).toBe("sent");
    expect(Object.fromEntries(peer.requests[0]!.form)).toEqual({
      To: PHONE,
      MessagingServiceSid: SERVICE,
      Body: question.text,
      ValidityPeriod: "900",
    });
  });

  test.each([
    [null, null],
    [0.4, "1"],
    [59.9, "59"],
    [36_000, "36000"],
    [2_592_000, "36000"],
  ])("with %p s left is kept in the queue for %p s", async (validForSeconds, period) => {
    await send({ validForSeconds });
    expect(peer.requests[0]!.form.get("ValidityPeriod")).toBe(period);
  });

  test("may be 1,600 characters long", async () => {
    const text = "é".repeat(1600);
    expect((await send({ text })).outcome).toBe("sent");
    expect(peer.messages[0]!.body).toBe(text);
  });

  test("is authorised with the account's token", async () => {
    await send();
    expect(peer.requests[0]!.headers.authorization).toBe(`Basic ${btoa(`${peer.accountSid}:${peer.authToken}`)}`);
  });

  test("is authorised with an API key, under the account's own address", async () => {
    const result = await send({}, { authToken: undefined, apiKey: API_KEY, apiSecret: "the-secret-of-the-key" });
    expect(result.outcome).toBe("sent");
    expect(peer.requests[0]!.headers.authorization).toBe(`Basic ${btoa(`${API_KEY}:the-secret-of-the-key`)}`);
    expect(peer.requests[0]!.path).toContain(`/Accounts/${peer.accountSid}/`);
  });

  test("is authorised with the API key where the auth token is given too, for what Twilio tells", async () => {
    const result = await send({}, { apiKey: API_KEY, apiSecret: "the-secret-of-the-key" });
    expect(result.outcome).toBe("sent");
    expect(peer.requests[0]!.headers.authorization).toBe(`Basic ${btoa(`${API_KEY}:the-secret-of-the-key`)}`);
  });

  test("asks for receipts, under the delivery's id, where Twilio can call us", async () => {
    await sendHooked({ deliveryId: "dlv_0a&b" });
    expect(peer.requests[0]!.form.get("StatusCallback")).toBe(`${HOOKS}/status?delivery=dlv_0a%26b`);
    expect(peer.messages).toHaveLength(1);
  });

  test("asks for none without the auth token, since they could not be verified", async () => {
    await sendHooked({}, { authToken: undefined, apiKey: API_KEY, apiSecret: "the-secret-of-the-key" });
    expect(peer.requests[0]!.form.has("StatusCallback")).toBe(false);
    expect(peer.messages).toHaveLength(1);
  });

  test.each([
    ["+447911123456", undefined, "+15005550006"],
    ["+447400123456", "+447700900123", null],
    ["+33612345678", "ACME", null],
    [PHONE, undefined, "+15005550006"],
  ])("to %p comes from the sender of that country, else from the one for all", async (to, own, other) => {
    const senders = { GB: "+447700900123", FR: "ACME" };
    expect((await send({ to }, { senders })).outcome).toBe("sent");
    expect(peer.messages[0]!.from).toBe(own ?? other);
    await send({ to }, { senders, from: undefined, messagingServiceSid: SERVICE });
    const { form } = peer.requests[1]!;
    expect([form.get("From"), form.get("MessagingServiceSid")]).toEqual(own ? [own, null] : [null, SERVICE]);
  });

  test("goes through a path in apiBase", async () => {
    const paths: string[] = [];
    const apiBase = serve((request) => {
      paths.push(new URL(request.url).pathname);
      return Response.json({ sid: "SM1" }, { status: 201 });
    });
    expect(await send({}, { apiBase: `${apiBase}/twilio` })).toMatchObject({ outcome: "sent", providerId: "SM1" });
    expect(paths).toEqual([`/twilio/2010-04-01/Accounts/${peer.accountSid}/Messages.json`]);
  });

  test("is sent though the answer is garbage, without a SID", async () => {
    peer.behave(PHONE, { kind: "garbage" });
    expect(await send()).toMatchObject({ outcome: "sent", status: 201, providerId: null, excerpt: "}{ not JSON" });
  });

  test("is sent though the connection is cut in the middle of the answer", async () => {
    peer.behave(PHONE, { kind: "drop", when: "midway" });
    expect(await send()).toMatchObject({ outcome: "sent", status: 201, providerId: null, excerpt: null });
  });
});

describe("a text that Twilio refuses for good", () => {
  test.each([
    [
      "to someone who has opted out",
      { to: OPTED_OUT },
      {},
      "the person has opted out of messages from this number; they must text START to it to get more",
      21610,
    ],
    ["to a landline", { to: LANDLINE }, {}, "the recipient's number is not a mobile number", 21614],
    [
      "to a country that is not switched on",
      { to: ABROAD },
      {},
      "the account may not text the recipient's country",
      21408,
    ],
    ["to something else than a number", { to: "+0" }, {}, "the recipient's number is not a valid phone number", 21211],
    ["of 1,601 characters", { text: "x".repeat(1601) }, {}, "the text is longer than 1,600 characters", 21617],
    ["from a number of someone else", {}, { from: "+15005550009" }, "the sender in `from` cannot text", 21606],
    ["to the sender itself", { to: SENDER }, {}, "the recipient's number is the sender's own", 21266],
    [
      "through a messaging service that does not exist",
      {},
      { from: undefined, messagingServiceSid: `MG${"99".repeat(16)}` },
      "the messaging service in `messagingServiceSid` does not exist",
      21701,
    ],
    [
      "through a messaging service without senders",
      {},
      { from: undefined, messagingServiceSid: `MG${"00".repeat(16)}` },
      "the messaging service has no senders",
      21704,
    ],
  ])("%s fails in plain words", async (_what, message, changes, words, code) => {
    const result = await send(message, changes);
    if (result.outcome !== "failed") throw new Error(`it was ${result.outcome}`);
    expect(result.error).toStartWith(words);
    expect(result.error).toEndWith(` (Twilio ${code})`);
    expect(result.status).toBe(400);
    expect(result.excerpt).toContain(`"code":${code}`);
    expect(peer.messages).toHaveLength(0);
  });

  test.each([21211, 21212, 21266, 21408, 21606, 21608, 21610, 21612, 21614, 21617, 21635])(
    "with code %p fails in words of ours",
    failsInOurWords,
  );
  test.each([21659, 21660, 21661, 21701, 21703, 21704, 21705])("with code %p fails in words of ours", failsInOurWords);

  async function failsInOurWords(code: number) {
    peer.behave(PHONE, { kind: "refuse", code });
    const result = await send();
    expect(result).toMatchObject({ outcome: "failed", status: 400 });
    const { error } = result as { error: string };
    expect(error).toEndWith(` (Twilio ${code})`);
    expect(error.slice(0, error.lastIndexOf(" ("))).not.toBe(JSON.parse(result.excerpt!).message);
  }

  test.each([21214, 21217, 21601, 30006])("with code %p, which the peer does not know, fails too", async (code) => {
    const apiBase = serve(() => Response.json({ code, message: "as Twilio says it", status: 400 }, { status: 400 }));
    const result = await send({}, { apiBase });
    expect(result).toMatchObject({ outcome: "failed", error: expect.stringMatching(/number.* \(Twilio \d+\)$/) });
  });

  test("with a code that is not in the table fails with Twilio's own words", async () => {
    peer.behave(PHONE, { kind: "refuse", code: 21910 });
    const result = await send();
    expect(result).toMatchObject({ outcome: "failed", status: 400 });
    expect((result as { error: string }).error).toStartWith("Invalid From and To pair");
    expect((result as { error: string }).error).toEndWith("(Twilio 21910)");
  });
});

describe("a text that may get through later", () => {
  test("waits when the credentials are wrong, and says so", async () => {
    const result = await send({}, { authToken: "wrong-token" });
    expect(result).toMatchObject({ outcome: "retry", status: 401, retryAfterMs: null, isChannelDown: true });
    const { error } = result as { error: string };
    expect(error).toStartWith("the credentials are refused");
    expect(error).toEndWith("(Twilio 20003)");
    expect(JSON.stringify(result)).not.toContain("wrong-token");
  });

  test.each([429, 503] as const)("waits as long as Twilio asks with %p", async (status) => {
    peer.behave(PHONE, { kind: "status", status, retryAfterSeconds: 7 });
    expect(await send()).toMatchObject({ outcome: "retry", status, retryAfterMs: 7000, isChannelDown: true });
  });

  test("waits until the date that is asked for", async () => {
    const now = Date.UTC(2026, 0, 1, 12, 0, 0);
    let date = new Date(now + 90_000).toUTCString();
    const apiBase = serve(() => new Response("slow down", { status: 429, headers: { "Retry-After": date } }));
    const { clock } = handClock(now);
    expect(await send({}, { apiBase }, clock)).toMatchObject({ outcome: "retry", retryAfterMs: 90_000 });
    date = new Date(now - 90_000).toUTCString();
    expect(await send({}, { apiBase }, clock)).toMatchObject({ outcome: "retry", retryAfterMs: 0 });
    date = "soon";
    expect(await send({}, { apiBase }, clock)).toMatchObject({ outcome: "retry", retryAfterMs: null });
  });

  test.each([20429, 21611, 30001])("waits when there is too much at once (%p)", async (code) => {
    peer.behave(PHONE, { kind: "refuse", code });
    const result = await send();
    const error = expect.stringContaining(`(Twilio ${code})`);
    expect(result).toMatchObject({ outcome: "retry", error, isChannelDown: true });
  });

  test("waits when the sender's queue is full, whatever the status", async () => {
    const apiBase = serve(() => Response.json({ code: 21611, message: "queue", status: 400 }, { status: 400 }));
    expect(await send({}, { apiBase })).toMatchObject({ outcome: "retry", status: 400, isChannelDown: true });
  });

  test.each([401, 408, 425, 429])("waits with HTTP %p, whatever the code beside it", async (status) => {
    const apiBase = serve(() => Response.json({ code: 20999, message: "Not now", status }, { status }));
    expect(await send({}, { apiBase })).toMatchObject({ outcome: "retry", status, error: "Not now (Twilio 20999)" });
  });

  test("waits when something on the way refuses the credentials", async () => {
    const apiBase = serve(() => new Response("<html>Who are you?</html>", { status: 401 }));
    const error = "the credentials are refused (HTTP 401)";
    expect(await send({}, { apiBase })).toMatchObject({ outcome: "retry", status: 401, error, isChannelDown: true });
  });

  test("waits when Twilio fails, which may have taken it", async () => {
    peer.behave(PHONE, { kind: "status", status: 500 });
    const result = await send();
    expect(result).toMatchObject({ outcome: "retry", status: 500, retryAfterMs: null });
    expect(result).not.toHaveProperty("isChannelDown");
    expect((result as { error: string }).error).toContain("may have taken the text");
  });

  test.each([200, 403, 502])("waits when a proxy answers %p in HTML", async (status) => {
    peer.behave(PHONE, { kind: "html", status });
    const result = await send();
    expect(result).toMatchObject({ outcome: "retry", status, excerpt: expect.stringContaining("<html>") });
    expect((result as { error: string }).error).toContain("`apiBase`");
  });

  test("follows no redirect", async () => {
    let hops = 0;
    const elsewhere = serve(() => {
      hops += 1;
      return Response.json({ sid: "SM1" }, { status: 201 });
    });
    const apiBase = serve(() => new Response(null, { status: 307, headers: { Location: elsewhere } }));
    const result = await send({}, { apiBase });
    expect(result).toMatchObject({ outcome: "retry", status: 307, error: expect.stringContaining("redirect") });
    expect(hops).toBe(0);
  });

  test("waits when nobody listens, and knows that nothing was sent", async () => {
    const apiBase = peer.url;
    await peer.stop();
    const result = await send({}, { apiBase });
    expect(result).toMatchObject({
      outcome: "retry",
      error: "the server in `apiBase` cannot be reached (ECONNREFUSED)",
      status: null,
      excerpt: null,
      retryAfterMs: null,
      isChannelDown: true,
    });
    running.splice(running.indexOf(peer), 1);
  });

  test.each([
    ["before", 0],
    ["after", 1],
  ] as const)("is handed over once when the connection is cut %s it is taken", async (when, taken) => {
    await send({ text: "a first one, so that there is a connection to use again" });
    const before = { requests: peer.requests.length, messages: peer.messages.length };
    peer.behave(PHONE, { kind: "drop", when });
    const result = await send();
    expect(result).toMatchObject({ outcome: "retry", status: null, excerpt: null });
    expect((result as { error: string }).error).toContain("it may have taken the text");
    expect(peer.requests).toHaveLength(before.requests + 1);
    expect(peer.messages).toHaveLength(before.messages + taken);
  });
});

describe("the time for one attempt", () => {
  test("ends after timeoutSeconds, also when that is more than one timer holds", async () => {
    const { clock, turn } = handClock();
    peer.behave(PHONE, { kind: "hang", accepted: true });
    let result: unknown = null;
    const sending = send({}, { timeoutSeconds: 90 }, clock).then((settled) => {
      result = settled;
    });
    await peer.nextMessage();
    turn(60_000);
    turn(29_999);
    await fetch(`${peer.url}/elsewhere`);
    expect(result).toBeNull();
    turn(1);
    await sending;
    expect(result).toMatchObject({
      outcome: "retry",
      status: null,
      error: "Twilio did not answer within 90 s; it may have taken the text, so a retry can send it twice",
    });
  });

  test("leaves no timer behind", async () => {
    const { clock, armed } = handClock();
    await send({}, {}, clock);
    await send({ to: OPTED_OUT }, {}, clock);
    expect(armed()).toBe(0);
  });

  test("ends when the attempt is stopped", async () => {
    const stop = new AbortController();
    peer.behave(PHONE, { kind: "hang", accepted: false });
    const sending = createTwilioChannel(settings()).send(question, stop.signal);
    await peer.nextRequest();
    stop.abort();
    const result = await sending;
    expect(result).toMatchObject({ outcome: "retry", status: null });
    expect((result as { error: string }).error).toStartWith("the attempt was stopped before Twilio answered");
  });

  test("hands nothing over when it was over from the start", async () => {
    const result = await createTwilioChannel(settings()).send(question, AbortSignal.abort());
    expect(result).toMatchObject({
      outcome: "retry",
      status: null,
      error: "the attempt was stopped before the text was handed to Twilio",
    });
    expect(peer.requests).toHaveLength(0);
  });

  test("ends with an endless answer after 64 kB of it", async () => {
    let chunks = 0;
    const cancelled = Promise.withResolvers<void>();
    const apiBase = serve(() => {
      const body = new ReadableStream({
        async pull(controller) {
          chunks += 1;
          controller.enqueue(new TextEncoder().encode("z".repeat(8192)));
          await new Promise(setImmediate);
        },
        cancel: () => cancelled.resolve(),
      });
      return new Response(body, { status: 400 });
    });
    const result = await send({}, { apiBase });
    expect(result).toMatchObject({ outcome: "retry", status: 400, excerpt: "z".repeat(1000) });
    await cancelled.promise;
    expect(chunks).toBeGreaterThanOrEqual(8);
  });
});

describe("what is kept of an answer", () => {
  test("is never more than 64 kB, also when it comes in one piece", async () => {
    const long = JSON.stringify({ code: 21610, message: "z".repeat(70_000) });
    const apiBase = serve(() => new Response(long, { status: 400 }));
    // What is left is not JSON, so that it is not taken for Twilio's.
    expect(await send({}, { apiBase })).toMatchObject({ outcome: "retry", excerpt: long.slice(0, 1000) });
  });

  test("is its first 1,000 characters, without the text and the link", async () => {
    const result = await send();
    expect(result.excerpt).toContain(`"sid":"${peer.messages[0]!.sid}"`);
    expect(result.excerpt!.length).toBeLessThanOrEqual(1000);
    expect(result.excerpt).not.toContain("Meridian");
    expect(result.excerpt).not.toContain(TOKEN);
  });

  test("holds no credential, number or link, though the answer repeats the whole request", async () => {
    const apiBase = serve(async (request) => {
      const heard = `${request.headers.get("authorization")} ${await request.text()} ${peer.authToken} ${question.to}`;
      return Response.json({ code: 21999, message: heard, link: question.link }, { status: 400 });
    });
    const result = await send({}, { apiBase });
    expect(result.outcome).toBe("failed");
    const kept = JSON.stringify(result);
    expect(kept).toContain("[hidden]");
    for (const secret of [peer.authToken, btoa(`${peer.accountSid}:${peer.authToken}`), TOKEN, PHONE.slice(1)]) {
      expect(kept).not.toContain(secret);
    }
  });

  test("holds no API secret, though a page in HTML repeats it", async () => {
    const credentials = { authToken: undefined, apiKey: API_KEY, apiSecret: "the-secret-of-the-key" };
    const page = `<pre>the-secret-of-the-key ${btoa(`${API_KEY}:the-secret-of-the-key`)} ${link}</pre>`;
    const apiBase = serve(() => new Response(page, { status: 403 }));
    const result = await send({}, { apiBase, ...credentials });
    expect(result.excerpt).toBe("<pre>[hidden] [hidden] https://approve.example.com/r/[hidden]</pre>");
  });
});

test("the package is loaded with the first text, not before", async () => {
  const script = `
    const { createTwilioChannel } = await import("./src/channels/twilio/index.ts");
    const isLoaded = () => Object.keys(require.cache).some((path) => path.includes("node_modules/twilio/"));
    const { settings, message } = JSON.parse(process.argv[1]);
    const channel = createTwilioChannel(settings);
    const before = isLoaded();
    const { outcome } = await channel.send(message, new AbortController().signal);
    console.log(JSON.stringify({ before, outcome, after: isLoaded() }));`;
  const given = JSON.stringify({ settings: settings(), message: question });
  const child = Bun.spawn([process.execPath, "-e", script, given], {
    cwd: `${import.meta.dir}/../../..`,
    stdout: "pipe",
  });
  expect(JSON.parse(await new Response(child.stdout).text())).toEqual({ before: false, outcome: "sent", after: true });
});

describe("word that a question is over", () => {
  const conclusion: Conclusion = {
    deliveryId: "dlv_1",
    to: PHONE,
    link,
    question: {
      project: "PausePoint",
      message: "Refund 1,200 to Meridian? ".repeat(40).trim(),
      options: ["Approve", "Reject"],
      details: [],
      expiresAt: 0,
      timeoutDefault: null,
      timeZone: "UTC",
      isTest: false,
    },
    providerId: "SM1",
    text: "Another recipient answered: Approve",
    ending: "responded",
    choice: "Approve",
  };

  test("is a text of its own that names the question, within the segments, without a link", async () => {
    const channel = createTwilioChannel(settings({ tellWhenOver: true }));
    expect(await channel.conclude?.(conclusion, untilStopped)).toMatchObject({ outcome: "sent" });
    const { body } = await peer.nextMessage();
    expect(body).toStartWith("PausePoint: Another recipient answered: Approve\n\nIt was: Refund 1,200 to Meridian?");
    expect(body).not.toContain("/r/");
    expect(measure(body).segments).toBe(2);
  });

  test("is not sent unless it was asked for", () => {
    expect(createTwilioChannel(settings()).conclude).toBeUndefined();
  });
});
