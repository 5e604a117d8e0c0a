import { afterEach, describe, expect, test } from "bun:test";
import type { OutgoingMessage, PeerEvent } from "../../../src/channels/channel.ts";
import { createKannelChannel } from "../../../src/channels/kannel/index.ts";
import { kannelSchema } from "../../../src/platform/config/kannel.ts";
import { testNeeding } from "../../support/needs.ts";
import { call, link, listening, PHONE, SECRET, untilStopped } from "../http-gateway/stage.ts";
import { type Kannel, startKannel, USER } from "./stage.ts";

const message: OutgoingMessage = {
  ...{ deliveryId: "dlv_1", to: PHONE, link, question: null, validForSeconds: 930 },
  text: `PausePoint: Refund @ 100%d + "x"?\nAnswer: ${link}`,
};

const running: { stop(): unknown }[] = [];
afterEach(async () => {
  for (const part of running.splice(0).reverse()) await part.stop();
});

function channelTo(url: string, changes: Record<string, unknown> = {}, hooksUrl: string | null = null) {
  const given = { kind: "kannel", url, ...USER, from: "555", hooks: { secret: SECRET }, ...changes };
  return createKannelChannel(kannelSchema.parse(given), { hooksUrl: () => hooksUrl });
}

/** A server like PausePoint's own, which hands what is called under /hooks/sms/ to the channel. */
function hookServer() {
  const heard: PeerEvent[] = [];
  const waiting: (() => void)[] = [];
  const state: { channel: ReturnType<typeof channelTo> | null; words: string } = { channel: null, words: "" };
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      const rest = new URL(request.url).pathname.replace("/hooks/sms/", "");
      const peer = {
        method: "GET",
        url: request.url,
        rest,
        headers: {},
        body: new Uint8Array(),
        address: "127.0.0.1",
      } as const;
      const answer = await state.channel!.receive!(peer, async (event) => {
        heard.push(event);
        for (const more of waiting.splice(0)) more();
        return event.kind === "reply" ? state.words : null;
      });
      return new Response(answer.body as string, { status: answer.status, headers: answer.headers ?? {} });
    },
  });
  running.push({ stop: () => server.stop(true) });
  const first = async <Kind extends PeerEvent["kind"]>(kind: Kind) => {
    for (;;) {
      const found = heard.find((event) => event.kind === kind);
      if (found !== undefined) return found;
      await new Promise<void>((more) => waiting.push(more));
    }
  };
  return { state, heard, first, url: `http://127.0.0.1:${server.port}/hooks/sms` };
}

const kannelTest = testNeeding("kannel");

async function stage() {
  const hooks = hookServer();
  const kannel: Kannel = await startKannel(`${hooks.url}/inbound-${SECRET}?from=%p&text=%b&id=%I&charset=%C`);
  running.push(kannel);
  const channel = channelTo(kannel.url, {}, hooks.url);
  hooks.state.channel = channel;
  return { hooks, kannel, channel };
}

describe("Debian's Kannel", () => {
  kannelTest(
    "carries a text to the phone, its receipt back, a reply in, and the words for it out",
    async () => {
      const { hooks, kannel, channel } = await stage();
      hooks.state.words = "Recorded: Approve";
      const phone = kannel.phone([`${PHONE} 555 text Yes 42`]);
      expect(await hooks.first("reply")).toEqual({ kind: "reply", from: PHONE, text: "Yes 42" });
      expect(await phone.hears("Recorded")).toContain("555 +13128471928 text Recorded: Approve");
      const result = await channel.send(message, untilStopped);
      expect(result).toMatchObject({ outcome: "sent", status: 202, excerpt: "0: Accepted for delivery" });
      expect(await phone.hears("Refund")).toContain('text PausePoint: Refund @ 100%d + "x"?');
      expect(await hooks.first("receipt")).toEqual({
        ...{ kind: "receipt", deliveryId: "dlv_1", status: "delivered", error: null },
      });
    },
    120_000,
  );

  kannelTest(
    "carries what is outside the GSM alphabet in UCS-2",
    async () => {
      const { kannel, channel, hooks } = await stage();
      const phone = kannel.phone([`${PHONE} 555 ucs2 %d8%3d%de%00%00+%04%34%04%30`]);
      expect(await hooks.first("reply")).toEqual({ kind: "reply", from: PHONE, text: "😀 да" });
      await channel.send({ ...message, text: "ж 😀" }, untilStopped);
      expect(await phone.hears("ucs-2")).toContain("%046%00+%D8%3D%DE%00");
    },
    120_000,
  );

  kannelTest(
    "that refuses the password holds all others back",
    async () => {
      const { kannel } = await stage();
      const result = await channelTo(kannel.url, { password: "wrong-one" }).send(message, untilStopped);
      expect(result).toMatchObject({ outcome: "retry", isChannelDown: true, status: 403 });
    },
    120_000,
  );
});

