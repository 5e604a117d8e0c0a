import { afterEach, describe, expect, test } from "bun:test";
import { submissionsOf } from "../../../src/channels/smpp/submission.ts";
import { writeText } from "../../../src/channels/smpp/text.ts";
import { measure } from "../../../src/platform/sms/segments.ts";
import { Smsc, type SmscOptions } from "../../peers/smpp.ts";
import { LINK, PHONE, settings, startBound, started, stopAll, text, untilStopped } from "./stage.ts";

afterEach(stopAll);

/** One text through a carrier; what it took. */
async function sent(
  changes: Record<string, unknown> = {},
  message: Parameters<typeof text>[0] = {},
  options: SmscOptions = {},
) {
  const smsc = started(await Smsc.start(options));
  const stage = await startBound(smsc.url, { changes });
  const result = await stage.send(message);
  return { smsc, result, taken: smsc.taken, pdu: smsc.taken[0]?.pdu ?? null };
}

describe("what a text costs", () => {
  test.each([
    [{ charset: "ucs2" }, "x".repeat(71), "UCS-2", 2],
    [{ charset: "latin1" }, "x".repeat(161), "Latin-1", 2],
    [{ longMessages: "udh16" }, "x".repeat(306), "GSM-7", 3],
    [{ longMessages: "payload" }, "x".repeat(306), "GSM-7", 2],
    [{ transliterate: true }, "Łódź", "GSM-7", 1],
  ])("with %o is what the carrier was handed", async (changes, text, encoding, count) => {
    const { result } = await sent(changes, { text });
    expect(result).toMatchObject({ outcome: "sent", segments: { encoding, count } });
  });
});

describe("a text", () => {
  test("is handed over as it is written, and the carrier's ids are kept", async () => {
    const { result, taken, pdu, smsc } = await sent({}, { text: "Deploy?\n\nAnswer: [€]" });
    const segments = { encoding: "GSM-7", count: 1 } as const;
    expect(result).toEqual({ outcome: "sent", providerId: "m1", status: 0, excerpt: null, segments });
    expect(taken[0]!.text).toBe("Deploy?\n\nAnswer: [€]");
    expect(pdu).toMatchObject({
      ...{ service_type: "", source_addr_ton: 1, source_addr_npi: 1, source_addr: "15005550006" },
      ...{ dest_addr_ton: 1, dest_addr_npi: 1, destination_addr: "13128471928" },
      ...{ esm_class: 0, protocol_id: 0, priority_flag: 0, schedule_delivery_time: "", registered_delivery: 1 },
      ...{ replace_if_present_flag: 0, data_coding: 0, sm_default_msg_id: 0 },
    });
    expect(smsc.binds).toHaveLength(1);
    expect(smsc.binds[0]).toMatchObject({
      ...{ command: "bind_transceiver", system_id: "pausepoint", password: "s3cret", system_type: "" },
      interface_version: 0x34,
    });
  });

  test.each([
    ["relative", 93_784, "000001020304000R"],
    ["relative", 0.4, "000000000001000R"],
    ["relative", 86_400 * 400, "000030000000000R"],
    ["absolute", 900, "270115081500000+"],
    ["none", 900, ""],
    ["relative", null, ""],
  ])("tells the carrier until when it is of use: %p, %p s", (validityPeriod, validForSeconds, written) => {
    const config = settings("smpp://127.0.0.1", { validityPeriod });
    const nobody = { ton: 0, npi: 0, address: "" };
    const [submission] = submissionsOf(config, writeText(config, "Deploy?")!, {
      ...{ source: nobody, destination: nobody, validForSeconds, wantsReceipt: true, reference: 1 },
      now: 1_800_000_000_000,
    });
    expect(submission!.body.validityPeriod).toBe(written);
  });

  test.each([
    ["+15005550006", 1, 1, "15005550006"],
    ["55512", 3, 0, "55512"],
    ["ACME-Pay", 5, 0, "ACME-Pay"],
    ["", 0, 0, ""],
  ])("comes from %p with its type of number", async (from, ton, npi, address) => {
    const { pdu } = await sent({ from });
    expect(pdu).toMatchObject({ source_addr_ton: ton, source_addr_npi: npi, source_addr: address });
  });

  test("comes from the sender of its country, with the types that are set", async () => {
    const changes = { senders: { DE: "ACME" }, sourceTon: 0, sourceNpi: 9, destinationTon: 4, destinationNpi: 6 };
    const { pdu } = await sent(changes, { to: "+4930901820" });
    expect(pdu).toMatchObject({ source_addr: "ACME", source_addr_ton: 0, source_addr_npi: 9 });
    expect(pdu).toMatchObject({ dest_addr_ton: 4, dest_addr_npi: 6 });
  });

  test.each([
    ["e164", "+4930901820", 1],
    ["without-plus", "4930901820", 1],
    ["00", "004930901820", 1],
    ["national", "030901820", 2],
  ])("goes to a number written as %p", async (addressFormat, address, ton) => {
    const { pdu } = await sent({ addressFormat, country: "DE" }, { to: "+4930901820" });
    expect(pdu).toMatchObject({ destination_addr: address, dest_addr_ton: ton, dest_addr_npi: 1 });
  });

  test("goes abroad in the international form, also where numbers are national", async () => {
    const { pdu } = await sent({ addressFormat: "national", country: "DE" });
    expect(pdu).toMatchObject({ destination_addr: "13128471928", dest_addr_ton: 1 });
  });

  test.each([
    ["final", 1],
    ["failure", 2],
    ["none", 0],
  ])("asks for receipts as set: %p", async (receipts, registered) => {
    expect((await sent({ receipts })).pdu).toMatchObject({ registered_delivery: registered });
  });
});

