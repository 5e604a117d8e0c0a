import { afterEach, describe, expect, test } from "bun:test";
import twilio from "twilio";
import { segmentCount } from "./twilio/segments.ts";
import { startTwilioPeer, type TwilioPeer, type TwilioPeerOptions } from "./twilio.ts";

const SENDER = "+15005550006";
const PHONE = "+13128471928";
const SERVICE = `MG${"ab".repeat(16)}`;
const TEMPLATE = `HX${"cd".repeat(16)}`;

const running: { stop(): unknown }[] = [];
afterEach(async () => {
  for (const part of running.splice(0)) await part.stop();
});

async function startPeer(options: TwilioPeerOptions = {}): Promise<TwilioPeer> {
  const peer = await startTwilioPeer(options);
  running.push(peer);
  return peer;
}

/** The official client, with nothing changed but the host it calls. */
function officialClient(peer: TwilioPeer, username = peer.accountSid, password = peer.authToken) {
  class Redirected extends twilio.RequestClient {
    override request<T>(options: Parameters<twilio.RequestClient["request"]>[0]) {
      return super.request<T>({ ...options, uri: options.uri.replace("https://api.twilio.com", peer.url) } as never);
    }
  }
  return twilio(username, password, { accountSid: peer.accountSid, httpClient: new Redirected({ keepAlive: false }) });
}

function postMessage(peer: TwilioPeer, fields: Record<string, string>, headers: Record<string, string> = {}) {
  return fetch(`${peer.url}/2010-04-01/Accounts/${peer.accountSid}/Messages.json`, {
    method: "POST",
    headers: { Authorization: `Basic ${btoa(`${peer.accountSid}:${peer.authToken}`)}`, ...headers },
    body: new URLSearchParams(fields),
  });
}

const sms = { To: PHONE, From: SENDER, Body: "Approve the refund?" };

/** A receiver of webhooks that keeps what came and whether the official package takes it as Twilio's. */
function startReceiver(authToken: string, answer = "<Response/>") {
  const received: { form: Record<string, string>; headers: Headers; isGenuine: boolean }[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      const form = Object.fromEntries(new URLSearchParams(await request.text()));
      const signature = request.headers.get("x-twilio-signature") ?? "";
      const isGenuine = twilio.validateRequest(authToken, signature, request.url, form);
      received.push({ form, headers: request.headers, isGenuine });
      return new Response(answer, { headers: { "Content-Type": "text/xml" } });
    },
  });
  running.push({ stop: () => server.stop(true) });
  return { url: `http://127.0.0.1:${server.port}`, received };
}

