import { afterEach, describe, expect, test } from "bun:test";
import { Smsc } from "../../peers/smpp.ts";
import { RawSmsc, rawPdu } from "../../peers/smpp-raw.ts";
import { type StartOptions, start, startBound, started, stopAll } from "./stage.ts";

afterEach(stopAll);

async function startWith(options: StartOptions = {}) {
  const smsc = started(await Smsc.start());
  const stage = await startBound(smsc.url, options);
  const write = (fields: object, command?: "data_sm") =>
    smsc.deliver(
      { source_addr_ton: 1, source_addr: "13128471928", dest_addr_ton: 1, destination_addr: "15005550006", ...fields },
      command,
    );
  return { smsc, write, ...stage };
}

const reply = (text: string, from = "+13128471928") => ({ kind: "reply", from, text });

describe("what someone writes", () => {
  test("is reported, and words go back from the number that it went to, once the carrier has its answer", async () => {
    const { smsc, write, reported } = await startWith({ answer: async () => "Recorded: Approve" });
    const answer = await write({ short_message: "K7 yes" });
    expect(answer).toMatchObject({ command_status: 0, message_id: "" });
    expect(reported).toEqual<unknown>([reply("K7 yes")]);
    await smsc.until(({ taken }) => taken.length === 1);
    expect(smsc.taken[0]).toMatchObject({ text: "Recorded: Approve" });
    expect(smsc.taken[0]!.pdu).toMatchObject({
      ...{ destination_addr: "13128471928", source_addr: "15005550006", source_addr_ton: 1, registered_delivery: 0 },
    });
  });

  test("that could not be recorded is asked for again, and nothing goes back", async () => {
    let fails = 1;
    const { smsc, write, reported } = await startWith({
      answer: async () => {
        if (fails-- > 0) throw new Error("disk full");
        return "Recorded: Approve";
      },
    });
    expect(await write({ short_message: "yes" })).toMatchObject({ command_status: 0x64 });
    expect(await write({ short_message: "yes" })).toMatchObject({ command_status: 0 });
    await smsc.until(({ taken }) => taken.length === 1);
    expect(reported).toHaveLength(2);
    expect(smsc.submissions).toBe(1);
  });

  test.each([
    [{ data_coding: 0, short_message: "1,200 € [ok] é" }, "1,200 € [ok] é"],
    [{ data_coding: 3, short_message: Buffer.from("naïve Â", "latin1") }, "naïve Â"],
    [{ data_coding: 1, short_message: Buffer.from("plain") }, "plain"],
    [{ data_coding: 8, short_message: "да 👍" }, "да 👍"],
    [{ data_coding: 8, short_message: Buffer.from("043400", "hex") }, "д"],
    [{ data_coding: 0xf0, short_message: Buffer.from("1b65", "hex") }, "€"],
    [{ data_coding: 0x18, short_message: Buffer.from("0434", "hex") }, "д"],
    [{ data_coding: 0, short_message: "", message_payload: Buffer.from("yes") }, "yes"],
  ])("is read by its coding: %p", async (fields, text) => {
    const { write, reported } = await startWith();
    await write(fields);
    expect(reported).toEqual<unknown>([reply(text)]);
  });

  test("comes as data_sm too", async () => {
    const { write, reported } = await startWith();
    expect(await write({ message_payload: Buffer.from("yes") }, "data_sm")).toMatchObject({ command: "data_sm_resp" });
    expect(reported).toEqual<unknown>([reply("yes")]);
  });

  test("is read as Latin-1 where that is the carrier's alphabet", async () => {
    const { write, reported } = await startWith({ changes: { charset: "latin1", dataCodingLatin1: 0 } });
    await write({ data_coding: 0, short_message: Buffer.from("é@$", "latin1") });
    expect(reported).toEqual<unknown>([reply("é@$")]);
  });

  test.each([
    [{ source_addr: "+13128471928", source_addr_ton: 0 }, "+13128471928"],
    [{ source_addr: "0013128471928", source_addr_ton: 0 }, "+13128471928"],
    [{ source_addr: "030901820", source_addr_ton: 0 }, "+4930901820"],
    [{ source_addr: "030901820", source_addr_ton: 2 }, "+4930901820"],
    [{ source_addr: "4930901820", source_addr_ton: 1 }, "+4930901820"],
  ])("is from a number in any spelling: %p", async (fields, from) => {
    const { write, reported } = await startWith({ changes: { country: "DE" } });
    await write({ ...fields, short_message: "yes" });
    expect(reported).toEqual<unknown>([reply("yes", from)]);
  });

  test.each([
    [{ source_addr: "ACME", source_addr_ton: 5, short_message: "yes" }],
    [{ source_addr: "55512", source_addr_ton: 3, short_message: "yes" }],
    [{ source_addr: "", short_message: "yes" }],
    [{ data_coding: 4, short_message: Buffer.from("yes") }],
    // For a port: a program's, not a person's.
    [{ esm_class: 0x40, short_message: Buffer.from("06050415811581616263", "hex") }],
    // A header that is longer than all of it.
    [{ esm_class: 0x40, short_message: Buffer.from("ff0003", "hex") }],
  ])("by something else than a phone is passed over, and answered: %p", async (fields) => {
    const { write, reported, lines } = await startWith();
    expect(await write(fields)).toMatchObject({ command_status: 0 });
    expect(reported).toEqual([]);
    expect(lines.join("")).toContain("passed over");
  });

  test("in parts is put together, in whatever order they come", async () => {
    const { write, reported } = await startWith();
    const part = (header: string, text: string) => ({
      ...{ esm_class: 0x40, data_coding: 0 },
      short_message: Buffer.concat([Buffer.from(header, "hex"), Buffer.from(text)]),
    });
    await write(part("0500034d0202", "second"));
    await write({ ...part("0500034d0202", "other"), source_addr: "4930901820" });
    await write(part("06080400070301", "a"));
    await write(part("0500034d0201", "first "));
    await write(part("06080400070303", "c"));
    await write(part("06080400070302", "b"));
    expect(reported).toEqual<unknown>([reply("first second"), reply("abc")]);
    const sar = (number: number, text: string) => ({
      ...{ sar_msg_ref_num: 9, sar_total_segments: 2, sar_segment_seqnum: number, short_message: text },
    });
    await write(sar(1, "by "));
    await write(sar(2, "parameters"));
    expect(reported.at(-1)).toEqual(reply("by parameters") as never);
  });

  test("in parts of which some never come is forgotten", async () => {
    const { write, reported, turn } = await startWith({ changes: { enquireLinkSeconds: 600 } });
    const part = (reference: number, number: number) => ({
      ...{ esm_class: 0x40, data_coding: 0 },
      short_message: Buffer.concat([Buffer.of(5, 0, 3, reference, 2, number), Buffer.from(`${reference}.${number} `)]),
    });
    await write(part(1, 1));
    turn(20_000);
    await write(part(2, 1));
    turn(580_000);
    await write(part(2, 2));
    await write(part(1, 2));
    expect(reported).toEqual<unknown>([reply("2.1 2.2 ")]);
  });

  test("and that is recorded is not taken twice, when the link drops before the carrier has its answer", async () => {
    const raw = started(await RawSmsc.start());
    const recording = Promise.withResolvers<null>();
    const stage = start(raw.url, { answer: () => recording.promise });
    const body = (text: string) =>
      Buffer.concat([
        Buffer.from("\0\x01\x0113128471928\0\x01\x0115005550006\0\0\0\0\0\0\0\0\0\0", "latin1"),
        Buffer.of(text.length),
        Buffer.from(text),
      ]);
    const line = await raw.line();
    await line.bind();
    await stage.bound;
    line.write(rawPdu(0x05, 1, body("yes")));
    await stage.reports(1);
    const lost = stage.next("SMPP connection lost");
    line.cut();
    await lost;
    recording.resolve(null);
    await recording.promise;
    const bound = stage.next("SMPP connection is bound");
    stage.turn(1_000);
    const second = await raw.line(1);
    await second.bind();
    await bound;
    started({ stop: async () => second.cut() });
    second.write(rawPdu(0x05, 1, body("yes")));
    expect((await second.frame(0x80000005)).readUInt32BE(8)).toBe(0);
    second.write(rawPdu(0x05, 2, body("yes")));
    await second.frame(0x80000005, 1);
    // Once for the first, which came twice, and once for another with the same words.
    expect(stage.reported).toHaveLength(2);
  });
});
