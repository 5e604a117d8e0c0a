/** Questions in Slack from the executable: taps over HTTP, and over Socket Mode, where nothing calls it. */
import { expect, setDefaultTimeout } from "bun:test";
import { type SlackMessage, type SlackPeer, startSlack } from "../../peers/slack.ts";
import type { BinaryServer } from "../../support/binary.ts";
import { eventually } from "../../support/eventually.ts";
import { testNeeding } from "../../support/needs.ts";
import { liveKey, serveWith, settled } from "./stage.ts";

const test = testNeeding("dist/pausepoint");
const ADA = { id: "U0ADA00001", email: "ada@example.com", name: "ada" };
const BEN = { id: "U0BEN00001", email: "ben@example.com", name: "ben" };
const SECRETS = { botToken: "xoxb-1-a", signingSecret: "5".repeat(32), appToken: "xapp-1-a" };
setDefaultTimeout(60_000);

async function onSlack(way: string, use: (peer: SlackPeer, server: BinaryServer, key: string) => Promise<void>) {
  const peer = await startSlack({ ...SECRETS, users: [ADA, BEN], channels: [] });
  const server = await serveWith({
    channels: `slack: slack({ botToken: process.env.SLACK_BOT_TOKEN, ${way}, apiBase: "${peer.apiBase}" })`,
    env: {
      SLACK_BOT_TOKEN: SECRETS.botToken,
      SLACK_SIGNING_SECRET: SECRETS.signingSecret,
      SLACK_APP_TOKEN: SECRETS.appToken,
    },
  });
  peer.setInteractivityUrl(`${server.url}/hooks/slack/interactions`);
  try {
    await use(peer, server, await liveKey(server));
  } finally {
    await server.stop();
    await peer.stop();
  }
}

/** Two are asked, one by email address; one taps, and both messages change. */
async function decideByTap(peer: SlackPeer, server: BinaryServer, key: string) {
  const { pause_id } = await server.ask({ channel: "slack", recipient: [ADA.id, BEN.email], message: "Ship it?" }, key);
  const toAda = await peer.nextMessage({ channel: peer.directMessage(ADA.id) });
  const toBen = await peer.nextMessage({ channel: peer.directMessage(BEN.id) });
  await settled(server, key, pause_id, "delivered", "delivered");
  const outcome = await peer.tap({ channel: toBen.channel, ts: toBen.ts, user: BEN.id, index: 1 });
  const pause = (await server.call(`/v1/pause/${pause_id}?wait=20`, { key })).body;
  expect(pause).toMatchObject({
    status: "responded",
    response_choice: "Reject",
    response_via: "slack",
    responded_by: BEN.email,
  });
  await Promise.all([toAda, toBen].map((message) => changed(peer, message)));
  expect(JSON.stringify(toAda.blocks)).toContain("Another recipient answered: Reject");
  expect(JSON.stringify(toBen.blocks)).toContain("You answered: Reject");
  expect((await server.run("audit", "verify", "--config", "no.ts")).status).toBe(0);
  return outcome;
}

/** Resolves once the message stands without its buttons. */
async function changed(peer: SlackPeer, message: SlackMessage): Promise<void> {
  await eventually(
    () => peer.controls(message).length,
    (buttons) => buttons === 0,
  );
}

test("a tap that Slack posts decides, and both people's messages change", async () => {
  await onSlack("signingSecret: process.env.SLACK_SIGNING_SECRET", async (peer, server, key) => {
    expect(await decideByTap(peer, server, key)).toMatchObject({ via: "http", status: 200 });
  });
});

test("a tap over Socket Mode decides, and both people's messages change", async () => {
  await onSlack("appToken: process.env.SLACK_APP_TOKEN", async (peer, server, key) => {
    await peer.nextSocket();
    expect(await decideByTap(peer, server, key)).toMatchObject({ via: "socket" });
  });
});
