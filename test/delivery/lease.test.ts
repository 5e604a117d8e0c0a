import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { Channel, SendResult } from "../../src/channels/channel.ts";
import { type ClaimedMessage, MessageTraffic } from "../../src/delivery/messages.ts";
import { answerPause } from "../../src/pauses/answer.ts";
import { openTestDatabase } from "../support/database.ts";

const LEASE = 30_000;
const sent: SendResult = { outcome: "sent", providerId: "SM1", status: 201, excerpt: null };

describe("a message whose lease ran out while its attempt was under way", () => {
  let db: Awaited<ReturnType<typeof openTestDatabase>>;
  beforeEach(async () => {
    db = await openTestDatabase();
  });
  afterEach(() => db[Symbol.asyncDispose]());

  const never = () => {
    throw new Error("nothing is sent here");
  };
  const channel: Channel = { addressKind: "phone", send: never };
  const traffic = () => new MessageTraffic(channel, { ask: never, notice: never }, db.context);
  const laneOf = () => db.connection.prepare("SELECT lane FROM deliveries").pluck().get() as string;
  const claim = async (): Promise<ClaimedMessage> => {
    const [due] = await db.writer.write((tx) => traffic().claim(tx, laneOf(), 10, LEASE));
    return due!;
  };
  const record = (due: ClaimedMessage) => db.writer.write((tx) => traffic().record(tx, due, sent, db.clock.now()));
  const told = () => db.log().filter(({ type }) => type === "pause.sent").length;

  test("is told of once, whichever attempt is recorded first", async () => {
    await db.ask(db.test.key, {});
    const first = await claim();
    db.clock.turn(LEASE);
    const second = await claim();
    await record(second);
    await record(first);
    expect(told()).toBe(1);
    const attempts = db.connection.prepare("SELECT attempt FROM delivery_attempts ORDER BY attempt").pluck().all();
    expect(attempts).toEqual([1, 2]);
  });

  test("is told of once though its pause has ended meanwhile", async () => {
    await db.ask(db.test.key, {});
    const due = await claim();
    const origin = { ip: null, userAgent: null };
    const answer = { pauseN: due.pause_n, position: 0, choice: "Approve", comment: null, via: "page", origin } as const;
    await db.writer.write((tx) => answerPause(tx, db.context, answer));
    await record(due);
    expect(told()).toBe(1);
  });
});
