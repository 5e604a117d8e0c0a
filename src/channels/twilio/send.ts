import type { TwilioConfig } from "../../platform/config/twilio.ts";
import { segmentsOf } from "../../platform/sms/segments.ts";
import type { OutgoingMessage, SendResult } from "../channel.ts";
import { type Attempt, createMessage, reportingTo } from "./messages-api.ts";
import { senderFor } from "./sender.ts";

/**
 * One attempt at a text. Never rejects for what the peer or the network does. It does not look at the length of the
 * text: above 1,600 UTF-16 units Twilio refuses it for good (21617).
 */
export async function sendText(config: TwilioConfig, message: OutgoingMessage, attempt: Attempt): Promise<SendResult> {
  const { result } = await createMessage(config, messageFields(config, message, attempt.hooksUrl), message, attempt);
  return { ...result, segments: segmentsOf(message.text) };
}

function messageFields(config: TwilioConfig, message: OutgoingMessage, hooksUrl: string | null) {
  const { to, text, deliveryId, validForSeconds } = message;
  return {
    to,
    body: text,
    ...senderFor(config, to),
    ...reportingTo(hooksUrl, deliveryId),
    // Twilio takes whole seconds up to ten hours; a text that is still in its queue then is dropped.
    ...(validForSeconds === null ? {} : { validityPeriod: Math.min(36_000, Math.max(1, Math.floor(validForSeconds))) }),
  };
}
