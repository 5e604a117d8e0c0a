import { afterEach, describe, expect, test } from "bun:test";
import { Smsc } from "../../peers/smpp.ts";
import { type RawLine, RawSmsc, rawPdu } from "../../peers/smpp-raw.ts";
import { start, startBound, started, stopAll } from "./stage.ts";

afterEach(stopAll);

const NACK = 0x80000000;
const SUBMIT = 0x04;
const DELIVER = 0x05;

async function startRaw(changes: Record<string, unknown> = {}) {
  const raw = started(await RawSmsc.start());
  const stage = start(raw.url, { changes });
  const line = await raw.line();
  await line.bind();
  await stage.bound;
  // It does not answer an unbind, and the clock stands still.
  started({ stop: async () => line.cut() });
  return { raw, line, ...stage };
}

const sequenceOf = (frame: Buffer) => frame.readUInt32BE(12);
const statusOf = (frame: Buffer) => frame.readUInt32BE(8);
const taken = (submit: Buffer, id: string) => rawPdu(0x80000004, sequenceOf(submit), Buffer.from(`${id}\0`));

describe("a link that drops", () => {
  test("before a text has left keeps it for the next one", async () => {
    const smsc = started(await Smsc.start());
    const stage = await startBound(smsc.url);
    const lost = stage.next("SMPP connection lost");
    smsc.drop();
    await lost;
    const sending = stage.send();
    stage.turn(1_000);
    expect(await sending).toMatchObject({ outcome: "sent" });
    expect(smsc.submissions).toBe(1);
  });

  test.each([true, false])("while a text waits for its answer sends it once more (taken: %p)", async (isTaken) => {
    const react = (_: unknown, n: number) =>
      n === 0 ? ({ kind: "drop", isTaken } as const) : ({ kind: "take" } as const);
    const smsc = started(await Smsc.start({ react }));
    const stage = await startBound(smsc.url);
    const first = await stage.send();
    expect(first).toMatchObject({ outcome: "retry", error: expect.stringContaining("sent once more") });
    expect((first as { isChannelDown?: boolean }).isChannelDown).toBeUndefined();
    const again = stage.send();
    stage.turn(1_000);
    expect(await again).toMatchObject({ outcome: "sent" });
    expect(smsc.taken).toHaveLength(isTaken ? 2 : 1);
    // The same to the last octet, so that a phone or a carrier can tell.
    if (isTaken) expect(smsc.taken[1]!.pdu.short_message).toEqual(smsc.taken[0]!.pdu.short_message);
  });

  test("each time a text waits for its answer sends it twice and never a third time", async () => {
    const smsc = started(await Smsc.start({ react: () => ({ kind: "drop", isTaken: true }) }));
    const stage = await startBound(smsc.url);
    expect(await stage.send()).toMatchObject({ outcome: "retry" });
    const again = stage.send();
    stage.turn(1_000);
    expect(await again).toMatchObject({ outcome: "failed", error: expect.stringContaining("may have arrived") });
    expect(smsc.submissions).toBe(2);
  });

  test("in a text of several parts sends again only those without an answer", async () => {
    let drops = 1;
    const react = (pdu: { short_message: { udh: Buffer[] } }) => {
      if (pdu.short_message.udh[0]![4] === 2 && drops-- > 0) return { kind: "drop", isTaken: false } as const;
      return { kind: "take" } as const;
    };
    const smsc = started(await Smsc.start({ react: react as never }));
    const stage = await startBound(smsc.url, { changes: { window: 1 } });
    const text = `${"x".repeat(153)}${"y".repeat(153)}${"z".repeat(20)}`;
    const lost = stage.next("SMPP connection lost");
    const first = stage.send({ text });
    // The third part had not left: it goes with the next link, in the same attempt.
    await lost;
    stage.turn(1_000);
    expect(await first).toMatchObject({ outcome: "retry" });
    expect(await stage.send({ text })).toMatchObject({ outcome: "sent", providerId: "m1,m3,m2" });
    expect(smsc.taken.map((part) => part.text[0]).join("")).toBe("xzy");
    expect(new Set(smsc.taken.map(({ udh }) => udh[0]![2])).size).toBe(1);
  });
});

