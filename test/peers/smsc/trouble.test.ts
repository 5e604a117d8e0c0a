import { afterEach, describe, expect, test } from "bun:test";
import { TurnedClock } from "../../support/database.ts";
import { type Garbage, type Smsc, type SmscOptions, startSmsc } from "../smsc.ts";
import { Esme, submission } from "./esme.ts";
import { encode } from "./pdu.ts";
import { statusOf, TLV } from "./vocabulary.ts";

const open: { stop(): unknown }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.stop();
});

async function peer(options: Partial<SmscOptions> = {}): Promise<Smsc> {
  const smsc = await startSmsc({ systemId: "pause", password: "secret08", ...options });
  open.push(smsc);
  return smsc;
}

async function bound(smsc: Smsc): Promise<Esme> {
  const esme = await Esme.bound(smsc.port);
  open.push({ stop: () => esme.close() });
  return esme;
}

const asking = (text: string) => submission({ short_message: Buffer.from(text), registered_delivery: 1 });
/** Several submit_sm in one write, with the sequence numbers 101 and on. */
const together = (...texts: readonly string[]) =>
  Buffer.concat(texts.map((text, index) => encode({ ...asking(text), sequence: 101 + index })));

describe("refusals to order", () => {
  test("come for so many messages, for one recipient, for a while, or with a vendor's own status", async () => {
    const clock = new TurnedClock();
    const smsc = await peer({ clock });
    const esme = await bound(smsc);
    smsc.behave({ kind: "refuse", status: "ESME_RTHROTTLED" }, { times: 2 });
    smsc.behave({ kind: "refuse", status: 0x410, body: true }, { to: "15005550009" });
    expect([await esme.submit(), await esme.submit(), await esme.submit()]).toEqual([
      ...["ESME_RTHROTTLED", "ESME_RTHROTTLED", "ESME_ROK"],
    ]);
    const vendors = await esme.ask(submission({ destination_addr: "15005550009" }));
    expect([statusOf(vendors.status), vendors.fields.message_id]).toEqual(["0x00000410", ""]);
    smsc.behave({ kind: "refuse", status: "ESME_RMSGQFUL" }, { for: 5000 });
    expect([await esme.submit(), await esme.submit()]).toEqual(["ESME_RMSGQFUL", "ESME_RMSGQFUL"]);
    clock.turn(5000);
    expect(await esme.submit()).toBe("ESME_ROK");
    expect(smsc.parts).toHaveLength(2);
  });

  test("also of a bind, or as generic_nack with the number of the request or none", async () => {
    const smsc = await peer();
    smsc.behave({ kind: "refuse", status: "ESME_RSYSERR" }, { command: "bind_transceiver" });
    await expect(Esme.bound(smsc.port)).rejects.toThrow("ESME_RSYSERR");
    const esme = await bound(smsc);
    smsc.behave({ kind: "nack", status: "ESME_RSYSERR" });
    expect((await esme.ask(asking("x"))).command).toBe("generic_nack");
    smsc.behave({ kind: "nack", status: "ESME_RSYSERR", sequence: "zero" });
    esme.send(asking("y"));
    expect((await esme.next("generic_nack")).sequence).toBe(0);
    expect(smsc.parts).toEqual([]);
  });

  test("window and rate are limits of the account, and what passed through them is counted", async () => {
    const clock = new TurnedClock();
    const smsc = await peer({ clock, window: 2, rate: 3 });
    const esme = await bound(smsc);
    smsc.behave({ kind: "late", after: 10 }, { times: 2 });
    esme.write(together("a", "b", "c"));
    expect(statusOf((await esme.next("submit_sm_resp")).status)).toBe("ESME_RTHROTTLED");
    expect([smsc.outstanding, smsc.mostOutstanding]).toEqual([2, 3]);
    clock.turn(10);
    await esme.next("submit_sm_resp");
    expect([await esme.submit(), await esme.submit()]).toEqual(["ESME_ROK", "ESME_RTHROTTLED"]);
    expect(smsc.outstanding).toBe(0);
    clock.turn(1000);
    expect(await esme.submit()).toBe("ESME_ROK");
    expect(smsc.mostWithin()).toBe(3);
  });
});

