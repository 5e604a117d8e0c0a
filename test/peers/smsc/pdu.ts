/** PDUs of SMPP 3.4 to octets and back, from the tables of its chapter 4. Nothing here is shared with the client. */
import { COMMANDS, type Command, commandOf, RESPONSE, type Status, TLV_SIZES } from "./vocabulary.ts";

export interface Header {
  readonly length: number;
  readonly id: number;
  readonly status: number;
  readonly sequence: number;
}

export interface Tlv {
  readonly tag: number;
  readonly value: Buffer;
}

/** Fields by the document's names: C-octet strings as text (Latin-1), integers as numbers, octet strings as buffers. */
export type Fields = Readonly<Record<string, string | number | Buffer>>;

export interface Pdu extends Header {
  /** Null for an id that the document doesn't know. */
  readonly command: Command | null;
  readonly fields: Fields;
  readonly tlvs: readonly Tlv[];
}

/** What a sender gives; what is left out is empty or zero. */
export interface Draft {
  readonly command: Command;
  readonly status?: number;
  readonly sequence: number;
  readonly fields?: Fields;
  readonly tlvs?: readonly Tlv[];
}

/** A body that can't be read, with the status that says so. */
export class Unreadable extends Error {
  readonly status: Status;

  constructor(status: Status, message: string) {
    super(message);
    this.status = status;
  }
}

export const HEADER_SIZE = 16;

type Field =
  | { readonly name: string; readonly kind: "octet" }
  | { readonly name: string; readonly kind: "c-string"; readonly max: number; readonly tooLong: Status }
  /** One octet of length, then that many octets. */
  | { readonly name: string; readonly kind: "counted" };

const octet = (name: string): Field => ({ name, kind: "octet" });
/** `max` counts the NUL that ends the string, as the document does. */
const text = (name: string, max: number, tooLong: Status): Field => ({ name, kind: "c-string", max, tooLong });

const bind: readonly Field[] = [
  text("system_id", 16, "ESME_RINVSYSID"),
  text("password", 9, "ESME_RINVPASWD"),
  text("system_type", 13, "ESME_RINVSYSTYP"),
  octet("interface_version"),
  octet("addr_ton"),
  octet("addr_npi"),
  text("address_range", 41, "ESME_RBINDFAIL"),
];
const bindResponse: readonly Field[] = [text("system_id", 16, "ESME_RINVSYSID")];
const messageId: readonly Field[] = [text("message_id", 65, "ESME_RINVMSGID")];
const shortMessage: readonly Field[] = [
  text("service_type", 6, "ESME_RINVSERTYP"),
  octet("source_addr_ton"),
  octet("source_addr_npi"),
  text("source_addr", 21, "ESME_RINVSRCADR"),
  octet("dest_addr_ton"),
  octet("dest_addr_npi"),
  text("destination_addr", 21, "ESME_RINVDSTADR"),
  octet("esm_class"),
  octet("protocol_id"),
  octet("priority_flag"),
  text("schedule_delivery_time", 17, "ESME_RINVSCHED"),
  text("validity_period", 17, "ESME_RINVEXPIRY"),
  octet("registered_delivery"),
  octet("replace_if_present_flag"),
  octet("data_coding"),
  octet("sm_default_msg_id"),
  { name: "short_message", kind: "counted" },
];
const query: readonly Field[] = [
  ...messageId,
  octet("source_addr_ton"),
  octet("source_addr_npi"),
  text("source_addr", 21, "ESME_RINVSRCADR"),
];

/** Commands that are not here carry a body that the SMSC doesn't read. */
const BODIES: Partial<Record<Command, readonly Field[]>> = {
  bind_receiver: bind,
  bind_transmitter: bind,
  bind_transceiver: bind,
  bind_receiver_resp: bindResponse,
  bind_transmitter_resp: bindResponse,
  bind_transceiver_resp: bindResponse,
  submit_sm: shortMessage,
  submit_sm_resp: messageId,
  deliver_sm: shortMessage,
  deliver_sm_resp: messageId,
  query_sm: query,
  enquire_link: [],
  enquire_link_resp: [],
  unbind: [],
  unbind_resp: [],
  generic_nack: [],
};

export function encode({ command, status = 0, sequence, fields = {}, tlvs = [] }: Draft): Buffer {
  const body: Buffer[] = [];
  // A response that refuses has no body (4.4.2 and its like).
  const bodiless = status !== 0 && Object.keys(fields).length === 0 && command.endsWith("_resp");
  for (const field of bodiless ? [] : (BODIES[command] ?? [])) body.push(encodeField(field, fields[field.name]));
  for (const { tag, value } of tlvs) body.push(Buffer.concat([uint16(tag), uint16(value.length), value]));
  return frame(COMMANDS[command], status, sequence, Buffer.concat(body));
}

