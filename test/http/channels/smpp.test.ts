/** Texts over SMPP, against an SMSC on loopback: the question out, its receipt and the reply in, the decision out. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { smppSchema } from "../../../src/platform/config/smpp.ts";
import { type Smsc, startSmsc } from "../../peers/smsc.ts";
import type { Appliance } from "../../support/appliance.ts";
import { eventually } from "../../support/eventually.ts";
import { codeIn, pauseOnce, SharedClock, statusIs, withChannels } from "./stage.ts";

const PHONE = "+13128471928";

let smsc: Smsc;
let appliance: Appliance;
/** How many a test may cause. */
let refusals: number;

beforeEach(async () => {
  refusals = 0;
  smsc = await startSmsc({ systemId: "pause", password: "secret08" });
  const settings = { url: smsc.url, systemId: "pause", password: "secret08", from: "+15005550006", partsPerSecond: 0 };
  const sms = smppSchema.parse({ kind: "smpp", ...settings, tellWhenOver: true });
  appliance = await withChannels(new SharedClock(), { sms });
});
afterEach(async () => {
  await appliance.stop();
  // What garbage is answered with; the peer has no request of its own to put it to.
  expect(
    smsc.complaints.filter((complaint) => !/^(generic_nack|deliver_sm_resp) \d+ answers nothing/.test(complaint)),
  ).toEqual([]);
  expect(smsc.complaints.length).toBeLessThanOrEqual(refusals);
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
    const over = await eventually(
      () => smsc.messages.map(({ text }) => text),
      (texts) => texts.length === 2,
    );
    expect(over[1]).toStartWith("PausePoint: This question was withdrawn.");
  });

  test("stands where it stood after a receipt for nothing, a stranger's reply, and every broken PDU, over one connection", async () => {
    const pause = await ask();
    const { text } = await smsc.nextMessage();
    await pauseOnce(appliance, pause, statusIs("sent"));
    const parts = [...smsc.parts];
    refusals = 4;
    await smsc.receipt(parts[0]!, { id: "4711", unasked: true });
    const [stranger] = await smsc.reply({ from: "+4930901820", to: "15005550006", text: `${codeIn(text)} approve` });
    const [name] = await smsc.reply({ from: "ACME", to: "15005550006", text: `${codeIn(text)} approve` });
    for (const kind of [
      "unknown-command",
      "unknown-response",
      "truncated-string",
      "long-sm-length",
      "long-tlv",
      "stray-response",
    ] as const)
      smsc.sessions[0]!.garbage(kind);
    await smsc.sessions[0]!.enquireLink();
    expect([stranger?.outcome, name?.outcome, smsc.connections]).toEqual(["accepted", "accepted", 1]);
    const after = await appliance.pause(appliance.keys.live, pause.pause_id);
    expect(after).toMatchObject({ status: "pending", delivery: [{ status: "sent" }] });
    expect((await appliance.log(appliance.keys.live, pause.pause_id)).map(({ type }) => type)).toEqual([
      "pause.created",
      "pause.sent",
    ]);
    for (const part of parts) await smsc.receipt(part);
    expect(await pauseOnce(appliance, pause, statusIs("delivered"))).toMatchObject({ reached: true });
  });

  test.each(["length-4gb", "length-3", "http"] as const)(
    "goes out over the next connection after octets that are no PDU: %s",
    async (kind) => {
      refusals = 1;
      const bound = await smsc.nextBound();
      bound.garbage(kind);
      await smsc.nextClosed();
      appliance.clock.turn(1_000);
      await smsc.nextBound();
      const pause = await ask();
      await smsc.nextMessage();
      await pauseOnce(appliance, pause, statusIs("sent"));
      expect(smsc.accepted(smsc.messages[0]!.text)).toBe(1);
    },
  );
});
