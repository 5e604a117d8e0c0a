import { describe, expect, test } from "bun:test";
import { readPart } from "./part.ts";
import { decode, encode, frame, textTlv, tlv, Unreadable } from "./pdu.ts";
import { codingFor, decodeText, encodeText } from "./text.ts";
import { COMMANDS, statusOf, TLV } from "./vocabulary.ts";

const octets = (hex: string) => Buffer.from(hex.replace(/\s/g, ""), "hex");

describe("published PDUs", () => {
  test("the bind_transmitter of the SMPP 3.4 document reads as it says, and is written back octet for octet", () => {
    const example = octets(`0000002F 00000002 00000000 00000001
      534D5050335445535400 7365637265743038 00 5355424D49543100 00 01 01 00`);
    const pdu = decode(example);
    expect(pdu).toMatchObject({ command: "bind_transmitter", status: 0, sequence: 1, length: 47 });
    expect(pdu.fields).toEqual({
      ...{ system_id: "SMPP3TEST", password: "secret08", system_type: "SUBMIT1" },
      ...{ interface_version: 0, addr_ton: 1, addr_npi: 1, address_range: "" },
    });
    expect(encode({ command: "bind_transmitter", sequence: 1, fields: pdu.fields })).toEqual(example);
  });

  test("the submit_sm of the encyclopaedia's article on SMPP says hello", () => {
    const example = octets(`0000003C 00000004 00000000 00000005 00 02 08 35353500 01 01 35353535353535353500
      00 00 00 00 00 00 00 00 00 0F 48656C6C6F2077696B697065646961`);
    const pdu = decode(example);
    expect(pdu.fields).toMatchObject({ source_addr: "555", source_addr_npi: 8, destination_addr: "555555555" });
    expect(pdu.fields.short_message).toEqual(Buffer.from("Hello wikipedia"));
    expect(encode({ command: "submit_sm", sequence: 5, fields: pdu.fields })).toEqual(example);
  });

  test("the deliver_sm that the Python library smpp.pdu shows reads as there", () => {
    const example = octets(
      "0000004d00000005000000009f88f12441575342440001013136353035353531323334000101313737333535353430" +
        "373000000000000000000300117468657265206973206e6f2073706f6f6e",
    );
    expect(example.length).toBe(0x4d);
    expect(decode(example).fields).toMatchObject({ service_type: "AWSBD", source_addr: "16505551234", data_coding: 3 });
  });
});

describe("what can't be read has its status", () => {
  const refused = (bytes: Buffer): string => {
    try {
      decode(bytes);
    } catch (error) {
      if (error instanceof Unreadable) return error.status;
    }
    return "read";
  };
  const submit = encode({ command: "submit_sm", sequence: 1, fields: { short_message: Buffer.from("abc") } });
  const withBody = (body: Buffer): Buffer => frame(COMMANDS.submit_sm, 0, 1, body);

  test.each([
    ["a string without its end", withBody(Buffer.from("CMT")), "ESME_RINVCMDLEN"],
    ["a body that ends early", submit.subarray(0, 24), "ESME_RINVCMDLEN"],
    [
      "an address of 21 characters",
      encode({ command: "submit_sm", sequence: 1, fields: { source_addr: "1".repeat(21) } }),
      "ESME_RINVSRCADR",
    ],
    [
      "a password of nine characters",
      encode({ command: "bind_receiver", sequence: 1, fields: { password: "123456789" } }),
      "ESME_RINVPASWD",
    ],
    ["an sm_length past the end", submit.subarray(0, submit.length - 1), "ESME_RINVMSGLEN"],
    ["three octets left over", Buffer.concat([submit, Buffer.of(4, 0x24, 0)]), "ESME_RINVOPTPARSTREAM"],
    [
      "an optional parameter past the end",
      Buffer.concat([submit, Buffer.of(4, 0x24, 0, 9, 1)]),
      "ESME_RINVOPTPARSTREAM",
    ],
    ["a sar_msg_ref_num of one octet", Buffer.concat([submit, Buffer.of(2, 0x0c, 0, 1, 1)]), "ESME_RINVPARLEN"],
  ])("%s", (_what, bytes, status) => expect(refused(bytes)).toBe(status));

  test("a refusal may come without a body, a success may not", () => {
    expect(refused(frame(COMMANDS.submit_sm_resp, 0x58, 1, Buffer.alloc(0)))).toBe("read");
    expect(refused(frame(COMMANDS.submit_sm_resp, 0, 1, Buffer.alloc(0)))).toBe("ESME_RINVCMDLEN");
    expect(encode({ command: "submit_sm_resp", sequence: 1, status: 0x58 }).length).toBe(16);
  });

  test("a status that nobody named is shown by its number", () => expect(statusOf(0x410)).toBe("0x00000410"));
});

