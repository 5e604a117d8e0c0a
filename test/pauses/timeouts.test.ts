import { afterEach, beforeEach, describe, expect, spyOn, test } from "bun:test";
import { rmSync } from "node:fs";
import { setImmediate as nextTurn } from "node:timers/promises";
import { type App, startApp } from "../../src/app.ts";
import { verifyLive } from "../../src/audit/verify.ts";
import { answerPause } from "../../src/pauses/answer.ts";
import { cancelPause } from "../../src/pauses/cancel.ts";
import { readListQuery } from "../../src/pauses/list.ts";
import { Pauses } from "../../src/pauses/pauses.ts";
import { pauseByNumber } from "../../src/pauses/queries.ts";
import type { Pause } from "../../src/pauses/shape.ts";
import { Timeouts } from "../../src/pauses/timeouts.ts";
import { Waiters } from "../../src/pauses/waiters.ts";
import { LONGEST_TIMER } from "../../src/platform/clock.ts";
import { loadConfig } from "../../src/platform/config/load.ts";
import { type Log, silentLog } from "../../src/platform/log.ts";
import { Stopping } from "../../src/platform/stopping.ts";
import { openForReading } from "../../src/storage/index.ts";
import {
  DAY,
  HOUR,
  MINUTE,
  START,
  seededRandom,
  TestDatabase,
  type TestKey,
  TurnedClock,
  temporaryFolder,
} from "../support/database.ts";
import { unconfigured } from "../support/rules.ts";

/** Cuts its timers as the machine's own clock does. */
class CuttingClock extends TurnedClock {
  override after(milliseconds: number, callback: () => void): () => void {
    return super.after(Math.max(0, Math.min(milliseconds, LONGEST_TIMER)), callback);
  }
}

let db: TestDatabase;
let live: TestKey;
let timeouts: Timeouts;
let logged: string[];
beforeEach(async () => {
  db = new TestDatabase(temporaryFolder(), new CuttingClock(), seededRandom("timeouts"));
  live = await db.newKey("live");
  logged = [];
  const log: Log = { ...silentLog, error: (event) => logged.push(event) };
  timeouts = new Timeouts(db.writer, db.context, log);
  await timeouts.start();
});
afterEach(async () => {
  await timeouts.stop();
  expect(faultIn(db.folder)).toBeNull();
  expect(db.fatal).toEqual([]);
  await db[Symbol.asyncDispose]();
});

function faultIn(folder: string) {
  const reading = openForReading(folder);
  const { fault } = verifyLive(reading);
  reading.close();
  return fault;
}

/** Asks, and gives the hint that the composition root passes on. */
async function ask(hours: number, timeoutDefault: string | null = null): Promise<number> {
  const { n } = await db.ask(live.key, { timeout_hours: hours, timeout_default: timeoutDefault });
  for (const at of db.hinted.due.splice(0)) timeouts.due(at);
  return n;
}

const row = (n: number) => db.writer.one(pauseByNumber, { n });
const statuses = (numbers: readonly number[]) => numbers.map((n) => row(n)?.status);

