/** What `command_status` means (SMPP 3.4, section 5.1.3), in the operator's words. */

/** Those that are written or asked for by name here. */
export const STATUS = {
  ok: 0,
  invalidMessageLength: 0x01,
  invalidCommandLength: 0x02,
  invalidCommandId: 0x03,
  wrongBindState: 0x04,
  alreadyBound: 0x05,
  systemError: 0x08,
  queueFull: 0x14,
  throttled: 0x58,
  tryAgain: 0x64,
  invalidOptionalParameters: 0xc0,
} as const;

/**
 * What the carrier did with a submission:
 * - `slow down`: the same will be taken later, at a lower pace;
 * - `down`: nothing gets through in this session;
 * - `later`: this one may be taken at another time;
 * - `never`: this one won't.
 */
export type Refusal = "slow down" | "down" | "later" | "never";

export function refusalOf(status: number): Refusal {
  if (status === STATUS.throttled || status === STATUS.queueFull) return "slow down";
  return TABLE[status]?.[1] ?? "later";
}

/** Plain words with the code: `the carrier refuses the recipient's number (SMPP 0x0B)`. */
export function wordsFor(status: number): string {
  const words = TABLE[status]?.[0] ?? "the carrier refuses the text and gives a reason of its own";
  return `${words} (SMPP 0x${status.toString(16).toUpperCase().padStart(2, "0")})`;
}

/** Whether only an operator, here or at the carrier, can mend what made a bind fail. Asking again often gets locked out. */
export function needsOperator(status: number): boolean {
  return OPERATOR.has(status);
}

const OPERATOR: ReadonlySet<number> = new Set([0x0d, 0x0e, 0x0f, 0x53]);

const TABLE: Readonly<Record<number, readonly [words: string, refusal: Refusal]>> = {
  1: ["the carrier finds the text too long; check `longMessages` and `charset`", "never"],
  2: ["the carrier could not read what it was sent", "never"],
  3: ["the carrier does not know the command", "never"],
  4: ["the session is not bound for this", "down"],
  5: [
    "the account is already bound; the carrier allows no second session, or has not noticed the end of the last",
    "down",
  ],
  6: ["the carrier refuses the priority", "never"],
  7: ["the carrier refuses the kind of receipt; check `receipts`", "never"],
  8: ["the carrier failed on its side", "later"],
  10: ["the carrier refuses the sender; check `from`, `senders` and `sourceTon`", "never"],
  11: ["the carrier refuses the recipient's number; check `addressFormat` if it refuses all", "never"],
  13: [
    "the carrier refuses the bind; check `systemId`, `password`, `bind` and whether it knows this server's address",
    "down",
  ],
  14: ["the carrier refuses the password", "down"],
  15: ["the carrier does not know the `systemId`", "down"],
  20: ["the carrier's queue is full", "slow down"],
  21: ["the carrier refuses the service type", "never"],
  67: ["the carrier refuses the kind of message; check `longMessages`", "never"],
  69: ["the carrier did not take the text and does not say why", "later"],
  72: ["the carrier refuses the sender's type; check `sourceTon`", "never"],
  73: ["the carrier refuses the sender's numbering plan; check `sourceNpi`", "never"],
  80: ["the carrier refuses the recipient's type; check `destinationTon`", "never"],
  81: ["the carrier refuses the recipient's numbering plan; check `destinationNpi`", "never"],
  83: ["the carrier refuses the `systemType`", "down"],
  88: ["the carrier asks for fewer texts a second", "slow down"],
  97: ["the carrier refuses the time to send", "never"],
  98: ["the carrier refuses the validity period; check `validityPeriod`", "never"],
  100: ["the carrier has an error that passes", "later"],
  101: ["the carrier has an error that lasts", "never"],
  102: ["the carrier rejects the text", "never"],
  192: ["the carrier could not read the optional parameters; check `longMessages`", "never"],
  193: ["the carrier allows no such optional parameter; check `longMessages`", "never"],
  194: ["the carrier finds an optional parameter of a wrong length", "never"],
  196: ["the carrier refuses the value of an optional parameter", "never"],
  254: ["the carrier could not deliver the text", "later"],
  255: ["the carrier failed and does not say why", "later"],
};
