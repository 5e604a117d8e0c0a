/**
 * A thousand texts through carriers that do all at once what carriers do: ask for fewer, lose the link at every boundary
 * between two PDUs in turn and within them, answer late, twice, in pieces or not at all, spell ids otherwise in receipts.
 */
import { afterEach, expect, test } from "bun:test";
import { canonical } from "../../../src/channels/smpp/ledger.ts";
import type { Clock } from "../../../src/platform/clock.ts";
import { type Reaction, Smsc } from "../../peers/smpp.ts";
import { type Smsc as StrictSmsc, startSmsc } from "../../peers/smsc.ts";
import { PHONE, startBound, started, stopAll } from "./stage.ts";

afterEach(stopAll);

/** So many times as fast as it is: the longest pause between two links is over in a moment. */
const SPEED = 400;
const quick: Clock = {
  now: () => Date.now() * SPEED,
  after(milliseconds, callback) {
    const timer = setTimeout(callback, milliseconds / SPEED);
    return () => clearTimeout(timer);
  },
};

const TEXTS = 1_000;
const AT_ONCE = 30;
/** The last boundary is half as far from the start of its link. */
const CUTS = 80;
const SETTINGS = { systemId: "pause", password: "secret08", window: 10, timeoutSeconds: 120, enquireLinkSeconds: 600 };
/** Long enough for any of them, were nothing wrong. */
const MOST_ATTEMPTS = 400;

/** Every tenth takes two parts. */
function textOf(number: number): string {
  const start = `Question ${number}?`;
  return number % 10 === 0 ? `${start} ${"Pay them. ".repeat(15)}That was ${number}.` : start;
}

interface Ended {
  readonly number: number;
  readonly isSent: boolean;
  /** Whether it was said at some time that it may have been taken. */
  readonly isUnsure: boolean;
  readonly providerIds: readonly string[];
}

/** Hands all of them over, each as often as the queue would. */
async function sendAll(stage: Awaited<ReturnType<typeof startBound>>): Promise<readonly Ended[]> {
  const ended: Ended[] = [];
  let next = 0;
  const one = async (number: number): Promise<Ended> => {
    let isUnsure = false;
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
      const result = await stage.send({ deliveryId: `dlv_${number}`, text: textOf(number) });
      if (result.outcome === "sent")
        return { number, isSent: true, isUnsure, providerIds: result.providerId?.split(",") ?? [] };
      if (result.outcome === "failed") {
        expect(result.error).toContain("it may have arrived");
        return { number, isSent: false, isUnsure: true, providerIds: [] };
      }
      if (result.outcome === "retry" && result.error.includes("sent once more")) isUnsure = true;
      await new Promise<void>((resolve) => quick.after(2_000, resolve));
    }
    throw new Error(`text ${number} neither went nor failed`);
  };
  const work = async () => {
    while (next < TEXTS) ended.push(await one(next++));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return ended;
}

/** How often each part of each text was taken, as the carrier counted: once, or twice where nobody could know. */
function expectOnce(ended: readonly Ended[], taken: ReadonlyMap<string, number>): void {
  expect(ended.map(({ number }) => number).toSorted((a, b) => a - b)).toEqual(
    Array.from({ length: TEXTS }, (_, n) => n),
  );
  for (const { number, isSent, isUnsure } of ended) {
    for (const part of number % 10 === 0 ? [1, 2] : [1]) {
      const times = taken.get(`${number}/${part}`) ?? 0;
      const allowed = isUnsure ? (isSent ? [1, 2] : [0, 1, 2]) : [1];
      if (!allowed.includes(times)) throw new Error(`part ${part} of text ${number} was taken ${times} times`);
    }
  }
  // Many of them met with nothing that leaves room for doubt.
  expect(ended.filter(({ isUnsure }) => !isUnsure).length).toBeGreaterThan(TEXTS / 4);
}

