/** Trouble to order: what the SMSC does with the next PDUs that fit, instead of what it should. */
import type { Clock } from "../../../src/platform/clock.ts";
import type { Pdu } from "./pdu.ts";
import type { ReceiptShape } from "./receipt.ts";
import type { Command, Status } from "./vocabulary.ts";

/** How a link ends: a reset, a proper end, or a connection that stays open and says and hears nothing any more. */
export type Cut = "rst" | "fin" | "silence";

/** Octets that break the protocol. */
export type Garbage =
  /** A header that announces 4 GB. */
  | "length-4gb"
  /** A length below that of a header. */
  | "length-3"
  /** A well-formed PDU of an id that nobody knows. */
  | "unknown-command"
  /** The same, with the response bit. */
  | "unknown-response"
  /** A deliver_sm whose service_type never ends. */
  | "truncated-string"
  /** A deliver_sm whose sm_length goes past its end. */
  | "long-sm-length"
  /** A deliver_sm with an optional parameter that goes past its end. */
  | "long-tlv"
  /** A submit_sm_resp for a sequence number that was never used. */
  | "stray-response"
  /** A line of HTTP. */
  | "http";

export type SmscBehaviour =
  /** Refused with that status, not accepted: ESME_RTHROTTLED, ESME_RMSGQFUL, a vendor's own number. `body` sends the empty message id too. */
  | { readonly kind: "refuse"; readonly status: Status | number; readonly body?: boolean }
  /** Refused by generic_nack. */
  | { readonly kind: "nack"; readonly status: Status | number; readonly sequence?: "same" | "zero" }
  /** Accepted, answered after that many milliseconds of the clock. */
  | { readonly kind: "late"; readonly after: number }
  /** Accepted now or not, never answered. Default accepted. */
  | { readonly kind: "never"; readonly accepted?: boolean }
  /** Accepted; answered once `count` answers are held, or at `flush()`. */
  | {
      readonly kind: "gather";
      readonly count: number;
      readonly order?: "arrival" | "reversed";
      /** One write for all (default), or one for each. */
      readonly writes?: "one" | "each";
    }
  /** Accepted once, answered `copies` times (default 2). */
  | { readonly kind: "repeat"; readonly copies?: number }
  /** Accepted; the receipt is sent before the response. */
  | { readonly kind: "receipt-first"; readonly receipt?: ReceiptShape }
  /** The link falls before the PDU is accepted, after it but before the answer, or after so many octets of the answer. */
  | { readonly kind: "drop"; readonly how: Cut; readonly when: "before" | "after" | { readonly inside: number } }
  /** Accepted, with garbage in place of the answer, or in front of it. */
  | { readonly kind: "garbage"; readonly garbage: Garbage; readonly answered?: boolean }
  /** Accepted, with an empty message id, or one of the test's own. */
  | { readonly kind: "message-id"; readonly messageId: string }
  /** Not answered, the SMSC unbinds instead. */
  | { readonly kind: "unbind"; readonly accepted?: boolean }
  /** As it should be: for letting some by. */
  | { readonly kind: "well" };

export interface Aim {
  /** Default `submit_sm`; `"*"` is any request. */
  readonly command?: Command | "*";
  /** The destination address. */
  readonly to?: string;
  readonly when?: (pdu: Pdu) => boolean;
  /** How many PDUs; default 1, or any number with `for`. */
  readonly times?: number;
  /** Milliseconds of the clock, from now. */
  readonly for?: number;
}

export class SmscScript {
  readonly #clock: Clock;
  #lines: { behaviour: SmscBehaviour; aim: Aim; left: number; until: number }[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(behaviour: SmscBehaviour, aim: Aim): void {
    const lasting = aim.for ?? Number.POSITIVE_INFINITY;
    const left = aim.times ?? (aim.for === undefined ? 1 : Number.POSITIVE_INFINITY);
    this.#lines.push({ behaviour, aim, left, until: this.#clock.now() + lasting });
  }

  clear(): void {
    this.#lines = [];
  }

  /** The first line that fits, used up by one. */
  take(pdu: Pdu): SmscBehaviour | null {
    const now = this.#clock.now();
    this.#lines = this.#lines.filter(({ left, until }) => left > 0 && until > now);
    const line = this.#lines.find(({ aim }) => fits(aim, pdu));
    if (line === undefined) return null;
    line.left -= 1;
    return line.behaviour;
  }
}

function fits({ command = "submit_sm", to, when }: Aim, pdu: Pdu): boolean {
  if (command !== "*" && command !== pdu.command) return false;
  return (to === undefined || pdu.fields.destination_addr === to) && (when === undefined || when(pdu));
}
