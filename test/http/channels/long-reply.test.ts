/** A text that somebody writes back is read by rules that look at it more than once: what is longer than any text is not. */
import { expect, test } from "bun:test";
import { httpGatewaySchema } from "../../../src/platform/config/http-gateway.ts";
import { startGateway } from "../../peers/gateway.ts";
import { eventually } from "../../support/eventually.ts";
import { codeIn, SharedClock, withChannels } from "./stage.ts";

const SECRET = "0123456789abcdef";
const PHONE = "+13128471928";

test("a reply longer than any text holds nobody up, and decides nothing", async () => {
  const gateway = startGateway();
  const sms = httpGatewaySchema.parse({
    kind: "httpGateway",
    url: `${gateway.url}/send`,
    body: { json: { to: "{{to}}", text: "{{text}}" } },
    from: "+15005550006",
    hooks: { secret: SECRET },
    inbound: { fromPath: "from", textPath: "text", answer: "body" },
  });
  const appliance = await withChannels(new SharedClock(), { sms });
  try {
    const pause = await appliance.ask(appliance.keys.live, { recipient: PHONE });
    const [taken] = await eventually(
      () => gateway.requests,
      ({ length }) => length === 1,
    );
    const code = codeIn((taken!.body as { text: string }).text);
    const say = (text: string) =>
      fetch(`${appliance.url}/hooks/sms/inbound-${SECRET}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ from: PHONE, text }),
      });
    // Read all the same, this takes ten seconds of one processor, and longer than this test may.
    const answer = await say(`${code} Approve${".!".repeat(25_000)}x`);
    expect(await answer.text()).not.toContain("Recorded");
    expect((await say(`${code} Approve${" ".repeat(1_600)}`)).status).toBe(200);
    expect((await appliance.pause(appliance.keys.live, pause.pause_id)).status).toBe("pending");
    expect(await (await say(`${code} Approve`)).text()).toContain("Recorded");
  } finally {
    await gateway.stop();
    await appliance.stop();
  }
});
