/** A carrier gone wild: megabytes of what means nothing. The memory stays flat, the session lives, and texts go on. */
import { afterEach, describe, expect, test } from "bun:test";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { Frames } from "../../../src/channels/smpp/frames.ts";
import { rawPdu } from "../../peers/smpp-raw.ts";
import { start, started, stopAll } from "./stage.ts";

afterEach(stopAll);

const MEGABYTE = 1_000_000;
const FLOOD = 10 * MEGABYTE;
/** What is held grows by far less than is poured; the process as the runtime likes, which gives back late. */
const MOST_HELD = 3 * MEGABYTE;
const MOST_GROWTH = 80 * MEGABYTE;

/** A carrier that keeps nothing of what it reads. It binds whoever asks, and takes every text. */
class Flooding {
  readonly #server = createServer((socket) => this.#serve(socket));
  /** Every connection that was made. */
  readonly sockets: Socket[] = [];
  #answers = 0;
  #watchers: (() => void)[] = [];

  static async start(): Promise<Flooding> {
    const flooding = new Flooding();
    await new Promise<void>((resolve) => flooding.#server.listen(0, "127.0.0.1", resolve));
    return flooding;
  }

  get url(): string {
    return `smpp://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Writes so many bytes of that, each piece made anew, as fast as they are taken, and waits until all are read. */
  async pour(bytes: number, make: (n: number) => Buffer): Promise<void> {
    const socket = this.sockets.at(-1)!;
    for (let written = 0, n = 0; written < bytes; ) {
      const pieces = Array.from({ length: 200 }, () => make(n++));
      const chunk = Buffer.concat(pieces);
      written += chunk.length;
      if (!socket.write(chunk)) await new Promise<void>((resolve) => socket.once("drain", () => resolve()));
    }
    // Answered after all that was poured.
    const before = this.#answers;
    socket.write(rawPdu(0x15, 0x7ffffff0));
    while (this.#answers === before) await new Promise<void>((resolve) => this.#watchers.push(resolve));
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #serve(socket: Socket): void {
    this.sockets.push(socket);
    const frames = new Frames();
    socket.on("error", () => {});
    socket.on("data", (chunk: Buffer) => {
      for (const frame of frames.take(chunk)) this.#answer(socket, frame.readUInt32BE(4), frame.readUInt32BE(12));
    });
  }

  #answer(socket: Socket, command: number, sequence: number): void {
    if (command === 0x09) socket.write(rawPdu(0x80000009, sequence, Buffer.from("carrier\0")));
    if (command === 0x04) socket.write(rawPdu(0x80000004, sequence, Buffer.from(`m${sequence}\0`)));
    if (command === 0x06) socket.write(rawPdu(0x80000006, sequence));
    if (command !== 0x80000015 || sequence !== 0x7ffffff0) return;
    this.#answers++;
    for (const watcher of this.#watchers.splice(0)) watcher();
  }
}

/** A deliver_sm from somebody. */
function deliver(sequence: number, esmClass: number, content: Buffer, from = "4930901820"): Buffer {
  const head = Buffer.from(`\0\x01\x01${from}\0\x01\x0115005550006\0`, "latin1");
  const rest = Buffer.of(esmClass, 0, 0, 0, 0, 0, 0, 0, 0, content.length);
  return rawPdu(0x05, sequence, Buffer.concat([head, rest, content]));
}

function memory() {
  Bun.gc(true);
  const { rss, heapUsed, external } = process.memoryUsage();
  return { rss, held: heapUsed + external };
}

function expectFlatSince(before: ReturnType<typeof memory>, most = MOST_HELD): void {
  const now = memory();
  expect(now.held - before.held).toBeLessThan(most);
  expect(now.rss - before.rss).toBeLessThan(MOST_GROWTH);
}

const kinds: Readonly<Record<string, (n: number) => Buffer>> = {
  "commands that nobody knows": (n) => rawPdu(0x7777, n, Buffer.alloc(100)),
  "answers to nothing": (n) => rawPdu(0x80000004, 0x40000000 + n, Buffer.from(`m${n}\0${"x".repeat(80)}`)),
  "messages that can't be read": (n) => rawPdu(0x05, n, Buffer.alloc(100, 0x61)),
  "receipts for nothing": (n) =>
    deliver(n, 0x04, Buffer.from(`id:${n} sub:001 dlvrd:001 stat:DELIVRD err:000 text:${"y".repeat(60)}`)),
  "texts of strangers": (n) =>
    deliver(n, 0, Buffer.from(`Approve ${n} ${"z".repeat(90)}`), `4930${1_000_000 + (n % 8_999_999)}`),
  "first parts of texts that never end": (n) =>
    deliver(
      n,
      0x40,
      Buffer.concat([Buffer.of(5, 0, 3, n & 0xff, 3, 1), Buffer.alloc(110, 0x61)]),
      `4930${1_000_000 + (n % 8_999_999)}`,
    ),
  "questions whether we are there": (n) => rawPdu(0x15, n & 0x3fffffff),
};

describe("megabytes of", () => {
  test.each(Object.entries(kinds))(
    "%s leave the memory flat, and a text goes out after them",
    async (_, make) => {
      const carrier = started(await Flooding.start());
      const stage = start(carrier.url);
      await stage.bound;
      await carrier.pour(MEGABYTE, make);
      stage.reported.splice(0);
      const before = memory();
      for (let round = 0; round < 10; round++) {
        await carrier.pour(FLOOD / 10, make);
        stage.reported.splice(0);
      }
      expectFlatSince(before);
      expect(carrier.sockets).toHaveLength(1);
      expect(await stage.send({ text: "Deploy?" })).toMatchObject({ outcome: "sent" });
    },
    300_000,
  );
});

describe("a carrier that", () => {
  test("asks and asks and reads no answer is not answered without end, and given up", async () => {
    const carrier = started(await Flooding.start());
    const stage = start(carrier.url);
    await stage.bound;
    const lost = stage.next("SMPP connection lost");
    const [socket] = carrier.sockets;
    socket!.pause();
    const before = memory();
    const ask = Buffer.concat(Array.from({ length: 4_000 }, (_, n) => rawPdu(0x15, n + 1)));
    let stuck = 0;
    // What is not read any more is not written any more: a few megabytes fill the buffers on the way.
    for (let written = 0; written < 6 * FLOOD && stuck < 200; written += ask.length) {
      socket!.write(ask);
      for (stuck = 0; socket!.writableNeedDrain && stuck < 200; stuck++)
        await new Promise((resolve) => setImmediate(resolve));
    }
    expect(stuck).toBe(200);
    // The carrier runs in this process, too, and holds what it could not send.
    expectFlatSince(before, FLOOD);
    stage.turn(30_000);
    stage.turn(30_000);
    expect(await lost).toContain("silent");
    // What it still had to say is not waited for.
    stage.turn(3_000);
  }, 300_000);

  test("sends half a PDU and then nothing is given up, and the text goes over the next link", async () => {
    const carrier = started(await Flooding.start());
    const stage = start(carrier.url);
    await stage.bound;
    const lost = stage.next("SMPP connection lost");
    carrier.sockets[0]!.pause();
    carrier.sockets[0]!.write(deliver(5, 0, Buffer.from("Approve")).subarray(0, 30));
    await new Promise((resolve) => setImmediate(resolve));
    stage.turn(30_000);
    stage.turn(30_000);
    expect(await lost).toContain("silent");
    const bound = stage.next("SMPP connection is bound");
    stage.turn(1_000);
    await bound;
    expect(stage.reported).toEqual([]);
    expect(await stage.send({ text: "Deploy?" })).toMatchObject({ outcome: "sent" });
  });
});
