import { type CountryCode, parsePhoneNumberFromString } from "libphonenumber-js";
import type { TwilioConfig } from "../../platform/config/twilio.ts";

/** Who a text comes from: `senders` for the recipient's country, else the one for all. */
export function senderFor(config: TwilioConfig, to: string): { from: string } | { messagingServiceSid: string } {
  const from = ofCountry(config, to) ?? config.from;
  return from === undefined ? { messagingServiceSid: config.messagingServiceSid ?? "" } : { from };
}

/** Whether the person can write back: a name takes no texts, a number or short code does, a service may do either. */
export function canAnswer(config: TwilioConfig, to: string): boolean {
  const sender = senderFor(config, to);
  return "messagingServiceSid" in sender || !/[A-Za-z]/.test(sender.from);
}

function ofCountry({ senders }: TwilioConfig, to: string): string | undefined {
  const country: CountryCode | undefined = parsePhoneNumberFromString(to)?.country;
  return country !== undefined && Object.hasOwn(senders, country) ? senders[country] : undefined;
}
