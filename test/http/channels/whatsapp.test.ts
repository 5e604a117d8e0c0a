/** A question on WhatsApp: out as an approved template, back by a signed tap or a reply, the decision at the end. */
import { afterEach, describe, expect, test } from "bun:test";
import type { TwilioMessage, TwilioPeer, TwilioPeerOptions } from "../../peers/twilio.ts";
import type { Appliance } from "../../support/appliance.ts";
import { HOUR, MINUTE } from "../../support/database.ts";
import {
  CFO,
  CONTENTS,
  COO,
  linkIn,
  pass,
  pauseOnce,
  SENDER,
  SharedClock,
  statusIs,
  TEMPLATES,
  twilioPeer,
  whatsappTo,
  withChannels,
} from "./stage.ts";

const on = (number: string) => `whatsapp:${number}`;
const LONG = `Pay ${"for one more thing that nobody can shorten, ".repeat(30)}all of it?`;

let peer: TwilioPeer;
let appliance: Appliance;
let key = "";

async function start(more: Record<string, unknown> = {}, options: TwilioPeerOptions = {}, config = {}) {
  const clock = new SharedClock();
  peer = await twilioPeer(clock, { senders: [on(SENDER)], contents: CONTENTS, ...options });
  appliance = await withChannels(clock, { whatsapp: whatsappTo(peer, more) }, config);
  key = appliance.keys.live;
  peer.setInboundUrl(`${appliance.url}/hooks/whatsapp/inbound`);
}

afterEach(async () => {
  await appliance.stop();
  await peer.stop();
});

async function asked(wanted: Record<string, unknown> = {}) {
  const pause = await appliance.ask(key, { channel: "whatsapp", ...wanted });
  const message = await next();
  await pauseOnce(appliance, pause, statusIs("sent"));
  return { pause, message };
}

/** The next message that the appliance sent by itself, not in answer to one. */
async function next(): Promise<TwilioMessage> {
  const message = await peer.nextMessage();
  return message.direction === "outbound-api" ? message : await next();
}

const now = (pauseId: string) => appliance.pause(key, pauseId);
const written = (body: string, from = CFO) => peer.reply({ from: on(from), to: on(SENDER), body });
const types = async (pauseId: string) => (await appliance.log(key, pauseId)).map(({ type }) => type);

describe("a question on WhatsApp", () => {
  test("goes out as the template whose buttons are its options, and a tap decides it", async () => {
    await start();
    const { pause, message } = await asked({ message: "Wire $8,400\nto Meridian?", details: { Invoice: "4711" } });
    expect(message).toMatchObject({ to: on(CFO), from: on(SENDER), contentSid: "HX2" });
    expect(message.body).toStartWith("A question from PausePoint: Wire $8,400 / to Meridian? / Invoice: 4711\n");
    expect((await appliance.call(linkIn(message.body))).status).toBe(200);
    await peer.deliver(message.sid, "read");
    expect(await now(pause.pause_id)).toMatchObject({ delivery: [{ status: "opened" }], reached: true });

    const answer = await peer.tap(message.sid, 0);
    expect(answer.twiml?.messages).toEqual(["Recorded: Approve"]);
    expect(await now(pause.pause_id)).toMatchObject({
      status: "responded",
      response_choice: "Approve",
      response_source: "human",
      response_via: "whatsapp",
      responded_by: CFO,
    });
    const late = await peer.tap(message.sid, 1);
    expect(late.twiml?.messages).toEqual(["You had already answered: Approve. Your first answer stands."]);
    expect((await types(pause.pause_id)).slice(-2)).toEqual(["pause.responded", "response.rejected"]);
  });

  test("has numbered buttons for other options, and the link alone where there are no buttons for so many", async () => {
    await start();
    const two = await asked({ options: ["Deploy", "Wait"] });
    expect(two.message.contentSid).toBe("HX3");
    expect(two.message.body).toContain("How to answer: Button 1: Deploy. Button 2: Wait. Or reply ");
    await peer.tap(two.message.sid, 1);
    expect(await now(two.pause.pause_id)).toMatchObject({ response_choice: "Wait", response_via: "whatsapp" });
    const four = await asked({ options: ["a", "b", "c", "d"] });
    expect(four.message).toMatchObject({ contentSid: "HX1", buttons: [] });
  });

  test("is answered by a reply with its code; without one nothing is decided", async () => {
    await start();
    const { pause, message } = await asked();
    const code = /Or reply "(\w+) 1"/.exec(message.body)?.[1];
    expect((await written("approve")).twiml?.messages).toEqual([expect.stringContaining(`reply with ${code}`)]);
    expect((await now(pause.pause_id)).status).toBe("pending");
    expect((await written(`${code} 2`)).twiml?.messages).toEqual([`Recorded for ${code}: Reject`]);
    expect(await now(pause.pause_id)).toMatchObject({ response_choice: "Reject", response_via: "reply" });
  });

  test("is not decided by a forged tap, nor by a tap of somebody who was not asked", async () => {
    await start();
    const { pause, message } = await asked();
    for (const forge of ["wrong-token", "no-signature", { change: { ButtonPayload: "x.1" } }] as const) {
      expect((await peer.tap(message.sid, 0, { forge })).status).toBe(403);
    }
    const other = await peer.tap(message.sid, 0, { from: on(COO) });
    expect(other.twiml?.messages).toEqual(["This question is not known here."]);
    expect(await now(pause.pause_id)).toMatchObject({ status: "pending" });
    expect(await types(pause.pause_id)).toEqual(["pause.created", "pause.sent"]);
  });

  test("that was withdrawn, or is over, tells who taps", async () => {
    await start();
    const first = await asked();
    await appliance.post(`/v1/pause/${first.pause.pause_id}/cancel`, key);
    const withdrawn = await peer.tap(first.message.sid, 0);
    expect(withdrawn.twiml?.messages).toEqual(["This question was withdrawn. There is nothing left for you to do."]);
    const second = await asked({ timeout_hours: 1, timeout_default: "Reject" });
    await pass(appliance, HOUR);
    expect((await peer.tap(second.message.sid, 0)).twiml?.messages).toEqual([
      "The time for this question is over. The answer is Reject, as was set beforehand.",
    ]);
    expect((await now(second.pause.pause_id)).response_source).toBe("timeout_default");
  });

  test("that WhatsApp did not deliver says why, with Twilio's code", async () => {
    await start();
    const { pause, message } = await asked();
    await peer.deliver(message.sid, "failed", 63024);
    expect(await now(pause.pause_id)).toMatchObject({
      delivery: [{ status: "failed", error: "the recipient's number cannot be reached on WhatsApp (Twilio 63024)" }],
      reached: false,
    });
  });

  test("ends with STOP, which Twilio leaves to us on WhatsApp, and starts again with START", async () => {
    await start();
    expect((await written("STOP")).twiml?.messages).toEqual([expect.stringContaining("no more texts")]);
    const pause = await appliance.ask(key, { channel: "whatsapp" });
    await pauseOnce(appliance, pause, statusIs("failed"));
    expect((await written("START")).twiml?.messages).toEqual([expect.stringContaining("again")]);
    expect((await asked()).message.contentSid).toBe("HX2");
  });

  test("goes to a person's number for texts when they have none for WhatsApp", async () => {
    await start({}, {}, { people: { coo: { name: "COO", sms: COO }, cfo: { name: "CFO", sms: COO, whatsapp: CFO } } });
    expect((await asked({ recipient: "@coo" })).message.to).toBe(on(COO));
    expect((await asked({ recipient: "@cfo" })).message.to).toBe(on(CFO));
  });
});

