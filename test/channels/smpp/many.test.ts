import { afterEach, expect, test } from "bun:test";
import type { Clock } from "../../../src/platform/clock.ts";
import { type PeerPdu, Smsc } from "../../peers/smpp.ts";
import { startBound, started, stopAll } from "./stage.ts";

afterEach(stopAll);

/** Twenty times as fast as it is: a carrier's rest of a second is over in some milliseconds. */
const SPEED = 20;
const quick: Clock = {
  now: () => Date.now() * SPEED,
  after(milliseconds, callback) {
    const timer = setTimeout(callback, milliseconds / SPEED);
    return () => clearTimeout(timer);
  },
};

const TEXTS = 10_000;
const WINDOW = 10;
const AT_ONCE = 20;

test("10,000 texts go through a window, each once and in order, past a carrier that asks for fewer now and then", async () => {
  const order: number[] = [];
  const react = (pdu: PeerPdu, n: number) => {
    const number = Number(/\d+/.exec(pdu.short_message.message)![0]);
    if (n % 1_000 >= 995) return { kind: "refuse", status: n % 2 === 0 ? 0x58 : 0x14 } as const;
    order.push(number);
    return { kind: "take" } as const;
  };
  const smsc = started(await Smsc.start({ react }));
  const changes = { window: WINDOW, timeoutSeconds: 120, enquireLinkSeconds: 600, concurrency: AT_ONCE };
  const stage = await startBound(smsc.url, { changes, clock: quick });
  let next = 0;
  let sent = 0;
  const memory: number[] = [];
  const work = async () => {
    while (next < TEXTS) {
      const number = next++;
      const result = await stage.send({ deliveryId: `dlv_${number}`, text: `Text ${number}?` });
      if (result.outcome !== "sent") throw new Error(JSON.stringify(result));
      sent++;
      if (number % 1_000 === 999) {
        smsc.taken.splice(0);
        Bun.gc(true);
        memory.push(process.memoryUsage().heapUsed);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  expect(sent).toBe(TEXTS);
  expect(order.length).toBe(TEXTS);
  expect(new Set(order).size).toBe(TEXTS);
  expect(smsc.submissions).toBeGreaterThan(TEXTS);
  expect(smsc.connections).toBe(1);
  // A part that was refused is overtaken only by those that were on their way with it.
  const worst = Math.max(...order.map((number, place) => Math.abs(number - place)));
  expect(worst).toBeLessThan(2 * WINDOW);
  // What is kept of each is its id, until its receipt comes.
  expect(memory.at(-1)! - memory[2]!).toBeLessThan(20_000_000);
}, 300_000);
