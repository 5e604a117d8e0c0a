import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { Places } from "../../src/delivery/places.ts";
import { type Dead, startDead } from "../peers/dead.ts";
import { type Receiver, startReceiver } from "../peers/receiver.ts";
import { type Appliance, startAppliance } from "../support/appliance.ts";

const DEAD = 200;
const GOOD = 10;
const ROUNDS = 10;

const UNDER_WAY = "SELECT count(*) FROM deliveries WHERE kind = 'webhook' AND status = 'sending'";

let appliance: Appliance;
let good: Receiver[];
let stops: (() => Promise<void>)[];
beforeEach(async () => {
  appliance = await startAppliance();
  good = await Promise.all(Array.from({ length: GOOD }, () => startReceiver()));
  stops = [];
});
afterEach(async () => {
  // The clock must move for what hangs to be cut off.
  const stopped = appliance.stop();
  const turning = setInterval(() => appliance.clock.turn(60_000), 10);
  await stopped;
  clearInterval(turning);
  await Promise.all([...good.map((receiver) => receiver.stop()), ...stops.map((stop) => stop())]);
});

/** Ends a pause whose end is told to `url`. */
async function end(url: string): Promise<void> {
  const { pause_id } = await appliance.ask(appliance.keys.test, { webhook_url: url });
  await appliance.post(`/v1/test/pause/${pause_id}/respond`, appliance.keys.test, { choice: "Approve" });
}

/** Waits without a moment passing by the appliance's clock, so that no deadline ever comes. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) {
    appliance.clock.turn(0);
    await nextTurn();
  }
}

/** Milliseconds, by the machine's clock, from the end of a pause to the receiver: one for each round and receiver. */
async function latencies(): Promise<number[]> {
  const took: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    for (const receiver of good) {
      const { pause_id } = await appliance.ask(appliance.keys.test, { webhook_url: receiver.url });
      const endedAt = performance.now();
      const received = receiver.nextRequest().then(() => performance.now());
      await appliance.post(`/v1/test/pause/${pause_id}/respond`, appliance.keys.test, { choice: "Approve" });
      took.push((await received) - endedAt);
    }
  }
  return took.sort((a, b) => a - b);
}

const at = (sorted: readonly number[], share: number) => sorted[Math.floor(sorted.length * share)] ?? Number.NaN;

describe("two hundred dead destinations", () => {
  let dead: Dead;
  beforeEach(async () => {
    dead = await startDead(DEAD);
    stops.push(() => dead.stop());
  });

  test("hold up nobody else: all that goes to the living arrives at the first attempt while they hang", async () => {
    // Once unmeasured: what runs for the first time is slow.
    await latencies();
    const alone = await latencies();
    await Promise.all(dead.urls.flatMap((url) => [end(url), end(url), end(url)]));
    await until(() => appliance.count(UNDER_WAY) === dead.holding && dead.hanging === dead.holding / 2);
    const beside = await latencies();
    // More at once than one receiver is sent at once.
    await Promise.all(good.flatMap(({ url }) => Array.from({ length: 20 }, () => end(url))));
    await until(() => good.every(({ requests }) => requests.length === 3 * ROUNDS + 20));

    expect(good.flatMap(({ requests }) => requests.map(({ attempt }) => attempt))).toEqual(
      new Array(GOOD * (3 * ROUNDS + 20)).fill(1),
    );
    // Nothing has given up yet, and each that hangs still holds one place, whatever waits behind it.
    expect(appliance.count(UNDER_WAY)).toBeGreaterThanOrEqual(dead.holding);
    expect(dead.hanging).toBe(dead.holding / 2);
    const [p50, p99] = [0.5, 0.99].map((share) => (at(beside, share) / at(alone, share)).toFixed(2));
    console.log(`latency beside ${DEAD} dead destinations ÷ without them: p50 ${p50}, p99 ${p99}`);
  }, 300_000);
});

test("however many receivers have failed and hang, they hold a half of the places at most", async () => {
  const dead = await startReceiver({ host: "0.0.0.0" });
  stops.push(() => dead.stop());
  dead.behave({ trouble: "hang" }, 10_000);
  const origins = Array.from({ length: 300 }, (_, n) => `http://127.0.${9 + (n % 2)}.${1 + (n >> 1)}:${dead.port}/`);
  await Promise.all(origins.flatMap((url) => [end(url), end(url)]));
  // At first nobody knows what they are, and each is tried.
  await until(() => dead.open === origins.length);
  appliance.clock.turn(15_000);
  await until(() => dead.requests.length === origins.length + 256 && dead.open === 256);
  expect(appliance.count(UNDER_WAY)).toBe(256);
  await Promise.all(good.flatMap(({ url }) => Array.from({ length: 20 }, () => end(url))));
  await until(() => good.every(({ requests }) => requests.length === 20));
  expect(dead.open).toBe(256);
}, 300_000);

test("receivers that begin to hang all at once leave the others a place each", async () => {
  const failing = await Promise.all(Array.from({ length: 70 }, () => startReceiver()));
  stops.push(...failing.map((receiver) => () => receiver.stop()));
  for (const receiver of failing) {
    receiver.behave({ status: 204 });
    receiver.behave({ trouble: "hang" }, 100);
  }
  await Promise.all(failing.flatMap(({ url }) => Array.from({ length: 12 }, () => end(url))));
  await until(() => failing.every(({ open }) => open > 0));
  // Each had shown that it lives, so some were sent as much as a receiver is sent at once.
  expect(Math.max(...failing.map(({ open }) => open))).toBeGreaterThan(1);
  await Promise.all(good.flatMap(({ url }) => [end(url), end(url), end(url)]));
  await until(() => good.every(({ requests }) => requests.length === 3));
  expect(failing.every(({ open }) => open > 0)).toBe(true);
}, 300_000);

describe("the places that all receivers share", () => {
  const nobody = () => {};
  const takeAll = (places: Places, isFailing: boolean, each: number) => {
    let taken = 0;
    for (;;) {
      const got = places.take(each, { isFailing, held: 0 }, nobody);
      if (got === 0) return taken;
      taken += got;
    }
  };

  test("are held to a half at most by those that fail, and the other half is for everybody else", () => {
    const places = new Places();
    expect(takeAll(places, true, 1)).toBe(256);
    expect(takeAll(places, false, 1)).toBe(256);
  });

  test("are given one by one once half are taken, and to those who hold none", () => {
    const places = new Places();
    let destinations = 0;
    while (places.take(8, { isFailing: false, held: 0 }, nobody) === 8) destinations++;
    expect(destinations).toBe(32);
    expect(places.take(8, { isFailing: false, held: 1 }, nobody)).toBe(0);
    expect(places.take(8, { isFailing: false, held: 0 }, nobody)).toBe(1);
  });

  test("that come free are told to whoever waits, once", () => {
    const places = new Places();
    takeAll(places, true, 8);
    let told = 0;
    const free = () => told++;
    places.take(1, { isFailing: true, held: 0 }, free);
    places.take(1, { isFailing: true, held: 0 }, free);
    places.give(1, true);
    places.give(1, true);
    expect(told).toBe(1);
    expect(places.take(8, { isFailing: true, held: 0 }, free)).toBe(2);
  });
});
