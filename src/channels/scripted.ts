/**
 * Recipients of the test world that answer by themselves, so that a team tests its agent's every path without a phone.
 * The numbers are of the range that North America keeps for fiction (555-0100 to 555-0199), behind an area code that has no
 * place; the domain is one that RFC 6761 keeps for tests. docs/test-recipients.md is held against this table.
 */

/** What a scripted approver does with its question. */
export type Script =
  | "approves"
  | "rejects"
  | "comments"
  | "opens"
  | "never"
  | "taps-twice"
  | "scanned"
  | "late"
  | "unreachable";

/** A script by name, its number, and what it does in a sentence. */
export const SCRIPTS: readonly { readonly script: Script; readonly number: string; readonly does: string }[] = [
  { script: "approves", number: "01", does: "opens the link and taps the first option at once" },
  { script: "rejects", number: "02", does: "taps the last option" },
  { script: "comments", number: "03", does: "taps the first option and adds a comment, where one is allowed" },
  { script: "opens", number: "04", does: "opens the link and does not answer" },
  { script: "never", number: "05", does: "gets the message and does nothing" },
  { script: "taps-twice", number: "06", does: "taps the first and the last option at the same moment: one counts" },
  {
    script: "scanned",
    number: "07",
    does: "a scanner opens the link at once; two seconds later the first option is tapped",
  },
  { script: "late", number: "08", does: "taps the first option one second after the time is over" },
  { script: "unreachable", number: "09", does: "can't be reached: the message fails" },
];

/** A recipient that was recognised. */
export interface Scripted {
  readonly script: Script;
  /** How long it takes to answer, in milliseconds; of `approves` and `rejects`. */
  readonly afterMs: number;
}

const PHONE = "+1500555";
const DOMAIN = "@approver.test";
const TOPIC = "approver-";
const LONGEST_SECONDS = 86_400;

/**
 * What stands behind an address in its normal form, or null for everybody else:
 *
 * - `+1 500 555 01NN`, the script with that number; `+1 500 555 02SS` and `03SS` approve and reject after SS seconds
 * - `<script>@approver.test`, also with a `+tag`; `approves-after-<seconds>@approver.test`, `rejects-after-…`
 * - the topic `approver-<script>`
 */
export function scriptOf(destination: string): Scripted | null {
  // Asked for every message of the test world: who is nobody of these is let go at once.
  if (destination.startsWith(PHONE)) return byNumber(destination.slice(PHONE.length));
  if (destination.endsWith(DOMAIN)) return byName(destination.slice(0, -DOMAIN.length).replace(/\+.*$/, ""));
  return destination.startsWith(TOPIC) ? byName(destination.slice(TOPIC.length)) : null;
}

function byNumber(digits: string): Scripted | null {
  const [, kind, number = ""] = /^0([123])(\d\d)$/.exec(digits) ?? [];
  if (kind === "2") return { script: "approves", afterMs: Number(number) * 1000 };
  if (kind === "3") return { script: "rejects", afterMs: Number(number) * 1000 };
  const found = kind === "1" ? SCRIPTS.find((one) => one.number === number) : undefined;
  return found === undefined ? null : { script: found.script, afterMs: 0 };
}

function byName(name: string): Scripted | null {
  const [, first, seconds] = /^(approves|rejects)-after-(\d{1,5})$/.exec(name) ?? [];
  if (first !== undefined && Number(seconds) <= LONGEST_SECONDS)
    return { script: first as Script, afterMs: Number(seconds) * 1000 };
  const found = SCRIPTS.find(({ script }) => script === name);
  return found === undefined ? null : { script: found.script, afterMs: 0 };
}