describe("sending with the official client", () => {
  test("a text from an owned number is queued, and the package reads every field of it", async () => {
    const peer = await startPeer({ clock: { now: () => Date.UTC(2026, 2, 4, 9, 5, 6), after: () => () => {} } });
    const message = await officialClient(peer).messages.create({
      to: PHONE,
      from: SENDER,
      body: "Approve the refund? https://pp.example/r/1?a=b&c=d+e é",
      statusCallback: "https://pp.example/status",
      validityPeriod: 600,
    });
    expect(message.sid).toMatch(/^SM[0-9a-f]{32}$/);
    expect(message).toMatchObject({
      accountSid: peer.accountSid,
      apiVersion: "2010-04-01",
      body: "Approve the refund? https://pp.example/r/1?a=b&c=d+e é",
      direction: "outbound-api",
      status: "queued",
      numSegments: "1",
      numMedia: "0",
      to: PHONE,
      from: SENDER,
      dateSent: null,
      messagingServiceSid: null,
      price: null,
      uri: `/2010-04-01/Accounts/${peer.accountSid}/Messages/${message.sid}.json`,
      subresourceUris: { media: `/2010-04-01/Accounts/${peer.accountSid}/Messages/${message.sid}/Media.json` },
    });
    expect(message.dateCreated).toEqual(new Date("2026-03-04T09:05:06Z"));
    expect(peer.messages).toEqual([
      expect.objectContaining({ sid: message.sid, to: PHONE, validityPeriod: 600, requestNumber: 1, attempt: 1 }),
    ]);
  });

  test("the raw answer is 201 with Twilio's content type and RFC 2822 times", async () => {
    const peer = await startPeer({ clock: { now: () => Date.UTC(2026, 2, 4, 9, 5, 6), after: () => () => {} } });
    const response = await postMessage(peer, sms);
    expect([response.status, response.headers.get("content-type")]).toEqual([201, "application/json;charset=utf-8"]);
    expect(response.headers.get("twilio-request-id")).toMatch(/^RQ[0-9a-f]{32}$/);
    expect(await response.json()).toMatchObject({
      date_created: "Wed, 04 Mar 2026 09:05:06 +0000",
      date_updated: "Wed, 04 Mar 2026 09:05:06 +0000",
      date_sent: null,
      error_code: null,
      price: null,
      price_unit: "USD",
    });
  });

  test("through a messaging service it is accepted first, and has a sender and segments once it moves", async () => {
    const peer = await startPeer({ messagingServices: { [SERVICE]: [`whatsapp:${SENDER}`, SENDER] } });
    const client = officialClient(peer);
    const message = await client.messages.create({ to: PHONE, messagingServiceSid: SERVICE, body: "Approve?" });
    expect(message).toMatchObject({ status: "accepted", from: null, numSegments: "0", messagingServiceSid: SERVICE });
    expect(await peer.report(message.sid, "sent")).toBeNull();
    expect(await client.messages(message.sid).fetch()).toMatchObject({
      status: "sent",
      from: SENDER,
      numSegments: "1",
    });
  });

  test("an API key opens the account, a wrong secret or an unknown key does not", async () => {
    const peer = await startPeer({ apiKeys: { SK1: "secret" } });
    const send = (name: string, secret: string) =>
      officialClient(peer, name, secret).messages.create({ to: PHONE, from: SENDER, body: "Approve?" });
    expect((await send("SK1", "secret")).status).toBe("queued");
    for (const [name, secret] of [
      ["SK1", peer.authToken],
      ["SK2", "secret"],
      [peer.accountSid, "secret"],
    ] as const) {
      await expect(send(name, secret)).rejects.toMatchObject({ status: 401, code: 20003 });
    }
    expect(peer.messages).toHaveLength(1);
  });

  test("the list is newest first, filters by recipient and pages", async () => {
    const peer = await startPeer();
    const client = officialClient(peer);
    for (const body of ["1", "2", "3"]) await client.messages.create({ to: PHONE, from: SENDER, body });
    await client.messages.create({ to: "+4915112345678", from: SENDER, body: "elsewhere" });
    const found = await client.messages.list({ to: PHONE, pageSize: 2 });
    expect(found.map((message) => message.body)).toEqual(["3", "2", "1"]);
    expect(peer.requests.filter((request) => request.method === "GET")).toHaveLength(2);
    const unknown = client.messages(`SM${"0".repeat(32)}`);
    await expect(unknown.fetch()).rejects.toMatchObject({ status: 404, code: 20404 });
  });

  test("a WhatsApp template is filled in and sent from a WhatsApp sender only", async () => {
    const peer = await startPeer({
      senders: [SENDER, `whatsapp:${SENDER}`],
      contents: { [TEMPLATE]: "{{1}} asks: {{question}}" },
    });
    const create = (from: string, contentVariables: string) =>
      officialClient(peer).messages.create({ to: `whatsapp:${PHONE}`, from, contentSid: TEMPLATE, contentVariables });
    const sent = await create(`whatsapp:${SENDER}`, '{"1":"An agent","question":"refund?"}');
    expect(sent.body).toBe("An agent asks: refund?");
    const refusals = [create(SENDER, "{}"), create("whatsapp:+15005550001", "{}"), create(`whatsapp:${SENDER}`, "no")];
    const codes = (await Promise.allSettled(refusals)).map(
      (result) => result.status === "rejected" && result.reason.code,
    );
    expect(codes).toEqual([21910, 63007, 21656]);
  });
});

