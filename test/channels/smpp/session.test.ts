import { afterEach, describe, expect, test } from "bun:test";
import { makeAuthority, selfSigned } from "../../peers/certificates.ts";
import { Smsc } from "../../peers/smpp.ts";
import { RawSmsc, rawPdu } from "../../peers/smpp-raw.ts";
import { start, startBound, started, stopAll } from "./stage.ts";

afterEach(stopAll);

const ENQUIRE_LINK = 0x15;
const UNBIND = 0x06;

describe("the session", () => {
  test("is up once it is bound, and ends with an unbind", async () => {
    const smsc = started(await Smsc.start());
    const stage = start(smsc.url);
    expect(stage.connection.isUp).toBe(false);
    await stage.bound;
    expect(stage.connection.isUp).toBe(true);
    await stage.connection.stop();
    expect(smsc.unbinds).toEqual(["bind_transceiver"]);
    expect(stage.connection.isUp).toBe(false);
    expect(await stage.send()).toMatchObject({ outcome: "retry", isChannelDown: true });
    expect(smsc.connections).toBe(1);
    expect(stage.armed()).toEqual([]);
  });

  test("can have a line for each way", async () => {
    const smsc = started(await Smsc.start());
    const stage = start(smsc.url, { changes: { bind: "transmitter+receiver" } });
    await smsc.until(({ bound }) => bound === 2);
    expect(await stage.send()).toMatchObject({ outcome: "sent" });
    expect(smsc.binds.map(({ command }) => command).toSorted()).toEqual(["bind_receiver", "bind_transmitter"]);
    expect(stage.connection.isUp).toBe(true);
    await smsc.deliver({ source_addr: "13128471928", source_addr_ton: 1, short_message: "yes" });
    expect(await stage.reports(1)).toEqual([{ kind: "reply", from: "+13128471928", text: "yes" }]);
    await stage.connection.stop();
    expect(smsc.unbinds.toSorted()).toEqual(["bind_receiver", "bind_transmitter"]);
  });

  test("waits at its end for answers that are due", async () => {
    const raw = started(await RawSmsc.start());
    const stage = start(raw.url);
    const line = await raw.line();
    await line.bind();
    await stage.bound;
    const sending = stage.send({ text: "Deploy?" });
    const submit = await line.frame(0x04);
    const stopped = stage.connection.stop();
    line.write(rawPdu(ENQUIRE_LINK, 9));
    await line.frame(0x80000015);
    expect(line.frames.some((frame) => frame.readUInt32BE(4) === UNBIND)).toBe(false);
    line.write(rawPdu(0x80000004, submit.readUInt32BE(12), Buffer.from("m1\0")));
    expect(await sending).toMatchObject({ outcome: "sent", providerId: "m1" });
    const unbind = await line.frame(UNBIND);
    line.write(rawPdu(0x80000006, unbind.readUInt32BE(12)));
    await stopped;
    await line.closed;
  });

  test("ends all the same when the carrier does not answer any more", async () => {
    const raw = started(await RawSmsc.start());
    const stage = start(raw.url);
    const line = await raw.line();
    await line.bind();
    await stage.bound;
    const sending = stage.send({ text: "Deploy?" });
    await line.frame(0x04);
    const stopped = stage.connection.stop();
    stage.turn(5_000);
    await line.frame(UNBIND);
    stage.turn(3_000);
    await stopped;
    expect(await sending).toMatchObject({ outcome: "retry", error: expect.stringContaining("may have taken") });
  });
});

describe("a quiet link", () => {
  test("is tried, and the carrier may try it as well", async () => {
    const smsc = started(await Smsc.start());
    const stage = await startBound(smsc.url, { changes: { enquireLinkSeconds: 30 } });
    stage.turn(30_000);
    await smsc.until(({ enquiries }) => enquiries === 1);
    stage.turn(1);
    const answer = await smsc.enquire();
    expect(answer).toMatchObject({ command: "enquire_link_resp", command_status: 0 });
    expect(answer.command_length).toBe(16);
    stage.turn(29_999);
    await smsc.until(({ enquiries }) => enquiries === 2);
    expect(smsc.connections).toBe(1);
  });

  test("that does not answer is dead, and another is opened", async () => {
    const raw = started(await RawSmsc.start());
    const stage = start(raw.url, { changes: { enquireLinkSeconds: 30, timeoutSeconds: 10 } });
    const line = await raw.line();
    await line.bind();
    await stage.bound;
    stage.turn(30_000);
    await line.frame(ENQUIRE_LINK);
    const lost = stage.next("SMPP connection lost");
    stage.turn(10_000);
    expect(await lost).toContain("silent");
    stage.turn(1_000);
    await (await raw.line(1)).bind();
    await line.closed;
  });
});

