/** Numbers as a gateway wants and tells them; inside, they are E.164. */
import {
  type CountryCode,
  getCountryCallingCode,
  isSupportedCountry,
  parsePhoneNumberFromString,
} from "libphonenumber-js";

export interface PhoneSpelling {
  readonly phoneFormat: "e164" | "without-plus" | "00" | "national";
  readonly country?: string | undefined;
}

/** `to` is in E.164; a number of another country than the one that `national` is for is written with 00. */
export function spelled({ phoneFormat, country }: PhoneSpelling, to: string): string {
  const digits = to.replace(/^\+/, "");
  if (phoneFormat === "e164") return to;
  if (phoneFormat === "without-plus") return digits;
  if (phoneFormat === "00" || !isCountry(country)) return `00${digits}`;
  const number = parsePhoneNumberFromString(to);
  const isOwn = number?.countryCallingCode === getCountryCallingCode(country);
  return number !== undefined && isOwn ? number.formatNational().replace(/\D/g, "") : `00${digits}`;
}

/** E.164, or null for what nobody was asked at: a short code, a name, a number that is not possible. */
export function phoneOf({ phoneFormat, country }: PhoneSpelling, written: string): string | null {
  // A plus in a query that was not encoded has become a space.
  const digits = written.trim().replace(/[\s()./-]/g, "");
  if (!/^\+?\d{7,17}$/.test(digits)) return null;
  const national = isCountry(country) ? parsePhoneNumberFromString(digits, country) : undefined;
  const international = parsePhoneNumberFromString(digits.startsWith("+") ? digits : `+${digits.replace(/^00/, "")}`);
  const isNational = !digits.startsWith("+") && (phoneFormat === "national" || /^0(?!0)/.test(digits));
  const number = isNational && !digits.startsWith("00") ? national : international;
  return number?.isPossible() === true ? number.number : null;
}

/** Whether the person can write back: a name takes no texts, and nobody knows of a sender that the gateway sets. */
export function canAnswer(from: string | undefined): boolean {
  return from !== undefined && /^\+?\d+$/.test(from);
}

function isCountry(country: string | undefined): country is CountryCode {
  return country !== undefined && isSupportedCountry(country);
}
