import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { OutgoingMessage, PeerEvent, PeerRequest, Report } from "../../../src/channels/channel.ts";
import { createTwilioChannel, type TwilioChannel } from "../../../src/channels/twilio/index.ts";
import { type TwilioConfig, twilioSchema } from "../../../src/platform/config/twilio.ts";
import { startTwilioPeer, type TwilioPeer, twilioSignature } from "../../peers/twilio.ts";

const PHONE = "+13128471928";
const SENDER = "+15005550006";
const PUBLIC = "https://approve.example.com";

let peer: TwilioPeer;
let server: Bun.Server<undefined>;
let channel: TwilioChannel;
let heard: PeerEvent[];
/** What is said to the one who wrote. */
let words: string | null;
let report: Report;
/** What the server believes to be called at: it sees a proxy's headers, or does not. */
let seesProxy: boolean;

beforeEach(async () => {
  peer = await startTwilioPeer({ senders: [SENDER, "ACME"] });
  heard = [];
  words = null;
  seesProxy = true;
  report = async (event) => {
    heard.push(event);
    return words;
  };
  server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: serve });
  channel = createTwilioChannel(settings(), undefined, hooks);
  peer.setInboundUrl(`${hooks()}/inbound`);
});

afterEach(async () => {
  await server.stop(true);
  await peer.stop();
});

const hooks = () => `http://127.0.0.1:${server.port}/hooks/sms`;

function settings(changes: Record<string, unknown> = {}): TwilioConfig {
  const { accountSid, authToken, url } = peer;
  const written = { kind: "twilio", accountSid, authToken, from: SENDER, apiBase: url, ...changes };
  return twilioSchema.parse(Object.fromEntries(Object.entries(written).filter(([, value]) => value !== undefined)));
}

/** Hands requests to the channel as the appliance's server does. */
async function serve(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url);
  const headers = Object.fromEntries(request.headers);
  const origin = new URL(request.url).origin;
  const told = `${headers["x-forwarded-proto"]}://${headers["x-forwarded-host"]}`;
  const isProxied = seesProxy && headers["x-forwarded-host"] !== undefined;
  const given: PeerRequest = {
    method: request.method as "GET" | "POST",
    url: (isProxied ? told : origin) + request.url.slice(origin.length),
    rest: pathname.slice("/hooks/sms/".length),
    headers,
    body: new Uint8Array(await request.arrayBuffer()),
    address: null,
  };
  try {
    const answer = await channel.receive!(given, report);
    return new Response(answer.body as string | null, { status: answer.status, headers: answer.headers ?? {} });
  } catch {
    return new Response(null, { status: 503 });
  }
}

async function ask(deliveryId = "dlv_1"): Promise<string> {
  const link = "https://approve.example.com/r/x";
  const message: OutgoingMessage = { deliveryId, to: PHONE, text: link, link, question: null, validForSeconds: 900 };
  const result = await channel.send(message, new AbortController().signal);
  if (result.outcome !== "sent") throw new Error(`it was ${result.outcome}`);
  return result.providerId ?? "";
}

const write = (body: string, more: object = {}) => peer.reply({ from: PHONE, to: SENDER, body, ...more });

describe("a status callback", () => {
  test("tells what became of the very text that was sent", async () => {
    const first = await ask("dlv_1");
    const second = await ask("dlv_2");
    for (const status of ["queued", "sending"] as const) expect((await peer.deliver(first, status))?.status).toBe(204);
    expect(heard).toEqual([]);
    await peer.deliver(first, "sent");
    await peer.deliver(second, "delivered");
    await peer.deliver(first, "undelivered", 30003);
    expect(heard).toEqual([
      { kind: "receipt", deliveryId: "dlv_1", status: "sent", error: null },
      { kind: "receipt", deliveryId: "dlv_2", status: "delivered", error: null },
      {
        kind: "receipt",
        deliveryId: "dlv_1",
        status: "failed",
        error: "the phone could not be reached: it is switched off, out of range or out of service (Twilio 30003)",
      },
    ]);
  });

  test.each([
    [30005, "the recipient's number does not exist or is no longer in use"],
    [30006, "the recipient's number is a landline, or its carrier can't be reached"],
    [30007, "the carrier took the text for spam"],
    [30034, "the sender is not registered for texts in the US (A2P 10DLC)"],
    [21610, "the person has opted out of messages from this number; they must text START to it to get more"],
    [39999, "Twilio could not deliver the text"],
  ])("that it failed with code %p comes in plain words", async (code, said) => {
    const sid = await ask();
    for (const status of ["failed", "undelivered"] as const) {
      await peer.deliver(sid, status, code);
      expect(heard.at(-1)).toMatchObject({ status: "failed", error: `${said} (Twilio ${code})` });
    }
  });

  test("without a code says so", async () => {
    const sid = await ask();
    await peer.deliver(sid, "failed", 1, { extra: { ErrorCode: "" } });
    expect(heard).toMatchObject([{ error: "Twilio could not deliver the text and does not say why" }]);
  });

  test("of no delivery is taken and changes nothing", async () => {
    const sid = await ask();
    for (const search of ["", "?delivery=", "?delivery=%3Cscript%3E", `?delivery=${"x".repeat(65)}`]) {
      expect((await peer.deliver(sid, "delivered", 0, { url: `${hooks()}/status${search}` }))?.status).toBe(204);
    }
    expect(heard).toEqual([]);
  });

  test("is answered only when it is on disk, and with an error when it could not be written", async () => {
    const sid = await ask();
    const asked = Promise.withResolvers<void>();
    const writing = Promise.withResolvers<string | null>();
    report = () => {
      asked.resolve();
      return writing.promise;
    };
    let status: number | undefined;
    const answered = peer.deliver(sid, "delivered").then((answer) => {
      status = answer?.status;
    });
    await asked.promise;
    await fetch(peer.url);
    expect(status).toBeUndefined();
    writing.reject(new Error("the disk is full"));
    await answered;
    expect(status).toBe(503);
  });
});