describe("a connection that does not come about", () => {
  test("is tried for ever, after a pause that grows to a minute", async () => {
    let isOpen = false;
    const smsc = started(await Smsc.start({ bindStatus: () => (isOpen ? 0 : 0x08) }));
    const stage = start(smsc.url);
    const pauses: number[] = [];
    let failed = stage.failed;
    for (let n = 0; n < 9; n++) {
      pauses.push(Number(/retryInMs=(\d+)/.exec(await failed)![1]));
      failed = stage.next("SMPP connection could not be bound");
      if (n === 8) isOpen = true;
      stage.turn(pauses.at(-1)!);
    }
    expect(pauses).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60].map((seconds) => seconds * 1000));
    await stage.bound;
    expect(await stage.send()).toMatchObject({ outcome: "sent" });
  });

  test.each([0x0e, 0x0f, 0x0d, 0x53])(
    "because of what an operator has to mend (%p) is tried seldom",
    async (status) => {
      const smsc = started(await Smsc.start({ bindStatus: () => status }));
      const stage = start(smsc.url);
      expect(await stage.failed).toContain("retryInMs=300000");
      // It would wait in vain: the next attempt is later than its time.
      const result = await stage.send();
      expect(result).toMatchObject({ outcome: "retry", isChannelDown: true });
      expect((result as { error: string }).error).toMatch(/`?(password|systemId|systemType)`?.*SMPP 0x/);
      stage.turn(299_999);
      expect(smsc.binds).toHaveLength(1);
      stage.turn(1);
      await smsc.until(({ binds }) => binds.length === 2);
    },
  );

  test("because the last one is still bound is tried when the carrier may have noticed its end", async () => {
    const smsc = started(await Smsc.start({ bindStatus: () => 0x05 }));
    expect(await start(smsc.url).failed).toContain("retryInMs=30000");
  });

  test("after one that was good for a minute is tried as soon as the first", async () => {
    let status = 0x08;
    const smsc = started(await Smsc.start({ bindStatus: () => status }));
    const stage = start(smsc.url, { changes: { enquireLinkSeconds: 600 } });
    await stage.failed;
    const again = stage.next("could not be bound");
    stage.turn(1_000);
    await again;
    status = 0;
    stage.turn(2_000);
    await stage.bound;
    stage.turn(60_000);
    const lost = stage.next("SMPP connection lost");
    smsc.drop();
    expect(await lost).toContain("retryInMs=1000");
  });

  test("is not taken for one because of an answer to something else", async () => {
    const raw = started(await RawSmsc.start());
    const stage = start(raw.url);
    const line = await raw.line();
    await line.frame(0x09);
    line.write(Buffer.concat([rawPdu(0x80000009, 99, Buffer.from("x\0")), rawPdu(ENQUIRE_LINK, 9)]));
    await line.frame(0x80000015);
    expect(stage.connection.isUp).toBe(false);
    await line.bind();
    await stage.bound;
    started({ stop: async () => line.cut() });
  });

  test("is waited for by a text that comes meanwhile, for half of its time", async () => {
    let status = 0x08;
    const smsc = started(await Smsc.start({ bindStatus: () => status }));
    const stage = start(smsc.url, { changes: { timeoutSeconds: 20 } });
    await stage.failed;
    const sending = stage.send();
    const late = stage.send({ deliveryId: "dlv_2" });
    status = 0;
    stage.turn(1_000);
    expect(await sending).toMatchObject({ outcome: "sent" });
    expect(await late).toMatchObject({ outcome: "sent" });

    status = 0x08;
    const lost = stage.next("SMPP connection lost");
    smsc.drop();
    await lost;
    const vain = stage.send({ deliveryId: "dlv_3" });
    stage.turn(10_000);
    expect(await vain).toMatchObject({ outcome: "retry", isChannelDown: true });
    expect(smsc.submissions).toBe(2);
  });

  test("to a port that is closed is told in plain words", async () => {
    const smsc = await Smsc.start();
    const { url } = smsc;
    await smsc.stop();
    const stage = start(url);
    await stage.failed;
    const sending = stage.send();
    stage.turn(15_000);
    expect(await sending).toMatchObject({
      ...{ outcome: "retry", isChannelDown: true, status: null },
      error: expect.stringContaining("ECONNREFUSED"),
    });
  });

  test("because nobody answers the bind is given up in time", async () => {
    const raw = started(await RawSmsc.start());
    const stage = start(raw.url, { changes: { timeoutSeconds: 10 } });
    await (await raw.line()).frame(0x09);
    stage.turn(10_000);
    expect(await stage.failed).toContain("no answer to the bind");
  });

  test("before the channel was connected there is none", async () => {
    const stage = start("smpp://127.0.0.1:1");
    await stage.connection.stop();
    expect(await stage.send()).toMatchObject({ error: "there is no connection to the carrier", isChannelDown: true });
  });
});

