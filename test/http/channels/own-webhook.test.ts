/**
 * A program that may ask can name an address for a webhook, and that webhook is sent by this very server: from an address
 * that a gateway's `hooks.allowFrom` may well cover. What the server sends must never count as what a gateway brings.
 */
import { afterEach, describe, expect, test } from "bun:test";
import { httpGatewaySchema } from "../../../src/platform/config/http-gateway.ts";
import { kannelSchema } from "../../../src/platform/config/kannel.ts";
import { eventually } from "../../support/eventually.ts";
import { codeIn, SharedClock, withChannels } from "./stage.ts";

const PHONE = "+13128471928";
/** The gateway stands on the same machine, as Kannel mostly does, and is known by nothing else. */
const hooks = { allowFrom: ["127.0.0.0/8", "::1/128"] };

interface Delivery {
  readonly kind: string;
  readonly attempts: readonly { readonly status: number | null }[];
}
const isTried = ({ kind, attempts }: Delivery) => kind === "webhook" && attempts.length > 0;

const running: { stop(): unknown }[] = [];
afterEach(async () => {
  for (const part of running.splice(0).reverse()) await part.stop();
});

describe("an agent that lets the server call itself", () => {
  test.each([
    [
      "httpGateway",
      (url: string) =>
        httpGatewaySchema.parse({
          kind: "httpGateway",
          url,
          from: "+15005550006",
          body: { json: { to: "{{to}}", text: "{{text}}" } },
          hooks,
          inbound: { fromPath: "from", textPath: "text", answer: "body" },
        }),
    ],
    [
      "kannel",
      (url: string) =>
        kannelSchema.parse({ kind: "kannel", url, username: "a", password: "b", from: "+15005550006", hooks }),
    ],
  ])("does not bring a reply to %s in a person's stead", async (_, channel) => {
    const texts: string[] = [];
    const gateway = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      async fetch(request) {
        const body = await request.text();
        texts.push(body.startsWith("{") ? JSON.parse(body).text : body);
        return new Response("0: Accepted for delivery", { status: 202 });
      },
    });
    const appliance = await withChannels(new SharedClock(), { sms: channel(`${gateway.url.origin}/send`) });
    running.push(gateway, appliance);
    const { live } = appliance.keys;
    const wanted = await appliance.ask(live, { recipient: PHONE, message: "Wire everything?" });
    const [sent = ""] = await eventually(
      () => texts,
      ({ length }) => length === 1,
    );
    // The agent knows whom it has asked, and reads the code where the log tells what went out.
    const code = codeIn(sent);
    const query = new URLSearchParams({ from: PHONE, text: `${code} Approve` });
    const hook = `${appliance.url}/hooks/sms/inbound?${query}`;

    const lever = await appliance.ask(live, { recipient: "+13128471929", webhook_url: hook });
    await appliance.post(`/v1/pause/${lever.pause_id}/cancel`, live);
    const told = await eventually(
      async () => (await appliance.get(`/v1/pause/${lever.pause_id}/deliveries`, live)).body.data,
      (deliveries: Delivery[]) => deliveries.some(isTried),
    );
    expect(told.find(isTried)?.attempts[0]?.status).toBe(403);
    expect(await appliance.pause(live, wanted.pause_id)).toMatchObject({ status: "pending", response_choice: null });

    // The gateway itself, from the same address, is heard.
    expect((await fetch(hook)).status).toBeLessThan(300);
    expect(await appliance.pause(live, wanted.pause_id)).toMatchObject({ status: "responded", response_via: "reply" });
  });
});
