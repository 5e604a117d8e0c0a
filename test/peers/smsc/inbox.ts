/** Accepted submit_sm PDUs as parts, and parts as whole messages, counted so that a doubled one shows. */
import type { Clock } from "../../../src/platform/clock.ts";
import { Arrivals } from "../twilio/arrivals.ts";
import { type Concatenation, readPart } from "./part.ts";
import type { Pdu } from "./pdu.ts";

export interface SmscPart {
  /** Of the session that it came over. */
  readonly session: number;
  readonly sequence: number;
  /** The number behind every spelling of the message id. */
  readonly number: number;
  /** As it stood in submit_sm_resp. */
  readonly messageId: string;
  readonly from: string;
  readonly to: string;
  readonly dataCoding: number;
  readonly registeredDelivery: number;
  readonly validityPeriod: string;
  /** short_message, or message_payload, with its user data header. */
  readonly raw: Buffer;
  readonly udh: Buffer | null;
  readonly octets: Buffer;
  /** As a handset shows this part alone; U+FFFD stands for a character cut in two. */
  readonly text: string;
  readonly concatenation: Concatenation | null;
  readonly payload: boolean;
  readonly pdu: Pdu;
  /** When it was accepted, by the clock that was handed in. */
  readonly at: number;
}

export interface SmscMessage {
  readonly from: string;
  readonly to: string;
  readonly text: string;
  readonly dataCoding: number;
  /** In the order of the text, not of arrival. */
  readonly parts: readonly SmscPart[];
}

export class Inbox {
  readonly parts: SmscPart[] = [];
  readonly messages: Arrivals<SmscMessage>;
  readonly #incomplete = new Map<string, Map<number, SmscPart>>();

  constructor(clock: Clock) {
    this.messages = new Arrivals<SmscMessage>(clock, "message");
  }

  /** Takes a submit_sm that was found good. */
  accept(pdu: Pdu, session: number, number: number, messageId: string, at: number): SmscPart {
    const read = readPart(pdu);
    if (typeof read === "string" || read.text === null) throw new Error("an unchecked submit_sm was accepted");
    const part: SmscPart = {
      ...{ session, sequence: pdu.sequence, number, messageId },
      from: String(pdu.fields.source_addr),
      to: String(pdu.fields.destination_addr),
      dataCoding: Number(pdu.fields.data_coding),
      registeredDelivery: Number(pdu.fields.registered_delivery),
      validityPeriod: String(pdu.fields.validity_period),
      raw: Buffer.concat([read.udh ?? Buffer.alloc(0), read.octets]),
      ...{ udh: read.udh, octets: read.octets, text: read.text },
      ...{ concatenation: read.concatenation, payload: read.payload, pdu, at },
    };
    this.parts.push(part);
    this.#assemble(part);
    return part;
  }

  /** Parts of messages whose other parts have not come. */
  incomplete(): readonly SmscPart[] {
    return [...this.#incomplete.values()].flatMap((parts) => [...parts.values()]);
  }

  #assemble(part: SmscPart): void {
    const { concatenation, from, to } = part;
    if (concatenation === null) {
      this.#complete([part]);
      return;
    }
    const { by, reference, total, number } = concatenation;
    const key = [from, to, by, reference, total].join(" ");
    const gathered = this.#incomplete.get(key) ?? new Map<number, SmscPart>();
    gathered.set(number, part);
    this.#incomplete.set(key, gathered);
    if (gathered.size < total) return;
    this.#incomplete.delete(key);
    this.#complete([...gathered.entries()].sort(([a], [b]) => a - b).map(([, one]) => one));
  }

  #complete(parts: readonly SmscPart[]): void {
    const [first] = parts;
    if (first === undefined) return;
    const { from, to, dataCoding } = first;
    this.messages.add({ from, to, dataCoding, text: parts.map(({ text }) => text).join(""), parts });
  }
}
