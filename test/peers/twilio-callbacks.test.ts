import { afterEach, describe, expect, test } from "bun:test";
import twilio from "twilio";
import { readTwiml } from "./twilio/twiml.ts";
import { startTwilioPeer, type TwilioPeer, type TwilioPeerOptions, twilioSignature } from "./twilio.ts";

const SENDER = "+15005550006";
const PHONE = "+13128471928";
const SERVICE = `MG${"ab".repeat(16)}`;

const running: { stop(): unknown }[] = [];
afterEach(async () => {
  for (const part of running.splice(0)) await part.stop();
});

async function startPeer(options: TwilioPeerOptions = {}): Promise<TwilioPeer> {
  const peer = await startTwilioPeer(options);
  running.push(peer);
  return peer;
}

async function send(peer: TwilioPeer, fields: Record<string, string> = {}): Promise<Record<string, unknown>> {
  const response = await fetch(`${peer.url}/2010-04-01/Accounts/${peer.accountSid}/Messages.json`, {
    method: "POST",
    headers: { Authorization: `Basic ${btoa(`${peer.accountSid}:${peer.authToken}`)}` },
    body: new URLSearchParams({ To: PHONE, From: SENDER, Body: "Approve?", ...fields }),
  });
  return (await response.json()) as Record<string, unknown>;
}

/** An app that keeps what came, and whether the official package takes it as Twilio's at that public address. */
function startApp(peer: TwilioPeer, answer: () => Response = () => new Response(), publicOrigin?: string) {
  const received: { form: Record<string, string>; headers: Headers; isGenuine: boolean }[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      const form = Object.fromEntries(new URLSearchParams(await request.text()));
      const { pathname, search, origin } = new URL(request.url);
      const url = `${publicOrigin ?? origin}${pathname}${search}`;
      const signature = request.headers.get("x-twilio-signature") ?? "";
      const isGenuine = twilio.validateRequest(peer.authToken, signature, url, form);
      received.push({ form, headers: request.headers, isGenuine });
      return answer();
    },
  });
  running.push({ stop: () => server.stop(true) });
  return { url: `http://127.0.0.1:${server.port}`, received };
}

const xml = (body: string) => () => new Response(body, { headers: { "Content-Type": "text/xml" } });

test.each([
  ["Twilio's documented example", "+14158675310", "GvWf1cFY/Q7PnoempGyD5oXAezc="],
  ["the example in Twilio's own libraries", "+14158675309", "RSOYDt4T1cUTdK1PDd93/VVr8B8="],
])("the signature is the one of %s", (_which, caller, signature) => {
  const parameters = {
    Digits: "1234",
    To: "+18005551212",
    From: caller,
    Caller: caller,
    CallSid: "CA1234567890ABCDE",
  };
  expect(twilioSignature("12345", "https://mycompany.com/myapp.php?foo=1&bar=2", parameters)).toBe(signature);
});