describe("an answer that does not come", () => {
  test("in time is one that nobody knows: the text is sent once more", async () => {
    const { line, turn, send } = await startRaw({ timeoutSeconds: 20 });
    const sending = send({ text: "Deploy?" });
    await line.frame(SUBMIT);
    turn(20_000);
    expect(await sending).toMatchObject({ outcome: "retry", error: expect.stringContaining("within 20 s") });
    const again = send({ text: "Deploy?" });
    line.write(taken(await line.frame(SUBMIT, 1), "m2"));
    expect(await again).toMatchObject({ outcome: "sent", providerId: "m2" });
  });

  test("but late settles the text after all, and it is not sent again", async () => {
    const { line, turn, send } = await startRaw({ timeoutSeconds: 20 });
    const sending = send({ text: "Deploy?" });
    const submit = await line.frame(SUBMIT);
    turn(20_000);
    expect(await sending).toMatchObject({ outcome: "retry" });
    line.write(taken(submit, "m1"));
    line.write(rawPdu(0x15, 77));
    await line.frame(0x80000015);
    expect(await send({ text: "Deploy?" })).toMatchObject({ outcome: "sent", providerId: "m1" });
    expect(line.frames.filter((frame) => frame.readUInt32BE(4) === SUBMIT)).toHaveLength(1);
  });

  test("but is a late refusal leaves the text unsent: it may still be sent twice", async () => {
    const { line, turn, send } = await startRaw({ timeoutSeconds: 20 });
    const sending = send({ text: "Deploy?" });
    const submit = await line.frame(SUBMIT);
    turn(20_000);
    expect(await sending).toMatchObject({ outcome: "retry" });
    line.write(rawPdu(0x80000004, sequenceOf(submit), undefined, 0x08));
    await heard(line);
    const again = send({ text: "Deploy?" });
    await line.frame(SUBMIT, 1);
    turn(20_000);
    expect(await again).toMatchObject({ outcome: "retry" });
  });

  test("with another sequence number is nobody's", async () => {
    const { line, send } = await startRaw();
    const sending = send({ text: "Deploy?" });
    const submit = await line.frame(SUBMIT);
    line.write(rawPdu(0x80000004, sequenceOf(submit) + 9, Buffer.from("other\0")));
    line.write(taken(submit, "m1"));
    expect(await sending).toMatchObject({ providerId: "m1" });
  });

  test("but a nack does is a refusal", async () => {
    const { line, send } = await startRaw();
    const sending = send({ text: "Deploy?" });
    line.write(rawPdu(NACK, sequenceOf(await line.frame(SUBMIT)), undefined, 0x02));
    expect(await sending).toMatchObject({ outcome: "failed", status: 0x02 });
  });
});

describe("a carrier that asks for fewer", () => {
  test("gets the same text again after a rest, and the rest grows", async () => {
    const statuses = [0x58, 0x14, 0x58];
    const react = (_: unknown, n: number) => {
      const status = statuses[n];
      return status === undefined ? ({ kind: "take" } as const) : ({ kind: "refuse", status } as const);
    };
    const smsc = started(await Smsc.start({ react }));
    const stage = await startBound(smsc.url, { changes: { timeoutSeconds: 60 } });
    const sending = stage.send({ text: "Deploy?" });
    for (const [n, rest] of [1_000, 2_000, 4_000].entries()) {
      await smsc.until(({ submissions }) => submissions === n + 1);
      await stage.held(rest);
      stage.turn(rest - 1);
      expect(smsc.submissions).toBe(n + 1);
      stage.turn(1);
    }
    expect(await sending).toMatchObject({ outcome: "sent", providerId: "m1" });
  });

  test("for longer than an attempt is told to the queue as a channel that is down", async () => {
    const smsc = started(await Smsc.start({ react: () => ({ kind: "refuse", status: 0x58 }) }));
    const stage = await startBound(smsc.url, { changes: { timeoutSeconds: 4 } });
    const sending = stage.send({ text: "Deploy?" });
    await smsc.until(({ submissions }) => submissions === 1);
    await stage.held(1_000);
    stage.turn(1_000);
    await smsc.until(({ submissions }) => submissions === 2);
    await stage.held(2_000);
    stage.turn(1_000);
    expect(await sending).toMatchObject({ outcome: "retry", status: 0x58, isChannelDown: true });
    // It was surely not taken, so that it may be tried as often as its question lasts.
    const [before] = [smsc.submissions];
    void stage.send({ text: "Deploy?" });
    stage.turn(1_000);
    await smsc.until(({ submissions }) => submissions === before + 1);
  });

  test("is given no more parts a second than are set", async () => {
    const smsc = started(await Smsc.start());
    const stage = await startBound(smsc.url, { changes: { partsPerSecond: 2 } });
    const sending = stage.send({ text: "x".repeat(600) });
    for (let n = 1; n <= 4; n++) {
      await smsc.until(({ submissions }) => submissions === n);
      stage.turn(499);
      await stage.connectionIsHeard(smsc);
      expect(smsc.submissions).toBe(n);
      stage.turn(1);
    }
    expect(await sending).toMatchObject({ outcome: "sent" });
  });

  test("has no more parts to answer at once than the window has", async () => {
    const raw = await startRaw({ window: 3 });
    const sending = raw.send({ text: "x".repeat(700) });
    await raw.line.frame(SUBMIT, 2);
    await heard(raw.line);
    const submits = () => raw.line.frames.filter((frame) => frame.readUInt32BE(4) === SUBMIT);
    expect(submits()).toHaveLength(3);
    raw.line.write(taken(submits()[1]!, "b"));
    await raw.line.frame(SUBMIT, 3);
    await heard(raw.line, 1);
    expect(submits()).toHaveLength(4);
    for (const [n, id] of [
      [0, "a"],
      [2, "c"],
      [3, "d"],
    ] as const)
      raw.line.write(taken(submits()[n]!, id));
    raw.line.write(taken(await raw.line.frame(SUBMIT, 4), "e"));
    expect(await sending).toMatchObject({ outcome: "sent", providerId: "a,b,c,d,e" });
  });
});