describe("the 24 hours after someone wrote", () => {
  test("let a long question go out whole; before and after, the template has its start, the link and no buttons", async () => {
    await start();
    const before = await asked({ message: LONG });
    expect(before.message).toMatchObject({ contentSid: "HX1", buttons: [] });
    expect(before.message.body).toContain("…");
    expect(before.message.body.length).toBeLessThanOrEqual(1_024);
    expect((await appliance.call(linkIn(before.message.body))).status).toBe(200);

    await written("hello");
    const within = await asked({ message: LONG });
    expect(within.message.contentSid).toBeNull();
    expect(within.message.body).toContain(LONG);
    expect((await asked()).message.contentSid).toBe("HX2");

    await pass(appliance, 24 * HOUR - 4 * MINUTE);
    expect((await asked({ message: LONG })).message.contentSid).toBe("HX1");
  });

  test("that WhatsApp counts otherwise: what it refuses with 63016 goes out as a template", async () => {
    await start();
    await written("hello");
    const { pause, message } = await asked({ message: LONG });
    expect(message.contentSid).toBeNull();
    await peer.deliver(message.sid, "failed", 63016);
    const again = await next();
    expect(again.contentSid).toBe("HX1");
    await pauseOnce(appliance, pause, statusIs("sent"));
    await peer.deliver(again.sid, "delivered");
    expect(await now(pause.pause_id)).toMatchObject({
      delivery: [{ status: "delivered", error: null }],
      reached: true,
    });

    await written("hello again");
    peer.behave(on(CFO), { kind: "refuse", code: 63016 });
    expect((await asked({ message: LONG })).message.contentSid).toBe("HX1");
  });

  test("let others be told without a template that a question is over, and no longer", async () => {
    await start({ tellWhenOver: true });
    const both = { recipient: [CFO, COO] };
    const answered = async () => {
      const pause = await appliance.ask(key, { channel: "whatsapp", ...both });
      const messages = [await next(), await next()];
      await pauseOnce(appliance, pause, statusIs("sent", "sent"));
      await peer.tap(messages.find(({ to }) => to === on(CFO))?.sid ?? "", 0);
    };
    await written("hello", COO);
    await answered();
    expect(await next()).toMatchObject({ to: on(COO), contentSid: null, body: expect.stringContaining("Approve") });
    await pass(appliance, 25 * HOUR);
    const before = peer.messages.length;
    await answered();
    await pass(appliance, MINUTE);
    expect(peer.messages.slice(before).filter(({ to, contentSid }) => to === on(COO) && contentSid === null)).toEqual(
      [],
    );
  });

  test("are not needed where the operator has a template for it", async () => {
    await start({ tellWhenOver: true, templates: { ...TEMPLATES, over: "HX5" } });
    const { pause } = await asked();
    await appliance.post(`/v1/pause/${pause.pause_id}/cancel`, key);
    expect(await next()).toMatchObject({ contentSid: "HX5", body: expect.stringContaining("was withdrawn") });
  });
});

test("without a way back from Twilio a question has no buttons, which nobody would hear", async () => {
  const clock = new SharedClock();
  peer = await twilioPeer(clock, { senders: [on(SENDER)], contents: CONTENTS, apiKeys: { SK1: "s" } });
  const { authToken: _, ...settings } = whatsappTo(peer, { apiKey: "SK1", apiSecret: "s" });
  appliance = await withChannels(clock, { whatsapp: settings });
  key = appliance.keys.live;
  const { message } = await asked();
  expect(message).toMatchObject({
    contentSid: "HX1",
    statusCallback: null,
    body: expect.stringContaining("Open the link."),
  });
});
