import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import type { Conclusion } from "../../../src/channels/channel.ts";
import { createHttpGatewayChannel, previewRequest } from "../../../src/channels/http-gateway/index.ts";
import type { GatewayMessage } from "../../../src/platform/config/http-gateway.ts";
import { type GatewayPeer, startGateway } from "../../peers/gateway.ts";
import { clockAt, HOOKS, link, message, NASTY, PHONE, SECRET, settings, TOKEN, untilStopped } from "./stage.ts";

let peer: GatewayPeer;
beforeEach(() => {
  peer = startGateway();
});
afterEach(() => peer.stop());

const json = { json: { to: ["{{to}}"], text: "{{text}}" } };

function send(changes: Record<string, unknown> = {}, given: Partial<typeof message> = {}) {
  const config = settings({ url: `${peer.url}/send`, body: json, ...changes });
  return createHttpGatewayChannel(config, { hooksUrl: () => HOOKS }).send({ ...message, ...given }, untilStopped);
}

describe("what a text costs", () => {
  test("is that of the spelling which was handed over", async () => {
    const accented = { text: `Žluťoučký “kůň” ${link}` };
    expect(await send({}, accented)).toMatchObject({ segments: { encoding: "UCS-2", count: 2 } });
    expect(await send({ transliterate: true }, accented)).toMatchObject({ segments: { encoding: "GSM-7", count: 1 } });
  });

  test("is told of a text that was refused, too", async () => {
    peer.answer = () => new Response("no", { status: 400 });
    expect(await send()).toMatchObject({ outcome: "failed", segments: { encoding: "GSM-7", count: 1 } });
  });
});

describe("a message full of quotes, line breaks, emoji and markup arrives unchanged", () => {
  const given = { text: NASTY };

  test("in a declared JSON shape", async () => {
    expect((await send({}, given)).outcome).toBe("sent");
    expect(peer.requests[0]!.body).toEqual({ to: [PHONE], text: NASTY });
  });

  test("in the JSON that a function gives", async () => {
    const body = (m: GatewayMessage) => ({ messages: [{ recipient: m.to, content: { text: m.text } }] });
    await send({ body }, given);
    expect(peer.requests[0]!.body).toEqual({ messages: [{ recipient: PHONE, content: { text: NASTY } }] });
  });

  test("in a form", async () => {
    await send({ body: { form: { to: "{{to}}", text: "{{text}}", again: ["a", "b"] } } }, given);
    expect(peer.requests[0]!.body).toEqual([
      ["to", PHONE],
      ["text", NASTY],
      ["again", "a"],
      ["again", "b"],
    ]);
  });

  test("in XML, as an element and as an attribute", async () => {
    await send({ body: { xml: { sms: { "@note": "{{text}}", to: "{{to}}", text: "{{text}}" } } } }, given);
    expect(peer.requests[0]!.body).toEqual([
      ["/sms/@note", NASTY],
      ["/sms/to", PHONE],
      ["/sms/text", NASTY],
    ]);
  });

  test("in the query", async () => {
    await send({ method: "GET", body: undefined, query: { text: "{{text}}" } }, given);
    expect(peer.requests[0]!.url.searchParams.get("text")).toBe(NASTY);
    expect(peer.requests[0]!.url.search).not.toContain("+");
  });
});