describe("WhatsApp", () => {
  const US = `whatsapp:${SENDER}`;
  const THEM = `whatsapp:${PHONE}`;
  const free = { To: THEM, From: US, Body: "Approve?" };
  const BUTTONS = {
    body: "A question: {{1}} Decide.",
    actions: [
      { title: "Approve", id: "{{2}}.0" },
      { title: "Reject", id: "{{2}}.1" },
    ],
  };
  const asks = (variables: Record<string, unknown>) => ({
    ...{ To: THEM, From: US, ContentSid: TEMPLATE, ContentVariables: JSON.stringify(variables) },
  });

  test("takes a free-form message at any time, and tells later with 63016 that nobody had written within 24 hours", async () => {
    let now = 1_800_000_000_000;
    const after = (_milliseconds: number, fire: () => void) => {
      queueMicrotask(fire);
      return () => {};
    };
    const clock = { now: () => now, after };
    const peer = await startPeer({ senders: [US], clock });
    const receiver = startReceiver(peer.authToken);
    const create = async () => {
      expect((await postMessage(peer, { ...free, StatusCallback: receiver.url })).status).toBe(201);
      await new Promise((resolve) => setImmediate(resolve));
      return peer.messages.at(-1);
    };
    expect(await create()).toMatchObject({ status: "failed", errorCode: 63016 });
    await peer.reply({ from: THEM, to: US, body: "hello" }, receiver.url);
    expect(await create()).toMatchObject({ status: "queued" });
    now += 24 * 3_600_000;
    expect(await create()).toMatchObject({ status: "failed", errorCode: 63016 });
  });

  test("a template's buttons send back what they were filled with, in a signed message of the person's own", async () => {
    const peer = await startPeer({ senders: [US], contents: { [TEMPLATE]: BUTTONS } });
    const receiver = startReceiver(peer.authToken);
    await postMessage(peer, asks({ 1: "Pay?", 2: "token" }));
    const [asked] = peer.messages;
    expect(asked).toMatchObject({ body: "A question: Pay? Decide.", contentSid: TEMPLATE, status: "queued" });
    await peer.tap(asked!.sid, 1, { url: `${receiver.url}/inbound` });
    expect(receiver.received[0]).toMatchObject({
      isGenuine: true,
      form: {
        ...{ From: THEM, To: US, Body: "Reject", ButtonText: "Reject", ButtonPayload: "token.1" },
        ...{ MessageType: "button", OriginalRepliedMessageSid: asked!.sid },
      },
    });
  });

  test.each([
    ["a line break", { 1: "a\nb" }, 21656],
    ["a tab", { 1: "a\tb" }, 21656],
    ["five spaces", { 1: "a     b" }, 21656],
    ["nothing", { 1: "" }, 21656],
    ["null", { 1: null }, 21656],
    ["more than fits above buttons", { 1: "x".repeat(1_010) }, 21658],
    ["a payload of more than 200 characters", { 1: "x", 2: "x".repeat(199) }, 21658],
  ])("a variable with %s is refused", async (_what, variables, code) => {
    const peer = await startPeer({ senders: [US], contents: { [TEMPLATE]: BUTTONS } });
    const response = await postMessage(peer, asks(variables));
    expect(await response.json()).toMatchObject({ status: 400, code });
    expect(peer.messages).toEqual([]);
  });

  test("leaves STOP to whoever is written to", async () => {
    const peer = await startPeer({ senders: [US] });
    const receiver = startReceiver(peer.authToken);
    await peer.reply({ from: THEM, to: US, body: "STOP" }, receiver.url);
    expect((await postMessage(peer, free)).status).toBe(201);
  });
});

