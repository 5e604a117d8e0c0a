import { afterEach, describe, expect, test } from "bun:test";
import { TurnedClock } from "../support/database.ts";
import { selfSigned } from "./certificates.ts";
import { Esme, submission } from "./smsc/esme.ts";
import { encode, frame, tlv } from "./smsc/pdu.ts";
import { encodeText } from "./smsc/text.ts";
import { STATUSES, statusOf, TLV } from "./smsc/vocabulary.ts";
import { type Smsc, type SmscOptions, startSmsc } from "./smsc.ts";

const open: { stop(): unknown }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.stop();
});

async function peer(options: Partial<SmscOptions> = {}): Promise<Smsc> {
  const smsc = await startSmsc({ systemId: "pause", password: "secret08", ...options });
  open.push(smsc);
  return smsc;
}

async function connected(smsc: Smsc): Promise<Esme> {
  const esme = await Esme.connect(smsc.port);
  open.push({ stop: () => esme.close() });
  return esme;
}

async function bound(smsc: Smsc): Promise<Esme> {
  const esme = await connected(smsc);
  expect(await esme.bind()).toBe("ESME_ROK");
  return esme;
}

const ascii = (text: string): Buffer => Buffer.from(text, "latin1");
const sent = (text: string) => submission({ short_message: ascii(text), registered_delivery: 1 });

describe("binding", () => {
  test("is done once, with the right name and password, as one of three kinds", async () => {
    const smsc = await peer();
    const esme = await connected(smsc);
    expect(await esme.submit()).toBe("ESME_RINVBNDSTS");
    expect(await esme.bind("bind_transceiver", { password: "wrong" })).toBe("ESME_RINVPASWD");
    expect(await esme.bind("bind_transceiver", { system_id: "other" })).toBe("ESME_RINVSYSID");
    expect(await esme.bind("bind_transceiver", { interface_version: 0x33 })).toBe("ESME_RBINDFAIL");
    expect(await esme.bind()).toBe("ESME_ROK");
    expect(await esme.bind()).toBe("ESME_RALYBND");
    expect((await smsc.nextBound()).state).toBe("transceiver");
    const receiver = await connected(smsc);
    expect(await receiver.bind("bind_receiver")).toBe("ESME_ROK");
    expect(await receiver.submit()).toBe("ESME_RINVBNDSTS");
    const transmitter = await connected(smsc);
    expect(await transmitter.bind("bind_transmitter")).toBe("ESME_ROK");
    expect(await transmitter.submit()).toBe("ESME_ROK");
    expect(smsc.sessions.map(({ state }) => state)).toEqual(["transceiver", "receiver", "transmitter"]);
  });

  test("may be refused without saying why, and the line hung up", async () => {
    const smsc = await peer({ bindRefusal: "ESME_RBINDFAIL", hangsUpOnRefusedBind: true });
    const esme = await connected(smsc);
    expect(await esme.bind("bind_transmitter", { password: "wrong" })).toBe("ESME_RBINDFAIL");
    expect(await esme.ended).toBe("end");
  });

  test("goes over TLS", async () => {
    const { key, cert } = selfSigned({ addresses: ["127.0.0.1"] });
    const smsc = await peer({ tls: { key, cert } });
    expect(smsc.url).toBe(`smpps://127.0.0.1:${smsc.port}`);
    const esme = await Esme.bound(smsc.port, "bind_transceiver", cert);
    open.push({ stop: () => esme.close() });
    expect(await esme.submit()).toBe("ESME_ROK");
    smsc.drop("rst");
    expect(["ECONNRESET", "close", "end"]).toContain(await esme.ended);
  });

  test("ends with unbind from either side", async () => {
    const smsc = await peer();
    const esme = await bound(smsc);
    expect((await esme.ask({ command: "unbind" })).status).toBe(0);
    expect(await esme.ended).toBe("end");
    const other = await bound(smsc);
    const unbinding = smsc.sessions[1]!.unbind();
    other.answer(await other.next("unbind"));
    expect((await unbinding)?.command).toBe("unbind_resp");
    expect(await other.ended).toBe("end");
  });

  test("a connection too many is reset, and while it refuses there is nobody", async () => {
    const clock = new TurnedClock();
    const smsc = await peer({ mostConnections: 1, clock });
    const esme = await bound(smsc);
    expect(await (await connected(smsc)).ended).toBe("ECONNRESET");
    expect(smsc.connections).toBe(2);
    await smsc.refuseConnections(5000);
    expect(await (await connected(smsc)).ended).toBe("ECONNREFUSED");
    expect(await esme.submit()).toBe("ESME_ROK");
    esme.close();
    await smsc.nextClosed();
    clock.turn(5000);
    await smsc.acceptConnections();
    expect(await (await bound(smsc)).submit()).toBe("ESME_ROK");
  });
});

