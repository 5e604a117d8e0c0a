import { parsePhoneNumberFromString } from "libphonenumber-js/max";
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

/** What Advanced Opt-Out took a message for. */
export type OptOutType = "STOP" | "START" | "HELP";

/** The form fields of the webhook for an inbound message, as public samples show them. */
export function inboundParameters(
  accountSid: string,
  message: TwilioMessage,
  optOutType?: OptOutType,
): Record<string, string> {
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
    ...(message.messagingServiceSid === null ? {} : { MessagingServiceSid: message.messagingServiceSid }),
    ...(optOutType === undefined ? {} : { OptOutType: optOutType }),
    ...(from.startsWith("whatsapp:")
      ? { WaId: from.slice("whatsapp:+".length), MessageType: "text" }
      : { ...place("From", from), ...place("To", message.to) }),
  };
}

/** Where a number is. Twilio leaves empty what it does not know, and signs the empty fields too. */
function place(end: "From" | "To", number: string): Record<string, string> {
  const country = countryOf(number) ?? "";
  return { [`${end}City`]: "", [`${end}Country`]: country, [`${end}State`]: "", [`${end}Zip`]: "" };
}

/** ISO 3166-1 alpha-2, null for a number of no one country. */
export function countryOf(number: string): string | null {
  return parsePhoneNumberFromString(number)?.country ?? null;
}

/** `YYMMDDhhmm`, as the carrier's receipt carries it. */
function doneDate(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\D/g, "").slice(2, 12);
}