describe("a request", () => {
  test("shows characters that XML can't hold in place of dropping them or breaking the document", async () => {
    await send({ body: { xml: { sms: { text: "{{text}}" } } } }, { text: "a\u0000b\u001bc\uffffd\ud800e" });
    expect(peer.requests[0]!.body).toEqual([["/sms/text", "a\u2400b\u241bc\ufffdd\ufffde"]]);
  });

  test("keeps numbers as numbers and leaves out what the message does not have", async () => {
    const body = { json: { minutes: "{{ttlMinutes}}", seconds: "{{ttlSeconds}}", parts: "{{segments}}", none: null } };
    await send({ body });
    await send({ body }, { validForSeconds: null });
    expect(peer.requests[0]!.body).toEqual({ minutes: 15, seconds: 930, parts: 1, none: null });
    expect(peer.requests[1]!.body).toEqual({ parts: 1, none: null });
  });

  test.each([
    ["e164", undefined, "+4930901820"],
    ["without-plus", undefined, "4930901820"],
    ["00", undefined, "004930901820"],
    ["national", "DE", "030901820"],
    ["national", "GB", "004930901820"],
  ])("writes the number as %s (%s)", async (phoneFormat, country, written) => {
    await send({ phoneFormat, ...(country === undefined ? {} : { country }) }, { to: "+4930901820" });
    expect(peer.requests[0]!.body).toMatchObject({ to: [written] });
  });

  test("names the delivery, the same one at each attempt, and where to report", async () => {
    const changes = {
      idempotencyHeader: "Idempotency-Key",
      body: { json: { callback: "{{receiptUrl}}" } },
      hooks: { secret: SECRET, base: "http://10.0.0.9:8787" },
      receipts: { statusPath: "status", delivered: ["ok"] },
    };
    await send(changes);
    expect(peer.requests[0]!.headers.get("idempotency-key")).toBe("dlv_1");
    expect(peer.requests[0]!.body).toEqual({
      callback: `http://10.0.0.9:8787/hooks/sms/receipt-${SECRET}?delivery=dlv_1`,
    });
  });

  test("is plainer where that is allowed and makes it one alphabet, and its link stays", async () => {
    await send({ transliterate: true }, { text: `Žluťoučký “kůň” ${link}` });
    expect(peer.requests[0]!.body).toMatchObject({ text: `Zlutoucky "kun" ${link}` });
    const accented = { text: "Žluťoučký https://ž.example/r/1", link: "https://ž.example/r/1" };
    await send({ transliterate: true }, accented);
    expect(peer.requests[1]!.body).toMatchObject({ text: accented.text });
  });

  test("is never made with a header of two lines", async () => {
    const result = await send({ headers: { "X-From": "{{id}}" } }, { deliveryId: "a\r\nX-Evil: 1" });
    expect(result.outcome).toBe("failed");
    expect(peer.requests).toHaveLength(0);
    expect(() => settings({ url: peer.url, headers: { "X-Text": "{{text}}" } })).toThrow();
    expect(() => settings({ url: peer.url, headers: { "X-A": "a\nb" } })).toThrow();
  });

  test("tells of a function that fails, without its words", async () => {
    const body = (m: GatewayMessage) => {
      throw new Error(m.text);
    };
    const result = await send({ body });
    expect(result).toMatchObject({
      outcome: "failed",
      error: "the function in `body` failed; correct the configuration",
    });
  });

  test("tells of what a function gives that fails when it is written, without its words", async () => {
    const failing = (m: GatewayMessage) => ({
      get text(): string {
        throw new Error(`${m.to} ${m.text} ${m.link}`);
      },
    });
    const toJSON = (m: GatewayMessage) => ({
      toJSON() {
        throw new Error(`${m.to} ${m.text} ${m.link}`);
      },
    });
    for (const body of [failing, toJSON, { form: failing }, { xml: failing }]) {
      const result = await send({ body: body as never });
      expect(result.outcome).toBe("failed");
      expect("error" in result && result.error).toMatch(
        /^the function in `body` (failed|gives what JSON cannot hold); correct the configuration$/,
      );
    }
    expect(peer.requests).toHaveLength(0);
  });
});

describe("credentials", () => {
  test.each([
    [
      { type: "basic", user: "pp", password: "s:ö" },
      "authorization",
      `Basic ${Buffer.from("pp:s:ö").toString("base64")}`,
    ],
    [{ type: "bearer", token: "tk.1" }, "authorization", "Bearer tk.1"],
    [{ type: "header", name: "access-token", value: "k 1" }, "access-token", "k 1"],
  ])("%p stand where they belong", async (auth, header, value) => {
    await send({ auth });
    expect(peer.requests[0]!.headers.get(header)).toBe(value);
  });

  test("sign the very bytes of the body, with the time", async () => {
    const auth = { type: "hmac", secret: "key", header: "X-Sig", prefix: "sha256=", timestampHeader: "X-Time" };
    const config = settings({ url: peer.url, body: json, auth });
    const clock = clockAt(() => 1_790_000_000_999);
    await createHttpGatewayChannel(config, { clock }).send({ ...message, text: NASTY }, untilStopped);
    const { headers, raw } = peer.requests[0]!;
    expect(headers.get("x-time")).toBe("1790000000");
    const own = createHmac("sha256", "key").update(`1790000000.${raw}`).digest("hex");
    expect(headers.get("x-sig")).toBe(`sha256=${own}`);
  });

  test("of OAuth fetch a token once, again when it is over, and again when it is refused", async () => {
    let now = 0;
    let issued = 0;
    let refuse = false;
    peer.answer = ({ url, headers }) => {
      if (url.pathname === "/token") return Response.json({ access_token: `t${++issued}`, expires_in: 60 });
      return refuse ? new Response("", { status: 401 }) : Response.json({ ok: headers.get("authorization") !== null });
    };
    const auth = { type: "oauth2", tokenUrl: `${peer.url}/token`, clientId: "a b", clientSecret: "ü&=", scope: "sms" };
    const config = settings({ url: peer.url, body: json, auth });
    const channel = createHttpGatewayChannel(config, { clock: clockAt(() => now) });
    const used = async () => {
      await channel.send(message, untilStopped);
      return peer.requests.at(-1)!.headers.get("authorization");
    };
    expect(await used()).toBe("Bearer t1");
    expect(await used()).toBe("Bearer t1");
    now = 30_000;
    expect(await used()).toBe("Bearer t2");
    refuse = true;
    await used();
    refuse = false;
    expect(await used()).toBe("Bearer t3");
    const asked = peer.requests[0]!;
    expect(asked.body).toEqual([
      ["grant_type", "client_credentials"],
      ["scope", "sms"],
    ]);
    expect(asked.headers.get("authorization")).toBe(`Basic ${btoa("a+b:%C3%BC%26%3D")}`);
  });

  test("that a token server refuses hold all other texts back too", async () => {
    peer.answer = () => new Response("no", { status: 400 });
    const auth = { type: "oauth2", tokenUrl: `${peer.url}/token`, clientId: "a", clientSecret: "bbbbbb" };
    expect(await send({ auth })).toMatchObject({ outcome: "retry", isChannelDown: true });
  });
});

