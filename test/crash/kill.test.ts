import { expect } from "bun:test";
import { rmSync } from "node:fs";
import { setTimeout as after } from "node:timers/promises";
import { verifyLive } from "../../src/audit/verify.ts";
import type { Pause } from "../../src/pauses/shape.ts";
import { openForReading } from "../../src/storage/index.ts";
import { temporaryFolder } from "../support/database.ts";
import { pathOf, testNeeding } from "../support/needs.ts";
import { type Acknowledged, chancesOf, Load } from "./load.ts";
import { type RunningServer, startServer } from "./server.ts";

const ROUNDS = 20;
const CLIENTS = 8;

testNeeding("dist/pausepoint")(
  "a server killed twenty times at any moment keeps what it has acknowledged, and does nothing twice",
  async () => {
    const seed = Number(process.env.KILL_SEED ?? Math.floor(Math.random() * 2 ** 32));
    console.log(`seed ${seed}; again with KILL_SEED=${seed}`);
    const chance = chancesOf(seed);
    const folder = temporaryFolder();
    const start = () => startServer([pathOf("dist/pausepoint")], folder);
    let server = await start();
    try {
      const load = new Load(server.testKey ?? "", chance);
      for (let round = 0; round < ROUNDS; round++) {
        const before = load.acknowledged.length;
        const clients = load.run(server.url, CLIENTS);
        await after(50 + chance() * 350);
        await server.kill();
        await clients;
        server = await start();
        // Before anything new is asked that could set the queue going.
        await nothingIsLeft(folder, WAITING_MESSAGES);
        await Promise.all(load.acknowledged.slice(before).map((known) => stands(server, load.key, known)));
        await retriesAreTheSame(server, load, before);
        expect(wrongIn(folder)).toEqual([]);
        expect(load.strange).toEqual([]);
      }
      expect(load.acknowledged.length).toBeGreaterThan(ROUNDS);
      await Promise.all(load.acknowledged.map((known) => stands(server, load.key, known)));
      await nothingIsLeft(folder, OVERDUE_SOON);
      expect(undelivered(folder)).toBe(0);
      expect(wrongIn(folder)).toEqual([]);
      expect(messagesOf(folder).filter((message, at, all) => all.indexOf(message) !== at)).toEqual([]);
      const answered = load.acknowledged.filter(({ answer }) => answer !== null).length;
      console.log(`${load.acknowledged.length} pauses and ${answered} answers were acknowledged`);
      expect(answered).toBeGreaterThan(ROUNDS);
    } finally {
      await server.kill();
      rmSync(folder, { recursive: true, force: true });
    }
  },
);

/** The pause is there as it was acknowledged, with its answer, and ended by the clock if its time is over. */
async function stands(server: RunningServer, key: string, known: Acknowledged): Promise<void> {
  const askedAt = Date.now();
  const response = await fetch(`${server.url}/v1/pause/${known.id}`, { headers: { authorization: `Bearer ${key}` } });
  expect(response.status).toBe(200);
  const pause = (await response.json()) as Pause;
  expect(pause.message).toBe(known.message);
  if (known.answer !== null) {
    expect(pause).toMatchObject({ status: "responded", response_choice: known.answer, response_source: "human" });
  } else if (known.timeoutDefault !== null) {
    if (askedAt >= known.expiresAt || pause.status !== "pending") {
      expect(pause).toMatchObject({
        status: "responded",
        response_source: "timeout_default",
        response_choice: "Reject",
      });
      expect(Date.parse(pause.responded_at ?? "")).toBeGreaterThanOrEqual(known.expiresAt);
    }
  } else if (!known.isUnsure) expect(pause.status).toBe("pending");
}

/** A retry answers with the pause that was acknowledged; one that got no answer makes exactly one. */
async function retriesAreTheSame(server: RunningServer, load: Load, before: number): Promise<void> {
  const known = load.acknowledged.slice(before).filter(({ idempotencyKey }) => idempotencyKey !== null);
  await Promise.all(
    known.map(async ({ id, idempotencyKey }) => {
      const asked = load.asked.get(idempotencyKey ?? "");
      if (asked === undefined) throw new Error(`nothing was asked with ${idempotencyKey}`);
      const { pause, isReplay } = await load.retry(server.url, asked);
      expect({ id: pause.pause_id, isReplay }).toEqual({ id, isReplay: true });
    }),
  );
  for (const asked of load.unanswered.splice(0)) {
    const first = await load.retry(server.url, asked);
    const second = await load.retry(server.url, asked);
    expect({ id: second.pause.pause_id, isReplay: second.isReplay }).toEqual({
      id: first.pause.pause_id,
      isReplay: true,
    });
  }
}

/** What is wrong in the folder, of which no moment may show anything. */
function wrongIn(folder: string): string[] {
  const reading = openForReading(folder);
  const found = (what: string, sql: string) =>
    (reading.prepare(sql).pluck().all() as (string | number)[]).map((n) => `pause ${n} ${what}`);
  try {
    const { fault } = verifyLive(reading);
    return [
      ...(fault === null ? [] : [fault.what]),
      ...found("was created more than once, or never", `${countOf("'pause.created'")} <> 1`),
      ...found("ended more than once", `${countOf("'pause.responded', 'pause.timed_out', 'pause.cancelled'")} > 1`),
      ...found("was delivered more than once", `${countOf("'pause.delivered'")} > 1`),
      ...found("has two answers", "SELECT pause_n FROM answers GROUP BY pause_n HAVING count(*) > 1"),
      ...found(
        "has a default before its time",
        `SELECT pauses.n FROM answers JOIN pauses ON pauses.n = answers.pause_n
         WHERE answers.source = 'timeout_default' AND answers.at < pauses.expires_at`,
      ),
    ];
  } finally {
    reading.close();
  }
}

/** Numbers of pauses, by how many entries of these types they have. */
function countOf(types: string): string {
  return `SELECT pauses.n FROM pauses LEFT JOIN audit_entries ON audit_entries.pause_n = pauses.n
    AND json_extract(entry, '$.type') IN (${types}) GROUP BY pauses.n HAVING count(audit_entries.seq)`;
}

function messagesOf(folder: string): string[] {
  const reading = openForReading(folder);
  try {
    return reading.prepare("SELECT message FROM pauses").pluck().all() as string[];
  } finally {
    reading.close();
  }
}

const WAITING_MESSAGES = "SELECT count(*) FROM deliveries WHERE status IN ('queued', 'sending')";
const OVERDUE_SOON = "SELECT count(*) FROM pauses WHERE status = 'pending' AND timeout_default IS NOT NULL";

/** Waits until `sql` counts nothing any more; the limit of the test is the limit of that. */
async function nothingIsLeft(folder: string, sql: string): Promise<void> {
  const reading = openForReading(folder);
  try {
    const left = reading.prepare(sql).pluck();
    while (left.get() !== 0) await after(10);
  } finally {
    reading.close();
  }
}

/** Messages of questions that are still open and did not reach the outbox. */
function undelivered(folder: string): unknown {
  const reading = openForReading(folder);
  try {
    return reading
      .prepare(
        `SELECT count(*) FROM deliveries JOIN pauses ON pauses.n = deliveries.pause_n
         WHERE pauses.status = 'pending' AND deliveries.status <> 'delivered'`,
      )
      .pluck()
      .get();
  } finally {
    reading.close();
  }
}