describe("a text that someone writes back", () => {
  test("is reported as it was written, and answered with what there is to say", async () => {
    words = 'Recorded for K7: "Ja" & <Nein> – 👍';
    const answer = await write("K7 approve 👍 & <b>\n");
    expect(heard).toEqual([{ kind: "reply", from: PHONE, text: "K7 approve 👍 & <b>\n" }]);
    expect(answer.contentType).toBe("text/xml; charset=utf-8");
    expect(answer.twiml).toEqual({ messages: [words], error: null });
    expect(await peer.nextMessage({ to: PHONE })).toMatchObject({ from: SENDER, body: words });
  });

  test("is answered with nothing where there is nothing to say", async () => {
    expect((await write("K7 approve")).twiml).toEqual({ messages: [], error: null });
    words = "";
    expect((await write("K7 approve")).twiml).toEqual({ messages: [], error: null });
  });

  test("any words reach the person as they are, but for what XML can't hold", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "binary", minLength: 1, maxLength: 40 }), async (some) => {
        words = `.${some}.`;
        // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what XML 1.0 does not allow
        const allowed = words.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "");
        expect((await write("hello")).twiml).toEqual({ messages: [allowed], error: null });
      }),
      { numRuns: 60 },
    );
  });

  test("is reported once and answered once, however often Twilio tells of it", async () => {
    words = "Recorded for K7: Approve";
    const first = await write("K7 approve");
    const again = await peer.repeat(peer.webhooks[0]!);
    expect(first.twiml?.messages).toEqual([words]);
    expect(again).toMatchObject({ status: 200, twiml: { messages: [], error: null } });
    expect(heard).toHaveLength(1);
  });

  test("is reported again when it could not be written the first time", async () => {
    const healthy = report;
    report = () => Promise.reject(new Error("the disk is full"));
    expect((await write("K7 approve")).status).toBe(503);
    report = healthy;
    words = "Recorded for K7: Approve";
    expect((await peer.repeat(peer.webhooks[0]!)).twiml?.messages).toEqual([words]);
    expect(heard).toHaveLength(1);
  });

  test.each(["STOP", " stop ", "Unsubscribe", "START", "unstop", "HELP", "Info"])(
    "%p is passed on, and not answered a second time, since Twilio has answered it",
    async (body) => {
      words = "ours";
      expect((await write(body)).twiml?.messages).toEqual([]);
      expect(heard).toEqual([{ kind: "reply", from: PHONE, text: body.trim().toUpperCase() }]);
    },
  );

  test("is passed on as the keyword that Advanced Opt-Out takes it for, in any language", async () => {
    words = "ours";
    for (const [body, optOutType] of [
      ["ARRET", "STOP"],
      ["weiter", "START"],
      ["ayuda", "HELP"],
    ] as const) {
      expect((await write(body, { optOutType })).twiml?.messages).toEqual([]);
      expect(heard.at(-1)).toEqual({ kind: "reply", from: PHONE, text: optOutType });
    }
  });

  test("that is a yes is first of all an answer, though it opts in too", async () => {
    words = "Recorded for K7: Yes";
    expect((await write("Yes", { optOutType: "START" })).twiml?.messages).toEqual([words]);
    expect(heard).toEqual([{ kind: "reply", from: PHONE, text: "Yes" }]);
  });

  test("that only holds such a word is none", async () => {
    words = "ours";
    expect((await write("K7 stop")).twiml?.messages).toEqual([words]);
    expect(heard).toMatchObject([{ text: "K7 stop" }]);
  });

  test.each(["12345", "ACME", `whatsapp:${PHONE}`, "+0", ""])("from %p is left alone", async (from) => {
    words = "ours";
    expect((await peer.reply({ from, to: SENDER, body: "K7 approve" })).twiml).toEqual({ messages: [], error: null });
    expect(heard).toEqual([]);
  });
});

