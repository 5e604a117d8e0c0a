import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { verifyLive } from "../../src/audit/verify.ts";
import { MessageTraffic } from "../../src/delivery/messages.ts";
import { recordOpened } from "../../src/pauses/open.ts";
import { openForReading } from "../../src/storage/index.ts";
import { HOUR, MINUTE, viewOf } from "../support/database.ts";
import { PHONE, SECOND, Sending } from "./sending.ts";

const OPTED_OUT = "+13125550177";
const LEASE = 30_000;

let sending: Sending;
beforeEach(async () => {
  sending = await Sending.open();
});
afterEach(async () => {
  await sending.db.writer.drained();
  const reading = openForReading(sending.db.folder);
  expect(verifyLive(reading).fault).toBeNull();
  reading.close();
  expect(sending.db.fatal).toEqual([]);
  await sending[Symbol.asyncDispose]();
});

const sent = (pauseN: number) => () => sending.row(pauseN).status === "sent";
const recorded = (pauseN: number, count: number) => () => sending.attempts(pauseN).length === count;

/** Turns the clock to when a message is due again. */
const turnToDue = (pauseN: number) => sending.db.clock.turn(sending.row(pauseN).due_at - sending.db.clock.now());

describe("a message", () => {
  test("is handed over once, and the log tells what the carrier called it", async () => {
    await sending.start();
    const n = await sending.ask();
    await sending.until(sent(n));
    expect(sending.peer.messages).toHaveLength(1);
    expect(sending.row(n)).toMatchObject({ provider_id: sending.peer.messages[0]?.sid, error: null, attempts: 1 });
    expect(sending.attempts(n)).toMatchObject([{ attempt: 1, outcome: "sent", status: 201 }]);
    expect(sending.told(n)).toEqual([{ type: "pause.sent", attempts: 1 }]);
    expect(sending.pause(n)).toMatchObject({ reached: null, delivery: [{ status: "sent" }] });
    sending.db.clock.turn(HOUR);
    await sending.quiet();
    expect(sending.handed).toBe(1);
  });

  test("is tried again after a pause that grows, until the carrier takes it, and every attempt is kept", async () => {
    sending.peer.behave(PHONE, { kind: "status", status: 503 }, 3);
    await sending.start();
    const n = await sending.ask();
    for (const [attempt, base] of [2_000, 4_000, 8_000].entries()) {
      await sending.until(recorded(n, attempt + 1));
      const wait = sending.row(n).due_at - sending.db.clock.now();
      expect(wait).toBeGreaterThanOrEqual(base * 0.8);
      expect(wait).toBeLessThanOrEqual(base * 1.2);
      expect(sending.pause(n).delivery[0]?.status).toBe("queued");
      sending.db.clock.turn(wait - 1);
      await sending.quiet();
      expect(sending.handed).toBe(attempt + 1);
      sending.db.clock.turn(1);
    }
    await sending.until(sent(n));
    expect(sending.attempts(n).map(({ attempt, outcome }) => [attempt, outcome])).toEqual([
      [1, "retry"],
      [2, "retry"],
      [3, "retry"],
      [4, "sent"],
    ]);
    expect(sending.told(n)).toEqual([{ type: "pause.sent", attempts: 4 }]);
    expect(sending.row(n).error).toBeNull();
  });

  test("waits as long as the carrier asks for", async () => {
    sending.peer.behave(PHONE, { kind: "refuse", code: 20429, retryAfterSeconds: 600 });
    await sending.start();
    const n = await sending.ask();
    await sending.until(recorded(n, 1));
    expect(sending.row(n).due_at - sending.db.clock.now()).toBe(600_000);
    sending.db.clock.turn(600_000);
    await sending.until(sent(n));
  });

  test("that the carrier never answers for is cut off at its time limit and tried again", async () => {
    sending.peer.behave(PHONE, { kind: "hang", accepted: false });
    await sending.start();
    const n = await sending.ask();
    await sending.until(() => sending.handed === 1);
    sending.db.clock.turn(15_000);
    await sending.until(recorded(n, 1));
    expect(sending.attempts(n)).toMatchObject([{ outcome: "retry", took_ms: 15_000 }]);
    turnToDue(n);
    await sending.until(sent(n));
  });

  test("fails for good when the carrier will never take it, which the pause and the log say", async () => {
    await sending.start();
    const n = await sending.ask(OPTED_OUT);
    await sending.until(() => sending.row(n).status === "failed");
    const [delivery] = sending.pause(n).delivery;
    expect(delivery).toMatchObject({ status: "failed", error: expect.stringContaining("opted out") });
    expect(sending.told(n)).toEqual([{ type: "pause.delivery_failed", attempts: 1 }]);
    sending.db.clock.turn(HOUR);
    await sending.quiet();
    expect(sending.handed).toBe(1);
  });
});

