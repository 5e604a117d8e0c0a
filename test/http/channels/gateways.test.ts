/** Texts through a gateway of one's own and notifications through ntfy: the question out, receipt and reply in. */
import { afterEach, describe, expect, test } from "bun:test";
import { httpGatewaySchema } from "../../../src/platform/config/http-gateway.ts";
import { ntfySchema } from "../../../src/platform/config/ntfy.ts";
import { startGateway } from "../../peers/gateway.ts";
import { startNtfy } from "../../peers/ntfy.ts";
import type { Appliance } from "../../support/appliance.ts";
import { eventually } from "../../support/eventually.ts";
import { codeIn, pauseOnce, SharedClock, statusIs, withChannels } from "./stage.ts";

const PHONE = "+13128471928";
const SECRET = "0123456789abcdef";

const running: { stop(): unknown }[] = [];
afterEach(async () => {
  for (const part of running.splice(0).reverse()) await part.stop();
});

async function withGateway(more: object = {}) {
  const gateway = startGateway();
  const sms = httpGatewaySchema.parse({
    kind: "httpGateway",
    url: `${gateway.url}/send`,
    body: { json: { to: "{{to}}", text: "{{text}}", report: "{{receiptUrl}}" } },
    from: "+15005550006",
    messageId: { path: "messages.0.id" },
    hooks: { secret: SECRET },
    receipts: { statusPath: "status", delivered: ["delivered"], failed: ["undelivered"] },
    inbound: { fromPath: "from", textPath: "text", answer: "body" },
    ...more,
  });
  const appliance = await withChannels(new SharedClock(), { sms });
  running.push(gateway, appliance);
  return { gateway, appliance };
}

/** What the gateway says to an address of ours. */
const say = (url: string, body: object) =>
  fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });

const ask = (appliance: Appliance, more: Record<string, unknown>) =>
  appliance.ask(appliance.keys.live, { recipient: PHONE, ...more });

describe("the delivery log", () => {
  test("shows what a text has cost, and that a notification costs nothing", async () => {
    const { gateway, appliance } = await withGateway();
    const { live } = appliance.keys;
    gateway.answer = () => new Response("no such number", { status: 400 });
    const short = await ask(appliance, { message: "Pay?" });
    await pauseOnce(appliance, short, statusIs("failed"));
    const wide = await ask(appliance, { message: "Платить?" });
    await pauseOnce(appliance, wide, statusIs("failed"));
    const shown = async (path: string) =>
      (await appliance.get(path, live)).body.data.map(({ segments }: { segments: unknown }) => segments);
    const [gsm, ucs] = [
      { encoding: "GSM-7", count: 1 },
      { encoding: "UCS-2", count: 3 },
    ];
    expect(await shown(`/v1/pause/${short.pause_id}/deliveries`)).toEqual([gsm]);
    expect(await shown(`/v1/pause/${wide.pause_id}/deliveries`)).toEqual([ucs]);
    expect(await shown("/v1/deliveries")).toEqual([ucs, gsm]);

    const test = await appliance.ask(appliance.keys.test, {});
    await appliance.messages(test);
    const { body } = await appliance.get(`/v1/pause/${test.pause_id}/deliveries`, appliance.keys.test);
    expect(body.data).toMatchObject([{ status: "delivered", segments: null, attempts: [] }]);
  });
});

describe("a gateway of one's own", () => {
  test("carries the question, reports that it arrived, and brings the reply that decides", async () => {
    const { gateway, appliance } = await withGateway();
    const pause = await ask(appliance, { message: 'Pay "Söhne & Co"?' });
    const [taken] = await eventually(
      () => gateway.requests,
      (requests) => requests.length === 1,
    );
    const sent = taken!.body as { to: string; text: string; report: string };
    expect(sent.to).toBe(PHONE);
    expect(sent.text).toStartWith('PausePoint: Pay "Söhne & Co"?');
    await pauseOnce(appliance, pause, statusIs("sent"));

    expect((await say(sent.report, { status: "delivered" })).ok).toBeTrue();
    expect(await pauseOnce(appliance, pause, statusIs("delivered"))).toMatchObject({ reached: true });

    const reply = { from: PHONE, text: `${codeIn(sent.text)} 1` };
    expect((await say(`${appliance.url}/hooks/sms/inbound-wrong`, reply)).status).toBeGreaterThanOrEqual(400);
    const answer = await say(`${appliance.url}/hooks/sms/inbound-${SECRET}`, reply);
    expect(await answer.text()).toContain(`Recorded for ${codeIn(sent.text)}: Approve`);
    expect(await appliance.pause(appliance.keys.live, pause.pause_id)).toMatchObject({
      status: "responded",
      response_choice: "Approve",
      response_via: "reply",
    });
  });

  test("gets a text in a plainer spelling, and the log has it in that one", async () => {
    const { gateway, appliance } = await withGateway({ transliterate: true });
    const pause = await ask(appliance, { message: "Žluťoučký “kůň”?" });
    const [taken] = await eventually(
      () => gateway.requests,
      (requests) => requests.length === 1,
    );
    await pauseOnce(appliance, pause, statusIs("sent"));
    const { text } = taken!.body as { text: string };
    expect(text).toContain("Zlutoucky");
    const sent = (await appliance.told(appliance.keys.live, pause.pause_id))[1];
    expect(sent.data.text).toBe(text.replace(/https?:\S+/, "{link}"));
  });

  test("that refuses shows on the pause", async () => {
    const { gateway, appliance } = await withGateway();
    gateway.answer = () => Response.json({ error: "unknown number" }, { status: 422 });
    const pause = await ask(appliance, {});
    const { delivery } = await pauseOnce(appliance, pause, ({ reached }) => reached === false);
    expect(delivery).toMatchObject([{ status: "failed", error: expect.stringContaining("422") }]);
  });
});

describe("a notification through ntfy", () => {
  test("goes to a person's topic, opens the page, and a later one says that the question is over", async () => {
    const peer = startNtfy();
    const push = ntfySchema.parse({ kind: "ntfy", url: peer.url });
    const people = { cfo: { name: "Chief Financial Officer", push: "cfo-Jk3_9sdFkw2" } };
    const appliance = await withChannels(new SharedClock(), { push }, { people });
    running.push(peer, appliance);
    const pause = await ask(appliance, { recipient: "@cfo", channel: "push" });
    const [shown] = await eventually(
      () => peer.published,
      (published) => published.length === 1,
    );
    expect(shown).toMatchObject({ topic: "cfo-Jk3_9sdFkw2" });
    expect((await fetch(shown!.click!)).status).toBe(200);
    await pauseOnce(appliance, pause, statusIs("opened"));
    await appliance.post(`/v1/pause/${pause.pause_id}/cancel`, appliance.keys.live, {});
    await eventually(
      () => peer.published.length,
      (count) => count === 2,
    );
  });
});
