/** A question by text: out through Twilio's API, back by its signed calls, the decision at the end. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { measure } from "../../../src/platform/sms/segments.ts";
import type { TwilioMessage, TwilioPeer } from "../../peers/twilio.ts";
import type { Appliance } from "../../support/appliance.ts";
import { HOUR, MINUTE } from "../../support/database.ts";
import { eventually } from "../../support/eventually.ts";
import {
  CFO,
  COO,
  codeIn,
  linkIn,
  pass,
  pauseOnce,
  SENDER,
  SharedClock,
  statusIs,
  twilioPeer,
  twilioTo,
  withChannels,
} from "./stage.ts";

let peer: TwilioPeer;
let appliance: Appliance;
let key = "";

async function start(more: Record<string, unknown> = {}, config = {}): Promise<void> {
  const clock = new SharedClock();
  peer = await twilioPeer(clock, { landlines: ["+13125550199"], allowedPrefixes: ["+1"] });
  appliance = await withChannels(clock, { sms: twilioTo(peer, more) }, config);
  key = appliance.keys.live;
  peer.setInboundUrl(
    `${appliance.config.baseUrlConfigured ? appliance.config.baseUrl : appliance.url}/hooks/sms/inbound`,
  );
}

async function stop(): Promise<void> {
  await appliance.stop();
  await peer.stop();
}

/** Asks, and waits for the text. */
async function text(wanted: Record<string, unknown> = {}) {
  const pause = await appliance.ask(key, wanted);
  const message = await nextText(typeof wanted.recipient === "string" ? wanted.recipient : CFO);
  await pauseOnce(appliance, pause, statusIs("sent"));
  return { pause, message, code: codeIn(message.body), link: linkIn(message.body) };
}

/** The next text that the appliance sent by itself: what TwiML asked for arrives in between. */
async function nextText(to: string): Promise<TwilioMessage> {
  const message = await peer.nextMessage({ to });
  return message.direction === "outbound-api" ? message : await nextText(to);
}

/** What the phone shows after `body` was sent from it. */
async function reply(body: string, from = CFO): Promise<string[]> {
  const { status, twiml } = await peer.reply({ from, to: SENDER, body });
  expect(status).toBe(200);
  return [...(twiml?.messages ?? [])];
}

const now = (pauseId: string) => appliance.pause(key, pauseId);
const types = async (pauseId: string) => (await appliance.log(key, pauseId)).map(({ type }) => type);
const writtenIn = (sql: string) => appliance.count(sql);