/** A PDU of any id and body; the length is counted unless one that lies is given. */
export function frame(id: number, status: number, sequence: number, body: Buffer, length?: number): Buffer {
  const header = Buffer.alloc(HEADER_SIZE);
  header.writeUInt32BE(length ?? HEADER_SIZE + body.length, 0);
  header.writeUInt32BE(id, 4);
  header.writeUInt32BE(status, 8);
  header.writeUInt32BE(sequence, 12);
  return Buffer.concat([header, body]);
}

export function decodeHeader(octets: Buffer): Header {
  return {
    length: octets.readUInt32BE(0),
    id: octets.readUInt32BE(4),
    status: octets.readUInt32BE(8),
    sequence: octets.readUInt32BE(12),
  };
}

/** One whole PDU. Throws {@link Unreadable} when the body does not hold what its command says. */
export function decode(octets: Buffer): Pdu {
  const header = decodeHeader(octets);
  const command = commandOf(header.id);
  const layout = command === null ? undefined : BODIES[command];
  const pdu = { ...header, command };
  if (layout === undefined) return { ...pdu, fields: {}, tlvs: [] };
  const isRefusal = header.id >= RESPONSE && header.status !== 0;
  // A refusal may come without its body.
  if (isRefusal && octets.length === HEADER_SIZE) return { ...pdu, fields: {}, tlvs: [] };
  const fields: Record<string, string | number | Buffer> = {};
  let at = HEADER_SIZE;
  for (const field of layout) {
    const { value, end } = decodeField(field, octets, at);
    fields[field.name] = value;
    at = end;
  }
  return { ...pdu, fields, tlvs: decodeTlvs(octets, at) };
}

export function tlv(tag: number, value: Buffer | number): Tlv {
  if (typeof value !== "number") return { tag, value };
  return { tag, value: TLV_SIZES[tag] === 2 ? uint16(value) : Buffer.of(value) };
}

/** A TLV whose value is a C-octet string. */
export function textTlv(tag: number, value: string): Tlv {
  return { tag, value: Buffer.from(`${value}\0`, "latin1") };
}

function encodeField(field: Field, value: string | number | Buffer | undefined): Buffer {
  if (field.kind === "octet") return Buffer.of(Number(value ?? 0));
  if (field.kind === "c-string") return Buffer.from(`${value ?? ""}\0`, "latin1");
  const octets = Buffer.isBuffer(value) ? value : Buffer.alloc(0);
  if (octets.length > 254) throw new Error("short_message holds at most 254 octets");
  return Buffer.concat([Buffer.of(octets.length), octets]);
}

function decodeField(field: Field, octets: Buffer, at: number): { value: string | number | Buffer; end: number } {
  if (field.kind === "c-string") {
    const end = octets.indexOf(0, at);
    if (end === -1) throw new Unreadable("ESME_RINVCMDLEN", `${field.name} does not end`);
    if (end + 1 - at > field.max) throw new Unreadable(field.tooLong, `${field.name} is longer than ${field.max}`);
    return { value: octets.toString("latin1", at, end), end: end + 1 };
  }
  const first = octets[at];
  if (first === undefined) throw new Unreadable("ESME_RINVCMDLEN", `the body ends before ${field.name}`);
  if (field.kind === "octet") return { value: first, end: at + 1 };
  if (first > 254) throw new Unreadable("ESME_RINVMSGLEN", "sm_length is above 254");
  const end = at + 1 + first;
  if (end > octets.length) throw new Unreadable("ESME_RINVMSGLEN", "sm_length goes past the end of the PDU");
  return { value: octets.subarray(at + 1, end), end };
}

function decodeTlvs(octets: Buffer, start: number): readonly Tlv[] {
  const tlvs: Tlv[] = [];
  let at = start;
  while (at < octets.length) {
    if (at + 4 > octets.length) throw new Unreadable("ESME_RINVOPTPARSTREAM", "octets are left over at the end");
    const tag = octets.readUInt16BE(at);
    const length = octets.readUInt16BE(at + 2);
    const end = at + 4 + length;
    if (end > octets.length) throw new Unreadable("ESME_RINVOPTPARSTREAM", "an optional parameter goes past the end");
    const expected = TLV_SIZES[tag];
    if (expected !== undefined && expected !== length) {
      throw new Unreadable("ESME_RINVPARLEN", `optional parameter 0x${tag.toString(16)} has ${length} octets`);
    }
    tlvs.push({ tag, value: octets.subarray(at + 4, end) });
    at = end;
  }
  return tlvs;
}

function uint16(value: number): Buffer {
  const octets = Buffer.alloc(2);
  octets.writeUInt16BE(value);
  return octets;
}
