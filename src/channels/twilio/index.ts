import { type Clock, systemClock } from "../../platform/clock.ts";
import type { TwilioConfig } from "../../platform/config/twilio.ts";
import { fit } from "../../platform/sms/fit.ts";
import type { Channel, Conclusion, OutgoingMessage } from "../channel.ts";
import { twilioReceiver } from "./callbacks.ts";
import { probeAccount } from "./probe.ts";
import { sendText } from "./send.ts";
import { canAnswer } from "./sender.ts";

export { twilioHooksUrl } from "./hooks-url.ts";

export interface TwilioChannel extends Channel {
  /**
   * Whether what this person writes back would be heard: replies are on, Twilio can call us and prove that it is
   * Twilio, and the sender that they see is a number. Where not, a text should not ask for a reply.
   */
  takesReplies(to: string): boolean;
}

/**
 * Texts through Twilio. `hooksUrl` is where Twilio can call this server for the channel, without a closing slash
 * (`https://approve.example.com/hooks/sms`, see {@link twilioHooksUrl}), or null: then no receipts are asked for.
 *
 * Without `authToken` there is nothing to verify a request of Twilio's with, so that the channel has no `receive`.
 */
export function createTwilioChannel(
  config: TwilioConfig,
  clock: Clock = systemClock,
  hooksUrl: () => string | null = () => null,
): TwilioChannel {
  const { authToken } = config;
  return {
    addressKind: "phone",
    probe: (signal) => probeAccount(config, clock, signal),
    send: (message, signal) => sendText(config, message, { clock, signal, hooksUrl: authToken ? hooksUrl() : null }),
    textOf: ({ text }) => text,
    ...(config.tellWhenOver
      ? {
          conclude: (over, signal) =>
            sendText(config, textOf(over, config.maxSegments), { clock, signal, hooksUrl: null }),
        }
      : {}),
    ...(authToken === undefined ? {} : { receive: twilioReceiver(authToken, hooksUrl) }),
    takesReplies: (to) =>
      config.replies !== "off" && authToken !== undefined && hooksUrl() !== null && canAnswer(config, to),
  };
}

/** Word that a question is over, as a text of its own: one that was sent can't be changed. It names the question. */
function textOf({ deliveryId, to, link, question, text: words }: Conclusion, segments: number): OutgoingMessage {
  const { project, message } = question;
  const fill = (shortened: string) => `${project}: ${words}\n\nIt was: ${shortened}`;
  const text = fit(message, fill, { segments, longest: LONGEST_TEXT, transliterate: false });
  return { deliveryId, to, link, text, question: null, validForSeconds: 3_600 };
}

/** In UTF-16 units; Twilio refuses more (21617). */
const LONGEST_TEXT = 1_600;