describe("answers to order", () => {
  test("late, never, and twice", async () => {
    const clock = new TurnedClock();
    const smsc = await peer({ clock });
    const esme = await bound(smsc);
    smsc.behave({ kind: "late", after: 60_000 });
    smsc.behave({ kind: "never" });
    smsc.behave({ kind: "repeat", copies: 3 });
    esme.write(together("late", "never", "thrice"));
    for (let copy = 0; copy < 3; copy++) expect((await esme.next("submit_sm_resp")).sequence).toBe(103);
    clock.turn(60_000);
    expect((await esme.next("submit_sm_resp")).sequence).toBe(101);
    expect(smsc.messages.map(({ text }) => text)).toEqual(["late", "never", "thrice"]);
    expect(smsc.outstanding).toBe(1);
  });

  test("several in one write, in the order of arrival or turned round", async () => {
    const smsc = await peer();
    const esme = await bound(smsc);
    smsc.behave({ kind: "gather", count: 3, order: "reversed" }, { times: 3 });
    const reads = esme.reads.length;
    esme.write(together("1", "2", "3"));
    const order = [];
    for (let count = 0; count < 3; count++) order.push((await esme.next("submit_sm_resp")).sequence);
    expect(order).toEqual([103, 102, 101]);
    expect(esme.reads.length - reads).toBe(1);
    smsc.behave({ kind: "gather", count: 9 });
    esme.write(together("4"));
    await smsc.nextMessage({ text: "4" });
    expect(smsc.held).toBe(1);
    smsc.flush();
    expect((await esme.next("submit_sm_resp")).sequence).toBe(101);
  });

  test("in pieces, which the socket sees as pieces", async () => {
    const smsc = await peer();
    const esme = await bound(smsc);
    smsc.answerInPieces(3);
    const reads = esme.reads.length;
    const response = await esme.ask(asking("x"));
    expect(response.fields.message_id).toBe("439041101");
    expect(esme.reads.length - reads).toBeGreaterThan(1);
  });

  test("with the receipt in front, or an id of one's own", async () => {
    const smsc = await peer();
    const esme = await bound(smsc);
    smsc.behave({ kind: "receipt-first", receipt: { form: "tlv", idAs: "hex" } });
    esme.send(asking("x"));
    await esme.next("submit_sm_resp");
    expect((await esme.next("deliver_sm")).tlvs[0]).toEqual({
      tag: TLV.receipted_message_id,
      value: Buffer.from("1a2b3c4d\0"),
    });
    expect(smsc.records.filter(({ direction }) => direction === "out").map(({ pdu }) => pdu?.command)).toEqual([
      ...["bind_transceiver_resp", "deliver_sm", "submit_sm_resp"],
    ] as never);
    smsc.behave({ kind: "message-id", messageId: "a-b" });
    expect((await esme.ask(asking("x"))).fields.message_id).toBe("a-b");
  });

  test("enquire_link goes unanswered, and in the middle the SMSC unbinds", async () => {
    const smsc = await peer();
    const esme = await bound(smsc);
    smsc.behave({ kind: "never" }, { command: "enquire_link", times: Number.POSITIVE_INFINITY });
    esme.send({ command: "enquire_link" });
    await smsc.nextPdu({ command: "enquire_link" });
    expect(await esme.submit()).toBe("ESME_ROK");
    expect(smsc.records.some(({ pdu }) => pdu?.command === "enquire_link_resp")).toBe(false);
    smsc.behave({ kind: "unbind" });
    esme.send(asking("in the middle"));
    esme.answer(await esme.next("unbind"));
    expect(await esme.ended).toBe("end");
    expect(smsc.accepted("in the middle")).toBe(0);
  });

  test.each<[Garbage, string]>([
    ["length-4gb", "ffffffff00000005"],
    ["length-3", "0000000300000005"],
    ["unknown-command", "0000001800000999"],
    ["unknown-response", "0000001880000999"],
    ["truncated-string", "0000001300000005"],
    ["long-sm-length", "0000002200000005"],
    ["long-tlv", "0000002600000005"],
    ["stray-response", "0000001680000004"],
    ["http", Buffer.from("HTTP/1.1").toString("hex")],
  ])("garbage: %s", async (garbage, start) => {
    const smsc = await peer();
    const esme = await bound(smsc);
    smsc.behave({ kind: "garbage", garbage });
    esme.send(asking("x"));
    const out = await (async () => {
      for (;;) {
        const record = await smsc.nextPdu({ direction: "out" });
        if (record.pdu?.command !== "bind_transceiver_resp") return record;
      }
    })();
    expect(out.octets.subarray(0, 8).toString("hex")).toBe(start);
    expect(smsc.accepted("x")).toBe(1);
  });
});

describe("lost links", () => {
  test.each([
    ["before", 0, 0],
    ["after", 1, 0],
    [{ inside: 7 }, 1, 7],
  ] as const)("%p the message is taken", async (when, accepted, octets) => {
    const smsc = await peer();
    for (const [how, end] of [
      ["rst", "ECONNRESET"],
      ["fin", "end"],
    ] as const) {
      const esme = await bound(smsc);
      const before = Buffer.concat(esme.reads).length;
      smsc.behave({ kind: "drop", how, when });
      esme.send(asking(how));
      expect(await esme.ended).toBe(end);
      expect(smsc.accepted(how)).toBe(accepted);
      expect(Buffer.concat(esme.reads).length - before).toBe(octets);
    }
  });

  test("silence keeps the connection open, and nothing is heard on it", async () => {
    const smsc = await peer();
    const esme = await bound(smsc);
    smsc.behave({ kind: "drop", how: "silence", when: "after" });
    esme.send(asking("taken"));
    await smsc.nextMessage();
    esme.send(asking("not heard"));
    const other = await bound(smsc);
    expect(await other.submit()).toBe("ESME_ROK");
    expect(smsc.accepted("not heard")).toBe(0);
    expect(smsc.sessions[0]!.isOpen).toBe(false);
    expect(await Promise.race([esme.ended, Promise.resolve("open")])).toBe("open");
  });

  // A bind and its answer, a submit_sm and its answer: what was accepted, and what of the answers was seen.
  test.each([
    [0, undefined, 0, 0],
    [1, undefined, 0, 0],
    [1, 5, 0, 5],
    [2, undefined, 0, 26],
    [2, 20, 0, 26],
    [3, undefined, 1, 26],
    [3, 16, 1, 42],
    [4, undefined, 1, 52],
  ])("a cut after %p PDUs (%p octets into the next) is exactly there", async (pdus, inside, accepted, octets) => {
    const smsc = await peer();
    smsc.dropAt(pdus, { how: "fin", ...(inside === undefined ? {} : { inside }) });
    const esme = await Esme.connect(smsc.port);
    open.push({ stop: () => esme.close() });
    void esme.bind().then(
      () => esme.send(asking("x")),
      () => {},
    );
    expect(await esme.ended).toBe("end");
    await smsc.nextClosed();
    expect(smsc.accepted("x")).toBe(accepted);
    expect(Buffer.concat(esme.reads)).toHaveLength(octets);
    // One cut, not two.
    expect(await (await bound(smsc)).submit()).toBe("ESME_ROK");
  });
});