describe("the alphabet", () => {
  test.each([
    ["auto", "Söhne: 1,200 € [ok]?", 0],
    ["auto", "“Löschen?” 👍", 8],
    ["auto", "Подтвердить?", 8],
    ["latin1", "Âpre: naïve?", 3],
    ["latin1", "1,200 €", 8],
    ["ucs2", "plain", 8],
    ["gsm7", "{plain}", 0],
  ])("is chosen with charset %p: %p", async (charset, written, dataCoding) => {
    const { pdu, taken } = await sent({ charset }, { text: written });
    expect(pdu).toMatchObject({ data_coding: dataCoding });
    expect(taken[0]!.text).toBe(written);
  });

  test("has the number that the carrier gives it", async () => {
    expect((await sent({ dataCodingGsm7: 1 }, { text: "[plain]" })).pdu).toMatchObject({ data_coding: 1 });
    const latin = await sent({ charset: "latin1", dataCodingLatin1: 0 }, { text: "plain" });
    expect(latin.pdu).toMatchObject({ data_coding: 0 });
  });

  test("that is set without another refuses what it does not have", async () => {
    const { result, taken } = await sent({ charset: "gsm7" }, { text: "Подтвердить?" });
    expect(result).toMatchObject({ outcome: "failed", error: expect.stringContaining("GSM-7") });
    expect(taken).toHaveLength(0);
  });

  test("is reached with plainer characters where that was allowed", async () => {
    const { pdu, taken } = await sent({ transliterate: true }, { text: "“Köçek” – çay?" });
    expect(pdu).toMatchObject({ data_coding: 0 });
    expect(taken[0]!.text).toBe('"Köcek" - cay?');
    const cyrillic = await sent({ transliterate: true }, { text: "“Да”?" });
    expect(cyrillic.taken[0]!.text).toBe("“Да”?");
  });
});

describe("a long text", () => {
  const long = `${"Refund the customer [all of it] after the third complaint? ".repeat(6)}${LINK}`;
  const wide = `${"Вернуть деньги 👍 ".repeat(16)}${LINK}`;

  test.each([long, wide])(
    "goes in as many parts as were counted, each with a header of 8 bits: %p",
    async (written) => {
      const { taken, result } = await sent({}, { text: written });
      const { segments } = measure(written);
      expect(taken).toHaveLength(segments);
      expect(taken.map((part) => part.text).join("")).toBe(written);
      for (const [index, { udh, pdu, text: part }] of taken.entries()) {
        expect(pdu.esm_class).toBe(0x40);
        expect(udh).toEqual([Buffer.of(0x00, 3, taken[0]!.udh[0]![2]!, segments, index + 1)]);
        expect(part.isWellFormed()).toBe(true);
      }
      expect(result).toMatchObject({ providerId: taken.map(({ messageId }) => messageId).join(",") });
    },
  );

  test("can have a header of 16 bits, and the next one another reference", async () => {
    const smsc = started(await Smsc.start());
    const stage = await startBound(smsc.url, { changes: { longMessages: "udh16" } });
    await stage.send({ text: "x".repeat(305) });
    await stage.send({ deliveryId: "dlv_2", text: "x".repeat(304) });
    // 152 septets fit beside seven octets of header.
    expect(smsc.taken.map((part) => part.text.length)).toEqual([152, 152, 1, 152, 152]);
    const references = smsc.taken.map(({ udh }) => udh[0]!.subarray(0, 4).toString("hex"));
    expect(references[0]).toStartWith("0804");
    expect(new Set(references.slice(0, 3)).size).toBe(1);
    expect(references[3]).not.toBe(references[0]);
  });

  test("can go with parameters in place of a header", async () => {
    const { taken } = await sent({ longMessages: "sar" }, { text: long });
    expect(taken.map((part) => part.text).join("")).toBe(long);
    for (const [index, { pdu, udh }] of taken.entries()) {
      expect(udh).toEqual([]);
      expect(pdu).toMatchObject({ esm_class: 0, sar_total_segments: taken.length, sar_segment_seqnum: index + 1 });
      expect(pdu.sar_msg_ref_num).toBe(taken[0]!.pdu.sar_msg_ref_num);
    }
  });

  test("can go whole", async () => {
    const { taken, pdu } = await sent({ longMessages: "payload" }, { text: wide });
    expect(taken).toHaveLength(1);
    expect(taken[0]!.text).toBe(wide);
    expect(pdu!.short_message.message).toBe("");
    const short = await sent({ longMessages: "payload" }, { text: "Deploy?" });
    expect(short.pdu!.message_payload).toBeUndefined();
    expect(short.taken[0]!.text).toBe("Deploy?");
  });

  test("of more parts than a header can count is refused", async () => {
    const { result } = await sent({}, { text: "x".repeat(153 * 256) });
    expect(result).toMatchObject({ outcome: "failed", error: "the text has more than 255 parts" });
  });

  test("of which a part is refused does not go on", async () => {
    const react = (_: unknown, n: number) =>
      n === 1 ? ({ kind: "refuse", status: 0x66 } as const) : ({ kind: "take" } as const);
    const { result, smsc } = await sent({ window: 1 }, { text: "x".repeat(700) }, { react });
    expect(result).toMatchObject({
      outcome: "failed",
      status: 0x66,
      error: "the carrier rejects the text (SMPP 0x66)",
    });
    expect(smsc.submissions).toBe(2);
  });
});

