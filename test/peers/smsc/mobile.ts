/** What a handset writes, as deliver_sm PDUs: one, or several by one of the four ways to send a long text. */
import { type Draft, tlv } from "./pdu.ts";
import { type Coding, codingFor, DATA_CODINGS, encodeText } from "./text.ts";
import { TLV } from "./vocabulary.ts";

export interface MobileMessage {
  /** The handset's number, with or without a plus sign. */
  readonly from: string;
  /** What it was sent to: the number or short code of the ESME. */
  readonly to: string;
  readonly text: string;
  /** Default GSM 7-bit when the text fits it, UCS-2 otherwise. */
  readonly coding?: Coding;
  /** How a long text travels; default `udh8`. */
  readonly long?: "udh8" | "udh16" | "sar" | "payload";
  /** Default counted up from 1. */
  readonly reference?: number;
  /** The parts to send, from 1, in this order: `[2, 1]` out of order, `[1, 1, 2]` twice, `[1]` with the rest lost. */
  readonly order?: readonly number[];
}

export type DeliverDraft = Omit<Draft, "sequence">;

export function mobileOriginated(message: MobileMessage, nextReference: () => number): readonly DeliverDraft[] {
  const { text, coding = codingFor(text), long = "udh8", order } = message;
  const characters = encodeText(text, coding);
  const unit = coding === "gsm7" ? 160 : 140;
  const whole = Buffer.concat(characters);
  const base = { ...message, coding };
  if (long === "payload") {
    return [draftOf(base, Buffer.alloc(0), 0, [tlv(TLV.message_payload, whole)])];
  }
  if (whole.length <= unit && message.reference === undefined) return [draftOf(base, whole, 0, [])];
  const headerSize = long === "udh16" ? 7 : 6;
  const room = coding === "gsm7" ? Math.floor(((140 - headerSize) * 8) / 7) : 140 - headerSize;
  const pieces = split(characters, room);
  const reference = message.reference ?? nextReference();
  const parts = pieces.map((piece, index) => part(base, piece, { reference, total: pieces.length, number: index + 1 }));
  return order === undefined ? parts : order.map((number) => parts[number - 1] as DeliverDraft);
}

function part(
  message: MobileMessage & { readonly coding: Coding },
  piece: Buffer,
  { reference, total, number }: { readonly reference: number; readonly total: number; readonly number: number },
): DeliverDraft {
  if (message.long === "sar") {
    return draftOf(message, piece, 0, [
      tlv(TLV.sar_msg_ref_num, reference & 0xffff),
      tlv(TLV.sar_total_segments, total),
      tlv(TLV.sar_segment_seqnum, number),
    ]);
  }
  const header =
    message.long === "udh16"
      ? Buffer.of(6, 0x08, 4, (reference >> 8) & 0xff, reference & 0xff, total, number)
      : Buffer.of(5, 0x00, 3, reference & 0xff, total, number);
  return draftOf(message, Buffer.concat([header, piece]), 0x40, []);
}

/** Cuts between characters, never inside one. */
function split(characters: readonly Buffer[], room: number): readonly Buffer[] {
  const pieces: Buffer[][] = [[]];
  let held = 0;
  for (const character of characters) {
    if (held + character.length > room) {
      pieces.push([]);
      held = 0;
    }
    pieces.at(-1)?.push(character);
    held += character.length;
  }
  return pieces.map((piece) => Buffer.concat(piece));
}

function draftOf(
  { from, to, coding }: { readonly from: string; readonly to: string; readonly coding: Coding },
  shortMessage: Buffer,
  esmClass: number,
  tlvs: Draft["tlvs"] = [],
): DeliverDraft {
  const data = { esm_class: esmClass, data_coding: DATA_CODINGS[coding], short_message: shortMessage };
  return { command: "deliver_sm", fields: { ...addresses(from, to), ...data }, tlvs };
}

/** The address fields of a deliver_sm, each with the type of number that its look has. */
export function addresses(from: string, to: string): Readonly<Record<string, string | number>> {
  const [source, destination] = [typed(from), typed(to)];
  return {
    ...{ source_addr_ton: source.ton, source_addr_npi: source.npi, source_addr: source.address },
    ...{ dest_addr_ton: destination.ton, dest_addr_npi: destination.npi, destination_addr: destination.address },
  };
}

function typed(address: string): { readonly ton: number; readonly npi: number; readonly address: string } {
  const bare = address.replace(/^\+/, "");
  if (/^[1-9]\d{6,14}$/.test(bare)) return { ton: 1, npi: 1, address: bare };
  return { ton: /^\d+$/.test(bare) ? 3 : 5, npi: 0, address: bare };
}