describe("status callbacks", () => {
  test("go where the request said, through a messaging service too, and are kept with their answers", async () => {
    const peer = await startPeer({ messagingServices: { [SERVICE]: [SENDER] } });
    const app = startApp(peer, () => new Response("thanks"));
    const { sid } = await send(peer, { From: "", MessagingServiceSid: SERVICE, StatusCallback: `${app.url}/s?d=1` });
    await peer.deliver(sid as string, "sent");
    const answer = await peer.deliver(sid as string, "undelivered", 30007);
    expect(answer).toEqual({ status: 200, contentType: expect.any(String), body: "thanks", twiml: null });
    expect(app.received.map(({ form, isGenuine }) => [form.MessageStatus, form.ErrorCode, isGenuine])).toEqual([
      ["sent", undefined, true],
      ["undelivered", "30007", true],
    ]);
    expect(app.received[0]!.form).toMatchObject({ From: SENDER, MessagingServiceSid: SERVICE, SmsSid: sid });
    expect(peer.webhooks.map(({ kind, url }) => [kind, url])).toEqual([
      ["status", `${app.url}/s?d=1`],
      ["status", `${app.url}/s?d=1`],
    ]);
    expect(peer.webhooks[1]!.answer).toEqual(answer);
  });

  test("behind a proxy the signature is for the public address, and the request goes to the local one", async () => {
    const peer = await startPeer();
    const app = startApp(peer, undefined, "https://pause.example");
    peer.proxy("https://pause.example", app.url);
    const { sid } = await send(peer, { StatusCallback: "https://pause.example/sms/status?d=1" });
    await peer.deliver(sid as string, "delivered");
    expect(app.received[0]!.isGenuine).toBe(true);
    const { headers } = app.received[0]!;
    expect(headers.get("x-forwarded-proto")).toBe("https");
    expect(headers.get("x-forwarded-host")).toBe("pause.example");
    expect(headers.get("x-forwarded-for")).toBe("203.0.113.7");
    expect(headers.get("host")).toBe(new URL(app.url).host);
    expect(peer.webhooks[0]).toMatchObject({ url: "https://pause.example/sms/status?d=1" });
  });

  test("without a proxy nothing is forwarded", async () => {
    const peer = await startPeer();
    const app = startApp(peer);
    const { sid } = await send(peer, { StatusCallback: app.url });
    await peer.deliver(sid as string, "delivered");
    expect(app.received[0]!.headers.has("x-forwarded-host")).toBe(false);
  });

  test("can come twice, the second time as the first", async () => {
    const peer = await startPeer();
    const app = startApp(peer);
    const { sid } = await send(peer, { StatusCallback: `${app.url}/status` });
    await peer.deliver(sid as string, "delivered");
    await peer.repeat(peer.webhooks[0]!);
    const [first, second] = app.received;
    expect(second!.form).toEqual(first!.form);
    for (const name of ["x-twilio-signature", "i-twilio-idempotency-token"]) {
      expect(second!.headers.get(name)).toBe(first!.headers.get(name)!);
    }
    expect(peer.webhooks).toHaveLength(2);
  });
});

describe("forged webhooks", () => {
  test.each([
    ["another token", "wrong-token" as const],
    ["no signature", "no-signature" as const],
    ["a signature for another address", "wrong-url" as const],
    ["a changed parameter", { change: { MessageStatus: "delivered" } }],
    ["an added parameter", { change: { Extra: "1" } }],
  ])("%s is not taken by the official package", async (_what, forge) => {
    const peer = await startPeer();
    const app = startApp(peer);
    const { sid } = await send(peer, { StatusCallback: `${app.url}/status` });
    await peer.deliver(sid as string, "sent", undefined, { forge });
    expect(app.received.map(({ isGenuine }) => isGenuine)).toEqual([false]);
    const changes = typeof forge === "object" ? forge.change : {};
    expect(app.received[0]!.form).toMatchObject({ MessageSid: sid, ...changes });
    expect(app.received[0]!.headers.has("x-twilio-signature")).toBe(forge !== "no-signature");
  });

  test("an inbound text changed on its way is not taken either", async () => {
    const peer = await startPeer();
    const app = startApp(peer);
    const text = { from: PHONE, to: SENDER, body: "Reject 4711" };
    await peer.reply(text, app.url, { forge: { change: { Body: "Approve 4711" } } });
    expect(app.received[0]).toMatchObject({ isGenuine: false, form: { Body: "Approve 4711" } });
  });
});

