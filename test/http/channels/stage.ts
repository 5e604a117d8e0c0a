/**
 * An appliance whose messages go to peers: real sockets on both sides, and a clock that only the test turns. What the
 * peers sign carries the appliance's time.
 */
import type { Pause } from "../../../src/pauses/index.ts";
import { type Clock, systemClock } from "../../../src/platform/clock.ts";
import type { LoadedConfig } from "../../../src/platform/config/load.ts";
import { slackSchema } from "../../../src/platform/config/slack.ts";
import { twilioSchema } from "../../../src/platform/config/twilio.ts";
import { whatsappSchema } from "../../../src/platform/config/whatsapp.ts";
import { documentAt } from "../../docs/documents.ts";
import { startSlack } from "../../peers/slack.ts";
import type { QuickReplies } from "../../peers/twilio/account.ts";
import { startTwilioPeer, type TwilioPeer, type TwilioPeerOptions } from "../../peers/twilio.ts";
import { type Appliance, startAppliance } from "../../support/appliance.ts";
import { START } from "../../support/database.ts";
import { eventually } from "../../support/eventually.ts";

export const CFO = "+13128471928";
export const COO = "+13128471929";
export const SENDER = "+13125550100";

export const BOT_TOKEN = "xoxb-1-a";
export const APP_TOKEN = "xapp-1-a";
export const SIGNING_SECRET = "5".repeat(32);
export const ADA = { id: "U0ADA00001", email: "ada@example.com", name: "ada" };
export const BEN = { id: "U0BEN00001", email: "ben@example.com", name: "ben" };

/** The peers' clock: the appliance's time once there is one, and timers that really run. */
export class SharedClock implements Clock {
  of: Clock | null = null;
  now(): number {
    return this.of?.now() ?? START;
  }
  after(milliseconds: number, callback: () => void): () => void {
    return systemClock.after(milliseconds, callback);
  }
}

/** Settings as the configuration file gives them, checked as it is. */
export function twilioTo(peer: TwilioPeer, more: Record<string, unknown> = {}) {
  const { accountSid, authToken, url: apiBase } = peer;
  return twilioSchema.parse({ kind: "twilio", accountSid, authToken, from: SENDER, apiBase, ...more });
}

export function whatsappTo(peer: TwilioPeer, more: Record<string, unknown> = {}) {
  const { accountSid, authToken, url: apiBase } = peer;
  const written = { kind: "whatsapp", accountSid, authToken, from: SENDER, apiBase, templates: TEMPLATES, ...more };
  return whatsappSchema.parse(written);
}

export const TEMPLATES = { link: "HX1", titled: [{ options: ["Approve", "Reject"], contentSid: "HX2" }], two: "HX3" };

/** The templates of docs/channels.md, in their order there, as they stand in the account once they are approved. */
export const CONTENTS: Readonly<Record<string, string | QuickReplies>> = Object.fromEntries(
  documentAt("docs/channels.md")
    .fences.filter(({ marker }) => marker?.kind === "json" && marker.detail === "template")
    .map(({ text }, index) => {
      const { types }: { types: Record<string, QuickReplies> } = JSON.parse(text);
      const quickReplies = types["twilio/quick-reply"];
      return [`HX${index + 1}`, quickReplies ?? types["twilio/text"]?.body ?? ""];
    }),
);

export function slackTo(peer: { readonly apiBase: string }, more: Record<string, unknown> = {}) {
  const { apiBase } = peer;
  const written = { kind: "slack", botToken: BOT_TOKEN, signingSecret: SIGNING_SECRET, apiBase, ...more };
  return slackSchema.parse(Object.fromEntries(Object.entries(written).filter(([, value]) => value !== undefined)));
}

export function twilioPeer(clock: SharedClock, options: TwilioPeerOptions = {}): Promise<TwilioPeer> {
  return startTwilioPeer({ senders: [SENDER], clock, ...options });
}

export function slackPeer(clock: SharedClock) {
  const secrets = { botToken: BOT_TOKEN, signingSecret: SIGNING_SECRET, appToken: APP_TOKEN };
  return startSlack({ ...secrets, users: [ADA, BEN], channels: [{ id: "C0FINANCE1", name: "finance" }], clock });
}

/** Starts the appliance with these channels, and sets the peers' clock to its own. */
export async function withChannels(
  clock: SharedClock,
  channels: LoadedConfig["channels"],
  more: Partial<LoadedConfig> = {},
): Promise<Appliance> {
  const appliance = await startAppliance((config) => ({ ...config, channels, channelsConfigured: true, ...more }));
  clock.of = appliance.clock;
  return appliance;
}

/** The live pause, once it is as `holds` says. */
export async function pauseOnce(
  appliance: Appliance,
  { pause_id }: Pick<Pause, "pause_id">,
  holds: (pause: Pause) => boolean,
): Promise<Pause> {
  return await eventually(() => appliance.pause(appliance.keys.live, pause_id), holds);
}

/** Lets time pass, and whatever falls due in it begin: a timer that is armed late is called late, not never. */
export async function pass({ clock }: Appliance, milliseconds: number): Promise<void> {
  clock.turn(milliseconds);
  for (let rounds = 0; rounds < 100; rounds++) {
    await new Promise((resolve) => setImmediate(resolve));
    clock.turn(0);
  }
}

export const statusIs =
  (...statuses: string[]) =>
  ({ delivery }: Pause): boolean =>
    delivery.map(({ status }) => status).join() === statuses.join();

/** The code that a reply to this text has to begin with. */
export function codeIn(text: string): string {
  return /Or reply "(\w+) 1"/.exec(text)?.[1] ?? "no code";
}

export function linkIn(text: string): string {
  return /https?:\/\/\S+\/r\/[\w-]+/.exec(text)?.[0] ?? "no link";
}
