/** What the peer tells of a text out of turn: before its own answer, late, twice, or about something else. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { SlackPeer } from "../../peers/slack.ts";
import type { TwilioPeer } from "../../peers/twilio.ts";
import type { Appliance } from "../../support/appliance.ts";
import { eventually } from "../../support/eventually.ts";
import {
  ADA,
  CFO,
  COO,
  linkIn,
  pauseOnce,
  SharedClock,
  slackPeer,
  slackTo,
  statusIs,
  twilioPeer,
  twilioTo,
  withChannels,
} from "./stage.ts";

let twilio: TwilioPeer;
let slack: SlackPeer;
let appliance: Appliance;
let key = "";

beforeEach(async () => {
  const clock = new SharedClock();
  twilio = await twilioPeer(clock);
  slack = await slackPeer(clock);
  appliance = await withChannels(
    clock,
    {
      sms: twilioTo(twilio, { tellWhenOver: true }),
      texts: twilioTo(twilio),
      slack: slackTo(slack),
      night: { kind: "fallback", channels: ["texts", "slack"], afterMinutes: 30 },
    },
    { people: { ada: { name: "Ada", sms: CFO, slack: ADA.id } } },
  );
  key = appliance.keys.live;
});
afterEach(async () => {
  await appliance.stop();
  await slack.stop();
  await twilio.stop();
});

/** The texts' own answer is held back for a while, though each is taken at once. */
const holdAnswers = () => twilio.behave("*", { kind: "slow", milliseconds: 400 }, 1);
const notices = () => appliance.count("SELECT count(*) FROM deliveries WHERE kind = 'notice'");
const log = async (pauseId: string): Promise<string[]> =>
  ((await appliance.get(`/v1/pause/${pauseId}/audit`, key)).body as { data: { type: string }[] }).data.map(
    ({ type }) => type,
  );

describe("a receipt", () => {
  test("that comes before the text's own answer counts, and the answer changes nothing more", async () => {
    holdAnswers();
    const pause = await appliance.ask(key);
    const { sid } = await twilio.nextMessage({ to: CFO });
    await twilio.deliver(sid, "delivered");
    expect((await appliance.pause(key, pause.pause_id)).delivery).toMatchObject([{ status: "delivered" }]);
    await eventually(
      () => appliance.count("SELECT count(*) FROM delivery_attempts"),
      (count) => count === 1,
    );
    expect((await appliance.pause(key, pause.pause_id)).delivery).toMatchObject([{ status: "delivered" }]);
    expect((await log(pause.pause_id)).filter((type) => /sent|deliver/.test(type))).toEqual(["pause.delivered"]);
    expect(appliance.faultInLog()).toBeNull();
  });

  test("that comes twice, or says less than is known, changes nothing", async () => {
    const pause = await appliance.ask(key);
    const { sid } = await twilio.nextMessage({ to: CFO });
    await pauseOnce(appliance, pause, statusIs("sent"));
    await twilio.deliver(sid, "delivered");
    const before = await log(pause.pause_id);
    for (const status of ["delivered", "sent", "undelivered"] as const) await twilio.deliver(sid, status);
    expect(await log(pause.pause_id)).toEqual(before);
    expect((await appliance.pause(key, pause.pause_id)).delivery).toMatchObject([{ status: "delivered", error: null }]);
  });

  test("that comes after the end is still taken down", async () => {
    const pause = await appliance.ask(key, { channel: "texts" });
    const { sid } = await twilio.nextMessage({ to: CFO });
    await pauseOnce(appliance, pause, statusIs("sent"));
    await appliance.post(`/v1/pause/${pause.pause_id}/cancel`, key, {});
    await twilio.deliver(sid, "delivered");
    expect(await appliance.pause(key, pause.pause_id)).toMatchObject({
      status: "cancelled",
      reached: true,
      delivery: [{ status: "delivered" }],
    });
    expect(appliance.faultInLog()).toBeNull();
  });
});

describe("a question that ends while its text is on its way", () => {
  test("does not text the one who decided that it is over", async () => {
    holdAnswers();
    const pause = await appliance.ask(key);
    const { body } = await twilio.nextMessage({ to: CFO });
    expect((await appliance.choose(linkIn(body), "Approve")).status).toBe(303);
    await eventually(
      () => appliance.count("SELECT count(*) FROM deliveries WHERE kind = 'ask' AND status = 'sent'"),
      (count) => count === 1,
    );
    expect(notices()).toBe(0);
    expect((await appliance.pause(key, pause.pause_id)).status).toBe("responded");
  });

  test("tells the others once, also when a receipt was there before the text's own answer", async () => {
    holdAnswers();
    const pause = await appliance.ask(key, { recipient: COO });
    const { sid } = await twilio.nextMessage({ to: COO });
    await appliance.post(`/v1/pause/${pause.pause_id}/cancel`, key, {});
    await twilio.deliver(sid, "delivered");
    await eventually(
      () => appliance.count("SELECT count(*) FROM delivery_attempts WHERE ordinal = 0"),
      (count) => count === 1,
    );
    expect(notices()).toBe(1);
    expect((await twilio.nextMessage({ to: COO })).body).toContain("withdrawn");
  });
});

describe("reached", () => {
  test("is not known while the next step of a fallback still waits, though all before it failed", async () => {
    // Slack says that it is asked too often, so the second step waits behind a closed way.
    slack.behave("*", { kind: "ratelimited", retryAfterSeconds: 60 }, 100);
    await appliance.ask(key, { channel: "slack", recipient: ADA.id });
    await eventually(
      () => appliance.count("SELECT count(*) FROM delivery_attempts"),
      (count) => count === 1,
    );
    twilio.behave(CFO, { kind: "refuse", code: 21614 });
    const pause = await appliance.ask(key, { channel: "night", recipient: "@ada" });
    const failed = await pauseOnce(appliance, pause, statusIs("failed"));
    expect(failed.reached).toBeNull();
  });
});