/** Whatever was written before has been read on the other side once this resolves. */
async function heard(line: RawLine, nth = 0): Promise<void> {
  line.write(rawPdu(0x15, 1_000 + nth));
  await line.frame(0x80000015, nth);
}

describe("bytes that are no PDU", () => {
  test.each([0, 3, 15, 0xffffffff, 0x01000000])(
    "with a length of %p end the link with a nack, and another is opened",
    async (length) => {
      const { raw, line, next, turn } = await startRaw();
      const lost = next("SMPP connection lost");
      const head = rawPdu(DELIVER, 5);
      head.writeUInt32BE(length);
      const before = process.memoryUsage().rss;
      line.write(head);
      expect(statusOf(await line.frame(NACK))).toBe(0x02);
      expect(await lost).toContain("impossible length");
      // What follows is not kept.
      expect(process.memoryUsage().rss - before).toBeLessThan(50_000_000);
      turn(1_000);
      await (await raw.line(1)).bind();
    },
  );

  test("with a command that does not exist get a nack, and the link goes on", async () => {
    const { line, send } = await startRaw();
    line.write(rawPdu(0x7777, 41));
    const nack = await line.frame(NACK);
    expect([statusOf(nack), sequenceOf(nack)]).toEqual([0x03, 41]);
    // What only a client sends, and answers to nothing.
    line.write(rawPdu(SUBMIT, 42, Buffer.alloc(17)));
    expect(statusOf(await line.frame(NACK, 1))).toBe(0x03);
    line.write(rawPdu(0x80007777, 43));
    line.write(rawPdu(0x102, 44, Buffer.alloc(6)));
    const sending = send({ text: "Deploy?" });
    line.write(taken(await line.frame(SUBMIT), "m1"));
    expect(await sending).toMatchObject({ outcome: "sent" });
    expect(line.frames.filter((frame) => frame.readUInt32BE(4) === NACK)).toHaveLength(2);
  });

  test("in a message are refused in its answer, and the link goes on", async () => {
    const { line, reported } = await startRaw();
    line.write(rawPdu(DELIVER, 51, Buffer.from("000101", "hex")));
    expect(statusOf(await line.frame(0x80000005))).toBe(0x01);
    line.write(rawPdu(0x103, 52, Buffer.alloc(1)));
    expect(statusOf(await line.frame(0x80000103))).toBe(0x01);
    await heard(line);
    expect(reported).toEqual([]);
  });

  test("and messages that come faster than they are recorded have to wait", async () => {
    const recording = Promise.withResolvers<null>();
    const raw = started(await RawSmsc.start());
    const stage = start(raw.url, { answer: () => recording.promise });
    const line = await raw.line();
    await line.bind();
    await stage.bound;
    started({ stop: async () => line.cut() });
    const head = Buffer.from("\0\x01\x0113128471928\0\x01\x0115005550006\0\0\0\0\0\0\0\0\0\0", "latin1");
    const message = Buffer.concat([head, Buffer.of(3), Buffer.from("yes")]);
    const many = 20_000;
    line.write(Buffer.concat(Array.from({ length: many }, (_, n) => rawPdu(DELIVER, n + 1, message))));
    await stage.reports(64);
    for (let turns = 0; turns < 300; turns++) await new Promise((resolve) => setImmediate(resolve));
    expect(stage.reported.length).toBeLessThan(many / 2);
    recording.resolve(null);
    await stage.reports(many);
    await line.frame(0x80000005, many - 1);
  }, 120_000);

  test("before the bind take nothing in", async () => {
    const raw = started(await RawSmsc.start());
    const stage = start(raw.url);
    const line = await raw.line();
    await line.frame(0x09);
    line.write(rawPdu(DELIVER, 5, Buffer.alloc(17)));
    expect(statusOf(await line.frame(0x80000005))).toBe(0x04);
    expect(stage.reported).toEqual([]);
  });

  test("of any kind never bring it down", async () => {
    const { raw, turn, armed } = await startRaw();
    let seed = 7;
    const random = () => {
      seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff;
      return seed / 0x80000000;
    };
    for (let n = 0; n < 60; n++) {
      const line = await raw.line(n);
      if (n > 0) await line.bind();
      const body = Buffer.from(Array.from({ length: Math.floor(random() * 60) }, () => Math.floor(random() * 256)));
      const commands = [0x05, 0x103, 0x80000004, 0x80000009, 0x0b, 0x15, 0x80000000];
      for (const command of commands)
        line.write(rawPdu(command, Math.floor(random() * 99), body, Math.floor(random() * 3)));
      line.write(Buffer.concat([body, Buffer.of(0, 0, 0, 1)]).subarray(0, 80));
      line.cut();
      await line.closed;
      while (raw.lines.length === n + 1) {
        turn(Math.max(...armed(), 1));
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    expect(raw.lines.length).toBeGreaterThanOrEqual(60);
  });
});
