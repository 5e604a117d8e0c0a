/** A Slack workspace and the channel that writes to it, with a front door for Slack's requests. */
import type { Channel, Connection, OutgoingMessage, PeerEvent, Question } from "../../../src/channels/channel.ts";
import { createSlackChannel } from "../../../src/channels/slack/index.ts";
import { type Clock, LONGEST_TIMER } from "../../../src/platform/clock.ts";
import { type SlackConfig, slackSchema } from "../../../src/platform/config/slack.ts";
import { createLog, type Log } from "../../../src/platform/log.ts";
import { type SlackPeer, startSlack } from "../../peers/slack.ts";

export const BOT_TOKEN = "xoxb-1-2-bot";
export const APP_TOKEN = "xapp-1-A0APP00001-2-app";
export const SIGNING_SECRET = "8f742231b10e8888abcd99yyyzzz85a5";
export const TOKEN = "AUx1dG9rZW5fdGhhdF9kZWNpZGVzX2FuZF9tdXN0X25vdF9sZWFr";
export const LINK = `https://approve.example.com/r/${TOKEN}`;
export const CFO = "U012AB3CD";
export const AUDITOR = "W034EF5GH";
export const GONE = "U0GONE0001";
export const FINANCE = "C012FINANC";

export const question: Question = {
  project: "Meridian",
  message: "Refund 1,200 € to Meridian & Söhne?",
  options: ["Approve", "Reject"],
  details: [["Order", "A-1007"]],
  expiresAt: 1_900_000_000_000,
  timeoutDefault: "Reject",
  timeZone: "Europe/Berlin",
  isTest: false,
};

export function asking(to: string, changes: Partial<Question> = {}): OutgoingMessage {
  const asked = { ...question, ...changes };
  const text = `PausePoint: ${asked.message}\n\nAnswer: ${LINK}`;
  return { deliveryId: "dlv_1", to, text, link: LINK, question: asked, validForSeconds: 900 };
}

export function startWorkspace(clock?: Clock): Promise<SlackPeer> {
  return startSlack({
    botToken: BOT_TOKEN,
    signingSecret: SIGNING_SECRET,
    appToken: APP_TOKEN,
    users: [
      { id: CFO, email: "cfo@example.com", name: "cfo" },
      { id: AUDITOR, email: "auditor@example.com", name: "auditor" },
      { id: GONE, email: "gone@example.com", name: "gone", isDeleted: true },
    ],
    channels: [
      { id: FINANCE, name: "finance" },
      { id: "C0UNINVITE", name: "board", isMember: false },
      { id: "G0UNINVITE", name: "secret", isMember: false },
      { id: "C0ARCHIVED", name: "old", isArchived: true },
    ],
    ...(clock === undefined ? {} : { clock }),
  });
}

/** The settings an operator would write for that workspace; a change to undefined leaves one out. */
export function settings(peer: SlackPeer, changes: Record<string, unknown> = {}): SlackConfig {
  const written = {
    kind: "slack",
    botToken: BOT_TOKEN,
    signingSecret: SIGNING_SECRET,
    apiBase: peer.apiBase,
    ...changes,
  };
  return slackSchema.parse(Object.fromEntries(Object.entries(written).filter(([, value]) => value !== undefined)));
}

/** A log that can be waited on. */
export function listeningLog() {
  const lines: string[] = [];
  const waiting: { readonly part: string; readonly resolve: (line: string) => void }[] = [];
  const log: Log = createLog(
    "debug",
    "text",
    () => 0,
    (line) => {
      lines.push(line);
      for (const one of waiting.filter(({ part }) => line.includes(part))) {
        waiting.splice(waiting.indexOf(one), 1);
        one.resolve(line);
      }
    },
  );
  /** The next line with that in it. */
  const next = (part: string) => new Promise<string>((resolve) => waiting.push({ part, resolve }));
  return { log, lines, next };
}

/** A clock that stands still until it is turned; timers fire in their order. */
export function handClock(start = 1_800_000_000_000) {
  let now = start;
  let timers: { due: number; callback: () => void }[] = [];
  const clock: Clock = {
    now: () => now,
    after(milliseconds, callback) {
      const timer = { due: now + Math.min(milliseconds, LONGEST_TIMER), callback };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
  };
  const turn = (milliseconds: number) => {
    const end = now + milliseconds;
    for (;;) {
      const [next] = timers.filter(({ due }) => due <= end).toSorted((a, b) => a.due - b.due);
      if (next === undefined) break;
      now = Math.max(now, next.due);
      timers = timers.filter((other) => other !== next);
      next.callback();
    }
    now = end;
  };
  return { clock, turn, armed: () => timers.map(({ due }) => due - now).toSorted((a, b) => a - b) };
}

/** The half of what chance may give. */
export const evenChance = { bytes: (count: number) => new Uint8Array(count).fill(255) };

export interface Stage {
  readonly channel: Channel;
  readonly reported: readonly PeerEvent[];
  readonly connection: Connection | null;
  readonly url: string;
  stop(): Promise<void>;
}

/** The channel as the appliance runs it: connected, with its hook served over HTTP. */
export function startChannel(
  config: SlackConfig,
  clock: Clock,
  log: Log,
  answer: (event: PeerEvent) => Promise<string | null>,
): Stage {
  const channel = createSlackChannel(config, { clock, log, random: evenChance });
  const reported: PeerEvent[] = [];
  const report = async (event: PeerEvent) => {
    reported.push(event);
    return answer(event);
  };
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      const url = new URL(request.url);
      const { status, headers, body } = await channel.receive!(
        {
          method: request.method as "GET" | "POST",
          url: request.url,
          rest: url.pathname.replace("/hooks/slack/", ""),
          headers: Object.fromEntries(request.headers),
          body: new Uint8Array(await request.arrayBuffer()),
          address: null,
        },
        report,
      );
      return new Response(body === null ? null : JSON.stringify(body), { status, headers: headers ?? {} });
    },
    error: () => new Response(null, { status: 500 }),
  });
  const connection = channel.connect?.(report) ?? null;
  return {
    channel,
    reported,
    connection,
    url: `http://127.0.0.1:${server.port}/hooks/slack/interactions`,
    async stop() {
      await connection?.stop();
      await server.stop(true);
    },
  };
}