describe("reached", () => {
  test("is false once every recipient has failed, null while one may still read it, true once one has opened it", async () => {
    await sending.start();
    const nobody = await sending.ask(OPTED_OUT);
    const one = await sending.ask([OPTED_OUT, PHONE]);
    await sending.until(() => sending.row(nobody).status === "failed" && sending.rows(one)[1]?.status === "sent");
    expect(sending.pause(nobody).reached).toBe(false);
    expect(sending.pause(one).reached).toBeNull();
    const pause = { n: one, id: sending.pause(one).pause_id };
    const origin = { ip: null, userAgent: null };
    const view = viewOf(sending.db.clock.now());
    await sending.db.writer.write((tx) =>
      recordOpened(tx, sending.db.context, { pause, world: sending.key.world, position: 1, origin, view }),
    );
    expect(sending.pause(one)).toMatchObject({ reached: true, delivery: [{ status: "failed" }, { status: "opened" }] });
  });
});

describe("a question that is over", () => {
  test("takes the messages back that still waited for the carrier", async () => {
    sending.peer.behave("*", { kind: "hang", accepted: false });
    await sending.start(sending.carrier("sms", 1));
    const first = await sending.ask();
    await sending.until(() => sending.handed === 1);
    const waiting = await sending.ask(SECOND);
    await sending.end(waiting);
    expect(sending.row(waiting).status).toBe("cancelled");
    sending.db.clock.turn(15_000);
    await sending.until(recorded(first, 1));
    turnToDue(first);
    await sending.until(sent(first));
    expect(sending.peer.messages.map(({ to }) => to)).toEqual([PHONE]);
    expect(sending.told(waiting)).toEqual([]);
  });

  test("is not sent, though nobody has ended it yet", async () => {
    const n = await sending.ask(PHONE, 1);
    sending.db.clock.turn(HOUR);
    await sending.start();
    await sending.until(() => sending.row(n).status === "cancelled");
    await sending.quiet();
    expect(sending.handed).toBe(0);
  });

  test("is not sent again when it ended while an attempt was under way", async () => {
    sending.peer.behave(PHONE, { kind: "hang", accepted: false });
    await sending.start();
    const n = await sending.ask();
    await sending.until(() => sending.handed === 1);
    await sending.end(n);
    sending.db.clock.turn(15_000);
    await sending.until(recorded(n, 1));
    sending.db.clock.turn(MINUTE);
    await sending.until(() => sending.row(n).status === "cancelled");
    await sending.quiet();
    expect(sending.handed).toBe(1);
  });

  test("fails at once when its next attempt would come too late", async () => {
    sending.peer.behave(PHONE, { kind: "refuse", code: 20429, retryAfterSeconds: 3600 });
    await sending.start();
    const n = await sending.ask(PHONE, 1);
    await sending.until(() => sending.row(n).status === "failed");
    expect(sending.told(n)).toEqual([{ type: "pause.delivery_failed", attempts: 1 }]);
    expect(sending.pause(n).reached).toBe(false);
  });
});