describe("what the account refuses", () => {
  const cases: [what: string, fields: Record<string, string>, status: number, code: number][] = [
    ["no recipient", { From: SENDER, Body: "x" }, 400, 21604],
    ["no sender", { To: PHONE, Body: "x" }, 400, 21603],
    ["no body", { To: PHONE, From: SENDER }, 400, 21602],
    ["1,601 characters", { ...sms, Body: "x".repeat(1601) }, 400, 21617],
    ["a recipient not in E.164", { ...sms, To: "(312) 847-1928" }, 400, 21211],
    ["a malformed sender", { ...sms, From: "+1 500" }, 400, 21212],
    ["a sender of someone else", { ...sms, From: "+15005550001" }, 400, 21606],
    ["a text to the sender itself", { ...sms, To: SENDER }, 400, 21266],
    ["a malformed messaging service", { To: PHONE, Body: "x", MessagingServiceSid: "MG1" }, 400, 21705],
    ["an unknown messaging service", { To: PHONE, Body: "x", MessagingServiceSid: `MG${"0".repeat(32)}` }, 400, 21701],
    ["a messaging service without senders", { To: PHONE, Body: "x", MessagingServiceSid: SERVICE }, 400, 21704],
    ["a recipient who opted out", { ...sms, To: "+13125550101" }, 400, 21610],
    ["a landline", { ...sms, To: "+13125550102" }, 400, 21614],
    ["a country without permission", { ...sms, To: "+4915112345678" }, 400, 21408],
    ["a status callback that is no URL", { ...sms, StatusCallback: "/status" }, 400, 21609],
    ["a validity of eleven hours", { ...sms, ValidityPeriod: "39600" }, 400, 21624],
  ];
  test.each(cases)("%s", async (_what, fields, status, code) => {
    const peer = await startPeer({
      messagingServices: { [SERVICE]: [] },
      optedOut: ["+13125550101"],
      landlines: ["+13125550102"],
      allowedPrefixes: ["+1"],
    });
    const response = await postMessage(peer, fields);
    expect(response.status).toBe(status);
    expect(await response.json()).toEqual({
      code,
      message: expect.any(String),
      more_info: `https://www.twilio.com/docs/errors/${code}`,
      status,
    });
    expect(peer.messages).toEqual([]);
    expect(peer.requests).toHaveLength(1);
  });

  test("JSON is not read: as with Twilio, the recipient is missing then", async () => {
    const peer = await startPeer();
    const response = await fetch(`${peer.url}/2010-04-01/Accounts/${peer.accountSid}/Messages.json`, {
      method: "POST",
      headers: {
        Authorization: `Basic ${btoa(`${peer.accountSid}:${peer.authToken}`)}`,
        "Content-Type": "application/json",
      },
      body: JSON.stringify(sms),
    });
    expect(await response.json()).toMatchObject({ status: 400, code: 21604 });
  });

  test("no credentials, another account's path, an unknown path and a method it has not", async () => {
    const peer = await startPeer();
    const authorization = { Authorization: `Basic ${btoa(`${peer.accountSid}:${peer.authToken}`)}` };
    const list = `${peer.url}/2010-04-01/Accounts/${peer.accountSid}/Messages.json`;
    const anonymous = await fetch(list);
    expect(anonymous.headers.get("www-authenticate")).toBe('Basic realm="Twilio API"');
    expect(await anonymous.json()).toMatchObject({ status: 401, code: 20003, detail: expect.any(String) });
    const answers = await Promise.all([
      fetch(list.replace(peer.accountSid, `AC${"0".repeat(32)}`), { headers: authorization }),
      fetch(`${peer.url}/2010-04-01/Nothing.json`, { headers: authorization }),
      fetch(list, { method: "PUT", headers: authorization }),
    ]);
    expect(answers.map((answer) => answer.status)).toEqual([401, 404, 405]);
  });

  test("more requests at once than the account may make are 429, and are safe to repeat", async () => {
    const peer = await startPeer({ maxConcurrentRequests: 1 });
    peer.behave(PHONE, { kind: "hang", accepted: false });
    const hanging = new AbortController();
    const first = fetch(`${peer.url}/2010-04-01/Accounts/${peer.accountSid}/Messages.json`, {
      method: "POST",
      body: new URLSearchParams(sms),
      signal: hanging.signal,
    }).catch(() => "given up");
    await peer.nextRequest();
    const second = await postMessage(peer, sms);
    expect([second.status, second.headers.get("retry-after")]).toEqual([429, "1"]);
    expect(await second.json()).toMatchObject({ code: 20429 });
    expect(peer.messages).toEqual([]);
    hanging.abort();
    expect(await first).toBe("given up");
  });
});

