import { type CountryCode, parsePhoneNumberFromString } from "libphonenumber-js";
import type { AddressKind } from "../channels/channel.ts";
import type { OwnAddresses } from "../channels/directory.ts";
import type { FieldError } from "../platform/problem.ts";

/** A recipient as it is shown, and where the message goes. */
export interface Recipient {
  /** As asked, in its normal form: `@cfo`, `+13128471928`, `cfo@example.com`, `U012AB3CD`. */
  readonly address: string;
  /** The channel's own address, for each step of the channel. The first equals `address` unless a person was named. */
  readonly destinations: readonly [string, ...string[]];
}

/** Someone of the operator's configuration, with an address for each kind they can be reached by. */
export interface Person {
  readonly sms?: string | undefined;
  readonly whatsapp?: string | undefined;
  readonly email?: string | undefined;
  readonly slack?: string | undefined;
  /** A topic of the push server. */
  readonly push?: string | undefined;
  /** An address of its own for a channel, by the channel's name. */
  readonly addresses?: Readonly<Record<string, string>> | undefined;
}

export interface Directory {
  readonly people: Readonly<Record<string, Person>>;
  /** For numbers written without a country, ISO 3166-1 alpha-2. */
  readonly defaultRegion: string;
}

/**
 * Brings the recipients of a request into their normal form, as the channel needs them.
 *
 * @returns the recipients, or everything that is wrong, by JSON pointer. Two that come out the same are an error.
 */
export function normaliseRecipients(
  asked: string | readonly string[],
  steps: readonly [Addressing, ...Addressing[]],
  directory: Directory,
): { readonly recipients: readonly Recipient[] } | { readonly errors: readonly FieldError[] } {
  const recipients: Recipient[] = [];
  const errors: FieldError[] = [];
  const list = typeof asked === "string" ? [asked] : asked;
  const seen = new Map<string, number>();
  list.forEach((text, position) => {
    const pointer = typeof asked === "string" ? "/recipient" : `/recipient/${position}`;
    const result = normalise(text, steps, directory);
    if (typeof result === "string") {
      errors.push({ pointer, detail: result });
      return;
    }
    const before = seen.get(result.destinations[0]);
    if (before !== undefined) errors.push({ pointer, detail: `is the same as recipient ${before}` });
    else seen.set(result.destinations[0], position);
    recipients.push(result);
  });
  return errors.length > 0 ? { errors } : { recipients };
}

/** What a step of a channel needs an address for. */
export interface Addressing {
  readonly channel: string;
  readonly addressKind: AddressKind;
  readonly own?: OwnAddresses;
}

/** One recipient in its normal form, or what is wrong with it. */
function normalise(
  text: string,
  steps: readonly [Addressing, ...Addressing[]],
  directory: Directory,
): Recipient | string {
  const [first, ...rest] = steps;
  if (text.startsWith("@")) {
    const person = Object.hasOwn(directory.people, text.slice(1)) ? directory.people[text.slice(1)] : undefined;
    if (person === undefined) return "names nobody in the configuration's people";
    const destinations: string[] = [];
    for (const step of steps) {
      const listed = addressOf(person, step);
      if (listed === undefined) return `is a person without an address for ${step.channel}`;
      const destination = readAddress(listed, step, directory.defaultRegion);
      if (destination === null)
        return `is a person whose address for ${step.channel} can't be used: it ${expectedBy(step)}`;
      destinations.push(destination);
    }
    return { address: text, destinations: destinations as [string, ...string[]] };
  }
  // One address can't serve two channels; only a person of the configuration has one for each.
  if (rest.length > 0) return "must be @name of a person with an address for each of the channel's steps";
  const address = readAddress(text, first, directory.defaultRegion);
  return address === null ? `${expectedBy(first)}, or @name` : { address, destinations: [address] };
}