describe("submit_sm", () => {
  test("arrives as text with its addresses and a message id", async () => {
    const smsc = await peer({ messageIds: "upper-hex" });
    const esme = await bound(smsc);
    const response = await esme.ask(sent("Deploy?"));
    expect(response.fields.message_id).toBe("1A2B3C4D");
    const message = await smsc.nextMessage({ to: "15005550006" });
    expect(message).toMatchObject({ from: "Pause", text: "Deploy?", dataCoding: 0 });
    expect(smsc.parts[0]).toMatchObject({ messageId: "1A2B3C4D", number: 0x1a2b3c4d, raw: ascii("Deploy?") });
    expect(smsc.accepted("Deploy?")).toBe(1);
    expect(smsc.complaints).toEqual([]);
  });

  test.each([
    ["service_type", { service_type: "cmt!" }, "ESME_RINVSERTYP"],
    ["source_addr_ton", { source_addr_ton: 7 }, "ESME_RINVSRCTON"],
    ["source_addr_npi", { source_addr_npi: 2 }, "ESME_RINVSRCNPI"],
    ["an alphanumeric sender of twelve", { source_addr: "PausePointXY" }, "ESME_RINVSRCADR"],
    ["a sender with a plus", { source_addr_ton: 1, source_addr: "+15005550001" }, "ESME_RINVSRCADR"],
    ["letters in a number", { source_addr_ton: 0, source_addr: "Pause" }, "ESME_RINVSRCADR"],
    ["dest_addr_ton", { dest_addr_ton: 5 }, "ESME_RINVDSTTON"],
    ["dest_addr_npi", { dest_addr_npi: 3 }, "ESME_RINVDSTNPI"],
    ["a recipient with a plus", { destination_addr: "+15005550006" }, "ESME_RINVDSTADR"],
    ["no recipient", { destination_addr: "" }, "ESME_RINVDSTADR"],
    ["esm_class of a receipt", { esm_class: 4 }, "ESME_RINVESMCLASS"],
    ["a header that isn't there", { esm_class: 0x40, short_message: ascii("\xffabc") }, "ESME_RINVESMCLASS"],
    ["priority_flag", { priority_flag: 4 }, "ESME_RINVPRTFLG"],
    ["schedule_delivery_time", { schedule_delivery_time: "tomorrow" }, "ESME_RINVSCHED"],
    ["validity_period", { validity_period: "000000009900000R" }, "ESME_RINVEXPIRY"],
    ["a validity that is over", { validity_period: "200101000000000+" }, "ESME_RINVEXPIRY"],
    ["registered_delivery", { registered_delivery: 3 }, "ESME_RINVREGDLVFLG"],
    ["replace_if_present_flag", { replace_if_present_flag: 2 }, "ESME_RINVREPFLAG"],
    ["data_coding", { data_coding: 2 }, "ESME_RINVDCS"],
    ["sm_default_msg_id", { sm_default_msg_id: 1 }, "ESME_RINVDFTMSGID"],
    ["no text", { short_message: Buffer.alloc(0) }, "ESME_RINVMSGLEN"],
    ["161 septets", { short_message: Buffer.alloc(161, "a") }, "ESME_RINVMSGLEN"],
    ["141 octets of Latin-1", { data_coding: 3, short_message: Buffer.alloc(141, "a") }, "ESME_RINVMSGLEN"],
    ["half a UCS-2 unit", { data_coding: 8, short_message: Buffer.alloc(3, 1) }, "ESME_RINVMSGLEN"],
    ["UTF-8 as GSM 7-bit", { short_message: Buffer.from("é") }, "ESME_RSUBMITFAIL"],
  ])("refuses %s", async (_what, fields, status) => {
    const smsc = await peer();
    expect(await (await bound(smsc)).submit(fields)).toBe(status);
    expect(smsc.parts).toEqual([]);
  });

  test("is taken at the edge of each limit", async () => {
    const smsc = await peer();
    const esme = await bound(smsc);
    expect(await esme.submit({ short_message: Buffer.alloc(160, "a") })).toBe("ESME_ROK");
    expect(await esme.submit({ data_coding: 8, short_message: Buffer.alloc(140, 0x04) })).toBe("ESME_ROK");
    const header = Buffer.from("050003010101", "hex");
    const withText = (length: number) => ({
      esm_class: 0x40,
      short_message: Buffer.concat([header, Buffer.alloc(length, "a")]),
    });
    expect(await esme.submit(withText(153))).toBe("ESME_ROK");
    expect(await esme.submit(withText(154))).toBe("ESME_RINVMSGLEN");
    expect(await esme.submit({ validity_period: "000000003000000R" })).toBe("ESME_ROK");
    expect(await esme.submit({ validity_period: "990101000000000+" })).toBe("ESME_ROK");
  });

  test("parts become one message by header, by sar_* or as a payload, in whatever order they come", async () => {
    const smsc = await peer();
    const esme = await bound(smsc);
    const ucs2 = (header: string, text: string) => ({
      ...{ esm_class: 0x40, data_coding: 8 },
      short_message: Buffer.concat([Buffer.from(header, "hex"), ...encodeText(text, "ucs2")]),
    });
    await esme.submit(ucs2("050003070202", "ём?"));
    expect(smsc.incomplete()).toHaveLength(1);
    await esme.submit(ucs2("050003070201", "Берём с"));
    expect(await smsc.nextMessage()).toMatchObject({ text: "Берём сём?", dataCoding: 8 });
    for (const number of [1, 2]) {
      const place = [tlv(TLV.sar_msg_ref_num, 9), tlv(TLV.sar_total_segments, 2), tlv(TLV.sar_segment_seqnum, number)];
      await esme.submit({ short_message: ascii(number === 1 ? "yes " : "or no") }, place);
    }
    expect((await smsc.nextMessage()).text).toBe("yes or no");
    await esme.submit({ short_message: Buffer.alloc(0) }, [tlv(TLV.message_payload, ascii("long ".repeat(60)))]);
    expect((await smsc.nextMessage()).text).toBe("long ".repeat(60));
    expect(await esme.submit({}, [tlv(TLV.message_payload, ascii("twice"))])).toBe("ESME_RINVMSGLEN");
    expect(smsc.incomplete()).toEqual([]);
  });

  test("that came twice is counted twice", async () => {
    const smsc = await peer();
    const esme = await bound(smsc);
    await esme.ask(sent("Once?"));
    await esme.ask(sent("Once?"));
    expect(smsc.accepted("Once?")).toBe(2);
  });
});