describe("a text", () => {
  beforeAll(() => start());
  afterAll(stop);

  test("holds the whole link and the code in two segments, and its receipts move it from sent to delivered", async () => {
    const { pause, message, code, link } = await text({
      message: "Wire $8,400 to Meridian Supply Co. for invoice 4711?",
    });
    expect(measure(message.body).segments).toBeLessThanOrEqual(2);
    expect(message.body).toContain(`Or reply "${code} 1" for Approve, "${code} 2" for Reject.`);
    expect(message.validityPeriod).toBeGreaterThan(0);

    await peer.deliver(message.sid, "sent");
    expect(await now(pause.pause_id)).toMatchObject({ delivery: [{ status: "sent" }], reached: null });
    expect(await types(pause.pause_id)).toEqual(["pause.created", "pause.sent"]);
    expect((await appliance.call(link)).status).toBe(200);
    const other = await text();
    expect((await now(other.pause.pause_id)).reached).toBeNull();
    expect((await peer.deliver(other.message.sid, "delivered"))?.status).toBe(204);
    expect(await now(other.pause.pause_id)).toMatchObject({ delivery: [{ status: "delivered" }], reached: true });
    expect(await types(other.pause.pause_id)).toEqual(["pause.created", "pause.sent", "pause.delivered"]);
    expect(pause.delivery).toMatchObject([{ channel: "sms", status: "queued" }]);
  });

  test("stands in the log as it went out, shortened as it was, but without the link that decides", async () => {
    const { pause, message, link } = await text({ message: `Pay €${"9".repeat(600)}?` });
    await peer.deliver(message.sid, "delivered");
    const [, sent, arrived] = await appliance.told(key, pause.pause_id);
    expect([sent.type, arrived.type]).toEqual(["pause.sent", "pause.delivered"]);
    expect(sent.data.text).toBe(message.body.replace(link, "{link}"));
    expect(sent.data.text.length).toBeLessThan(400);
    expect(sent.data).toMatchObject({ channel: "sms", recipient: 0, attempts: 1, provider_id: message.sid });
    expect(arrived.data).not.toHaveProperty("text");
    expect(JSON.stringify([sent, arrived])).not.toContain(link.slice(link.lastIndexOf("/") + 1));
  });

  test("that the carrier could not deliver fails with Twilio's code in words, and reached nobody", async () => {
    const { pause, message } = await text();
    await peer.deliver(message.sid, "sent");
    await peer.deliver(message.sid, "undelivered", 30005);
    const { delivery, reached, status } = await now(pause.pause_id);
    expect({ delivery, reached, status }).toMatchObject({
      delivery: [
        { status: "failed", error: "the recipient's number does not exist or is no longer in use (Twilio 30005)" },
      ],
      reached: false,
      status: "pending",
    });
    await peer.deliver(message.sid, "delivered");
    expect((await now(pause.pause_id)).delivery).toMatchObject([{ status: "failed" }]);
  });

  test("is answered by its code and a number, once; what comes later is told so and recorded as rejected", async () => {
    const { pause, code } = await text();
    expect(await reply(`${code} 1`)).toEqual([`Recorded for ${code}: Approve`]);
    expect(await now(pause.pause_id)).toMatchObject({
      status: "responded",
      response_choice: "Approve",
      response_source: "human",
      response_via: "reply",
      responded_by: CFO,
    });
    expect(await reply(`${code} 2`)).toEqual(["You had already answered: Approve. Your first answer stands."]);
    expect((await now(pause.pause_id)).response_choice).toBe("Approve");
    expect((await types(pause.pause_id)).slice(-2)).toEqual(["pause.responded", "response.rejected"]);
    const [responded, rejected] = (await appliance.told(key, pause.pause_id)).slice(-2);
    expect([responded.data.text, rejected.data.text]).toEqual([`${code} 1`, `${code} 2`]);
    expect(responded.data).not.toHaveProperty("view_ms");
  });

  test("of a withdrawn question, and of one whose time is over, tells who answers it", async () => {
    const first = await text();
    await appliance.post(`/v1/pause/${first.pause.pause_id}/cancel`, key);
    expect(await reply(`${first.code} 1`)).toEqual([
      "This question was withdrawn. There is nothing left for you to do.",
    ]);
    const second = await text({ timeout_hours: 1, timeout_default: "Reject" });
    await pass(appliance, HOUR);
    expect(await reply(`${second.code} 1`)).toEqual([
      "The time for this question is over. The answer is Reject, as was set beforehand.",
    ]);
    expect(await now(second.pause.pause_id)).toMatchObject({
      response_choice: "Reject",
      response_source: "timeout_default",
    });
  });

  test("with two questions waiting decides the one whose code it names", async () => {
    const first = await text();
    const second = await text();
    expect(second.code).not.toBe(first.code);
    expect(await reply(`reject ${second.code}`)).toEqual([`Recorded for ${second.code}: Reject`]);
    expect([(await now(first.pause.pause_id)).status, (await now(second.pause.pause_id)).status]).toEqual([
      "pending",
      "responded",
    ]);
    await reply(`${first.code} 1`);
  });

  test("that is sent to us twice by Twilio is heard once", async () => {
    const { pause, code } = await text();
    await reply(`${code} 1`);
    const webhook = peer.webhooks.at(-1);
    if (webhook === undefined) throw new Error("no webhook");
    expect((await peer.repeat(webhook)).twiml?.messages).toEqual([]);
    expect(await types(pause.pause_id)).not.toContain("response.rejected");
  });

  test("from another number with the right code decides nothing", async () => {
    const { pause, code } = await text();
    expect(await reply(`${code} 1`, COO)).toEqual(["No question is waiting for you here. Nothing was recorded."]);
    expect((await now(pause.pause_id)).status).toBe("pending");
  });

  test("to a landline, a blocked country, or one who opted out at Twilio fails at once, in words without the number", async () => {
    const refusals: [string, string][] = [
      ["+13125550199", "21635|21614"],
      ["+447700900123", "21408"],
    ];
    peer.behave("+13125550198", { kind: "refuse", code: 21610 });
    refusals.push(["+13125550198", "21610"]);
    for (const [recipient, codes] of refusals) {
      const pause = await appliance.ask(key, { recipient });
      const { delivery, reached } = await pauseOnce(appliance, pause, statusIs("failed"));
      expect(delivery[0]?.error).toMatch(new RegExp(`^[a-zA-Z].{20,}\\(Twilio (${codes})\\)$`));
      expect(delivery[0]?.error).not.toContain(recipient);
      expect(reached).toBe(false);
    }
  });

  test("that Twilio puts off with 429 is sent again after the time it asked for, not before", async () => {
    peer.behave(CFO, { kind: "status", status: 429, retryAfterSeconds: 120 });
    const before = peer.requests.length;
    const pause = await appliance.ask(key);
    await eventually(
      () => writtenIn("SELECT count(*) FROM delivery_attempts WHERE status = 429"),
      (count) => count === 1,
    );
    expect((await now(pause.pause_id)).delivery).toMatchObject([{ status: "queued" }]);
    await pass(appliance, 119_000);
    expect(peer.requests.length - before).toBe(1);
    await pass(appliance, 2 * MINUTE);
    await nextText(CFO);
    await pauseOnce(appliance, pause, statusIs("sent"));
    expect(appliance.faultInLog()).toBeNull();
  });
});

