import { type Directory, normaliseAddress, type Person } from "../pauses/index.ts";
import type { AddressDigests } from "../platform/address-digests.ts";
import { invalid } from "../platform/problem.ts";

/**
 * Whom an erasure, an export or a hold is about. It knows their addresses as keyed digests alone, so that one that was
 * begun is gone on with by digests that were kept, and never needs the address again.
 */
export class Subject {
  /** Keyed digests of all their addresses, base64url. */
  readonly digests: readonly string[];
  readonly #wanted: ReadonlySet<string>;
  readonly #keyed: AddressDigests;
  /** The same few are compared again and again, and a digest costs more than a look here. */
  readonly #seen = new Map<string, boolean>();

  constructor(keyed: AddressDigests, digests: readonly string[]) {
    this.#keyed = keyed;
    this.digests = digests;
    this.#wanted = new Set(digests);
  }

  /** The subject with these addresses, each in its normal form. */
  static of(keyed: AddressDigests, addresses: readonly string[]): Subject {
    return new Subject(keyed, [...new Set(addresses.map((address) => keyed.textOf(address)))]);
  }

  /** Whether an address that is stored somewhere is one of theirs. */
  has(address: string | null): boolean {
    if (address === null) return false;
    let found = this.#seen.get(address);
    if (found === undefined) {
      found = this.#wanted.has(this.#keyed.textOf(address));
      if (this.#seen.size >= MOST_SEEN) this.#seen.clear();
      this.#seen.set(address, found);
    }
    return found;
  }
}

const MOST_SEEN = 10_000;
const KINDS = ["email", "slack", "phone", "topic"] as const;

/**
 * The addresses that a text stands for, in the forms that pauses keep them in: a phone number in any notation, a mail
 * address, a Slack id, a topic; `@name` stands for itself and for every address that the configuration has for it.
 *
 * @throws Problem `invalid` at `pointer` for a text that can be none of these.
 */
export function addressesOf(text: string, { people, defaultRegion }: Directory, pointer = "/recipient"): string[] {
  const asked = text.trim();
  if (!asked.startsWith("@")) {
    // A text may be read in more than one way (a topic may look like a number): all of them are meant.
    const forms = KINDS.flatMap((kind) => normaliseAddress(asked, kind, defaultRegion) ?? []);
    if (forms.length > 0) return [...new Set(forms)];
    throw invalid([{ pointer, detail: "must be @name, a phone number, an email address, a Slack id or a topic" }]);
  }
  const name = asked.slice(1);
  if (name === "") throw invalid([{ pointer, detail: "must be @ and the name of a person" }]);
  // One who has been taken out of the configuration can still stand in what is stored.
  const person = Object.hasOwn(people, name) ? people[name] : undefined;
  return [asked, ...(person === undefined ? [] : addressesOfPerson(person, defaultRegion))];
}

/** Who of the configuration has one of these addresses: `@name`. */
export function namedIn({ people, defaultRegion }: Directory, subject: Subject): string[] {
  return Object.entries(people).flatMap(([name, person]) =>
    subject.has(`@${name}`) || addressesOfPerson(person, defaultRegion).some((address) => subject.has(address))
      ? [`@${name}`]
      : [],
  );
}

function addressesOfPerson(person: Person, defaultRegion: string): string[] {
  const { sms, whatsapp, email, slack, push } = person;
  const forms = [
    ...[sms, whatsapp].map((text) => text && normaliseAddress(text, "phone", defaultRegion)),
    ...[email].map((text) => text && normaliseAddress(text, "email", defaultRegion)),
    ...[slack].map((text) => text && normaliseAddress(text, "slack", defaultRegion)),
    push,
  ];
  return [...new Set(forms.filter((form): form is string => typeof form === "string" && form !== ""))];
}
