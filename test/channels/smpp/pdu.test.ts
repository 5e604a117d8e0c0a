import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Frames, LONGEST_FRAME } from "../../../src/channels/smpp/frames.ts";
import { type Command, decode, encode, type Pdu, TAG, type Tlv } from "../../../src/channels/smpp/pdu.ts";
import { smppPackage } from "../../peers/smpp.ts";

const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");

describe("published PDUs", () => {
  // The sample of the standard for a bind_transmitter, as many publish it.
  const sample = hex(
    "0000002F 00000002 00000000 00000001 534D50503354455354 00 7365637265743038 00 5355424D495431 00 00 01 01 00",
  );

  test("of the standard is read, and written to the same octets", () => {
    const pdu = decode(sample) as Pdu<"bind_transmitter">;
    expect(pdu).toEqual({
      ...{ command: "bind_transmitter", status: 0, sequence: 1, tlvs: [] },
      body: {
        ...{ systemId: "SMPP3TEST", password: "secret08", systemType: "SUBMIT1" },
        ...{ interfaceVersion: 0, addrTon: 1, addrNpi: 1, addressRange: "" },
      },
    });
    expect(encode(pdu.command, pdu.sequence, pdu.body)).toEqual(sample);
  });

  test("of an encyclopaedia's article says hello, and is written to the same octets", () => {
    const frame = hex(
      "0000003C 00000004 00000000 00000005 00 02 08 35353500 01 01 35353535353535353500 00 00 00 00 00 00 00 00 00 0F 48656C6C6F2077696B697065646961",
    );
    const pdu = decode(frame) as Pdu<"submit_sm">;
    expect(pdu.body).toMatchObject({ source: "555", sourceTon: 2, sourceNpi: 8, destination: "555555555" });
    expect(pdu.body.shortMessage.toString()).toBe("Hello wikipedia");
    expect(encode(pdu.command, pdu.sequence, pdu.body)).toEqual(frame);
  });

  test("of the Python library smpp.pdu is read as there, and written to the same octets", () => {
    const frame = hex(
      "0000004d00000005000000009f88f12441575342440001013136353035353531323334000101313737333535353430373000000000000000000300117468657265206973206e6f2073706f6f6e",
    );
    const pdu = decode(frame) as Pdu<"deliver_sm">;
    expect(pdu).toMatchObject({ sequence: 2_676_551_972, body: { serviceType: "AWSBD", source: "16505551234" } });
    expect(pdu.body).toMatchObject({ destination: "17735554070", dataCoding: 3 });
    expect(pdu.body.shortMessage.toString()).toBe("there is no spoon");
    expect(encode(pdu.command, pdu.sequence, pdu.body)).toEqual(frame);
  });

  test.each([
    ["0000001c 80000004 00000000 0a342ee1 393432353834333135393400", "94258431594"],
    ["00000011 80000004 00000000 0a342ee1 00", ""],
    ["00000010 80000004 00000000 0a342ee1", ""],
    // Without its NUL, as some carriers send it.
    ["00000011 80000004 00000000 0a342ee1 39", "9"],
  ])("that answer a submission give its id: %p", (frame, messageId) => {
    expect(decode(hex(frame))).toMatchObject({ command: "submit_sm_resp", sequence: 0x0a342ee1, body: { messageId } });
  });
});

// Generated ones

const octets = (maxLength: number) => fc.uint8Array({ maxLength }).map((bytes) => Buffer.from(bytes));
const cString = fc.uint8Array({ min: 1, maxLength: 30 }).map((bytes) => Buffer.from(bytes).toString("latin1"));
const ascii = fc.stringMatching(/^[ -~]{0,20}$/);
const octet = fc.integer({ min: 0, max: 255 });
const sequence = fc.integer({ min: 0, max: 0xffffffff });
const status = fc.integer({ min: 0, max: 0xffffffff });
const tlvs: fc.Arbitrary<Tlv[]> = fc.array(
  fc.record({ tag: fc.integer({ min: 0, max: 0xffff }), value: octets(40) }, { noNullPrototype: true }),
  { maxLength: 4 },
);

/** The package fails on what looks like a time and is none. */
const time = fc.constantFrom("", "000001020304000R", "270115081500000+");

const bodiesOf = (string: fc.Arbitrary<string>) => {
  const bind = fc.record({
    ...{ systemId: string, password: string, systemType: string, interfaceVersion: octet },
    ...{ addrTon: octet, addrNpi: octet, addressRange: string },
  });
  const ends = {
    ...{ serviceType: string, sourceTon: octet, sourceNpi: octet, source: string },
    ...{ destinationTon: octet, destinationNpi: octet, destination: string, esmClass: octet },
  };
  const message = fc.record({
    ...ends,
    ...{ protocolId: octet, priority: octet, scheduleDeliveryTime: time, validityPeriod: time },
    ...{ registeredDelivery: octet, replaceIfPresent: octet, dataCoding: octet, defaultMessageId: octet },
    shortMessage: octets(255),
  });
  const bare = fc.record({ ...ends, registeredDelivery: octet, dataCoding: octet });
  const none = fc.constant({});
  const systemId = fc.record({ systemId: string });
  const messageId = fc.record({ messageId: string });
  return {
    ...{ bind_receiver: bind, bind_transmitter: bind, bind_transceiver: bind },
    ...{ bind_receiver_resp: systemId, bind_transmitter_resp: systemId, bind_transceiver_resp: systemId },
    ...{ submit_sm: message, deliver_sm: message, data_sm: bare },
    ...{ submit_sm_resp: messageId, deliver_sm_resp: messageId, data_sm_resp: messageId },
    ...{ unbind: none, unbind_resp: none, enquire_link: none, enquire_link_resp: none, generic_nack: none },
  } satisfies Record<Command, fc.Arbitrary<object>>;
};

