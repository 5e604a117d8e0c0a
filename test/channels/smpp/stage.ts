/** A channel that is connected to a carrier on loopback, with its time in the test's hand. */
import type { OutgoingMessage, PeerEvent, SendResult } from "../../../src/channels/channel.ts";
import { createSmppChannel } from "../../../src/channels/smpp/index.ts";
import type { Clock } from "../../../src/platform/clock.ts";
import { type SmppConfig, smppSchema } from "../../../src/platform/config/smpp.ts";
import type { Smsc } from "../../peers/smpp.ts";
import { evenChance, handClock, listeningLog } from "../slack/stage.ts";

export const TOKEN = "AUx1dG9rZW5fdGhhdF9kZWNpZGVzX2FuZF9tdXN0X25vdF9sZWFr";
export const LINK = `https://approve.example.com/r/${TOKEN}`;
export const PHONE = "+13128471928";
export const SENDER = "+15005550006";
export const untilStopped = new AbortController().signal;

/** The settings an operator would write for that carrier. */
export function settings(url: string, changes: Record<string, unknown> = {}): SmppConfig {
  const written = { kind: "smpp", url, systemId: "pausepoint", password: "s3cret", from: SENDER, partsPerSecond: 0 };
  const all = { ...written, ...changes };
  return smppSchema.parse(Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)));
}

export function text(changes: Partial<OutgoingMessage> = {}): OutgoingMessage {
  const written = `PausePoint: Refund 1,200 € to Meridian & Söhne?\n\nAnswer: ${LINK}`;
  return {
    ...{ deliveryId: "dlv_1", to: PHONE, text: written, link: LINK, question: null, validForSeconds: 900 },
    ...changes,
  };
}

const running: { stop(): Promise<unknown> }[] = [];

/** Ends whatever a test has started; for afterEach. */
export async function stopAll(): Promise<void> {
  for (const part of running.splice(0).reverse()) await part.stop();
}

export function started<Part extends { stop(): Promise<unknown> }>(part: Part): Part {
  running.push(part);
  return part;
}

export interface StartOptions {
  readonly changes?: Record<string, unknown>;
  /** Default: one that stands still until it is turned. */
  readonly clock?: Clock;
  readonly answer?: (event: PeerEvent) => Promise<string | null>;
}

/** The channel as the appliance runs it. */
export function start(url: string, { changes = {}, clock: given, answer = async () => null }: StartOptions = {}) {
  const { clock: standing, turn, armed } = handClock();
  const clock = given ?? standing;
  const { log, lines, next } = listeningLog();
  const reported: PeerEvent[] = [];
  const watchers: (() => void)[] = [];
  const channel = createSmppChannel(settings(url, changes), { clock, log, random: evenChance });
  const bound = next("SMPP connection is bound");
  const failed = next("SMPP connection could not be bound");
  const connection = started(
    channel.connect(async (event) => {
      reported.push(event);
      for (const watcher of watchers.splice(0)) watcher();
      return await answer(event);
    }),
  );
  return {
    ...{ channel, connection, clock, turn, armed, lines, next, bound, failed, reported },
    send: (message: Partial<OutgoingMessage> = {}): Promise<SendResult> => channel.send(text(message), untilStopped),
    /** Resolves once a timer of that length is armed: the carrier's complaint has arrived. */
    async held(milliseconds: number): Promise<void> {
      while (!armed().includes(milliseconds)) await new Promise<void>((resolve) => setImmediate(resolve));
    },
    /** Whatever was written before has been read on the carrier's side once this resolves. */
    async connectionIsHeard(smsc: Smsc): Promise<void> {
      await smsc.enquire();
    },
    /** Resolves once so many events were reported. */
    async reports(count: number): Promise<readonly PeerEvent[]> {
      while (reported.length < count) await new Promise<void>((resolve) => watchers.push(resolve));
      return reported;
    },
  };
}

/** The same, once it is bound. */
export async function startBound(url: string, options: StartOptions = {}) {
  const stage = start(url, options);
  await stage.bound;
  return stage;
}
