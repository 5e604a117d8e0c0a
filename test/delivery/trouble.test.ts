/** A carrier that gives no sign of life, or says that nothing gets through: what the breaker in its lane makes of it. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { PHONE, Sending } from "./sending.ts";

/** Longer than the first rest, with its fifth. */
const REST = 1_200;
const COUNT = 12;

let sending: Sending;
beforeEach(async () => {
  sending = await Sending.open();
});
afterEach(async () => {
  await sending[Symbol.asyncDispose]();
});

const attempts = () => sending.db.count("SELECT count(*) FROM delivery_attempts");
const handedOver = () => sending.db.count("SELECT count(*) FROM deliveries WHERE status = 'sent'");
/** Handed to the machine, and nothing come of it yet. */
const underWay = () => sending.db.count("SELECT count(*) FROM deliveries WHERE status = 'sending'");
const untried = () => sending.db.count("SELECT count(*) FROM deliveries WHERE attempts = 0 AND status = 'queued'");

async function askMany(count = COUNT): Promise<void> {
  for (let asked = 0; asked < count; asked++) await sending.ask();
}

describe("a carrier without a sign of life", () => {
  test("is tried five times, then once after each rest; what waits meanwhile spends no attempt", async () => {
    sending.peer.behave(PHONE, { kind: "drop", when: "before" }, 1_000);
    await askMany();
    await sending.start(sending.carrier("sms", 1));
    await sending.until(() => attempts() === 5);
    await sending.quiet();
    expect([sending.handed, attempts(), untried()]).toEqual([5, 5, COUNT - 5]);
    for (const probe of [1, 2, 3]) {
      const left = untried();
      sending.db.clock.turn(REST * 2 ** probe);
      await sending.until(() => attempts() === 5 + probe);
      await sending.quiet();
      expect(sending.handed).toBe(5 + probe);
      expect(left - untried()).toBeLessThanOrEqual(1);
    }
  });

  test("is tried by one message after a rest, however many may be under way at once", async () => {
    sending.peer.behave(PHONE, { kind: "drop", when: "before" }, 1_000);
    await askMany();
    await sending.start(sending.carrier("sms", 4));
    await sending.until(() => attempts() >= 5 && underWay() === 0);
    await sending.quiet();
    const before = attempts();
    // What was under way when the fifth failed may have failed too.
    expect(before).toBeLessThanOrEqual(8);
    sending.db.clock.turn(16 * REST);
    await sending.until(() => attempts() > before && underWay() === 0);
    await sending.quiet();
    expect(attempts()).toBe(before + 1);
  });

  test("is sent all that waits as soon as one attempt has worked", async () => {
    sending.peer.behave(PHONE, { kind: "drop", when: "before" }, 5);
    await askMany();
    await sending.start(sending.carrier("sms", 1));
    await sending.until(() => attempts() === 5);
    await sending.quiet();
    expect(handedOver()).toBe(0);
    sending.db.clock.turn(REST);
    await sending.until(() => handedOver() >= COUNT - 5);
  });
});

describe("a carrier that answers, though with an error", () => {
  test("keeps its way open: one message's trouble is not the others'", async () => {
    sending.peer.behave(PHONE, { kind: "status", status: 500 }, 7);
    await askMany();
    await sending.start(sending.carrier("sms", 1));
    await sending.until(() => handedOver() === COUNT - 7);
  });
});

describe("a carrier that says that it is asked too often", () => {
  test("is asked nothing more until the time it named is over; each message spends one attempt at most", async () => {
    sending.peer.behave("*", { kind: "refuse", code: 20429, retryAfterSeconds: 20 }, 1);
    await askMany();
    await sending.start(sending.carrier("sms", 1));
    await sending.until(() => attempts() === 1);
    await sending.quiet();
    expect([sending.handed, untried()]).toEqual([1, COUNT - 1]);
    sending.db.clock.turn(19_000);
    await sending.quiet();
    expect(sending.handed).toBe(1);
    sending.db.clock.turn(1_000);
    await sending.until(() => handedOver() === COUNT);
    expect(attempts()).toBe(COUNT + 1);
  });
});

describe("a channel that was taken out of the configuration", () => {
  test("fails what waited for it at the start, in words, also what was being sent when the process ended", async () => {
    const queued = await sending.ask();
    const claimed = await sending.ask();
    sending.db.connection
      .prepare("UPDATE deliveries SET status = 'sending', attempts = 1, due_at = due_at + 30000 WHERE pause_n = ?")
      .run(claimed);
    await sending.start(sending.carrier("elsewhere"));
    for (const n of [queued, claimed]) {
      expect(sending.pause(n)).toMatchObject({
        reached: false,
        delivery: [{ status: "failed", error: "the channel sms is no longer configured" }],
      });
      expect(sending.told(n).map(({ type }) => type)).toEqual(["pause.delivery_failed"]);
    }
    expect(sending.handed).toBe(0);
  });
});