describe("texts", () => {
  test("the whole GSM alphabet comes back as it went, the extension by its escape", () => {
    const text = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà^{}\\[~]|€";
    expect(decodeText(Buffer.concat(encodeText(text, "gsm7")), 0)).toBe(text);
    expect(Buffer.concat(encodeText("@€", "gsm7"))).toEqual(octets("00 1b65"));
    expect(decodeText(octets("3f 40 60 1f 7f"), 0)).toBe("?¡¿Éà");
    expect(codingFor("á")).toBe("ucs2");
  });

  test("UCS-2 is big-endian and keeps what stands outside the first plane", () => {
    expect(Buffer.concat(encodeText("ж😀", "ucs2"))).toEqual(octets("0436 d83d de00"));
    expect(decodeText(octets("0436 d83d de00"), 8)).toBe("ж😀");
  });

  test("half a character shows, and octets of another coding are no text", () => {
    expect(decodeText(octets("41 1b"), 0)).toBe("A\ufffd");
    expect(decodeText(octets("0041 d83d"), 8)).toBe("A\ufffd");
    expect(decodeText(octets("c3a9"), 0)).toBeNull();
    expect(decodeText(octets("004100"), 8)).toBeNull();
    expect(decodeText(octets("e9"), 3)).toBe("é");
  });
});

describe("where a part belongs", () => {
  const part = (shortMessage: string, tlvs: Parameters<typeof encode>[0]["tlvs"] = [], esm = 0x40) =>
    readPart(
      decode(
        encode({
          command: "submit_sm",
          sequence: 1,
          fields: { esm_class: esm, short_message: octets(shortMessage) },
          tlvs,
        }),
      ),
    );

  test("stands in a header with a reference of 8 or 16 bits, or in three optional parameters", () => {
    expect(part("050003 2a 02 01 41")).toMatchObject({
      text: "A",
      concatenation: { by: "udh8", reference: 42, total: 2, number: 1 },
    });
    expect(part("060804 1234 03 02 41")).toMatchObject({
      concatenation: { by: "udh16", reference: 0x1234, total: 3, number: 2 },
    });
    const sar = [tlv(TLV.sar_msg_ref_num, 300), tlv(TLV.sar_total_segments, 2), tlv(TLV.sar_segment_seqnum, 2)];
    expect(part("41", sar, 0)).toMatchObject({ concatenation: { by: "sar", reference: 300, total: 2, number: 2 } });
    expect(part("41", sar.slice(1), 0)).toBe("ESME_RMISSINGOPTPARAM");
  });

  test("and a header that makes no sense is refused", () => {
    for (const broken of ["0a0003 2a 02 01", "050003 2a 02 03", "050003 2a 00 00", "040002 2a 02", "00 41"]) {
      expect(part(broken)).toBe("ESME_RINVESMCLASS");
    }
  });

  test("receipted_message_id ends in a NUL", () => {
    expect(textTlv(TLV.receipted_message_id, "1a").value).toEqual(octets("316100"));
  });
});
