import { afterEach, beforeEach, describe, expect, spyOn, test } from "bun:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { Pauses } from "../../src/pauses/pauses.ts";
import { Timeouts } from "../../src/pauses/timeouts.ts";
import { Waiters } from "../../src/pauses/waiters.ts";
import { LONGEST_TIMER } from "../../src/platform/clock.ts";
import { silentLog } from "../../src/platform/log.ts";
import { Stopping } from "../../src/platform/stopping.ts";
import { HOUR, openTestDatabase, TurnedClock } from "../support/database.ts";
import { unconfigured } from "../support/rules.ts";

/** Cuts its timers as the machine's own clock does, which no setting of the time moves, and knows how many are armed. */
class CountingClock extends TurnedClock {
  armed = 0;
  /** By how much the operator has set the time, in milliseconds. */
  setBy = 0;

  override now(): number {
    return super.now() + this.setBy;
  }

  override after(milliseconds: number, callback: () => void): () => void {
    let isArmed = true;
    this.armed++;
    const done = () => {
      if (isArmed) this.armed--;
      isArmed = false;
    };
    const takeBack = super.after(Math.max(0, Math.min(milliseconds, LONGEST_TIMER)), () => {
      done();
      callback();
    });
    return () => {
      done();
      takeBack();
    };
  }
}

const MANY = 10_000;
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);

let clock: CountingClock;
let waiters: Waiters;
let answered: number[];
beforeEach(() => {
  clock = new CountingClock();
  waiters = new Waiters(clock);
  answered = [];
});

/** Waits for a pause, and notes the number of the waiter when it is answered. */
function wait(pauseN: number, number = pauseN, seconds = 50, signal = new AbortController().signal): Promise<void> {
  return waiters.wait(pauseN, clock.now() + seconds * 1000, signal).then(() => void answered.push(number));
}

describe("ten thousand who wait", () => {
  test("for different pauses are woken each by their own, and leave nothing behind", async () => {
    const all = upTo(MANY).map((n) => wait(n));
    expect([waiters.count, clock.armed]).toEqual([MANY, MANY]);
    waiters.wake(4711);
    await all[4711];
    expect(answered).toEqual([4711]);
    for (const n of upTo(MANY)) waiters.wake(n);
    await Promise.all(all);
    expect(answered).toHaveLength(MANY);
    expect([waiters.count, clock.armed]).toEqual([0, 0]);
  });

  test("for one pause are all woken by its end, and nobody else is", async () => {
    const all = upTo(MANY).map((number) => wait(1, number));
    const other = wait(2, -1);
    waiters.wake(1);
    await Promise.all(all);
    expect(answered).toEqual(upTo(MANY));
    expect([waiters.count, clock.armed]).toEqual([1, 1]);
    waiters.drain();
    await other;
  });

  test("are all answered when the appliance stops, and nobody waits any more after that", async () => {
    const all = upTo(MANY).map((number) => wait(number % 100, number));
    waiters.drain();
    await Promise.all(all);
    await wait(1);
    expect(answered).toHaveLength(MANY + 1);
    expect([waiters.count, clock.armed]).toEqual([0, 0]);
  });
});

describe("who waits", () => {
  test("is answered when the time is over, and not before, also beyond the longest timer", async () => {
    const short = wait(1, 1, 0.05);
    const long = wait(1, 2, 120);
    clock.turn(49);
    await nextTurn();
    expect(answered).toEqual([]);
    clock.turn(1);
    await short;
    clock.turn(119_949);
    await nextTurn();
    expect(answered).toEqual([1]);
    clock.turn(1);
    await long;
    expect([waiters.count, clock.armed]).toEqual([0, 0]);
  });

  test("is answered at once when no time is left", async () => {
    await wait(1, 1, 0);
    expect([waiters.count, clock.armed]).toEqual([0, 0]);
  });

  test("is held no longer because the clock is set back", async () => {
    const held = wait(1, 1, 120);
    clock.turn(30_000);
    clock.setBy = -HOUR;
    clock.turn(90_000);
    await held;
    expect(waiters.count).toBe(0);
  });

  test("and goes away is forgotten, and the others wait on", async () => {
    const gone = new AbortController();
    const first = wait(1, 1, 50, gone.signal);
    const second = wait(1, 2);
    gone.abort();
    await first;
    expect(answered).toEqual([1]);
    expect([waiters.count, clock.armed]).toEqual([1, 1]);
    await wait(1, 3, 50, gone.signal);
    expect(waiters.count).toBe(1);
    waiters.wake(1);
    await second;
  });

  test("takes its ear from the request's signal, so that a connection that lives on holds nothing", async () => {
    const { signal } = new AbortController();
    using listened = spyOn(signal, "addEventListener");
    using forgot = spyOn(signal, "removeEventListener");
    const all = upTo(100).map((n) => wait(n, n, 50, signal));
    for (const n of upTo(100)) waiters.wake(n);
    await Promise.all(all);
    const ears = ({ mock }: typeof listened) => mock.calls.map(([, listener]) => listener);
    expect(ears(listened)).toHaveLength(100);
    expect(ears(forgot as unknown as typeof listened)).toEqual(ears(listened));
  });

  test("may be woken twice, or for nothing", async () => {
    waiters.wake(1);
    const held = wait(1);
    waiters.wake(1);
    waiters.wake(1);
    await held;
    expect([answered.length, waiters.count]).toEqual([1, 0]);
  });
});

describe("held requests for a pause", () => {
  let db: Awaited<ReturnType<typeof openTestDatabase>>;
  beforeEach(async () => {
    db = await openTestDatabase();
  });
  afterEach(() => db[Symbol.asyncDispose]());

  test("never read the database while they wait", async () => {
    const held = new Waiters(db.clock);
    const pauses = new Pauses({
      writer: db.writer,
      context: { ...db.context, hints: { ...db.context.hints, ended: (n) => held.wake(n) } },
      waiters: held,
      timeouts: new Timeouts(db.writer, db.context, silentLog),
      stopping: new Stopping(),
      rules: unconfigured,
    });
    const { pause } = await db.ask(db.test.key);
    const { signal } = new AbortController();
    const all = upTo(1_000).map(() => pauses.wait(db.test.key, pause.pause_id, 120, signal));
    while (held.count < 1_000) await nextTurn();

    using one = spyOn(db.writer, "one");
    using several = spyOn(db.writer, "all");
    using wrote = spyOn(db.writer, "write");
    for (let second = 0; second < 119; second++) {
      db.clock.turn(1_000);
      await nextTurn();
    }
    expect(held.count).toBe(1_000);
    expect([one, several, wrote].map(({ mock }) => mock.calls.length)).toEqual([0, 0, 0]);

    await pauses.answerForTest(db.test.key, pause.pause_id, "Approve", null);
    const seen = await Promise.all(all);
    expect(seen.every((one) => one?.status === "responded" && one.response_choice === "Approve")).toBe(true);
    expect(held.count).toBe(0);
  });
});