describe("scripted trouble", () => {
  test("is used up in order, a recipient's own before everyone's", async () => {
    const peer = await startPeer();
    peer.behave("*", { kind: "status", status: 503 });
    peer.behave(PHONE, { kind: "refuse", code: 21610 });
    peer.behave(PHONE, { kind: "status", status: 429, retryAfterSeconds: 7 });
    const answers = [];
    for (let count = 0; count < 4; count++) answers.push(await postMessage(peer, sms));
    expect(answers.map((answer) => answer.status)).toEqual([400, 429, 503, 201]);
    expect(answers.map((answer) => answer.headers.get("retry-after"))).toEqual([null, "7", null, null]);
    expect(await answers[0]!.json()).toMatchObject({ code: 21610 });
    expect(peer.messages).toEqual([expect.objectContaining({ attempt: 4, requestNumber: 4 })]);
  });

  test("can last for several requests and be called off", async () => {
    const peer = await startPeer();
    peer.behave("*", { kind: "status", status: 500 }, 2);
    peer.behave("*", { kind: "status", status: 503 }, Number.POSITIVE_INFINITY);
    const statuses = [];
    for (let count = 0; count < 4; count++) statuses.push((await postMessage(peer, sms)).status);
    peer.behaveWell();
    statuses.push((await postMessage(peer, sms)).status);
    expect(statuses).toEqual([500, 500, 503, 503, 201]);
  });

  test("a connection cut before the message is taken leaves nothing behind", async () => {
    const peer = await startPeer();
    await postMessage(peer, sms);
    peer.behave("*", { kind: "drop", when: "before" }, Number.POSITIVE_INFINITY);
    await expect(postMessage(peer, sms)).rejects.toMatchObject({ code: "ECONNRESET" });
    expect([peer.messages.length, peer.requests.length]).toEqual([1, 2]);
  });

  test.each(["after", "midway"] as const)("a connection cut %s the success makes a retry a duplicate", async (when) => {
    const peer = await startPeer();
    peer.behave("*", { kind: "drop", when });
    const create = () => officialClient(peer).messages.create({ to: PHONE, from: SENDER, body: "Approve?" });
    await expect(create()).rejects.toThrow();
    expect(peer.messages).toHaveLength(1);
    await create();
    expect(peer.messages.map((message) => message.attempt)).toEqual([1, 2]);
    expect(peer.requests).toHaveLength(2);
  });

  test("a request can hang for ever, with the message taken or not", async () => {
    const peer = await startPeer();
    peer.behave("*", { kind: "hang", accepted: true });
    peer.behave("*", { kind: "hang", accepted: false });
    const first = postMessage(peer, sms).catch(() => "no answer");
    await peer.nextMessage();
    const second = postMessage(peer, sms).catch(() => "no answer");
    await peer.nextRequest();
    await peer.nextRequest();
    expect(peer.messages).toHaveLength(1);
    await peer.stop();
    running.length = 0;
    expect(await Promise.all([first, second])).toEqual(["no answer", "no answer"]);
  });

  test("a slow answer comes when its time has come, and the message was taken before", async () => {
    const timers: { milliseconds: number; fire: () => void }[] = [];
    const after = (milliseconds: number, fire: () => void) => {
      timers.push({ milliseconds, fire });
      return () => {};
    };
    const peer = await startPeer({ clock: { now: () => 0, after } });
    peer.behave("*", { kind: "slow", milliseconds: 20_000 });
    const answer = postMessage(peer, sms);
    await peer.nextMessage();
    const slow = timers.find((timer) => timer.milliseconds === 20_000);
    expect(Bun.peek.status(answer)).toBe("pending");
    slow!.fire();
    expect((await answer).status).toBe(201);
  });

  test("bodies that are not Twilio's JSON: HTML takes nothing, garbage hides a success", async () => {
    const peer = await startPeer();
    peer.behave("*", { kind: "html", status: 502 });
    peer.behave("*", { kind: "garbage" });
    const page = await postMessage(peer, sms);
    expect([page.status, page.headers.get("content-type"), peer.messages.length]).toEqual([502, "text/html", 0]);
    const garbage = await postMessage(peer, sms);
    expect([garbage.status, peer.messages.length]).toEqual([201, 1]);
    await expect(garbage.json()).rejects.toThrow();
  });
});

