/**
 * The codec: the PDUs of SMPP 3.4 (sections 4 and 5) that a client sends and gets, as values with typed bodies. A frame
 * is a PDU's bytes, from command_length to the last optional parameter.
 */
import { Cursor, countedOctets, cString, type Field, Malformed, octet } from "./fields.ts";
import { STATUS } from "./status.ts";

const bind = {
  systemId: cString,
  password: cString,
  systemType: cString,
  interfaceVersion: octet,
  addrTon: octet,
  addrNpi: octet,
  addressRange: cString,
};
const bindResponse = { systemId: cString };
const message = {
  serviceType: cString,
  sourceTon: octet,
  sourceNpi: octet,
  source: cString,
  destinationTon: octet,
  destinationNpi: octet,
  destination: cString,
  esmClass: octet,
  protocolId: octet,
  priority: octet,
  scheduleDeliveryTime: cString,
  validityPeriod: cString,
  registeredDelivery: octet,
  replaceIfPresent: octet,
  dataCoding: octet,
  defaultMessageId: octet,
  shortMessage: countedOctets,
};
/** A message in its optional parameter `message_payload` alone. */
const bareMessage = {
  serviceType: cString,
  sourceTon: octet,
  sourceNpi: octet,
  source: cString,
  destinationTon: octet,
  destinationNpi: octet,
  destination: cString,
  esmClass: octet,
  registeredDelivery: octet,
  dataCoding: octet,
};
const messageResponse = { messageId: cString };
const none = {};

/** Command ids (section 5.1.2.1) and the fields of each body, in their order. */
const COMMANDS = {
  bind_receiver: { id: 0x00000001, fields: bind },
  bind_receiver_resp: { id: 0x80000001, fields: bindResponse },
  bind_transmitter: { id: 0x00000002, fields: bind },
  bind_transmitter_resp: { id: 0x80000002, fields: bindResponse },
  submit_sm: { id: 0x00000004, fields: message },
  submit_sm_resp: { id: 0x80000004, fields: messageResponse },
  deliver_sm: { id: 0x00000005, fields: message },
  deliver_sm_resp: { id: 0x80000005, fields: messageResponse },
  unbind: { id: 0x00000006, fields: none },
  unbind_resp: { id: 0x80000006, fields: none },
  bind_transceiver: { id: 0x00000009, fields: bind },
  bind_transceiver_resp: { id: 0x80000009, fields: bindResponse },
  enquire_link: { id: 0x00000015, fields: none },
  enquire_link_resp: { id: 0x80000015, fields: none },
  data_sm: { id: 0x00000103, fields: bareMessage },
  data_sm_resp: { id: 0x80000103, fields: messageResponse },
  generic_nack: { id: 0x80000000, fields: none },
} as const;

export type Command = keyof typeof COMMANDS;
type Values<Fields> = { readonly [Name in keyof Fields]: Fields[Name] extends Field<infer Value> ? Value : never };
export type Body<Name extends Command> = Values<(typeof COMMANDS)[Name]["fields"]>;

/** An optional parameter (section 5.3); several may have the same tag. */
export interface Tlv {
  readonly tag: number;
  readonly value: Buffer;
}

interface Head<Name extends Command> {
  readonly command: Name;
  /** 0 in requests. */
  readonly status: number;
  readonly sequence: number;
  readonly body: Body<Name>;
  readonly tlvs: readonly Tlv[];
}
/** Discriminated by `command`. */
export type Pdu<Name extends Command = Command> = Name extends Command ? Head<Name> : never;

/** What a frame is that cannot be read. A request gets the status as its answer. */
export interface Unreadable {
  readonly command: null;
  readonly commandId: number;
  readonly sequence: number;
  readonly status: number;
}

export const HEADER_LENGTH = 16;

/** Tags that are used here. */
export const TAG = {
  receiptedMessageId: 0x001e,
  sarReference: 0x020c,
  sarTotal: 0x020e,
  sarNumber: 0x020f,
  networkErrorCode: 0x0423,
  messagePayload: 0x0424,
  messageState: 0x0427,
} as const;

/** The first optional parameter with a tag, or null. */
export function tlvOf(tlvs: readonly Tlv[], tag: number): Buffer | null {
  return tlvs.find((tlv) => tlv.tag === tag)?.value ?? null;
}

/** A PDU as bytes. Throws a RangeError for a value that its field cannot hold. */
export function encode<Name extends Command>(
  command: Name,
  sequence: number,
  body: Body<Name>,
  { status = 0, tlvs = [] }: { readonly status?: number; readonly tlvs?: readonly Tlv[] } = {},
): Buffer {
  const { id, fields } = COMMANDS[command];
  const values: Readonly<Record<string, unknown>> = body;
  const written = fieldsOf(fields).map(([name, field]) => field.write(values[name]));
  const optional = tlvs.flatMap(({ tag, value }) => {
    const head = Buffer.alloc(4);
    head.writeUInt16BE(tag, 0);
    head.writeUInt16BE(value.length, 2);
    return [head, value];
  });
  const header = Buffer.alloc(HEADER_LENGTH);
  const frame = Buffer.concat([header, ...written, ...optional]);
  frame.writeUInt32BE(frame.length, 0);
  frame.writeUInt32BE(id, 4);
  frame.writeUInt32BE(status, 8);
  frame.writeUInt32BE(sequence, 12);
  return frame;
}

/**
 * The PDU of a whole frame. Never throws. Requests are read strictly; of a response, which can't be asked for again, as
 * much as is there: a missing body is empty, and broken optional parameters at the end fall out.
 */
export function decode(frame: Buffer): Pdu | Unreadable {
  const commandId = frame.readUInt32BE(4);
  const status = frame.readUInt32BE(8);
  const sequence = frame.readUInt32BE(12);
  const command = NAMES.get(commandId);
  if (command === undefined) return { command: null, commandId, sequence, status: STATUS.invalidCommandId };
  const isResponse = commandId >= 0x80000000;
  const cursor = new Cursor(frame, HEADER_LENGTH, isResponse);
  const body: Record<string, unknown> = {};
  let tlvs: readonly Tlv[] = [];
  try {
    for (const [name, field] of fieldsOf(COMMANDS[command].fields)) {
      body[name] = isResponse && cursor.left === 0 ? field.empty : field.read(cursor);
    }
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    return { command: null, commandId, sequence, status: STATUS.invalidMessageLength };
  }
  try {
    tlvs = readTlvs(cursor, isResponse);
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    return { command: null, commandId, sequence, status: STATUS.invalidOptionalParameters };
  }
  // The table that was just walked gives the body its shape.
  return { command, status, sequence, body, tlvs } as unknown as Pdu;
}

function readTlvs(cursor: Cursor, isLenient: boolean): readonly Tlv[] {
  const tlvs: Tlv[] = [];
  try {
    while (cursor.left > 0) {
      const tag = cursor.take(2).readUInt16BE();
      tlvs.push({ tag, value: cursor.take(cursor.take(2).readUInt16BE()) });
    }
  } catch (error) {
    if (!isLenient) throw error;
  }
  return tlvs;
}

function fieldsOf(fields: object): readonly (readonly [name: string, field: Field<unknown>])[] {
  return Object.entries(fields);
}

const NAMES: ReadonlyMap<number, Command> = new Map(
  Object.entries(COMMANDS).map(([name, { id }]) => [id, name as Command]),
);