describe("over TLS", () => {
  const authority = makeAuthority();
  const right = authority.issue({ names: ["smsc.test"], addresses: ["127.0.0.1"] });

  test("an authority that is known and a name that fits are bound with", async () => {
    const smsc = started(await Smsc.start({ tls: right }));
    const byAddress = await startBound(smsc.url, { changes: { tls: { ca: authority.ca } } });
    expect(await byAddress.send()).toMatchObject({ outcome: "sent" });
    const byName = await startBound(smsc.url, { changes: { tls: { ca: authority.ca, serverName: "smsc.test" } } });
    expect(await byName.send()).toMatchObject({ outcome: "sent" });
  });

  const elsewhere = makeAuthority().ca;
  test.each([
    ["an authority that is not known", right, { ca: elsewhere }],
    ["the public authorities alone", right, {}],
    ["a certificate that vouches for itself", selfSigned({ addresses: ["127.0.0.1"] }), { ca: authority.ca }],
    ["another name", right, { ca: authority.ca, serverName: "other.test" }],
    ["another address", authority.issue({ names: ["smsc.test"] }), { ca: authority.ca }],
    ["a time that is over", authority.issue({ addresses: ["127.0.0.1"], days: -1 }), { ca: authority.ca }],
  ])("%s is refused, before the password is sent", async (_, certificate, tls) => {
    const smsc = started(await Smsc.start({ tls: certificate }));
    const stage = start(smsc.url, { changes: { tls } });
    expect(await stage.failed).toContain("its certificate is refused");
    expect(smsc.binds).toEqual([]);
    const sending = stage.send();
    stage.turn(15_000);
    expect(await sending).toMatchObject({ isChannelDown: true, error: expect.stringContaining("certificate") });
    expect(stage.lines.join("")).not.toContain("s3cret");
  });

  test("the client shows its own certificate where it has one", async () => {
    const own = authority.issue({ names: ["pausepoint.test"] });
    const smsc = started(await Smsc.start({ tls: { ...right, ca: authority.ca, requestCert: true } }));
    const tls = { ca: authority.ca, cert: own.cert, key: own.key };
    expect(await (await startBound(smsc.url, { changes: { tls } })).send()).toMatchObject({ outcome: "sent" });
    const without = start(smsc.url, { changes: { tls: { ca: authority.ca } } });
    await without.failed;
    expect(smsc.binds).toHaveLength(1);
  });

  test("a carrier that does not speak TLS gets nothing", async () => {
    const smsc = started(await Smsc.start());
    const stage = start(smsc.url.replace("smpp:", "ssmpp:"));
    const failed = stage.failed;
    await smsc.until(({ connections }) => connections === 1);
    stage.turn(30_000);
    await failed;
    expect(smsc.binds).toEqual([]);
  });
});
