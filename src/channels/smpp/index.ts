/** Texts straight to a carrier or an aggregator over SMPP 3.4 (Issue 1.2), through one session that is kept bound. */
import type { Clock } from "../../platform/clock.ts";
import type { SmppConfig } from "../../platform/config/smpp.ts";
import type { Log } from "../../platform/log.ts";
import type { Random } from "../../platform/random.ts";
import { fit } from "../../platform/sms/fit.ts";
import type { Channel, Conclusion, Connection, OutgoingMessage, Report } from "../channel.ts";
import { canAnswer } from "./addresses.ts";
import { probeCarrier } from "./probe.ts";
import { Sender } from "./sender.ts";
import { spelledText } from "./text.ts";

export interface SmppChannel extends Channel {
  connect(report: Report): Connection;
  /** Whether what this person writes back would be heard: replies are on, and the sender that they see is a number. */
  takesReplies(to: string): boolean;
}

/**
 * A channel for numbers in E.164. `connect` keeps the session; before it, and while it is not bound, `send` answers that
 * the channel is down. Neither `send` nor `conclude` rejects for what the carrier or the network does.
 */
export function createSmppChannel(
  config: SmppConfig,
  parts: {
    readonly clock: Clock;
    readonly log: Log;
    readonly random: Random;
    /** Binds to send alone, whatever `bind` says: then nothing that the carrier has for this account comes here. */
    readonly onlySends?: boolean;
  },
): SmppChannel {
  const sender = new Sender(config, parts);
  return {
    addressKind: "phone",
    probe: (signal) => probeCarrier(config, parts.clock, signal),
    send: (message, signal) => sender.send(message, signal, true),
    textOf: ({ text }) => spelledText(config, text),
    ...(config.tellWhenOver ? { conclude: (over, signal) => sender.send(textOf(over, config), signal, false) } : {}),
    connect: (report) => sender.connect(report),
    takesReplies: (to) => config.replies !== "off" && canAnswer(config, to),
  };
}

/** Word that a question is over, as a text of its own: one that was sent can't be changed. It names the question. */
function textOf({ deliveryId, to, link, question, text: words }: Conclusion, config: SmppConfig): OutgoingMessage {
  const { project, message } = question;
  const { maxSegments: segments, transliterate } = config;
  const fill = (shortened: string) => `${project}: ${words}\n\nIt was: ${shortened}`;
  const text = fit(message, fill, { segments, longest: LONGEST_TEXT, transliterate });
  return { deliveryId: `${deliveryId} is over`, to, link, text, question: null, validForSeconds: 3_600 };
}

/** In UTF-16 units. */
const LONGEST_TEXT = 1_600;