/** Until what the timers have begun is done. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) {
    await nextTurn();
    await db.writer.drained();
  }
}

async function turn(milliseconds: number): Promise<void> {
  db.clock.turn(milliseconds);
  await settled();
}

describe("the timer of timeouts", () => {
  test("ends a pause at its time to the millisecond, also months after a timer could count", async () => {
    const n = await ask(60 * 24, "Reject");
    await turn(60 * DAY - 1);
    expect(row(n)?.status).toBe("pending");
    await turn(1);
    expect(row(n)).toMatchObject({
      status: "responded",
      ended_at: START + 60 * DAY,
      response_choice: "Reject",
      response_source: "timeout_default",
    });
  });

  test("ends a pause without a default as timed out", async () => {
    const n = await ask(1);
    await turn(HOUR);
    expect(row(n)).toMatchObject({ status: "timed_out", response_choice: null });
  });

  test("is brought forward by a shorter pause, and set again for the longer one", async () => {
    const long = await ask(3);
    const short = await ask(1);
    await turn(HOUR);
    expect(statuses([long, short])).toEqual(["pending", "timed_out"]);
    await turn(2 * HOUR);
    expect(statuses([long])).toEqual(["timed_out"]);
  });

  test("works off hundreds that are due at once, each exactly once", async () => {
    const numbers: number[] = [];
    for (let count = 0; count < 350; count++) numbers.push(await ask(1, count % 2 === 0 ? "Reject" : null));
    db.clock.turn(HOUR);
    await Promise.all([timeouts.check(), timeouts.check()]);
    expect(statuses(numbers)).toEqual(numbers.map((_, index) => (index % 2 === 0 ? "responded" : "timed_out")));
    expect(db.hinted.ended.toSorted((a, b) => a - b)).toEqual(numbers);
  });

  test("tries again a second after the storage could not be written", async () => {
    db.connection.pragma("busy_timeout = 0");
    const n = await ask(1);
    const beside = db.beside();
    beside.connection.exec("BEGIN IMMEDIATE");
    await turn(HOUR);
    expect(logged).toEqual(["timeouts could not be written"]);
    expect(row(n)?.status).toBe("pending");
    beside.connection.exec("ROLLBACK");
    beside.close();
    await turn(999);
    expect(row(n)?.status).toBe("pending");
    await turn(1);
    expect(row(n)?.status).toBe("timed_out");
  });

  test("does nothing more once it was stopped", async () => {
    const n = await ask(1);
    await timeouts.stop();
    await turn(DAY);
    await timeouts.check();
    timeouts.due(db.clock.now());
    await turn(DAY);
    expect(row(n)?.status).toBe("pending");
  });
});

describe("a clock that was set", () => {
  test("forward is met at the next look, which reads nothing while nothing is due", async () => {
    const n = await ask(1);
    using read = spyOn(db.writer, "one");
    using wrote = spyOn(db.writer, "write");
    db.clock.set(START + HOUR - 1);
    for (let second = 0; second < 60; second++) await timeouts.check();
    expect([read.mock.calls.length, wrote.mock.calls.length]).toEqual([0, 0]);
    db.clock.set(START + HOUR);
    await timeouts.check();
    expect(row(n)?.status).toBe("timed_out");
  });

  test("forward by days is met by the timer within a minute", async () => {
    const n = await ask(48);
    db.clock.set(START + 3 * DAY);
    await turn(MINUTE);
    expect(row(n)?.status).toBe("timed_out");
  });

  test("back ends nothing early and nothing twice", async () => {
    const n = await ask(1, "Reject");
    db.clock.set(START - DAY);
    await turn(HOUR);
    expect(row(n)?.status).toBe("pending");
    await turn(DAY - 1);
    expect(row(n)?.status).toBe("pending");
    await turn(1);
    expect(row(n)?.status).toBe("responded");
    db.clock.set(START);
    await turn(2 * HOUR);
    expect(db.log(n).map(({ type }) => type)).toEqual(["pause.created", "pause.responded"]);
  });
});

describe("who touches a pause first after its time", () => {
  const pauses = () =>
    new Pauses({
      writer: db.writer,
      context: db.context,
      waiters: new Waiters(db.clock),
      // One that nobody started: nothing but the touch itself can end a pause here.
      timeouts: new Timeouts(db.writer, db.context, silentLog),
      stopping: new Stopping(),
      rules: unconfigured,
    });
  const idOf = (n: number) => row(n)?.id ?? "";
  /** A pause that is over and that no timer has ended. */
  async function overdue(): Promise<number> {
    const { n } = await db.ask(live.key, { timeout_hours: 1, timeout_default: "Reject" });
    db.clock.set(db.clock.now() + HOUR);
    return n;
  }
  const ended = { status: "responded", response_source: "timeout_default", response_choice: "Reject" };

  test("ends it by reading it", async () => {
    expect(await pauses().get(live.key, idOf(await overdue()))).toMatchObject(ended);
  });

  test("ends it by waiting for it, at once", async () => {
    const signal = new AbortController().signal;
    expect(await pauses().wait(live.key, idOf(await overdue()), 60, signal)).toMatchObject(ended);
  });

  test("ends it by listing it", async () => {
    const pending = await db.ask(live.key);
    await overdue();
    const { data } = await pauses().list(live.key, readListQuery(new URLSearchParams()));
    expect(data.map(({ status }) => status)).toEqual(["responded", "pending"]);
    expect(row(pending.n)?.status).toBe("pending");
  });

  test("ends it by answering it, and the answer is late", async () => {
    const pauseN = await overdue();
    const late = { pauseN, position: 0, choice: "Approve", comment: null, via: "page" as const };
    const answered = await db.writer.write((tx) =>
      answerPause(tx, db.context, { ...late, origin: { ip: null, userAgent: null } }),
    );
    expect(answered).toMatchObject({ accepted: false });
    expect(row(pauseN)).toMatchObject(ended);
  });

  test("ends it by withdrawing it, which is refused", async () => {
    const n = await overdue();
    const done = await db.writer.write((tx) =>
      cancelPause(tx, db.context, { key: live.key, pauseId: idOf(n), reason: null }),
    );
    expect(done?.refusal).toMatchObject({ because: "ended", status: "responded" });
    expect(row(n)).toMatchObject(ended);
  });
});