describe("an answer", () => {
  const answered = (body: string, status = 200, headers = {}) => {
    peer.answer = () => new Response(body, { status, headers });
  };

  test("gives the gateway's id from its JSON, a header or a pattern", async () => {
    expect(await send({ messageId: { path: "messages.0.id" } })).toMatchObject({
      outcome: "sent",
      providerId: "msg-1",
    });
    answered("OK; id=77.a", 200, { "x-id": "h1" });
    expect(await send({ messageId: { header: "X-Id" } })).toMatchObject({ providerId: "h1" });
    expect(await send({ messageId: { pattern: /id=(\S+)/ } })).toMatchObject({ providerId: "77.a" });
    answered(JSON.stringify({ id: PHONE }));
    expect(await send({ messageId: { path: "id" } })).toMatchObject({ providerId: null });
  });

  test("of 200 with an error in it is no success where the rule says so, and is not sent again", async () => {
    answered("ERR: 301");
    expect(await send()).toMatchObject({ outcome: "sent" });
    expect(await send({ success: { status: [200], bodyMatches: "^OK" } })).toMatchObject({ outcome: "failed" });
    const rules = { success: { bodyMatches: "^OK" }, retry: [{ bodyMatches: "ERR: 301" }] };
    expect(await send(rules)).toMatchObject({ outcome: "retry" });
    expect(await send({ ...rules, permanent: [{ bodyMatches: "ERR" }] })).toMatchObject({ outcome: "failed" });
  });

  test("that is no 2xx is a success only where the rule names its status", async () => {
    answered("ok", 500);
    expect(await send({ success: { bodyMatches: /^OK/i } })).toMatchObject({ outcome: "retry" });
    expect(await send({ success: { status: [500], bodyMatches: /^OK/i } })).toMatchObject({ outcome: "sent" });
  });

  test("is read by a path", async () => {
    answered(JSON.stringify({ messages: [{ status: "4" }] }));
    const success = { path: "messages.0.status", is: [0] };
    expect(await send({ success })).toMatchObject({ outcome: "failed" });
    answered(JSON.stringify({ messages: [{ status: "0" }] }));
    expect(await send({ success })).toMatchObject({ outcome: "sent" });
  });

  test.each([
    [400, { outcome: "failed" }],
    [401, { outcome: "retry", isChannelDown: true }],
    [403, { outcome: "retry", isChannelDown: true }],
    [408, { outcome: "retry" }],
    [422, { outcome: "failed" }],
    [500, { outcome: "retry" }],
    [503, { outcome: "retry", isChannelDown: true }],
    [302, { outcome: "retry" }],
  ])("of %i without a rule", async (status, expected) => {
    answered("", status, { location: "/elsewhere" });
    expect(await send()).toMatchObject(expected);
    expect(peer.requests).toHaveLength(1);
  });

  test("asks for patience, and gets it", async () => {
    answered("slow down", 429, { "retry-after": "7" });
    expect(await send()).toMatchObject({ outcome: "retry", retryAfterMs: 7000, isChannelDown: true });
  });

  test("is kept as an excerpt only without number, text, link and secrets", async () => {
    const auth = { type: "bearer", token: "tok-en-of-the-account" };
    answered("queue full, try later");
    expect(await send({ auth })).toMatchObject({ excerpt: "queue full, try later" });
    answered(`no route to ${PHONE}`);
    expect(await send({ auth })).toMatchObject({ excerpt: "no route to [hidden]" });
    const echoes = [
      `no route to 1-312-847-1928`,
      `refused: ${message.text}`,
      `refused: ${encodeURIComponent(message.text)}`,
      JSON.stringify({ text: message.text }).replaceAll("e", "\\u0065"),
      `refused: Refund 1,200 EUR`,
      `see ${TOKEN}`,
      `bad Bearer tok_en_of_the_account`,
    ];
    for (const echo of echoes) {
      answered(echo, 400);
      expect({ echo, excerpt: (await send({ auth })).excerpt }).toEqual({ echo, excerpt: null });
    }
  });

  test("that does not come ends the attempt in time", async () => {
    const channel = createHttpGatewayChannel(settings({ url: peer.url, body: json, timeoutSeconds: 1 }), {
      clock: {
        now: () => 0,
        after: (_, callback) => {
          queueMicrotask(callback);
          return () => {};
        },
      },
    });
    peer.answer = () => new Promise(() => {});
    expect(await channel.send(message, untilStopped)).toMatchObject({ outcome: "retry", status: null });
  });

  test("never comes from a port that is closed", async () => {
    await peer.stop();
    const result = await send();
    expect(result).toMatchObject({ outcome: "retry", isChannelDown: true });
    expect(result).toHaveProperty("error", expect.stringContaining("cannot be reached"));
  });
});