describe("a person who texts back", () => {
  beforeAll(() => start());
  afterAll(stop);

  test("something unclear is asked again once, politely, and nothing is recorded", async () => {
    const { pause, code } = await text();
    expect(await reply(`${code} perhaps`)).toEqual([
      `Please reply with ${code} and one of: 1 Approve, 2 Reject. Or open the link.`,
    ]);
    expect(await now(pause.pause_id)).toMatchObject({ status: "pending" });
    await reply(`${code} 1`);
  });

  test("STOP gets no more texts, and START gets them again", async () => {
    const { pause, code } = await text();
    expect(await reply("STOP")).toEqual([]);
    const refused = await pauseOnce(appliance, await appliance.ask(key), statusIs("failed"));
    expect(refused.delivery[0]?.error).toBe(
      "this number has asked for no more texts; its owner has to reply START first",
    );
    expect(refused.reached).toBe(false);
    await appliance.post(`/v1/pause/${refused.pause_id}/cancel`, key);
    await reply("START");
    const again = await text();
    await reply(`${code} 1`);
    await reply(`${again.code} 1`);
    expect((await now(pause.pause_id)).status).toBe("responded");
    expect(writtenIn("SELECT count(*) FROM audit_entries WHERE instr(entry, 'recipient.opted_out') > 0")).toBe(1);
    expect(writtenIn("SELECT count(*) FROM audit_entries WHERE instr(entry, 'recipient.opted_in') > 0")).toBe(1);
    expect(appliance.faultInLog()).toBeNull();
  });

  test("a polite word for help is told who asks, what waits and how to end it; to HELP Twilio answers itself", async () => {
    const { code } = await text();
    expect(await reply("Help!")).toEqual([
      `PausePoint sends you questions to decide. Please reply with ${code} and one of: 1 Approve, 2 Reject. Or open the link. Reply STOP to get no more texts.`,
    ]);
    expect(await reply("HELP")).toEqual([]);
    await reply(`${code} 1`);
  });

  test("five wrong codes in an hour is not heard until the hour is over, not even with the right one", async () => {
    const { pause, code } = await text({ recipient: COO });
    for (const wrong of ["B2 1", "B3 1", "B4 1", "B6 1", "B7 1"].filter((each) => !each.startsWith(code)))
      await reply(wrong, COO);
    await reply("B8 1", COO);
    expect(await reply(`${code} 1`, COO)).toEqual([]);
    expect((await now(pause.pause_id)).status).toBe("pending");
    await pass(appliance, HOUR);
    expect(await reply(`${code} 1`, COO)).toEqual([`Recorded for ${code}: Approve`]);
  });
});

