import type { TwilioMessage } from "./message.ts";
import { segmentCount } from "./segments.ts";

/** The form fields of a status callback, after the guide "Track the message status of outbound messages". */
export function statusParameters(accountSid: string, message: TwilioMessage): Record<string, string> {
  const isFinal = message.status === "delivered" || message.status === "undelivered";
  return {
    AccountSid: accountSid,
    ApiVersion: "2010-04-01",
    From: message.from ?? "",
    MessageSid: message.sid,
    MessageStatus: message.status,
    SmsSid: message.sid,
    SmsStatus: message.status,
    To: message.to,
    ...(message.messagingServiceSid === null ? {} : { MessagingServiceSid: message.messagingServiceSid }),
    ...(message.errorCode === null ? {} : { ErrorCode: String(message.errorCode) }),
    ...(message.to.startsWith("whatsapp:") ? { ChannelPrefix: "whatsapp", ChannelToAddress: message.to } : {}),
    ...(message.status === "read" ? { EventType: "READ" } : {}),
    ...(isFinal && !message.to.startsWith("whatsapp:") ? { RawDlrDoneDate: doneDate(message.updatedAt) } : {}),
  };
}

/** The form fields of the webhook for an inbound message, as public samples show them, without the sender's place. */
export function inboundParameters(accountSid: string, message: TwilioMessage): Record<string, string> {
  const from = message.from ?? "";
  return {
    AccountSid: accountSid,
    ApiVersion: "2010-04-01",
    Body: message.body,
    From: from,
    MessageSid: message.sid,
    NumMedia: "0",
    NumSegments: String(segmentCount(message.body)),
    SmsMessageSid: message.sid,
    SmsSid: message.sid,
    SmsStatus: message.status,
    To: message.to,
    ...(from.startsWith("whatsapp:") ? { WaId: from.slice("whatsapp:+".length), MessageType: "text" } : {}),
  };
}

/** `YYMMDDhhmm`, as the carrier's receipt carries it. */
function doneDate(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\D/g, "").slice(2, 12);
}
