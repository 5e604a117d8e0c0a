/**
 * What an enhanced status code says (RFC 3463 and the registry that RFC 5248 keeps), in words for the one who reads the
 * delivery: by subject and detail, else by subject alone. The class before them (4 or 5) is told by what is done next.
 */
const BY_DETAIL: Readonly<Record<string, string>> = {
  "1.1": "the mailbox does not exist",
  "1.2": "the domain of the address does not exist",
  "1.3": "the address is not written as an address",
  "1.6": "the mailbox has moved and left no address",
  "1.7": "the sender's address in `from` is not written as an address",
  "1.8": "the domain of the sender in `from` does not exist",
  "1.10": "the domain of the address takes no mail",
  "2.1": "the mailbox is switched off",
  "2.2": "the mailbox is full",
  "2.3": "the mail is larger than the mailbox takes",
  "3.1": "the relay has no room left",
  "3.2": "the relay takes no mail at the moment",
  "3.4": "the mail is larger than the relay takes",
  "4.1": "the recipient's mail server does not answer",
  "4.3": "the relay cannot look up where the mail should go",
  "4.4": "the relay knows no way to the recipient's mail server",
  "4.5": "the relay has too much to do",
  "4.7": "the recipient's mail server was not reached in time",
  "5.3": "there are too many recipients",
  "6.7": "the recipient's mail server does not take addresses in this script",
  "7.8": "the user name or the password is wrong",
  "7.20": "no DKIM signature passes at the recipient's",
  "7.23": "the recipient's mail server finds that SPF does not allow the relay to send for the domain of `from`",
  "7.25": "the relay's own address has no name that fits it",
  "7.26": "the mail passes none of the checks (SPF, DKIM) that the recipient asks for",
};

const BY_SUBJECT: Readonly<Record<string, string>> = {
  "1": "the address is refused",
  "2": "the mailbox cannot take the mail",
  "3": "the recipient's mail system cannot take the mail",
  "4": "the recipient's mail server cannot be reached",
  "5": "the relay and PausePoint do not understand each other",
  "6": "the form of the mail is refused",
  "7": "a rule of the relay or of the recipient's mail server refuses the mail",
};

/** For replies without an enhanced code (RFC 5321, section 4.2.3). */
const BY_CODE: Readonly<Record<number, string>> = {
  421: "the relay is closing the connection",
  450: "the mailbox cannot be used at the moment",
  451: "the relay failed while it worked on the mail",
  452: "the relay has no room left",
  530: "the relay wants a log-in first",
  535: "the user name or the password is wrong",
  550: "the mailbox does not exist, or the relay may not say so",
  551: "the mailbox is somewhere else",
  552: "the mailbox is full, or the mail is too large",
  553: "the address is not allowed",
  554: "a rule of the relay or of the recipient's mail server refuses the mail",
};

/** A reply's numbers: the code, and the enhanced one (`5.1.1`) or null. */
export interface ReplyCodes {
  readonly code: number;
  readonly enhanced: string | null;
}

export function codesOf(reply: string): ReplyCodes {
  const [, code = "0", enhanced] = reply.match(/^(\d{3})(?:[ -]([245]\.\d{1,3}\.\d{1,3})(?!\S))?/) ?? [];
  return { code: Number(code), enhanced: enhanced ?? null };
}

/** `550 5.1.1`. */
export function spelled({ code, enhanced }: ReplyCodes): string {
  return enhanced === null ? String(code) : `${code} ${enhanced}`;
}

/** Plain words for a refusal. */
export function wordsFor({ code, enhanced }: ReplyCodes): string {
  const [, subject = "", detail = ""] = enhanced?.match(/^\d\.(\d+)\.(\d+)$/) ?? [];
  return (
    BY_DETAIL[`${subject}.${detail}`] ??
    BY_SUBJECT[subject] ??
    BY_CODE[code] ??
    (code >= 500 ? "the relay refuses the mail" : "the relay does not take the mail at the moment")
  );
}

/** How relays name the mail in their last reply: Postfix, Exim, Sendmail, Exchange, Google, Amazon SES. */
const QUEUE_IDS: readonly RegExp[] = [
  /\bqueued as ([\w.-]{4,64})/i,
  /\bid=([\w.-]{4,64})/i,
  /^250 (?:2\.\d\.\d )?([\w.-]{8,64}) Message accepted for delivery/i,
  /\bInternalId=(\d{4,64})/i,
  /^250 2\.0\.0 OK\s+(?:\d+ )?([\w.-]{8,64}) - gsmtp/i,
  /^250 Ok ([0-9a-f]+(?:-[0-9a-f]+)+)$/i,
];

/** The relay's own name for a mail that it took, or null. */
export function queueIdIn(reply: string): string | null {
  for (const pattern of QUEUE_IDS) {
    const id = reply.match(pattern)?.[1];
    if (id !== undefined) return id;
  }
  return null;
}