test("a dry run shows the request with its secrets hidden, and sends nothing", () => {
  const config = settings({
    url: `${peer.url}/send`,
    query: { api_key: "key-in-the-query", to: "{{to}}" },
    headers: { "X-Auth-Token": "token-in-a-header" },
    auth: { type: "basic", user: "pp", password: "pass-of-basic" },
    hooks: { secret: SECRET },
    receipts: { statusPath: "s" },
    body: (m: GatewayMessage) => ({ password: 'in "body"', text: m.text, back: m.receiptUrl }),
  });
  const shown = previewRequest(config, message, HOOKS);
  expect(shown).toEqual({
    method: "POST",
    url: `${peer.url}/send?api_key=[hidden]&to=%2B13128471928`,
    headers: {
      "x-auth-token": "[hidden]",
      "content-type": "application/json; charset=utf-8",
      authorization: "Basic [hidden]",
    },
    body: JSON.stringify({
      password: "[hidden]",
      text: message.text,
      back: `${HOOKS}/receipt-[hidden]?delivery=dlv_1`,
    }),
  });
  expect(peer.requests).toHaveLength(0);
});

test.each(["form", "xml", "json"])("a dry run hides a secret of any spelling in %s", (kind) => {
  const body = { [kind]: kind === "xml" ? { sms: { password: "a b!<'ü" } } : { password: "a b!<'ü" } };
  const shown = previewRequest(settings({ url: peer.url, query: { pwd: "a b!<'ü" }, body }), message, null);
  expect(shown.url).toBe(`${peer.url}?pwd=[hidden]`);
  expect(shown.body).toMatch(/password\W{1,3}\[hidden\]/);
});

describe("when somebody else has answered", () => {
  const question = {
    ...{ project: "Billing", message: "Refund 1,200 EUR to Meridian? ".repeat(20), options: ["Approve", "Reject"] },
    ...{ details: [], expiresAt: 0, timeoutDefault: null, timeZone: "UTC", isTest: false },
  };
  const over: Conclusion = {
    ...{ deliveryId: "dlv_1", to: PHONE, link, question, providerId: "msg-1", ending: "responded", choice: "Approve" },
    text: "Answered: Approve, by another recipient.",
  };

  test("a text says so within the segments that are allowed, under an id of its own, and asks for no receipt", async () => {
    const body = { json: { id: "{{id}}", text: "{{text}}", parts: "{{segments}}", back: "{{receiptUrl}}" } };
    const given = { url: peer.url, body, tellWhenOver: true, maxSegments: 2, hooks: { secret: SECRET } };
    const config = settings({ ...given, receipts: { statusPath: "s" } });
    const channel = createHttpGatewayChannel(config, { hooksUrl: () => HOOKS });
    expect(await channel.conclude!(over, untilStopped)).toMatchObject({ outcome: "sent" });
    expect(peer.requests[0]!.body).toEqual({
      ...{ id: "dlv_1-over", parts: 2 },
      text: expect.stringMatching(/^Billing: Answered: Approve, by another recipient\.\n\nIt was: Refund .*\.\.\.$/s),
    });
  });

  test("nothing is said unless that is asked for", () => {
    expect(createHttpGatewayChannel(settings({ url: peer.url })).conclude).toBeUndefined();
  });
});
