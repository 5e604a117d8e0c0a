/** What one submit_sm carries: octets, user data header, its place in a longer message. */
import type { Pdu } from "./pdu.ts";
import { decodeText } from "./text.ts";
import { type Status, TLV } from "./vocabulary.ts";

export interface Concatenation {
  readonly by: "udh8" | "udh16" | "sar";
  readonly reference: number;
  readonly total: number;
  /** From 1. */
  readonly number: number;
}

export interface ReadPart {
  readonly shortMessage: Buffer;
  /** Whether the text stood in message_payload. */
  readonly payload: boolean;
  /** The user data header with its length octet, as it came. */
  readonly udh: Buffer | null;
  /** The text's octets, without the header. */
  readonly octets: Buffer;
  /** Null when the octets can't be of their data_coding. */
  readonly text: string | null;
  readonly concatenation: Concatenation | null;
}

/** The part, or the status for one whose header or optional parameters make no sense. */
export function readPart(pdu: Pdu): ReadPart | Status {
  const shortMessage = Buffer.from(pdu.fields.short_message as Buffer);
  const payload = tlvOf(pdu, TLV.message_payload);
  const whole = payload ?? shortMessage;
  const hasHeader = (Number(pdu.fields.esm_class) & 0x40) !== 0;
  const headerEnd = hasHeader ? (whole[0] ?? 0) + 1 : 0;
  if (hasHeader && (headerEnd === 1 || headerEnd > whole.length)) return "ESME_RINVESMCLASS";
  const udh = hasHeader ? whole.subarray(0, headerEnd) : null;
  const octets = whole.subarray(headerEnd);
  const inHeader = udh === null ? null : fromHeader(udh);
  const inTlvs = fromTlvs(pdu);
  if (inHeader === "broken") return "ESME_RINVESMCLASS";
  if (typeof inTlvs === "string") return inTlvs;
  return {
    ...{ shortMessage, payload: payload !== undefined, udh, octets },
    text: decodeText(octets, Number(pdu.fields.data_coding)),
    concatenation: inHeader ?? inTlvs,
  };
}

function tlvOf(pdu: Pdu, tag: number): Buffer | undefined {
  return pdu.tlvs.find((one) => one.tag === tag)?.value;
}

/** The elements 0x00 and 0x08 of 3GPP TS 23.040, 9.2.3.24. */
function fromHeader(udh: Buffer): Concatenation | null | "broken" {
  let found: Concatenation | null = null;
  for (let at = 1; at < udh.length; ) {
    const id = udh[at];
    const length = udh[at + 1];
    if (length === undefined || at + 2 + length > udh.length) return "broken";
    const value = udh.subarray(at + 2, at + 2 + length);
    if (id === 0x00) {
      if (length !== 3) return "broken";
      found = place("udh8", value.readUInt8(0), value.readUInt8(1), value.readUInt8(2));
    } else if (id === 0x08) {
      if (length !== 4) return "broken";
      found = place("udh16", value.readUInt16BE(0), value.readUInt8(2), value.readUInt8(3));
    }
    if ((id === 0x00 || id === 0x08) && found === null) return "broken";
    at += 2 + length;
  }
  return found;
}

/** 5.3.2.22 to 5.3.2.24: all three or none. */
function fromTlvs(pdu: Pdu): Concatenation | null | Status {
  const [reference, total, number] = [TLV.sar_msg_ref_num, TLV.sar_total_segments, TLV.sar_segment_seqnum].map((tag) =>
    tlvOf(pdu, tag),
  );
  if (reference === undefined && total === undefined && number === undefined) return null;
  if (reference === undefined || total === undefined || number === undefined) return "ESME_RMISSINGOPTPARAM";
  const found = place("sar", reference.readUInt16BE(0), total.readUInt8(0), number.readUInt8(0));
  return found ?? "ESME_RINVOPTPARAMVAL";
}

function place(by: Concatenation["by"], reference: number, total: number, number: number): Concatenation | null {
  return total > 0 && number > 0 && number <= total ? { by, reference, total, number } : null;
}