describe("the appliance", () => {
  const folders: string[] = [];
  const running: App[] = [];
  afterEach(async () => {
    for (const app of running.splice(0)) await app.stop();
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  });

  async function start(folder: string, clock: TurnedClock): Promise<App> {
    const config = await loadConfig({ flags: { data: folder, port: "0" }, env: {}, cwd: folder });
    const app = await startApp({ config, log: silentLog, clock });
    running.push(app);
    return app;
  }

  async function stop(app: App): Promise<void> {
    running.splice(running.indexOf(app), 1);
    await app.stop();
  }

  async function call(app: App, key: string, path: string, body?: object): Promise<Pause> {
    const response = await fetch(`${app.url}${path}`, {
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
    });
    expect([200, 201]).toContain(response.status);
    return (await response.json()) as Pause;
  }

  const question = (hours: number, timeoutDefault: string | null) => ({
    recipient: "+13128471928",
    channel: "sms",
    message: "Pay?",
    timeout_hours: hours,
    timeout_default: timeoutDefault,
  });

  test("ends on its start what fell due while it was down, once, however often it starts", async () => {
    const folder = temporaryFolder();
    folders.push(folder);
    const first = await start(folder, new TurnedClock());
    const key = first.firstKey ?? "";
    for (let count = 0; count < 120; count++)
      await call(first, key, "/v1/pause", question(1, count % 2 === 0 ? "Reject" : null));
    const { pause_id: kept } = await call(first, key, "/v1/pause", question(24, null));
    await stop(first);

    for (const later of [2, 3]) {
      await stop(await start(folder, new TurnedClock(START + later * HOUR)));
      const reading = openForReading(folder);
      const count = (sql: string) => reading.prepare(sql).raw().all();
      expect(count("SELECT status, count(*), min(ended_at), max(ended_at) FROM pauses GROUP BY status")).toEqual([
        ["pending", 1, null, null],
        ["responded", 60, START + 2 * HOUR, START + 2 * HOUR],
        ["timed_out", 60, START + 2 * HOUR, START + 2 * HOUR],
      ]);
      expect(count("SELECT source, count(*) FROM answers GROUP BY source")).toEqual([["timeout_default", 60]]);
      expect(verifyLive(reading).fault).toBeNull();
      reading.close();
    }
    const last = await start(folder, new TurnedClock(START + DAY));
    expect(await call(last, key, `/v1/pause/${kept}`)).toMatchObject({ status: "timed_out" });
  });

  test("answers who waits in the moment in which the time is over", async () => {
    const folder = temporaryFolder();
    folders.push(folder);
    const clock = new TurnedClock();
    const app = await start(folder, clock);
    const key = app.firstKey ?? "";
    const { pause_id: id } = await call(app, key, "/v1/pause", question(1, "Reject"));
    clock.turn(HOUR - MINUTE);
    const held = call(app, key, `/v1/pause/${id}?wait=120`);
    while (app.waiting < 1) await nextTurn();
    clock.turn(MINUTE);
    expect(await held).toMatchObject({ status: "responded", response_source: "timeout_default" });
  });
});