/** Addresses of `people` that no message could be sent to: where each stands, and what it has to be. */
export function unusableAddresses(
  { people, defaultRegion }: Directory,
  steps: readonly Addressing[],
): readonly { readonly setting: string; readonly detail: string }[] {
  return Object.entries(people).flatMap(([name, { addresses = {} }]) =>
    steps.flatMap((step) => {
      const listed = Object.hasOwn(addresses, step.channel) ? addresses[step.channel] : undefined;
      if (listed === undefined || readAddress(listed, step, defaultRegion) !== null) return [];
      const detail = `@${name} can't be reached over ${step.channel}: the address ${expectedBy(step)}`;
      return [{ setting: `people.${name}.addresses.${step.channel}`, detail }];
    }),
  );
}

/** As the kind has it, and then as the channel itself does. */
function readAddress(text: string, { addressKind, own }: Addressing, defaultRegion: string): string | null {
  const address = normaliseAddress(text, addressKind, defaultRegion);
  return address === null || own?.normalizeAddress === undefined ? address : own.normalizeAddress(address);
}

/** What an address of a channel has to be. */
function expectedBy({ addressKind, own }: Addressing): string {
  return own?.addressHint === undefined ? EXPECTED[addressKind] : `must be ${own.addressHint}`;
}

const EXPECTED: Record<AddressKind, string> = {
  phone: "must be a phone number that is possible in a known country, such as +1 (312) 847-1928",
  email: "must be an email address",
  slack: "must be a Slack user or channel id such as U012AB3CD, an email address",
  topic: "must be a topic of 1 to 64 letters, digits, _ and -",
  text: "must be an address that the channel takes, one line of at most 200 characters",
};

function addressOf(person: Person, channel: Addressing): string | undefined {
  const own = person.addresses;
  if (own !== undefined && Object.hasOwn(own, channel.channel)) return own[channel.channel];
  if (channel.addressKind === "text") return undefined;
  if (channel.addressKind === "email") return person.email;
  if (channel.addressKind === "slack") return person.slack;
  if (channel.addressKind === "topic") return person.push;
  return channel.channel === "whatsapp" ? (person.whatsapp ?? person.sms) : person.sms;
}

/** The normal form of an address of a kind, or null for what is none. */
export function normaliseAddress(text: string, kind: AddressKind, defaultRegion: string): string | null {
  switch (kind) {
    case "phone":
      return normalisePhone(text, defaultRegion);
    case "email":
      return normaliseEmail(text);
    case "slack":
      // Slack knows people by their email address too; the channel looks up who that is.
      return /^[UWCDG][A-Z0-9]{6,20}$/.test(text) ? text : normaliseEmail(text);
    case "topic":
      return /^[\w-]{1,64}$/.test(text) ? text : null;
    case "text":
      return /^[^\p{Cc}]{1,200}$/u.test(text.trim()) ? text.trim() : null;
  }
}

/** The same few people are asked again and again, and reading a number costs as much as writing two rows. */
const numbersRead = new Map<string, string | null>();
const NUMBERS_KEPT = 1_000;

function normalisePhone(text: string, defaultRegion: string): string | null {
  const asked = `${defaultRegion} ${text}`;
  const known = numbersRead.get(asked);
  if (known !== undefined) return known;
  if (numbersRead.size >= NUMBERS_KEPT) numbersRead.clear();
  const number = readPhone(text, defaultRegion as CountryCode);
  numbersRead.set(asked, number);
  return number;
}

function readPhone(text: string, defaultCountry: CountryCode): string | null {
  const number = parsePhoneNumberFromString(text, { defaultCountry, extract: false });
  if (number?.isPossible() !== true) return null;
  // Numbers of no country (+979 is premium rate, say) and extensions, which can't be texted, are refused.
  return number.isNonGeographic() || number.ext !== undefined ? null : number.number;
}

/** The local part is the mail server's to read, so it stays; the domain is lower case. At most 254 octets (RFC 5321). */
function normaliseEmail(text: string): string | null {
  const match =
    /^([a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*)@((?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9])$/i.exec(
      text,
    );
  const [, local, domain] = match ?? [];
  if (local === undefined || domain === undefined || local.length > 64 || text.length > 254) return null;
  return `${local}@${domain.toLowerCase()}`;
}