describe("webhooks", () => {
  test("status callbacks carry the documented fields and a signature the official package accepts", async () => {
    const peer = await startPeer({ clock: { now: () => Date.UTC(2026, 2, 4, 9, 5), after: () => () => {} } });
    const receiver = startReceiver(peer.authToken);
    await postMessage(peer, { ...sms, StatusCallback: `${receiver.url}/status?pause=1&x=%20y` });
    const { sid } = peer.messages[0]!;
    await peer.report(sid, "sent");
    await peer.report(sid, "undelivered", 30003);
    const common = { AccountSid: peer.accountSid, ApiVersion: "2010-04-01", From: SENDER, To: PHONE, MessageSid: sid };
    expect(receiver.received.map(({ form }) => form)).toEqual([
      { ...common, SmsSid: sid, MessageStatus: "sent", SmsStatus: "sent" },
      {
        ...{ ...common, SmsSid: sid, MessageStatus: "undelivered", SmsStatus: "undelivered" },
        ...{ ErrorCode: "30003", RawDlrDoneDate: "2603040905" },
      },
    ]);
    expect(receiver.received.map(({ isGenuine }) => isGenuine)).toEqual([true, true]);
    const tokens = receiver.received.map(({ headers }) => headers.get("i-twilio-idempotency-token"));
    expect(new Set(tokens).size).toBe(2);
    expect(await officialClient(peer).messages(sid).fetch()).toMatchObject({ status: "undelivered", errorCode: 30003 });
  });

  test("a failure without a code is Twilio's 30008", async () => {
    const peer = await startPeer();
    const receiver = startReceiver(peer.authToken);
    await postMessage(peer, sms);
    await peer.report(peer.messages[0]!.sid, "failed", undefined, { url: receiver.url });
    expect(receiver.received[0]!.form).toMatchObject({ MessageStatus: "failed", ErrorCode: "30008" });
    await expect(peer.report("SM0", "sent")).rejects.toThrow("SM0");
  });

  test("an inbound text is signed, with its fields in any alphabet, and hands back the receiver's answer", async () => {
    const peer = await startPeer();
    const receiver = startReceiver(peer.authToken, "<Response><Message>Thank you</Message></Response>");
    const text = { from: PHONE, to: SENDER, body: "Approve 4711 – ça va & 好+%" };
    const answer = await peer.reply(text, `${receiver.url}/inbound`, { extra: { FromCountry: "US" } });
    expect(answer).toMatchObject({ status: 200, contentType: "text/xml", body: expect.stringContaining("Thank you") });
    expect(receiver.received[0]).toMatchObject({
      isGenuine: true,
      form: { Body: text.body, From: PHONE, To: SENDER, SmsStatus: "received", NumMedia: "0", FromCountry: "US" },
    });
    expect(receiver.received[0]!.form.MessageSid).toBe(peer.messages[0]!.sid);
  });

  test("a forger's signature is refused by the official package", async () => {
    const peer = await startPeer();
    const receiver = startReceiver(peer.authToken);
    const text = { from: PHONE, to: SENDER, body: "Approve 4711" };
    await peer.reply(text, receiver.url, { authToken: "not the token" });
    expect(receiver.received.map(({ isGenuine }) => isGenuine)).toEqual([false]);
  });

  test("who texts STOP is not texted again until START", async () => {
    const peer = await startPeer();
    const receiver = startReceiver(peer.authToken);
    const statuses = [];
    for (const body of [" stop ", "START"]) {
      await peer.reply({ from: PHONE, to: SENDER, body }, receiver.url);
      statuses.push((await postMessage(peer, sms)).status);
    }
    expect(statuses).toEqual([400, 201]);
  });
});

describe("waiting", () => {
  test("nextMessage hands each message out once, whether it came before or after", async () => {
    const peer = await startPeer();
    await postMessage(peer, { ...sms, Body: "1" });
    const other = peer.nextMessage({ to: "+13125550199" });
    expect((await peer.nextMessage()).body).toBe("1");
    const second = peer.nextMessage({ to: PHONE });
    await postMessage(peer, { ...sms, Body: "2" });
    await postMessage(peer, { ...sms, To: "+13125550199", Body: "3" });
    expect([(await second).body, (await other).body]).toEqual(["2", "3"]);
  });

  test("a wait ends with what did come, at its time or when the peer stops", async () => {
    const timers: (() => void)[] = [];
    const after = (_milliseconds: number, fire: () => void) => {
      timers.push(fire);
      return () => {};
    };
    const clock = { now: () => 0, after };
    const peer = await startPeer({ clock });
    await postMessage(peer, { ...sms, Body: "another text" });
    const tooLate = peer.nextMessage({ to: "+13125550199" }).catch((error: Error) => error.message);
    timers[0]!();
    expect(await tooLate).toContain("another text");
    const stopped = peer.nextMessage({ to: "+13125550199" }).catch((error: Error) => error.message);
    await peer.stop();
    running.length = 0;
    expect(await stopped).toContain("stopped");
  });
});

test.each([
  ["an empty text", "", 1],
  ["160 plain characters", "a".repeat(160), 1],
  ["161 plain characters", "a".repeat(161), 2],
  ["306 plain characters", "a".repeat(306), 2],
  ["307 plain characters", "a".repeat(307), 3],
  ["80 euro signs, two septets each", "€".repeat(80), 1],
  ["81 euro signs", "€".repeat(81), 2],
  ["a euro sign that does not fit the first segment's last septet", `${"a".repeat(152)}€${"a".repeat(152)}`, 3],
  ["70 characters with one outside GSM-7", `${"a".repeat(69)}ç`, 1],
  ["71 of them", `${"a".repeat(70)}ç`, 2],
  ["35 emoji", "😀".repeat(35), 1],
  ["36 emoji", "😀".repeat(36), 2],
])("%s: the segments Twilio counts", (_what, text, segments) => {
  expect(segmentCount(text)).toBe(segments);
});