describe("other PDUs", () => {
  test("query_sm and what it does not offer are refused, an unknown id gets generic_nack, a bad length the end", async () => {
    const smsc = await peer();
    const esme = await bound(smsc);
    expect(statusOf((await esme.ask({ command: "query_sm" })).status)).toBe("ESME_RQUERYFAIL");
    expect(statusOf((await esme.ask({ command: "cancel_sm" })).status)).toBe("ESME_RINVCMDID");
    expect((await esme.ask({ command: "enquire_link" })).command).toBe("enquire_link_resp");
    esme.write(frame(0x999, 0, 77, Buffer.alloc(4)));
    expect(await esme.next("generic_nack")).toMatchObject({ status: STATUSES.ESME_RINVCMDID, sequence: 77 });
    esme.write(frame(4, 0, 78, Buffer.alloc(0), 3));
    expect(await esme.next("generic_nack")).toMatchObject({ status: STATUSES.ESME_RINVCMDLEN, sequence: 0 });
    expect(await esme.ended).toBe("end");
    expect(smsc.records.filter(({ pdu }) => pdu === null).map(({ error }) => error)).toEqual(["command_length is 3"]);
  });

  test("enquire_link goes the other way too, and a PDU may come octet by octet", async () => {
    const smsc = await peer();
    const esme = await bound(smsc);
    const asked = smsc.sessions[0]!.enquireLink();
    const request = await esme.next("enquire_link");
    for (const octet of encode({ command: "enquire_link_resp", sequence: request.sequence }))
      esme.write(Buffer.of(octet));
    expect((await asked)?.command).toBe("enquire_link_resp");
    expect(smsc.complaints).toEqual([]);
  });

  test("breaches without other consequence are noted", async () => {
    const smsc = await peer();
    const esme = await bound(smsc);
    esme.write(encode({ command: "deliver_sm_resp", sequence: 99 }));
    await smsc.nextPdu({ command: "deliver_sm_resp" });
    const pdu = { ...sent("x"), sequence: 50 };
    smsc.behave({ kind: "never" });
    esme.write(Buffer.concat([encode(pdu), encode(pdu)]));
    await esme.next("submit_sm_resp");
    expect(smsc.complaints).toEqual([
      "deliver_sm_resp 99 answers nothing that was asked",
      "submit_sm 50 has the sequence number of one that waits for its answer",
    ]);
  });
});