describe("what the carrier refuses", () => {
  test.each([
    [0x0b, "failed", undefined],
    [0x0a, "failed", undefined],
    [0x62, "failed", undefined],
    [0x08, "retry", undefined],
    [0x45, "retry", undefined],
    [0x04, "retry", true],
    [0x400, "retry", undefined],
  ])("with %p is told as what it is", async (status, outcome, isChannelDown) => {
    const { result } = await sent({}, {}, { react: () => ({ kind: "refuse", status }) });
    expect(result).toMatchObject({ outcome: outcome as "retry", status });
    expect("isChannelDown" in result ? result.isChannelDown : undefined).toBe(isChannelDown);
    const told = JSON.stringify(result);
    for (const secret of [PHONE.slice(1), LINK, "Meridian", "s3cret"]) expect(told).not.toContain(secret);
  });
});

describe("the end of a question", () => {
  const over = {
    ...{ deliveryId: "dlv_1", to: PHONE, link: LINK, providerId: "m1", text: "Another recipient answered: Approve" },
    ...({ ending: "responded", choice: "Approve" } as const),
    question: {
      ...{ project: "Meridian", message: "Refund 1,200 €? ".repeat(40), options: ["Approve"], details: [] },
      ...{ expiresAt: 1_900_000_000_000, timeoutDefault: null, timeZone: "UTC", isTest: false },
    },
  };

  test("is told in a text of its own, without the link and without a receipt, where that is set", async () => {
    const smsc = started(await Smsc.start());
    const stage = await startBound(smsc.url, { changes: { tellWhenOver: true } });
    await stage.send();
    expect(await stage.channel.conclude!(over, untilStopped)).toMatchObject({ outcome: "sent" });
    const parts = smsc.taken.slice(1);
    const written = parts.map((part) => part.text).join("");
    expect(written).toStartWith("Meridian: Another recipient answered: Approve\n\nIt was: Refund 1,200 €?");
    expect(written).not.toContain(LINK);
    expect(parts).toHaveLength(2);
    expect(parts[0]!.pdu).toMatchObject({ registered_delivery: 0, destination_addr: PHONE.slice(1) });
  });

  test("is not told otherwise", async () => {
    const smsc = started(await Smsc.start());
    expect((await startBound(smsc.url)).channel.conclude).toBeUndefined();
  });
});

test("a text whose attempt is stopped before it left does not leave any more", async () => {
  const smsc = started(await Smsc.start());
  const stage = await startBound(smsc.url, { changes: { partsPerSecond: 1 } });
  await stage.send();
  const stopping = new AbortController();
  const sending = stage.channel.send(text({ deliveryId: "dlv_2" }), stopping.signal);
  stopping.abort();
  expect(await sending).toMatchObject({ outcome: "retry" });
  stage.turn(5_000);
  expect(await stage.send({ deliveryId: "dlv_3" })).toMatchObject({ outcome: "sent", providerId: "m2" });
});

test("replies can be asked for where the sender is a number", async () => {
  const { createSmppChannel } = await import("../../../src/channels/smpp/index.ts");
  const { systemClock } = await import("../../../src/platform/clock.ts");
  const { silentLog } = await import("../../../src/platform/log.ts");
  const { systemRandom } = await import("../../../src/platform/random.ts");
  const parts = { clock: systemClock, log: silentLog, random: systemRandom() };
  const takes = (changes: Record<string, unknown>) =>
    createSmppChannel(settings("smpp://127.0.0.1", changes), parts).takesReplies("+4930901820");
  expect(takes({})).toBe(true);
  expect(takes({ replies: "off" })).toBe(false);
  expect(takes({ from: "55512" })).toBe(true);
  expect(takes({ from: "ACME" })).toBe(false);
  expect(takes({ from: "" })).toBe(false);
  expect(takes({ senders: { DE: "ACME" } })).toBe(false);
});