function count(parts: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const part of parts) {
    const number = /Question (\d+)\?/.exec(part)?.[1];
    const key = number === undefined ? `${/That was (\d+)\./.exec(part)?.[1]}/2` : `${number}/1`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

/** Orders all that trouble, and loses so many links one after the other; then all is well. */
function trouble(smsc: StrictSmsc, cuts: number): { readonly over: Promise<void> } {
  const numbers = new WeakMap<object, number>();
  let last = 0;
  const every = (step: number, from = 0) => ({
    times: Number.POSITIVE_INFINITY,
    when: (pdu: object) => {
      if (!numbers.has(pdu)) numbers.set(pdu, ++last);
      return (numbers.get(pdu) ?? 0) % step === from;
    },
  });
  smsc.behave({ kind: "refuse", status: "ESME_RTHROTTLED" }, every(23));
  smsc.behave({ kind: "refuse", status: "ESME_RMSGQFUL" }, every(29));
  smsc.behave({ kind: "late", after: 8_000 }, every(31));
  smsc.behave({ kind: "repeat" }, every(37));
  smsc.behave({ kind: "receipt-first", receipt: { idAs: "decimal" } }, every(41));
  smsc.behave({ kind: "gather", count: 2, order: "reversed" }, every(43));
  smsc.behave({ kind: "never" }, every(97));
  smsc.behave({ kind: "never", accepted: false }, every(101));
  smsc.answerInPieces(7);
  const loseLinks = async () => {
    for (let cut = 0; cut < cuts; cut++) {
      // Every boundary, and then nine octets behind it.
      const boundary = Math.floor(cut / 2);
      smsc.dropAt(boundary, { how: cut % 3 === 0 ? "fin" : "rst", ...(cut % 2 === 0 ? {} : { inside: 9 }) });
      await smsc.nextClosed();
    }
    smsc.behaveWell();
    smsc.flush();
  };
  return { over: loseLinks() };
}

test("a thousand texts reach a strict SMSC once each, or twice where nobody could know, and their receipts find them", async () => {
  const smsc = started(
    await startSmsc({
      ...{ systemId: "pause", password: "secret08", clock: quick, window: 8, messageIds: "hex" },
      receipts: { idAs: "decimal", copies: 2 },
    }),
  );
  const stage = await startBound(smsc.url, { changes: SETTINGS, clock: quick });
  const [ended] = await Promise.all([sendAll(stage), trouble(smsc, CUTS).over]);
  expectOnce(ended, count(smsc.parts.map(({ text }) => text)));
  expect(smsc.sessions.length).toBeGreaterThan(CUTS);
  expect(smsc.complaints).toEqual([]);
  await Promise.allSettled(smsc.deliveries.map(({ settled }) => settled));
  await stage.connection.stop();

  const told = new Map<string, number>();
  for (const event of stage.reported) {
    if (event.kind !== "receipt" || event.deliveryId === "") continue;
    expect(event.status).toBe("delivered");
    told.set(event.deliveryId, (told.get(event.deliveryId) ?? 0) + 1);
  }
  const accepted = new Set(
    smsc.deliveries.flatMap(({ outcome, draft }) =>
      outcome === "accepted" ? [Number(/id:(\d+)/.exec(String(draft.fields?.short_message))?.[1]).toString(16)] : [],
    ),
  );
  const arrived = ended.filter(
    ({ isSent, providerIds }) => isSent && providerIds.every((id) => accepted.has(canonical(id))),
  );
  expect(arrived.length).toBeGreaterThan(TEXTS / 4);
  for (const { number } of arrived) expect([number, told.get(`dlv_${number}`)]).toEqual([number, 1]);
}, 300_000);

test("a thousand texts reach the package's server once each, or twice where nobody could know", async () => {
  const receipt = (id: string) => ({
    ...{ esm_class: 4, source_addr: PHONE.slice(1), destination_addr: "15005550006" },
    short_message: `id:${Number.parseInt(id, 16)} sub:001 dlvrd:001 stat:DELIVRD err:000 text:`,
  });
  let id = 0x1a2b3c4d;
  const react = (_: unknown, n: number): Reaction => {
    if (n % 19 === 7) return { kind: "refuse", status: n % 2 === 0 ? 0x58 : 0x14 };
    if (n % 31 === 11) return { kind: "drop", isTaken: n % 2 === 0 };
    if (n % 61 === 13) return { kind: "silent", isTaken: n % 2 === 0 };
    return { kind: "take", messageId: (id++).toString(16).toUpperCase() };
  };
  const beforeAnswer = (messageId: string, smsc: Smsc) => {
    if (/^m/.test(messageId)) return;
    for (const _ of [1, 2]) void smsc.deliver(receipt(messageId));
  };
  const smsc = started(await Smsc.start({ react, beforeAnswer }));
  const stage = await startBound(smsc.url, { changes: SETTINGS, clock: quick });
  const ended = await sendAll(stage);
  expectOnce(ended, count(smsc.taken.map(({ text }) => text)));
  expect(smsc.connections).toBeGreaterThan(20);
  await stage.connection.stop();
  const told = new Map<string, number>();
  for (const event of stage.reported)
    if (event.kind === "receipt" && event.deliveryId !== "")
      told.set(event.deliveryId, (told.get(event.deliveryId) ?? 0) + 1);
  expect([...told.values()].every((times) => times === 1)).toBe(true);
  expect(told.size).toBeGreaterThan(TEXTS / 4);
}, 300_000);