const pduOf = (string: fc.Arbitrary<string>): fc.Arbitrary<{ command: Command; body: never }> =>
  fc.oneof(
    ...Object.entries(bodiesOf(string)).map(([command, body]) =>
      body.map((values: object) => ({ command: command as Command, body: values as never })),
    ),
  );

/** Our names for the fields of the package. */
const NAMES: Readonly<Record<string, string>> = {
  ...{ systemId: "system_id", password: "password", systemType: "system_type", interfaceVersion: "interface_version" },
  ...{ addrTon: "addr_ton", addrNpi: "addr_npi", addressRange: "address_range", serviceType: "service_type" },
  ...{ sourceTon: "source_addr_ton", sourceNpi: "source_addr_npi", source: "source_addr" },
  ...{ destinationTon: "dest_addr_ton", destinationNpi: "dest_addr_npi", destination: "destination_addr" },
  ...{ esmClass: "esm_class", protocolId: "protocol_id", priority: "priority_flag", dataCoding: "data_coding" },
  ...{ registeredDelivery: "registered_delivery", replaceIfPresent: "replace_if_present_flag" },
  ...{ defaultMessageId: "sm_default_msg_id", messageId: "message_id" },
};

describe("any PDU", () => {
  test("comes back as it was written", () => {
    fc.assert(
      fc.property(pduOf(cString), sequence, status, tlvs, ({ command, body }, sequence, status, tlvs) => {
        const frame = encode(command, sequence, body, { status, tlvs });
        expect(frame.readUInt32BE()).toBe(frame.length);
        const { body: read, ...head } = decode(frame) as Pdu;
        expect(head).toEqual({ command, sequence, status, tlvs } as never);
        expect({ ...read }).toEqual({ ...(body as object) });
      }),
      { numRuns: 500 },
    );
  });

  test("that is written here is read by the package with the same fields", () => {
    fc.assert(
      fc.property(pduOf(ascii), fc.integer({ min: 1, max: 0x7fffffff }), ({ command, body }, sequence) => {
        const read = new smppPackage.PDU(encode(command, sequence, body));
        expect(read).toMatchObject({ command, command_status: 0, sequence_number: sequence });
        for (const [name, value] of Object.entries(body as object)) {
          if (NAMES[name] !== undefined) expect(read[NAMES[name]]).toBe(value);
        }
      }),
      { numRuns: 300 },
    );
  });

  test("that the package writes is read here with the same fields", () => {
    fc.assert(
      fc.property(pduOf(ascii), fc.integer({ min: 1, max: 0x7fffffff }), ({ command, body }, sequence) => {
        const named = Object.entries(body as object).flatMap(([name, value]) =>
          NAMES[name] === undefined ? [] : [[NAMES[name], value]],
        );
        const { shortMessage } = body as { shortMessage?: Buffer };
        const written = new smppPackage.PDU(command, {
          ...{ ...Object.fromEntries(named), sequence_number: sequence },
          ...(shortMessage === undefined ? {} : { short_message: shortMessage }),
        }).toBuffer();
        const read = decode(written) as Pdu;
        expect(read).toMatchObject({ command, sequence, status: 0 });
        // Which the package writes as of its own clock.
        const { validityPeriod: _, scheduleDeliveryTime: __, ...kept } = body as Record<string, unknown>;
        expect(read.body).toMatchObject(kept);
      }),
      { numRuns: 300 },
    );
  });

  /** Those that are written or read here: how the package names them, our octets of a value. */
  const parameters: Readonly<
    Record<string, readonly [tag: number, values: fc.Arbitrary<unknown>, write: (value: never) => Buffer]>
  > = {
    receipted_message_id: [
      TAG.receiptedMessageId,
      fc.stringMatching(/^[!-~]{1,30}$/),
      (id: string) => Buffer.from(`${id}\0`),
    ],
    message_state: [TAG.messageState, octet, (state: number) => Buffer.of(state)],
    message_payload: [TAG.messagePayload, octets(2_000), (octets: Buffer) => octets],
    sar_msg_ref_num: [TAG.sarReference, fc.integer({ min: 0, max: 0xffff }), (n: number) => Buffer.of(n >> 8, n & 255)],
    sar_total_segments: [TAG.sarTotal, octet, (n: number) => Buffer.of(n)],
    sar_segment_seqnum: [TAG.sarNumber, octet, (n: number) => Buffer.of(n)],
  };

  test.each(Object.entries(parameters))(
    "with %s is the same to the package, both ways",
    (name, [tag, values, write]) => {
      const { deliver_sm } = bodiesOf(ascii);
      fc.assert(
        fc.property(deliver_sm, values, ({ shortMessage: _, ...rest }, value) => {
          const body = {
            ...rest,
            shortMessage: Buffer.alloc(0),
            scheduleDeliveryTime: "",
            validityPeriod: "",
            esmClass: 0,
          };
          const octetsOfValue = write(value as never);
          const read = new smppPackage.PDU(encode("deliver_sm", 7, body, { tlvs: [{ tag, value: octetsOfValue }] }));
          // The package reads a payload as a text of the data_coding.
          if (name !== "message_payload") expect(read[name]).toEqual(value);
          const written = new smppPackage.PDU("deliver_sm", {
            sequence_number: 7,
            [name]: value,
            short_message: Buffer.alloc(0),
          });
          expect((decode(written.toBuffer()) as Pdu<"deliver_sm">).tlvs).toEqual([{ tag, value: octetsOfValue }]);
        }),
        { numRuns: 60 },
      );
    },
  );

  test("cut short, stretched or damaged is told from a whole one, and never throws", () => {
    fc.assert(
      fc.property(pduOf(cString), tlvs, fc.nat(), octets(30), ({ command, body }, tlvs, place, more) => {
        const frame = encode(command, 7, body, { tlvs });
        const cut = frame.subarray(0, 16 + (place % (frame.length - 15)));
        const damaged = Buffer.from(frame);
        damaged[4 + (place % (damaged.length - 4))]! ^= 1 + (more[0] ?? 0) / 2;
        for (const bytes of [cut, damaged, Buffer.concat([frame, more])]) {
          const read = decode(bytes);
          if (read.command === null) expect([0x01, 0x03, 0xc0]).toContain(read.status);
        }
      }),
      { numRuns: 500 },
    );
  });

  test("without octets that it promises is refused where it asks for an answer", () => {
    const frame = encode("deliver_sm", 7, {
      ...{ serviceType: "", sourceTon: 1, sourceNpi: 1, source: "1", destinationTon: 1, destinationNpi: 1 },
      ...{ destination: "2", esmClass: 0, protocolId: 0, priority: 0, scheduleDeliveryTime: "", validityPeriod: "" },
      ...{ registeredDelivery: 0, replaceIfPresent: 0, dataCoding: 0, defaultMessageId: 0 },
      shortMessage: Buffer.from("hello"),
    });
    const short = frame.subarray(0, -1);
    expect(decode(short)).toEqual({ command: null, commandId: 5, sequence: 7, status: 0x01 });
    const half = Buffer.concat([frame, hex("0424 0010 41")]);
    expect(decode(half)).toEqual({ command: null, commandId: 5, sequence: 7, status: 0xc0 });
  });

  test("never holds a string with a NUL in it, or characters outside of Latin-1", () => {
    const body = (systemId: string) => ({
      ...{ systemId, password: "", systemType: "", interfaceVersion: 0x34 },
      ...{ addrTon: 0, addrNpi: 0, addressRange: "" },
    });
    expect(() => encode("bind_transceiver", 1, body("a\0b"))).toThrow(RangeError);
    expect(() => encode("bind_transceiver", 1, body("ж"))).toThrow(RangeError);
    expect(() => encode("bind_transceiver", 1, { ...body("a"), addrTon: 256 })).toThrow(RangeError);
  });
});

