/** Texts over SMPP, against an SMSC on loopback: the question out, its receipt and the reply in, the decision out. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { smppSchema } from "../../../src/platform/config/smpp.ts";
import { type Smsc, startSmsc } from "../../peers/smsc.ts";
import type { Appliance } from "../../support/appliance.ts";
import { codeIn, once, pauseOnce, SharedClock, statusIs, withChannels } from "./stage.ts";

const PHONE = "+13128471928";

let smsc: Smsc;
let appliance: Appliance;

beforeEach(async () => {
  smsc = await startSmsc({ systemId: "pause", password: "secret08" });
  const settings = { url: smsc.url, systemId: "pause", password: "secret08", from: "+15005550006", partsPerSecond: 0 };
  const sms = smppSchema.parse({ kind: "smpp", ...settings, tellWhenOver: true });
  appliance = await withChannels(new SharedClock(), { sms });
});
afterEach(async () => {
  await appliance.stop();
  expect(smsc.complaints).toEqual([]);
  await smsc.stop();
});

const ask = (more: Record<string, unknown> = {}) => appliance.ask(appliance.keys.live, { recipient: PHONE, ...more });

describe("a question over SMPP", () => {
  test("is sent whole, arrives by its receipt, and is decided by a reply with its code", async () => {
    const pause = await ask({ message: "Refund 1,200 € to Meridian & Söhne?" });
    const message = await smsc.nextMessage({ to: "13128471928" });
    expect(message.text).toStartWith("PausePoint: Refund 1,200 € to Meridian & Söhne?");
    expect(message.text).toMatch(/\/r\/[\w-]{52}\n/);
    await pauseOnce(appliance, pause, statusIs("sent"));

    for (const part of smsc.parts) await smsc.receipt(part, { state: "DELIVRD", form: "both" });
    expect(await pauseOnce(appliance, pause, statusIs("delivered"))).toMatchObject({ reached: true });

    const [reply] = await smsc.reply({ from: PHONE, to: "15005550006", text: `${codeIn(message.text)} reject` });
    expect(reply?.outcome).toBe("accepted");
    const decided = await pauseOnce(appliance, pause, ({ status }) => status === "responded");
    expect(decided).toMatchObject({
      response_choice: "Reject",
      response_source: "human",
      response_via: "reply",
      responded_by: PHONE,
    });
    const words = await smsc.nextMessage({ to: "13128471928" });
    expect(words.text).toBe(`Recorded for ${codeIn(message.text)}: Reject`);
  });

  test("that the carrier reports as undeliverable has reached nobody", async () => {
    const pause = await ask();
    await smsc.nextMessage();
    await pauseOnce(appliance, pause, statusIs("sent"));
    await smsc.receipt(smsc.parts[0]!, { state: "UNDELIV" });
    const { delivery } = await pauseOnce(appliance, pause, ({ reached }) => reached === false);
    expect(delivery).toMatchObject([{ status: "failed", error: expect.stringContaining("UNDELIV") }]);
  });

  test("is told over by a text to those who did not decide", async () => {
    const pause = await ask();
    await smsc.nextMessage();
    await pauseOnce(appliance, pause, statusIs("sent"));
    await appliance.post(`/v1/pause/${pause.pause_id}/cancel`, appliance.keys.live, {});
    const over = await once(
      () => smsc.messages.map(({ text }) => text),
      (texts) => texts.length === 2,
    );
    expect(over[1]).toStartWith("PausePoint: This question was withdrawn.");
  });
});
