/**
 * Twilio's error codes in the operator's words. The words are shown in the API's answers beside the recipient's name,
 * so they hold neither the number nor anything else of the message. Codes: https://www.twilio.com/docs/api/errors
 */

export interface TwilioRefusal {
  /** What is wrong and, where it helps, what to do; no full stop, so that the code can follow. */
  readonly words: string;
  /** Whether the same request may succeed later. False: it is refused for good. */
  readonly passes: boolean;
}

/** What a code means for a text of ours; undefined for a code that is not in the table. */
export function twilioRefusal(code: number): TwilioRefusal | undefined {
  const lasting = LASTING[code] ?? (code >= 63_000 && code !== RATE_OF_WHATSAPP ? ON_THE_WAY[code] : undefined);
  if (lasting !== undefined) return { words: lasting, passes: false };
  const passing = PASSING[code] ?? (code === RATE_OF_WHATSAPP ? ON_THE_WAY[code] : undefined);
  return passing === undefined ? undefined : { words: passing, passes: true };
}

const RATE_OF_WHATSAPP = 63_018;

/** Free-form outside the 24 hours after the person last wrote. */
export const OUTSIDE_SESSION = 63_016;

/** Why a text did not arrive, from the `ErrorCode` of a status callback, which may be missing. */
export function receiptError(code: string | null): string {
  if (code === null || !/^\d{1,6}$/.test(code)) return "Twilio could not deliver the text and does not say why";
  const words = ON_THE_WAY[Number(code)] ?? twilioRefusal(Number(code))?.words ?? "Twilio could not deliver the text";
  return `${words} (Twilio ${code})`;
}

/** What an answer without one of Twilio's codes means: it came from something on the way. */
export function notFromTwilio(status: number): string {
  if (status === 401) return "the credentials are refused (HTTP 401)";
  if (status === 429) return "the server in `apiBase` is being asked too often (HTTP 429)";
  if (status >= 500) return `the server in \`apiBase\` failed (HTTP ${status})`;
  if (status >= 300 && status < 400) return `\`apiBase\` leads to a redirect (HTTP ${status}), which is not followed`;
  return `something other than Twilio answered (HTTP ${status}); check \`apiBase\` and any proxy on the way`;
}

/** Refused for good: the number, the sender or the account would have to change first. */
const LASTING: Readonly<Record<number, string>> = {
  21211: "the recipient's number is not a valid phone number",
  21212: "the sender in `from` is not a valid phone number, short code or name",
  21214: "the recipient's number cannot be reached",
  21217: "the recipient's number does not look like a phone number",
  21266: "the recipient's number is the sender's own",
  21408:
    "the account may not text the recipient's country; switch it on in the console under Messaging, Geo permissions",
  21601: "the sender in `from` is not a number of this account that can send texts",
  21606: "the sender in `from` cannot text this recipient from this account",
  21608: "a trial account texts only numbers that were verified in the console",
  21609: "the address for receipts is refused; check `baseUrl`",
  21610: "the person has opted out of messages from this number; they must text START to it to get more",
  21612: "no route leads from this sender to the recipient",
  21614: "the recipient's number is not a mobile number",
  21617: "the text is longer than 1,600 characters",
  21635: "the recipient's number is a landline, which takes no texts",
  21659: "the sender in `from` is not a Twilio number, or a short code of another country",
  21660: "the sender in `from` belongs to another account",
  21661: "the sender in `from` cannot send texts",
  21701: "the messaging service in `messagingServiceSid` does not exist",
  21703: "the messaging service has no sender for this recipient",
  21704: "the messaging service has no senders",
  21705: "the SID in `messagingServiceSid` is not one of a messaging service",
  21655: "the template in `templates` does not exist in this account",
  21656: "the template's variables are refused; compare the template with the one in docs/channels.md",
  21658: "the template is too long once it is filled in; compare it with the one in docs/channels.md",
  30006: "the recipient's number is a landline, or its carrier can't be reached",
};

/**
 * May pass by themselves, or when the operator has mended the configuration. Wrong credentials are among them: whoever
 * asked still waits, and a message that never gets through ends with its question.
 */
const PASSING: Readonly<Record<number, string>> = {
  20003: "the credentials are refused; check `accountSid` with `authToken`, or with `apiKey` and `apiSecret`",
  20429: "Twilio is being asked too often",
  20500: "Twilio failed on its side",
  20503: "Twilio is not available at the moment",
  21611: "the sender's queue at Twilio is full",
  30001: "the sender's queue at Twilio is full",
};

/** What happens to a text or a message on WhatsApp after Twilio has taken it. */
const ON_THE_WAY: Readonly<Record<number, string>> = {
  30001: "the sender's queue at Twilio was full",
  30002: "the account was suspended before the text was sent",
  30003: "the phone could not be reached: it is switched off, out of range or out of service",
  30004: "the text was blocked by the person or by the carrier",
  30005: "the recipient's number does not exist or is no longer in use",
  30007: "the carrier took the text for spam",
  30008: "the carrier did not deliver the text and does not say why",
  30009: "a part of the text was lost on the way",
  30010: "the text would have cost more than the account allows",
  30032: "the toll-free sender has not been verified for texts",
  30034: "the sender is not registered for texts in the US (A2P 10DLC)",
  30036: "the question's time was over before the text could be delivered",
  63003: "the recipient's number is not on WhatsApp",
  63005: "WhatsApp refused the message's contents",
  63007: "the sender in `from` is not a WhatsApp sender of this account",
  63013: "WhatsApp blocked the message because of its policies",
  63016: "the person has not written within 24 hours, so that WhatsApp takes approved templates alone",
  63018: "WhatsApp is being sent more than this sender may send",
  63024: "the recipient's number cannot be reached on WhatsApp",
  63032: "WhatsApp shows this person no such message, because of its own limits",
  63049: "WhatsApp chose not to deliver the message, as it does with marketing templates",
  30410: "the carrier did not answer in time",
};
