/** A person who is asked in Slack first, and by text when that was not seen in time. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { SlackPeer } from "../../peers/slack.ts";
import type { TwilioPeer } from "../../peers/twilio.ts";
import type { Appliance } from "../../support/appliance.ts";
import { MINUTE } from "../../support/database.ts";
import { eventually } from "../../support/eventually.ts";
import {
  ADA,
  CFO,
  codeIn,
  linkIn,
  pass,
  pauseOnce,
  SharedClock,
  slackPeer,
  slackTo,
  statusIs,
  twilioPeer,
  twilioTo,
  withChannels,
} from "./stage.ts";

let slack: SlackPeer;
let twilio: TwilioPeer;
let appliance: Appliance;
let key = "";

beforeEach(async () => {
  const clock = new SharedClock();
  slack = await slackPeer(clock);
  twilio = await twilioPeer(clock);
  appliance = await withChannels(
    clock,
    {
      slack: slackTo(slack),
      sms: twilioTo(twilio),
      oncall: { kind: "fallback", channels: ["slack", "sms"], afterMinutes: 1 },
      night: { kind: "fallback", channels: ["sms", "slack"], afterMinutes: 1 },
    },
    {
      people: {
        cfo: { name: "Chief Financial Officer", sms: CFO, slack: ADA.id },
        coo: { name: "Chief Operating Officer", slack: ADA.id },
      },
    },
  );
  key = appliance.keys.live;
  slack.setInteractivityUrl(`${appliance.url}/hooks/slack/interactions`);
});
afterEach(async () => {
  await appliance.stop();
  await slack.stop();
  await twilio.stop();
});

const ask = () => appliance.ask(key, { channel: "oncall", recipient: "@cfo" });

async function askedInSlack() {
  const pause = await ask();
  const message = await slack.nextMessage({ channel: slack.directMessage(ADA.id) });
  await pauseOnce(appliance, pause, statusIs("delivered"));
  return { pause, message };
}

const texts = () => twilio.messages.length;

/** The row of the text, which waits until its time comes or it is not needed. */
const laterStep = (status: string) =>
  appliance.count(`SELECT count(*) FROM deliveries WHERE lane = 'sms' AND status = '${status}'`);

describe("a fallback from Slack to a text", () => {
  test("texts when nobody has opened the link after the time, not before; the answer to the text decides", async () => {
    const { pause } = await askedInSlack();
    await pass(appliance, MINUTE - 1);
    expect(texts()).toBe(0);
    await pass(appliance, 1);
    const message = await twilio.nextMessage({ to: CFO });
    const { delivery } = await pauseOnce(appliance, pause, statusIs("delivered", "sent"));
    expect(delivery).toMatchObject([{ channel: "slack" }, { channel: "sms", recipient: "@cfo" }]);
    await twilio.reply(
      { from: CFO, to: "+13125550100", body: `${codeIn(message.body)} 1` },
      `${appliance.url}/hooks/sms/inbound`,
    );
    expect(await appliance.pause(key, pause.pause_id)).toMatchObject({
      status: "responded",
      response_via: "reply",
      responded_by: "@cfo",
    });
    expect(appliance.faultInLog()).toBeNull();
  });

  test("texts at once when Slack refuses the person", async () => {
    slack.behave("conversations.open", { kind: "refuse", error: "user_not_found" });
    const pause = await ask();
    const message = await twilio.nextMessage({ to: CFO });
    const { delivery } = await pauseOnce(appliance, pause, statusIs("failed", "sent"));
    expect(delivery[0]?.error).toContain("no such user in this workspace");
    expect((await appliance.choose(linkIn(message.body), "Approve")).status).toBe(303);
    expect((await appliance.pause(key, pause.pause_id)).response_via).toBe("page");
  });

  test("asks in Slack at once, the other way round, when a receipt says that the text did not arrive", async () => {
    const pause = await appliance.ask(key, { channel: "night", recipient: "@cfo" });
    const message = await twilio.nextMessage({ to: CFO });
    await pauseOnce(appliance, pause, statusIs("sent"));
    await twilio.deliver(message.sid, "undelivered", 30003);
    await slack.nextMessage({ channel: slack.directMessage(ADA.id) });
    expect((await pauseOnce(appliance, pause, statusIs("failed", "delivered"))).reached).toBe(true);
  });

  test("does not text who has answered in Slack", async () => {
    const { pause, message } = await askedInSlack();
    await slack.tap({ channel: message.channel, ts: message.ts, user: ADA.id, index: 0 });
    await pauseOnce(appliance, pause, ({ status }) => status === "responded");
    await pass(appliance, 2 * MINUTE);
    await eventually(
      () => laterStep("cancelled"),
      (count) => count === 1,
    );
    expect(texts()).toBe(0);
    expect((await appliance.pause(key, pause.pause_id)).delivery).toMatchObject([{ channel: "slack" }]);
  });

  test("does not text who has opened the link", async () => {
    const { pause, message } = await askedInSlack();
    const link = slack.controls(message).find(({ url }) => url !== null)?.url ?? "";
    expect((await appliance.call(link)).status).toBe(200);
    await pauseOnce(appliance, pause, statusIs("opened"));
    await pass(appliance, 2 * MINUTE);
    await eventually(
      () => laterStep("cancelled"),
      (count) => count === 1,
    );
    expect(texts()).toBe(0);
  });

  test("refuses a person without an address for each step, and an address that serves one step alone", async () => {
    const refused = async (recipient: string) => {
      const { status, body } = await appliance.post("/v1/pause", key, {
        recipient,
        channel: "oncall",
        message: "Pay?",
      });
      return { status, errors: body.errors };
    };
    expect(await refused("@coo")).toMatchObject({
      status: 422,
      errors: [{ pointer: "/recipient", detail: "is a person without an address for sms" }],
    });
    expect(await refused(CFO)).toMatchObject({
      status: 422,
      errors: [{ detail: "must be @name of a person with an address for each of the channel's steps" }],
    });
    expect([texts(), slack.messages.length]).toEqual([0, 0]);
  });
});
