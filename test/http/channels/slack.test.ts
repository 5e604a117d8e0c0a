/** A question in Slack: a message with buttons, a tap over HTTP or Socket Mode, the decision, the message changed. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { verifyDisclosure } from "../../../src/audit/disclosure.ts";
import type { Pause } from "../../../src/pauses/index.ts";
import type { HttpOutcome, SlackMessage, SlackPeer } from "../../peers/slack.ts";
import type { Appliance } from "../../support/appliance.ts";
import { HOUR } from "../../support/database.ts";
import { eventually } from "../../support/eventually.ts";
import {
  ADA,
  APP_TOKEN,
  BEN,
  pass,
  pauseOnce,
  SharedClock,
  slackPeer,
  slackTo,
  statusIs,
  withChannels,
} from "./stage.ts";

let peer: SlackPeer;
let appliance: Appliance;
let key = "";

async function start(more: Record<string, unknown> = {}): Promise<void> {
  const clock = new SharedClock();
  peer = await slackPeer(clock);
  appliance = await withChannels(clock, { slack: slackTo(peer, more) });
  key = appliance.keys.live;
  peer.setInteractivityUrl(`${appliance.url}/hooks/slack/interactions`);
}

afterEach(async () => {
  await appliance.stop();
  await peer.stop();
});

const ask = (wanted: Record<string, unknown> = {}) =>
  appliance.ask(key, { channel: "slack", recipient: ADA.id, ...wanted });
const now = (pause: Pick<Pause, "pause_id">) => appliance.pause(key, pause.pause_id);
const types = async ({ pause_id }: Pick<Pause, "pause_id">) =>
  (await appliance.log(key, pause_id)).map(({ type }) => type);
const buttons = (message: SlackMessage) => peer.controls(message).filter(({ value }) => value !== null);

/** The next message for everyone there: what only the one who tapped sees arrives in between. */
async function nextMessage(channel: string): Promise<SlackMessage> {
  const message = await peer.nextMessage({ channel });
  return message.onlyFor === null ? message : await nextMessage(channel);
}

/** Asks one person, and waits for the message. */
async function asked(wanted: Record<string, unknown> = {}, user = ADA.id) {
  const pause = await ask(wanted);
  const message = await nextMessage(peer.directMessage(user));
  await pauseOnce(appliance, pause, statusIs("delivered"));
  return { pause, message };
}

function tap(message: SlackMessage, index: number, more: Record<string, unknown> = {}) {
  return peer.tap({ channel: message.channel, ts: message.ts, user: ADA.id, index, ...more });
}

/** The message as it stands, once it has no buttons for options any more. */
const changed = (message: SlackMessage) =>
  eventually(
    () => message,
    () => message.versions.length > 1 && buttons(message).length === 0,
  );

/** What the last one who tapped was shown, and nobody else. */
async function whispered(count: number): Promise<string> {
  await eventually(
    () => peer.responses.length,
    (length) => length >= count,
  );
  return JSON.stringify(peer.responses[count - 1]);
}