describe("a request that Twilio did not make", () => {
  test.each([
    "wrong-token",
    "no-signature",
    "wrong-url",
    { change: { Body: "K7 approve", MessageStatus: "delivered" } },
  ])("(%p) is refused and reported to nobody", async (forge) => {
    const sid = await ask();
    const forged = { forge: forge as "wrong-token" };
    expect((await peer.deliver(sid, "sent", 0, forged))?.status).toBe(403);
    expect((await peer.reply({ from: PHONE, to: SENDER, body: "hello" }, undefined, forged)).status).toBe(403);
    expect(heard).toEqual([]);
  });

  test("is refused with a receipt's signature for another delivery", async () => {
    const sid = await ask("dlv_1");
    await peer.deliver(sid, "delivered");
    const { url, parameters, authToken } = peer.webhooks[0]!;
    const signature = twilioSignature(authToken, url, parameters);
    const other = await fetch(url.replace("dlv_1", "dlv_2"), {
      method: "POST",
      headers: { "X-Twilio-Signature": signature },
      body: new URLSearchParams(parameters),
    });
    expect(other.status).toBe(403);
    expect(heard).toHaveLength(1);
  });

  test("is refused as a GET, and elsewhere", async () => {
    const get = await fetch(`${hooks()}/inbound?Body=K7`);
    expect([get.status, get.headers.get("allow")]).toEqual([405, "POST"]);
    expect((await fetch(`${hooks()}/else`, { method: "POST" })).status).toBe(404);
    expect(heard).toEqual([]);
  });

  test("can't be told from one of Twilio's without the auth token: then nothing is received", () => {
    const key = { authToken: undefined, apiKey: `SK${"cd".repeat(16)}`, apiSecret: "s" };
    expect(createTwilioChannel(settings(key), undefined, hooks)).not.toHaveProperty("receive");
    expect(createTwilioChannel(settings({ ...key, authToken: "t" }), undefined, hooks)).toHaveProperty("receive");
  });
});

describe("behind a proxy", () => {
  const publicHooks = () => `${PUBLIC}/hooks/sms`;

  beforeEach(() => {
    peer.proxy(PUBLIC, `http://127.0.0.1:${server.port}`);
    peer.setInboundUrl(`${publicHooks()}/inbound`);
  });

  test("the address that Twilio called is believed", async () => {
    channel = createTwilioChannel(settings(), undefined, publicHooks);
    await peer.deliver(await ask(), "delivered");
    await write("K7 approve");
    expect(heard.map(({ kind }) => kind)).toEqual(["receipt", "reply"]);
  });

  test("that hides it, the configured one is", async () => {
    seesProxy = false;
    channel = createTwilioChannel(settings(), undefined, publicHooks);
    await peer.deliver(await ask(), "delivered");
    await write("K7 approve");
    expect(heard.map(({ kind }) => kind)).toEqual(["receipt", "reply"]);
  });

  test("that hides it while none is configured, nothing is believed", async () => {
    seesProxy = false;
    channel = createTwilioChannel(settings(), undefined, () => null);
    expect((await write("K7 approve")).status).toBe(403);
    expect(heard).toEqual([]);
  });
});

describe("whether a person can be heard", () => {
  const takes = (changes: Record<string, unknown>, hooksUrl: () => string | null = hooks) =>
    createTwilioChannel(settings(changes), undefined, hooksUrl).takesReplies(PHONE);

  test("takes a sender with a number, an address for Twilio, a token, and replies that are not off", () => {
    expect(takes({})).toBe(true);
    expect(takes({ replies: "open" })).toBe(true);
    expect(takes({ from: "12345" })).toBe(true);
    expect(takes({ from: undefined, messagingServiceSid: `MG${"ab".repeat(16)}` })).toBe(true);
    expect(takes({ replies: "off" })).toBe(false);
    expect(takes({ from: "ACME" })).toBe(false);
    expect(takes({ senders: { US: "ACME" } })).toBe(false);
    expect(takes({ from: "ACME", senders: { US: SENDER } })).toBe(true);
    expect(takes({}, () => null)).toBe(false);
    expect(takes({ authToken: undefined, apiKey: "SK1", apiSecret: "s" })).toBe(false);
  });
});