describe("a lane", () => {
  test("is not held up by another whose carrier hangs", async () => {
    sending.peer.behave(PHONE, { kind: "hang", accepted: false }, 3);
    await sending.start(sending.carrier("sms", 2), sending.carrier("reserve", 2));
    const stuck = await Promise.all([1, 2, 3].map(() => sending.ask(PHONE)));
    await sending.until(() => sending.handed === 2);
    const other = await sending.ask(SECOND, 24, "reserve");
    await sending.until(sent(other));
    expect(stuck.map((n) => sending.row(n).status)).toEqual(["sending", "sending", "queued"]);
  });

  test("has no more messages under way than its carrier takes, and works off the rest as places come free", async () => {
    sending.peer.behave("*", { kind: "hang", accepted: false }, 3);
    await sending.start(sending.carrier("sms", 3));
    const asked = await Promise.all(Array.from({ length: 20 }, () => sending.ask()));
    await sending.quiet();
    expect(sending.handed).toBe(3);
    sending.db.clock.turn(15_000);
    await sending.until(() => asked.filter((n) => sending.row(n).status === "sent").length === 17);
    sending.db.clock.turn(MINUTE);
    await sending.until(() => asked.every((n) => sending.row(n).status === "sent"));
    expect(sending.peer.messages).toHaveLength(20);
  });

  test("gives a place back that its channel does not, whatever time the carrier is allowed", async () => {
    const neverSettles = { addressKind: "phone", send: () => new Promise<never>(() => {}) } as const;
    await sending.start({ name: "sms", channel: neverSettles, concurrency: 1, timeoutMs: 90_000 });
    const n = await sending.ask();
    await sending.until(() => sending.row(n).status === "sending");
    sending.db.clock.turn(90_000);
    await sending.quiet();
    expect(sending.attempts(n)).toEqual([]);
    sending.db.clock.turn(5_000);
    await sending.until(recorded(n, 1));
    expect(sending.row(n)).toMatchObject({ status: "queued", error: "no end within 90 s" });
  });

  test("goes on by itself after the storage could not be written", async () => {
    sending.db.connection.pragma("busy_timeout = 0");
    await sending.start();
    const n = await sending.ask();
    await sending.until(sent(n));
    const beside = sending.db.beside();
    const second = await sending.ask(SECOND);
    // Taken before the lane's own turn to write.
    beside.connection.exec("BEGIN IMMEDIATE");
    await sending.until(() => sending.logged.includes("deliveries could not be written"));
    expect(sending.row(second).status).toBe("queued");
    beside.connection.exec("ROLLBACK");
    beside.close();
    sending.db.clock.turn(1_000);
    await sending.until(sent(second));
  });
});

describe("a stop", () => {
  test("lets what is under way finish and be recorded", async () => {
    sending.peer.behave(PHONE, { kind: "slow", milliseconds: 30 });
    const queue = await sending.start();
    const n = await sending.ask();
    await sending.until(() => sending.handed === 1);
    await queue.stop(5_000);
    expect(sending.row(n).status).toBe("sent");
    const late = await sending.ask(SECOND);
    await sending.quiet();
    expect(sending.row(late).status).toBe("queued");
    expect(sending.handed).toBe(1);
  });

  test("in the middle of a claim leaves no message sent but not recorded", async () => {
    const queue = await sending.start();
    const n = await sending.ask();
    await queue.stop(5_000);
    await sending.quiet();
    expect(sending.attempts(n).filter(({ outcome }) => outcome === "sent")).toHaveLength(sending.handed);
    await sending.start();
    await sending.until(sent(n));
    expect(sending.peer.messages).toHaveLength(1);
  });

  test("cuts off what hangs after five seconds, and the next start sends it", async () => {
    sending.peer.behave(PHONE, { kind: "hang", accepted: false });
    const queue = await sending.start();
    const n = await sending.ask();
    await sending.until(() => sending.handed === 1);
    let isOver = false;
    const stopped = queue.stop(5_000).then(() => {
      isOver = true;
    });
    sending.db.clock.turn(4_999);
    await sending.quiet();
    expect(isOver).toBe(false);
    sending.db.clock.turn(1);
    await stopped;
    expect(sending.row(n)).toMatchObject({ status: "queued", attempts: 1 });
    expect(sending.attempts(n)).toMatchObject([{ outcome: "retry" }]);
    turnToDue(n);
    await sending.start();
    await sending.until(sent(n));
  });
});