describe("a tap over HTTP", () => {
  beforeEach(() => start());

  test("decides; the message loses its buttons and says how it ended; who tapped is told and stands in the log, committed to", async () => {
    const { pause, message } = await asked({ message: "Wire $8,400?" });
    expect(buttons(message).map(({ text }) => text)).toEqual(["Approve", "Reject"]);
    expect((await now(pause)).reached).toBe(true);
    expect((await tap(message, 0)) as HttpOutcome).toMatchObject({ accepted: true, body: "" });
    expect(await now(pause)).toMatchObject({
      status: "responded",
      response_choice: "Approve",
      response_source: "human",
      response_via: "slack",
      responded_by: ADA.id,
    });
    expect(await whispered(1)).toContain("Recorded: Approve");
    await changed(message);
    expect(JSON.stringify(message.blocks)).toContain("You answered: Approve");

    const entry = (await appliance.log(key, pause.pause_id)).find(({ type }) => type === "pause.responded");
    expect(JSON.stringify(entry.data)).not.toContain(ADA.id);
    expect(entry.data.by).toBeDefined();
    const { body } = await appliance.get(`/v1/pause/${pause.pause_id}/audit?disclose=true`, key);
    const by = body.disclosed[entry.seq]["/by"];
    expect(verifyDisclosure(by, entry.data.by.commitment)).toBe(true);
    expect(JSON.parse(Buffer.from(by, "base64url").toString()).slice(1)).toEqual(["by", ADA.id]);
    expect(appliance.faultInLog()).toBeNull();
  });

  test("after the end, as on a screen that has not caught up, changes nothing, is told so and recorded as rejected", async () => {
    const { pause, message } = await asked();
    await tap(message, 0);
    await changed(message);
    await tap(message, 1, { version: 0 });
    expect(await whispered(2)).toContain("You had already answered: Approve. Your first answer stands.");
    expect((await now(pause)).response_choice).toBe("Approve");
    expect((await types(pause)).at(-1)).toBe("response.rejected");
  });

  test.each(["wrong-secret", "no-signature", "tampered", "stale", "future"] as const)(
    "that is %s is refused, and nothing changes",
    async (forge) => {
      const { pause, message } = await asked();
      const before = await types(pause);
      expect((await tap(message, 0, { forge })) as HttpOutcome).toMatchObject({ status: 401 });
      expect((await now(pause)).status).toBe("pending");
      expect(await types(pause)).toEqual(before);
      expect(peer.responses).toEqual([]);
    },
  );

  test("that is played again decides nothing more, and is refused once its time is over", async () => {
    const { pause, message } = await asked();
    const first = (await tap(message, 0)) as HttpOutcome;
    await peer.replay(first);
    expect((await now(pause)).response_choice).toBe("Approve");
    expect((await types(pause)).filter((type) => type === "pause.responded")).toHaveLength(1);
    await pass(appliance, HOUR);
    expect(await peer.replay(first)).toMatchObject({ status: 401 });
  });

  test("with the button of another question's option list is told that it is none", async () => {
    const { pause, message } = await asked();
    const alter = (payload: object) => JSON.parse(JSON.stringify(payload).replace(/("value":"[\w-]+)\.0"/g, '$1.9"'));
    await tap(message, 0, { alter });
    expect(await whispered(1)).toContain("This is none of the question's options.");
    expect((await now(pause)).status).toBe("pending");
  });
});

describe("a message in Slack", () => {
  test("that was withdrawn, or whose time is over, loses its buttons and says so; a tap on it is told the same", async () => {
    await start();
    const first = await asked();
    await appliance.post(`/v1/pause/${first.pause.pause_id}/cancel`, key);
    await changed(first.message);
    expect(JSON.stringify(first.message.blocks)).toContain("This question was withdrawn.");
    await tap(first.message, 0, { version: 0 });
    expect(await whispered(1)).toContain("This question was withdrawn.");

    const second = await asked({ timeout_hours: 1, timeout_default: "Reject" });
    await pass(appliance, HOUR);
    await changed(second.message);
    expect(JSON.stringify(second.message.blocks)).toContain("Nobody answered in time, so this counts: Reject");
    await tap(second.message, 0, { version: 0 });
    expect(await whispered(2)).toContain("The time for this question is over.");
    expect(await now(second.pause)).toMatchObject({ response_choice: "Reject", response_source: "timeout_default" });

    const third = await asked({ timeout_hours: 1 });
    await pass(appliance, HOUR);
    await changed(third.message);
    expect(JSON.stringify(third.message.blocks)).toContain("Nobody answered in time. Nothing was chosen.");
  });

  test("of two people: one answers, the other's changes too, and a late tap there is told who was first", async () => {
    await start();
    const pause = await ask({ recipient: [ADA.id, BEN.id] });
    const toAda = await peer.nextMessage({ channel: peer.directMessage(ADA.id) });
    const toBen = await peer.nextMessage({ channel: peer.directMessage(BEN.id) });
    await pauseOnce(appliance, pause, statusIs("delivered", "delivered"));
    await tap(toAda, 1);
    await changed(toBen);
    expect(JSON.stringify(toBen.blocks)).toContain("Another recipient answered: Reject");
    await tap(toBen, 0, { version: 0, user: BEN.id });
    expect(await whispered(2)).toContain("Someone else answered first: Reject.");
    expect(await now(pause)).toMatchObject({ response_choice: "Reject", responded_by: ADA.id });
  });

  test("goes to the person whom an email address belongs to; one that nobody has fails in words", async () => {
    await start();
    const { pause, message } = await asked({ recipient: "ben@EXAMPLE.com" }, BEN.id);
    expect(pause.recipient).toBe("ben@example.com");
    await tap(message, 0, { user: BEN.id });
    expect(await now(pause)).toMatchObject({ response_via: "slack", responded_by: "ben@example.com" });

    const unknown = await pauseOnce(appliance, await ask({ recipient: "nobody@example.com" }), statusIs("failed"));
    expect(unknown.delivery[0]?.error).toContain("no user of this workspace has that email address");
    expect(unknown.reached).toBe(false);
    const stranger = await pauseOnce(appliance, await ask({ recipient: "U0STRANGER" }), statusIs("failed"));
    expect(stranger.delivery[0]?.error).toContain("no such user in this workspace");
  });

  test("in a channel is answered by whoever taps there, and the log commits to who it was", async () => {
    await start();
    const pause = await ask({ recipient: "C0FINANCE1" });
    const message = await peer.nextMessage({ channel: "C0FINANCE1" });
    await pauseOnce(appliance, pause, statusIs("delivered"));
    await tap(message, 0, { user: BEN.id });
    expect(await now(pause)).toMatchObject({ response_choice: "Approve", responded_by: "C0FINANCE1" });
    expect(appliance.count(`SELECT count(*) FROM audit_entries WHERE instr(entry, '${BEN.id}') > 0`)).toBe(0);
  });
});

describe("a tap over Socket Mode", () => {
  beforeEach(() => start({ signingSecret: undefined, appToken: APP_TOKEN }));

  test("decides without a port of ours being called, and the message changes in place", async () => {
    await peer.nextSocket();
    const { pause, message } = await asked();
    expect(await tap(message, 0)).toMatchObject({ via: "socket" });
    await pauseOnce(appliance, pause, ({ status }) => status === "responded");
    expect(await now(pause)).toMatchObject({ response_via: "slack", response_choice: "Approve" });
    expect(await whispered(1)).toContain("Recorded: Approve");
    await changed(message);
    expect((await appliance.call("/hooks/slack/interactions", { method: "POST", body: "{}" })).status).toBe(404);
  });
});