describe("receipts and replies", () => {
  test("a receipt says what became of the message, in text, in optional parameters or both, with the id as carriers spell it", async () => {
    const clock = new TurnedClock(Date.UTC(2026, 10, 25, 3, 40));
    const smsc = await peer({ clock, messageIds: "hex" });
    const esme = await bound(smsc);
    await esme.ask(sent("Deploy?"));
    const [part] = smsc.parts;
    const receiving = smsc.receipt(part!, {
      form: "both",
      idAs: "zero-padded",
      state: "UNDELIV",
      error: "069",
      copies: 2,
    });
    for (let copy = 0; copy < 2; copy++) {
      const receipt = await esme.next("deliver_sm");
      expect(receipt.fields).toMatchObject({
        esm_class: 4,
        source_addr: "15005550006",
        destination_addr: "Pause",
        dest_addr_ton: 5,
      });
      expect(String(receipt.fields.short_message)).toBe(
        "id:0439041101 sub:001 dlvrd:000 submit date:2611250340 done date:2611250340 stat:UNDELIV err:069 text:Deploy?",
      );
      expect(receipt.tlvs).toEqual([
        { tag: TLV.receipted_message_id, value: Buffer.from("0439041101\0") },
        { tag: TLV.message_state, value: Buffer.of(5) },
      ]);
      esme.answer(receipt);
    }
    expect((await receiving).map(({ outcome }) => outcome)).toEqual(["accepted", "accepted"]);
    void smsc.receipt(part!, { form: "tlv", idAs: "upper-hex" });
    const bare = await esme.next("deliver_sm");
    expect(bare.fields.short_message).toEqual(Buffer.alloc(0));
    expect(bare.tlvs[0]?.value).toEqual(Buffer.from("1A2B3C4D\0"));
    expect(() => smsc.receipt(part!, { state: "ENROUTE" })).toThrow("no ENROUTE receipt was asked for");
    void smsc.receipt(part!, { state: "ENROUTE", unasked: true });
    expect((await esme.next("deliver_sm")).fields.esm_class).toBe(0x20);
  });

  test("they come by themselves to those who ask, failures alone to those who ask for failures", async () => {
    const smsc = await peer({ receipts: { state: "DELIVRD" } });
    const esme = await bound(smsc);
    await esme.submit({ registered_delivery: 0 });
    await esme.submit({ registered_delivery: 2 });
    await esme.submit({ registered_delivery: 1 });
    expect(String((await esme.next("deliver_sm")).fields.short_message)).toStartWith("id:439041103 ");
    expect(smsc.deliveries).toHaveLength(1);
  });

  test("a reply comes as one deliver_sm or in parts, and its answer is kept", async () => {
    const smsc = await peer();
    const esme = await bound(smsc);
    const short = smsc.reply({ from: "+15005550006", to: "12345", text: "YES {1}" });
    const yes = await esme.next("deliver_sm");
    expect(yes.fields).toMatchObject({ source_addr_ton: 1, dest_addr_ton: 3, esm_class: 0, data_coding: 0 });
    expect(yes.fields.short_message).toEqual(Buffer.from("5945 5320 1b28 31 1b29".replaceAll(" ", ""), "hex"));
    esme.answer(yes, STATUSES.ESME_RX_P_APPN);
    expect((await short)[0]).toMatchObject({ outcome: "refused", attempts: [{ status: "ESME_RX_P_APPN" }] });
    const text = "да ".repeat(60);
    const long = smsc.reply({ from: "15005550006", to: "12345", text, long: "udh16", order: [3, 1, 1, 2] });
    const numbers: number[] = [];
    for (let count = 0; count < 4; count++) {
      const pdu = await esme.next("deliver_sm");
      const body = pdu.fields.short_message as Buffer;
      expect(body.length).toBeLessThanOrEqual(140);
      expect(body.subarray(0, 6)).toEqual(Buffer.of(6, 8, 4, 0, 1, 3));
      numbers.push(body[6]!);
      esme.answer(pdu);
    }
    expect(numbers).toEqual([3, 1, 1, 2]);
    expect((await long).every(({ outcome }) => outcome === "accepted")).toBe(true);
  });

  test("what was not taken is sent again: later after a passing refusal, at once over the next link", async () => {
    const clock = new TurnedClock();
    const smsc = await peer({ clock });
    const esme = await bound(smsc);
    const reply = smsc.reply({ from: "15005550006", to: "12345", text: "NO" });
    const retried = smsc.nextPdu({ command: "deliver_sm_resp" });
    esme.answer(await esme.next("deliver_sm"), STATUSES.ESME_RX_T_APPN);
    await retried;
    clock.turn(1000);
    await esme.next("deliver_sm");
    esme.close();
    await smsc.nextClosed();
    const again = await bound(smsc);
    again.answer(await again.next("deliver_sm"));
    const [delivery] = await reply;
    expect(delivery).toMatchObject({
      outcome: "accepted",
      attempts: [{ status: "ESME_RX_T_APPN" }, { status: null }, { session: 2, status: "ESME_ROK" }],
    });
  });

  test("no more of them are unanswered at once than the window has room for", async () => {
    const smsc = await peer({ deliveries: { window: 1 } });
    const esme = await bound(smsc);
    void smsc.reply({ from: "15005550006", to: "12345", text: "one" });
    void smsc.reply({ from: "15005550006", to: "12345", text: "two" });
    const first = await esme.next("deliver_sm");
    expect(smsc.sessions[0]!.deliversOutstanding).toBe(1);
    expect(smsc.deliveries[1]!.attempts).toEqual([]);
    esme.answer(first);
    expect(String((await esme.next("deliver_sm")).fields.short_message)).toBe("two");
  });
});