describe("inbound messages", () => {
  test("carry the documented fields, empty ones signed too", async () => {
    const peer = await startPeer({ messagingServices: { [SERVICE]: [SENDER] } });
    const app = startApp(peer);
    peer.setInboundUrl(`${app.url}/sms`);
    await peer.reply({ from: PHONE, to: SENDER, body: `${"x".repeat(160)}!` });
    expect(app.received[0]!.isGenuine).toBe(true);
    const sid = expect.stringMatching(/^SM[0-9a-f]{32}$/);
    expect(app.received[0]!.form).toEqual({
      ...{ AccountSid: peer.accountSid, ApiVersion: "2010-04-01", Body: `${"x".repeat(160)}!` },
      ...{ From: PHONE, To: SENDER, MessageSid: sid, SmsMessageSid: sid, SmsSid: sid, SmsStatus: "received" },
      ...{ NumMedia: "0", NumSegments: "2", MessagingServiceSid: SERVICE },
      ...{ FromCity: "", FromCountry: "US", FromState: "", FromZip: "" },
      ...{ ToCity: "", ToCountry: expect.any(String), ToState: "", ToZip: "" },
    } as never);
    expect(peer.webhooks).toEqual([expect.objectContaining({ kind: "message" })]);
  });

  test("a keyword of Advanced Opt-Out is marked, and decides who may be texted", async () => {
    const peer = await startPeer();
    const app = startApp(peer);
    const codes = [];
    for (const [body, optOutType] of [
      ["ARRET", "STOP"],
      ["AIDE", "HELP"],
      ["STOP", "HELP"],
      ["DEBUT", "START"],
    ] as const) {
      await peer.reply({ from: PHONE, to: SENDER, body, optOutType }, app.url);
      codes.push((await send(peer)).code);
    }
    expect(app.received.map(({ form }) => form.OptOutType)).toEqual(["STOP", "HELP", "HELP", "START"]);
    expect(codes).toEqual([21610, 21610, 21610, undefined]);
  });

  test("the TwiML of the answer is sent back, as from the number written to", async () => {
    const peer = await startPeer();
    const app = startApp(peer, xml("<?xml version='1.0'?><Response><Message>A &amp; B</Message></Response>"));
    const answer = await peer.reply({ from: PHONE, to: SENDER, body: "Approve 4711" }, app.url);
    expect(answer.twiml).toEqual({ messages: ["A & B"], error: null });
    expect(await peer.nextMessage()).toMatchObject({
      direction: "outbound-reply",
      to: PHONE,
      from: SENDER,
      body: "A & B",
    });
    expect(peer.messages.map(({ direction }) => direction)).toEqual(["inbound", "outbound-reply"]);
  });

  test("who texted STOP gets no answer from TwiML", async () => {
    const peer = await startPeer();
    const app = startApp(peer, xml("<Response><Message>Sorry to see you go</Message></Response>"));
    await peer.reply({ from: PHONE, to: SENDER, body: "STOP" }, app.url);
    expect(peer.messages.map(({ direction }) => direction)).toEqual(["inbound"]);
  });

  test("without an address there is nowhere to post", async () => {
    const peer = await startPeer();
    await expect(peer.reply({ from: PHONE, to: SENDER, body: "x" })).rejects.toThrow("no URL");
  });
});

test("a region can be closed though its prefix is open", async () => {
  const peer = await startPeer({ blockedRegions: ["CA"] });
  expect((await send(peer, { To: "+14165550123" })).code).toBe(21408);
  expect((await send(peer, { To: PHONE })).status).toBe("queued");
});

test.each<[what: string, status: number, type: string | null, body: string, messages: string[], error: number | null]>([
  ["an empty answer", 200, null, "", [], null],
  ["no content", 204, null, "", [], null],
  ["an empty Response", 200, "text/xml", "<Response/>", [], null],
  [
    "two messages",
    200,
    "application/xml; charset=utf-8",
    "<Response><Message>1</Message><Message>2</Message></Response>",
    ["1", "2"],
    null,
  ],
  [
    "a body element",
    200,
    "text/xml",
    '<Response>\n <Message to="+1"><Body>a&#233;&#x21;</Body></Message>\n</Response>',
    ["aé!"],
    null,
  ],
  [
    "CDATA and a comment",
    200,
    "text/html",
    "<Response><!-- c --><Message><![CDATA[a < b & c]]></Message></Response>",
    ["a < b & c"],
    null,
  ],
  ["plain text", 200, "text/plain", "Thank you", ["Thank you"], null],
  ["JSON", 200, "application/json", "{}", [], 12300],
  ["no type", 200, null, "<Response/>", [], 12300],
  ["a bare ampersand", 200, "text/xml", "<Response><Message>A & B</Message></Response>", [], 12100],
  ["a tag left open", 200, "text/xml", "<Response><Message>A</Response>", [], 12100],
  ["another root", 200, "text/xml", "<Answer/>", [], 12100],
  ["two roots", 200, "text/xml", "<Response/><Response/>", [], 12100],
  ["text after the end", 200, "text/xml", "<Response/>x", [], 12100],
  ["a stray bracket after the end", 200, "text/xml", "<Response/><", [], 12100],
  ["an unknown verb", 200, "text/xml", "<Response><Shout>x</Shout></Response>", [], 12200],
  ["a refusal", 403, "text/xml", "<Response><Message>x</Message></Response>", [], 11200],
  ["a redirect", 302, null, "", [], 11200],
])("%s: what Twilio makes of a webhook's answer", (_what, status, type, body, messages, error) => {
  expect(readTwiml(status, type, body)).toEqual({ messages, error } as never);
});
