/** Numbers and names as a carrier is given them, with type of number and numbering plan (SMPP 3.4, section 5.2.5). */
import {
  type CountryCode,
  getCountryCallingCode,
  isSupportedCountry,
  parsePhoneNumberFromString,
} from "libphonenumber-js";
import type { SmppConfig } from "../../platform/config/smpp.ts";

export interface Address {
  readonly ton: number;
  readonly npi: number;
  readonly address: string;
}

const TON = { unknown: 0, international: 1, national: 2, network: 3, alphanumeric: 5 } as const;
const NPI = { unknown: 0, isdn: 1 } as const;

/** Who a text to this number comes from: `senders` for its country, else the one for all. */
export function senderFor({ from, senders }: SmppConfig, to: string): string {
  const country = parsePhoneNumberFromString(to)?.country;
  return country !== undefined && Object.hasOwn(senders, country) ? (senders[country] ?? from) : from;
}

/** Whether the person can write back: a name takes no texts, and nobody knows of one that the carrier sets. */
export function canAnswer(config: SmppConfig, to: string): boolean {
  const sender = senderFor(config, to);
  return sender !== "" && !/[A-Za-z]/.test(sender);
}

export function sourceAddress(config: SmppConfig, sender: string): Address {
  const { sourceTon: ton, sourceNpi: npi } = config;
  const own = natureOf(sender);
  return { ton: ton ?? own.ton, npi: npi ?? own.npi, address: sender.replace(/^\+/, "") };
}

function natureOf(sender: string): Omit<Address, "address"> {
  if (sender === "") return { ton: TON.unknown, npi: NPI.unknown };
  if (sender.startsWith("+")) return { ton: TON.international, npi: NPI.isdn };
  if (/^\d+$/.test(sender)) return { ton: TON.network, npi: NPI.unknown };
  return { ton: TON.alphanumeric, npi: NPI.unknown };
}

/** `to` is in E.164; a number of another country stays international in a setting that is for national ones. */
export function destinationAddress(config: SmppConfig, to: string): Address {
  const { addressFormat, country, destinationTon, destinationNpi } = config;
  const number = addressFormat === "national" ? parsePhoneNumberFromString(to) : undefined;
  const isNational = number !== undefined && number.countryCallingCode === callingCode(country);
  const digits = to.replace(/^\+/, "");
  const spellings = { e164: `+${digits}`, "without-plus": digits, "00": `00${digits}`, national: digits } as const;
  return {
    ton: destinationTon ?? (isNational ? TON.national : TON.international),
    npi: destinationNpi ?? NPI.isdn,
    address: isNational ? number.formatNational().replace(/\D/g, "") : spellings[addressFormat],
  };
}

/** A sender's address as E.164, or null for one that nobody was asked at: a short code, a name. */
export function phoneOf({ country }: SmppConfig, { ton, address }: Pick<Address, "ton" | "address">): string | null {
  const written = address.trim();
  if (ton === TON.alphanumeric || !/^\+?\d{7,17}$/.test(written)) return null;
  const international = written.startsWith("+") ? written : `+${written.replace(/^00/, "")}`;
  const national = isCountry(country) ? parsePhoneNumberFromString(written, country) : undefined;
  const isWrittenNationally = ton === TON.national || /^0(?!0)/.test(written);
  const number = isWrittenNationally ? national : parsePhoneNumberFromString(international);
  if (number?.isPossible()) return number.number;
  return ton === TON.unknown && national?.isPossible() ? national.number : null;
}

function callingCode(country: string | undefined): string | undefined {
  return isCountry(country) ? getCountryCallingCode(country) : undefined;
}

function isCountry(country: string | undefined): country is CountryCode {
  return country !== undefined && isSupportedCountry(country);
}