describe("someone who is not Twilio", () => {
  beforeAll(() => start());
  afterAll(stop);

  test.each(["wrong-token", "no-signature", "wrong-url"] as const)(
    "(%s) is refused, and nothing changes",
    async (forge) => {
      const { pause, message, code } = await text();
      const entries = await types(pause.pause_id);
      const replied = await peer.reply({ from: CFO, to: SENDER, body: `${code} 1` }, undefined, { forge });
      const told = await peer.deliver(message.sid, "delivered", undefined, { forge });
      expect([replied.status, told?.status]).toEqual([403, 403]);
      expect(await now(pause.pause_id)).toMatchObject({ status: "pending", delivery: [{ status: "sent" }] });
      expect(await types(pause.pause_id)).toEqual(entries);
    },
  );

  test("cannot change a word of a genuine call", async () => {
    const { pause, code } = await text();
    const forge = { change: { Body: `${code} 2` } };
    expect((await peer.reply({ from: CFO, to: SENDER, body: `${code} 1` }, undefined, { forge })).status).toBe(403);
    expect((await now(pause.pause_id)).status).toBe("pending");
  });
});

describe("a text channel", () => {
  afterEach(stop);

  test("behind a proxy believes signatures made over the public address", async () => {
    await start({}, { baseUrl: "https://approve.example.com", baseUrlConfigured: true });
    peer.proxy("https://approve.example.com", appliance.url);
    const { pause, message, code, link } = await text();
    expect(link).toStartWith("https://approve.example.com/r/");
    await peer.deliver(message.sid, "delivered");
    expect((await now(pause.pause_id)).reached).toBe(true);
    expect(await reply(`${code} 1`)).toEqual([`Recorded for ${code}: Approve`]);
  });

  test("with replies off offers no code and takes no answer", async () => {
    await start({ replies: "off" });
    const { pause, message } = await text();
    expect(message.body).not.toContain("reply");
    expect(await reply("1")).toEqual(["Replies are not read here. Please open the link in the message you got."]);
    expect((await now(pause.pause_id)).status).toBe("pending");
    expect(await reply("STOP")).toEqual([]);
    await pauseOnce(appliance, await appliance.ask(key), statusIs("failed"));
  });

  test("with open replies takes the option alone while one question waits, and asks for the code while two do", async () => {
    await start({ replies: "open" });
    const first = await text();
    expect(await reply("approve")).toEqual([`Recorded for ${first.code}: Approve`]);
    const second = await text();
    await text();
    expect(await reply("approve")).toEqual([
      "Please start with the code of the question. Nothing was recorded. Or open the link.",
    ]);
    expect((await now(second.pause.pause_id)).status).toBe("pending");
  });

  test("that tells when it is over texts the others, not the one who decided", async () => {
    await start({ tellWhenOver: true });
    const pause = await appliance.ask(key, { recipient: [CFO, COO] });
    const first = await peer.nextMessage({ to: CFO });
    await peer.nextMessage({ to: COO });
    await pauseOnce(appliance, pause, statusIs("sent", "sent"));
    await reply(`${codeIn(first.body)} 1`);
    expect((await peer.nextMessage({ to: CFO })).body).toStartWith("Recorded for");
    expect((await peer.nextMessage({ to: COO })).body).toContain("Another recipient answered: Approve");
  });
});