describe("a stream", () => {
  test("gives the same frames however it was cut up", () => {
    fc.assert(
      fc.property(fc.array(pduOf(cString), { maxLength: 5 }), fc.array(fc.nat(), { maxLength: 20 }), (pdus, cuts) => {
        const whole = pdus.map(({ command, body }, index) => encode(command, index, body));
        const stream = Buffer.concat(whole);
        const places = [0, ...cuts.map((cut) => cut % (stream.length + 1)).toSorted((a, b) => a - b), stream.length];
        const frames = new Frames();
        const read = places.slice(1).flatMap((end, index) => [...frames.take(stream.subarray(places[index], end))]);
        expect(read).toEqual(whole);
      }),
      { numRuns: 200 },
    );
  });

  test("that comes octet by octet is read all the same", () => {
    const frame = encode("data_sm_resp", 1, { messageId: "x" }, { tlvs: [{ tag: 1, value: Buffer.alloc(60_000, 7) }] });
    const frames = new Frames();
    const read = Array.from(frame).flatMap((byte) => [...frames.take(Buffer.of(byte))]);
    expect(read).toEqual([frame]);
  });

  test.each([0, 4, 15, LONGEST_FRAME + 1, 0x7fffffff, 0xffffffff])("with a PDU of %p octets is over", (length) => {
    const frames = new Frames();
    const head = Buffer.alloc(64);
    head.writeUInt32BE(length);
    expect([...frames.take(encode("enquire_link", 1, {}))]).toHaveLength(1);
    expect([...frames.take(head)]).toEqual([]);
    expect(frames.isBroken).toBe(true);
    expect([...frames.take(encode("enquire_link", 2, {}))]).toEqual([]);
  });
});