describe("a message that was claimed when the process died", () => {
  const never = () => {
    throw new Error("nothing is sent here");
  };
  const claim = () => {
    const traffic = new MessageTraffic(sending.carrier().channel, { ask: never, notice: never }, sending.db.context);
    return sending.db.writer.write((tx) => traffic.claim(tx, "sms", 10, LEASE));
  };

  test("is sent by the next start at once, as a further attempt", async () => {
    const n = await sending.ask();
    expect(await claim()).toHaveLength(1);
    await sending.start();
    await sending.until(sent(n));
    expect(sending.attempts(n)).toMatchObject([{ attempt: 2, outcome: "sent" }]);
  });

  test("is nobody else's until its lease is over, and then it is due again", async () => {
    await sending.ask();
    expect(await claim()).toHaveLength(1);
    sending.db.clock.turn(LEASE - 1);
    expect(await claim()).toHaveLength(0);
    sending.db.clock.turn(1);
    expect(await claim()).toMatchObject([{ attempts: 1 }]);
  });

  test("is not sent when its question ended meanwhile", async () => {
    const n = await sending.ask();
    await claim();
    await sending.end(n);
    await sending.start();
    await sending.until(() => sending.row(n).status === "cancelled");
    expect(sending.handed).toBe(0);
  });
});

describe("the outbox", () => {
  test("takes everything at once, in batches, and each message once", async () => {
    const asked = await Promise.all(Array.from({ length: 200 }, () => sending.ask(PHONE, 24, "outbox")));
    const over = asked.slice(0, 30);
    await Promise.all(over.map((n) => sending.end(n)));
    const queue = await sending.start();
    await sending.until(() => queue.waiting("outbox") === 0);
    expect(asked.map((n) => sending.row(n).status)).toEqual(
      asked.map((n) => (over.includes(n) ? "cancelled" : "delivered")),
    );
    expect(asked.slice(30).every((n) => sending.told(n).length === 1 && sending.pause(n).reached)).toBe(true);
    // The row says what the log says.
    const counted = asked.map((n): unknown => sending.row(n).attempts);
    expect(counted).toEqual(asked.map((n) => sending.told(n)[0]?.attempts ?? 0));
  });

  test("rests between the batches of a long backlog while others wait to write", async () => {
    const asked = await Promise.all(Array.from({ length: 130 }, () => sending.ask(PHONE, 24, "outbox")));
    const delivered = () => asked.filter((n) => sending.row(n).status === "delivered").length;
    Object.defineProperty(sending.db.writer, "crowd", { value: 10 });
    await sending.start();
    await sending.quiet();
    expect(delivered()).toBe(64);
    sending.db.clock.turn(49);
    await sending.quiet();
    expect(delivered()).toBe(64);
    sending.db.clock.turn(1);
    await sending.quiet();
    expect(delivered()).toBe(128);
    sending.db.clock.turn(50);
    await sending.until(() => delivered() === 130);
  });

  test("takes nothing of a question that is over, though nobody has ended it yet", async () => {
    const n = await sending.ask(PHONE, 1, "outbox");
    sending.db.clock.turn(HOUR);
    await sending.start();
    await sending.until(() => sending.row(n).status !== "queued");
    expect(sending.row(n).status).toBe("cancelled");
    expect(sending.told(n)).toEqual([]);
  });
});
