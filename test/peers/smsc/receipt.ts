/** Delivery receipts: the text of appendix B of SMPP 3.4, the optional parameters of 5.3.2, and the spellings of ids. */
import type { SmscPart } from "./inbox.ts";
import { type Tlv, textTlv, tlv } from "./pdu.ts";
import { MESSAGE_STATES, type MessageState, TLV } from "./vocabulary.ts";

/** How a message id is written: `1a2b3c4d`, `439041101`, `0439041101` (ten digits), `1A2B3C4D`. */
export type IdSpelling = "hex" | "decimal" | "zero-padded" | "upper-hex";

export interface ReceiptShape {
  /** Default `DELIVRD`. */
  readonly state?: MessageState;
  /** Where the outcome stands; default `text`. */
  readonly form?: "text" | "tlv" | "both";
  /** How the receipt spells the message id; default as in the submit_sm_resp. */
  readonly idAs?: IdSpelling;
  /** Another message id altogether. */
  readonly id?: string;
  /** Three digits; default `000`, or `001` for what failed. */
  readonly error?: string;
  /** Copies that are sent, one after the other; default 1. */
  readonly copies?: number;
  /** Words in other order, cases and gaps, as carriers have them: the whole text of the receipt. */
  readonly text?: string;
  /** esm_class; default 0x04. Some carriers leave it 0. */
  readonly esmClass?: number;
  /** Sends one though it was not asked for. */
  readonly unasked?: boolean;
}

export function spellId(number: number, spelling: IdSpelling): string {
  if (spelling === "decimal") return String(number);
  if (spelling === "zero-padded") return String(number).padStart(10, "0");
  const hex = number.toString(16);
  return spelling === "hex" ? hex : hex.toUpperCase();
}

/** Whether registered_delivery asks for a receipt of that state (5.2.17); intermediate ones have a bit of their own. */
export function isAsked({ registeredDelivery }: SmscPart, state: MessageState): boolean {
  if (state === "ENROUTE") return (registeredDelivery & 0x10) !== 0;
  const wanted = registeredDelivery & 3;
  return wanted === 1 || (wanted === 2 && isFailure(state));
}

export interface ReceiptBody {
  readonly esmClass: number;
  readonly text: string;
  readonly tlvs: readonly Tlv[];
}

export function receiptBody(part: SmscPart, shape: ReceiptShape, now: number): ReceiptBody {
  const { state = "DELIVRD", form = "text", idAs } = shape;
  const id = shape.id ?? (idAs === undefined ? part.messageId : spellId(part.number, idAs));
  const error = shape.error ?? (isFailure(state) ? "001" : "000");
  const delivered = state === "DELIVRD" ? "001" : "000";
  const words = [
    ...[`id:${id}`, "sub:001", `dlvrd:${delivered}`, `submit date:${stamp(part.at)}`, `done date:${stamp(now)}`],
    ...[`stat:${state}`, `err:${error}`, `text:${part.octets.toString("latin1", 0, 20)}`],
  ];
  return {
    esmClass: shape.esmClass ?? (state === "ENROUTE" ? 0x20 : 0x04),
    text: form === "tlv" ? "" : (shape.text ?? words.join(" ")),
    tlvs: form === "text" ? [] : [textTlv(TLV.receipted_message_id, id), tlv(TLV.message_state, MESSAGE_STATES[state])],
  };
}

function isFailure(state: MessageState): boolean {
  return ["EXPIRED", "DELETED", "UNDELIV", "UNKNOWN", "REJECTD"].includes(state);
}

/** YYMMDDhhmm. */
function stamp(at: number): string {
  return new Date(at).toISOString().replace(/\D/g, "").slice(2, 12);
}