describe("a request to Kannel", () => {
  async function asked(
    changes: Record<string, unknown>,
    given: Partial<OutgoingMessage> = {},
    hooksUrl: string | null = null,
  ) {
    const seen: { url: string; headers: Headers; text: string }[] = [];
    const server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      async fetch(request) {
        seen.push({ url: request.url, headers: request.headers, text: await request.text() });
        return new Response("3: Queued for later delivery", { status: 202 });
      },
    });
    running.push({ stop: () => server.stop(true) });
    const channel = channelTo(`http://127.0.0.1:${server.port}/sendsms`, changes, hooksUrl);
    const result = await channel.send({ ...message, ...given }, untilStopped);
    return { result, ...seen[0]! };
  }

  test("tells how long the text is good for in whole minutes, and nothing in the address", async () => {
    const { url, headers, result } = await asked({ smsc: "main" }, {}, "http://10.0.0.9/hooks/sms");
    expect(new URL(url).search).toBe("");
    expect(result.outcome).toBe("sent");
    expect(headers.get("x-kannel-validity")).toBe("15");
    expect(headers.get("x-kannel-smsc")).toBe("main");
    expect(headers.get("x-kannel-dlr-mask")).toBe("19");
    expect(headers.get("x-kannel-dlr-url")).toBe(`http://10.0.0.9/hooks/sms/receipt-${SECRET}?delivery=dlv_1&type=%d`);
    expect((await asked({}, { validForSeconds: 20 })).headers.get("x-kannel-validity")).toBe("1");
    const endless = (await asked({}, { validForSeconds: null })).headers;
    expect([endless.get("x-kannel-validity"), endless.get("x-kannel-dlr-url")]).toEqual([null, null]);
  });

  test.each([
    [400, "Sender missing and no global set, rejected", { outcome: "failed" }],
    [400, "Something else", { outcome: "failed", error: "Kannel refuses the text (HTTP 400)" }],
    [404, "", { outcome: "retry", isChannelDown: true }],
    [503, "Temporal failure, try again later.", { outcome: "retry", isChannelDown: true }],
    [500, "", { outcome: "retry" }],
  ])("that is answered %i %s", async (status, body, expected) => {
    const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response(body, { status }) });
    running.push({ stop: () => server.stop(true) });
    const channel = channelTo(`http://127.0.0.1:${server.port}/sendsms`);
    expect(await channel.send(message, untilStopped)).toMatchObject(expected);
  });
});

describe("what Kannel calls", () => {
  const channel = channelTo("http://127.0.0.1:1/sendsms");

  test.each([
    ["1", "delivered"],
    ["2", "failed"],
    ["16", "failed"],
    ["8", "sent"],
  ])("a receipt of type %s counts as %s", async (type, status) => {
    const { events, report } = listening();
    await channel.receive!(call(`receipt-${SECRET}`, { query: `delivery=dlv_1&type=${type}` }), report);
    expect(events).toMatchObject([{ deliveryId: "dlv_1", status }]);
  });

  test("is not believed without the secret", async () => {
    const { events, report } = listening();
    expect((await channel.receive!(call("receipt", { query: "delivery=dlv_1&type=1" }), report)).status).toBe(403);
    expect((await channel.receive!(call("inbound", { query: "from=%2B13128471928&text=yes" }), report)).status).toBe(
      403,
    );
    expect(events).toEqual([]);
  });

  test("a text that is told twice counts once", async () => {
    const { events, report } = listening();
    const query = "from=%2B13128471928&text=yes&id=7&charset=UTF-8";
    for (const _ of [1, 2]) await channel.receive!(call(`inbound-${SECRET}`, { query }), report);
    expect(events).toHaveLength(1);
  });
});
