/** A refusal in the shape api.twilio.com answers with. */
export interface TwilioError {
  /** The HTTP status. */
  readonly status: number;
  /** The number in Twilio's error dictionary, https://www.twilio.com/docs/api/errors. */
  readonly code: number;
  readonly message: string;
}

/** The error of that code; `subject` is what it is about (a number, a SID, a path). Throws on an unknown code. */
export function twilioError(code: number, subject = ""): TwilioError {
  const entry = DICTIONARY[code];
  if (entry === undefined) throw new Error(`the Twilio peer has no error ${code} in its dictionary`);
  const [status, message] = entry;
  return { status, code, message: message.replace("%s", subject) };
}

/** The JSON body for an error. Only the authentication error carries a `detail`. */
export function errorBody(error: TwilioError): string {
  return JSON.stringify({
    code: error.code,
    ...(error.code === 20003 ? { detail: "Your AccountSid or AuthToken was incorrect." } : {}),
    message: error.message,
    more_info: `https://www.twilio.com/docs/errors/${error.code}`,
    status: error.status,
  });
}

/**
 * Code → HTTP status and message. Since July 2024 Twilio answers some of these situations with a narrower code
 * (21635, 21659, 21660, 21661 instead of 21614 and 21606); those are here for scripted refusals.
 */
const DICTIONARY: Readonly<Record<number, readonly [status: number, message: string]>> = {
  20003: [401, "Authenticate"],
  20004: [405, "Method not allowed"],
  20404: [404, "The requested resource %s was not found"],
  20429: [429, "Too Many Requests"],
  20500: [500, "Internal Server Error"],
  20503: [503, "Service unavailable"],
  21211: [400, "Invalid 'To' Phone Number: %s"],
  21212: [400, "Invalid From Number (caller ID): %s"],
  21266: [400, "'To' and 'From' number cannot be the same: %s"],
  21408: [400, "Permission to send an SMS has not been enabled for the region indicated by the 'To' number: %s"],
  21602: [400, "Message body is required."],
  21603: [400, "A 'From' phone number is required."],
  21604: [400, "A 'To' phone number is required."],
  21606: [
    400,
    "The From phone number %s is not a valid, SMS-capable inbound phone number or short code for your account.",
  ],
  21608: [400, "The number %s is unverified. Trial accounts cannot send messages to unverified numbers"],
  21609: [400, "The 'StatusCallback' URL %s is not a valid URL."],
  21610: [400, "Attempt to send to unsubscribed recipient"],
  21611: [429, "This 'From' number has exceeded the maximum number of queued messages"],
  21612: [400, "Message cannot be sent with the current combination of 'To' (%s) and 'From' parameters"],
  21614: [400, "'To' number is not a valid mobile number: %s"],
  21617: [400, "The concatenated message body exceeds the 1600 character limit"],
  21624: [400, "Invalid validity period value: %s"],
  21635: [400, "'To' number cannot be a landline: %s"],
  21655: [400, "The ContentSid %s is invalid"],
  21656: [400, "The ContentVariables Parameter is invalid"],
  21658: [400, "Parameter exceeded character limit"],
  21659: [400, "'From' %s is not a Twilio phone number or Short Code country mismatch"],
  21660: [400, "Mismatch between the 'From' number %s and the account"],
  21661: [400, "'From' number %s is not SMS-capable"],
  21701: [400, "The Messaging Service %s does not exist"],
  21703: [400, "The Messaging Service does not have a phone number available to send a message"],
  21704: [400, "The Messaging Service contains no phone numbers"],
  21705: [400, "The Messaging Service Sid %s is invalid"],
  21910: [400, "Invalid From and To pair. From and To should be of the same channel"],
  30001: [429, "Queue overflow"],
  63007: [400, "Twilio could not find a Channel with the specified From address"],
  63016: [400, "Failed to send freeform message because you are outside the allowed window."],
};
