/**
 * What the database holds: the log, what waits in it, and the file itself. It is looked at in a process of its own (see
 * parts.ts), since neither SQLite's checks nor a long log can be interrupted.
 */
import { chainHead, installation, logHead, verifyUntil } from "../../audit/index.ts";
import { isReceiver, laneLoads } from "../../delivery/index.ts";
import { nextDue } from "../../pauses/index.ts";
import { isoTime } from "../../platform/clock.ts";
import { type Connection, newestSchema, quickFault, Reader, schemaOf } from "../../storage/index.ts";
import { allEndpoints } from "../../webhooks/index.ts";
import { bad, type Finding, ok } from "./finding.ts";
import type { Needed } from "./names.ts";
import { duration } from "./words.ts";

export interface ContentsParts {
  readonly connection: Connection;
  /** Whether a server works on it. */
  readonly isServed: boolean;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Whether the time for the log is over. */
  readonly isOver: () => boolean;
  /** Whether these have an address. */
  readonly names: (needed: readonly Needed[]) => Promise<readonly Finding[]>;
}

/** Each finding as soon as it is there; what takes longest comes last. */
export async function* ofContents(parts: ContentsParts): AsyncGenerator<Finding> {
  const schema = schemaOf(parts.connection);
  const isOther = ofSchema(schema);
  if (isOther !== null) {
    // Its tables may be others than this program knows.
    yield isOther;
    return;
  }
  const reader = new Reader(parts.connection);
  yield ofTime(reader, parts.now);
  yield* ofQueue(reader, parts);
  yield ofTimeouts(reader, parts);
  yield* ofEndpoints(reader, parts.now);
  yield* await parts.names(hostsOfEndpoints(reader));
  yield* ofLog(parts, reader);
  yield ofFile(parts.connection);
}

function ofSchema(schema: number): Finding | null {
  const name = "schema";
  if (schema > newestSchema) {
    const found = `the database is of a newer PausePoint (schema ${schema}, this program knows ${newestSchema})`;
    return bad(name, "fail", found, "Start the version that wrote it, or a later one.");
  }
  if (schema === newestSchema) return null;
  const found = `the database is of an earlier PausePoint (schema ${schema}, this program has ${newestSchema})`;
  return bad(name, "warn", found, "Start the server: it makes a backup, then brings the database up to date.");
}

/** Entries written within the same moment by two processes may differ by a little. */
const AHEAD_MS = 2_000;
const FAR_AHEAD_MS = 60_000;

/** The times of the log never go back: while the clock is behind them, every entry carries the time of the last one. */
function ofTime(reader: Reader, now: number): Finding {
  const name = "time of the log";
  const last = timeOfLast(reader);
  if (last === null) return bad(name, "fail", "its last entry can't be read", "See what is said of the log below.");
  if (last === 0) return ok(name, "nothing was written yet");
  const ahead = last - now;
  if (ahead <= AHEAD_MS) return ok(name, `its last entry is of ${isoTime(last)}, which is past`);
  const found = `its last entry is of ${isoTime(last)}, ${duration(ahead)} from now: the clock was set back`;
  const todo =
    "Set the clock. If it is right now, it was wrong when that was written; new entries carry that time until it is past.";
  return bad(name, ahead > FAR_AHEAD_MS ? "fail" : "warn", found, todo);
}

/** Milliseconds; 0 for an empty log, null for a last entry that is none. */
function timeOfLast(reader: Reader): number | null {
  try {
    const { at } = reader.run(chainHead.load);
    return Number.isNaN(at) ? null : at;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** As the alert rules in examples/prometheus have it. */
const LATE_MS = { message: 300_000, webhook: 900_000 };

function* ofQueue(reader: Reader, { isServed, now }: ContentsParts): Generator<Finding> {
  const name = "queue";
  const loads = reader.all(laneLoads, {});
  const count = loads.reduce((sum, load) => sum + load.count, 0);
  const waiting = `${count} ${count === 1 ? "delivery waits" : "deliveries wait"}`;
  if (!isServed) {
    yield ok(name, count === 0 ? "nothing waits" : `${waiting} for the server to start`);
    return;
  }
  const late = loads.filter(({ lane, due_at }) => now - due_at > LATE_MS[isReceiver(lane) ? "webhook" : "message"]);
  if (late.length === 0) {
    yield ok(name, count === 0 ? "nothing waits" : `${waiting}; none has been due for long`);
    return;
  }
  for (const { lane, count: here, due_at } of late) {
    const kind = isReceiver(lane) ? "webhook" : "message";
    const found =
      kind === "message"
        ? `${here} wait for ${lane}, and one has been due for ${duration(now - due_at)} (5 minutes are long)`
        : `${here} wait for a receiver of webhooks, and one has been due for ${duration(now - due_at)} (15 minutes are long)`;
    const todo =
      kind === "message"
        ? `See what is said of channel ${lane} here, and the server's log; the console lists them under Deliveries.`
        : "See pausepoint webhooks deliveries: the receiver is slow, or too many are down at once.";
    yield bad(name, "fail", found, todo);
  }
}

/** A timer fires within a second, and is looked after each second besides. */
const FIRES_WITHIN_MS = 60_000;

function ofTimeouts(reader: Reader, { isServed, now }: ContentsParts): Finding {
  const name = "timeouts";
  const due = reader.all(nextDue, {}).flatMap(({ next_due_at }) => (next_due_at === null ? [] : [next_due_at]));
  const first = due.length === 0 ? null : Math.min(...due);
  if (first === null) return ok(name, "no pause waits");
  if (first > now) return ok(name, `the next pause ends at ${isoTime(first)}, unless it is answered`);
  if (!isServed) return ok(name, `pauses are due since ${isoTime(first)}; the server ends them when it starts`);
  const late = now - first;
  if (late <= FIRES_WITHIN_MS) return ok(name, "a pause is being ended");
  const found = `a pause should have ended ${duration(late)} ago, and has not`;
  return bad(
    name,
    "fail",
    found,
    "Look into the server's log for `timeouts`; restart the server, which ends what is due.",
  );
}

const FAILING_MS = 3_600_000;

function* ofEndpoints(reader: Reader, now: number): Generator<Finding> {
  const name = "webhooks";
  const endpoints = reader.all(allEndpoints, {});
  let isWell = true;
  for (const { id, status, disabled_reason: why, failing_since: since } of endpoints) {
    const todo = `See pausepoint webhooks deliveries, mend the receiver, then enable it again (PATCH /v1/webhooks/${id}).`;
    if (status === "disabled") {
      isWell = false;
      yield bad(name, "warn", `${id} is disabled (${why ?? "by its owner"}) and is told nothing`, todo);
    } else if (since !== null && now - since > FAILING_MS) {
      isWell = false;
      const found = `${id} has only failed for ${duration(now - since)}; after 5 days it is disabled`;
      yield bad(name, "warn", found, "See pausepoint webhooks deliveries, and mend the receiver.");
    }
  }
  if (isWell)
    yield ok(
      name,
      endpoints.length === 0 ? "no endpoint" : `${endpoints.length} endpoints, none disabled or in trouble`,
    );
}

function hostsOfEndpoints(reader: Reader): Needed[] {
  return reader
    .all(allEndpoints, {})
    .filter(({ status }) => status === "enabled")
    .map(({ id, url }) => ({ host: new URL(url).hostname, by: id }));
}

function* ofLog({ connection, isOver }: ContentsParts, reader: Reader): Generator<Finding> {
  const name = "log";
  const state = reader.one(installation, {});
  if (state !== undefined && (state.signing_withheld !== null || state.restored_at !== null)) {
    const why = state.signing_withheld ?? "it was restored from a backup";
    yield bad("signing", "warn", `nothing is signed: ${why}`, "Once that is explained, run pausepoint audit resume.");
  }
  const { verification, isWhole } = verifyUntil(connection, isOver);
  const { fault, entries, lastSeq, headHash, pauses } = verification;
  if (fault !== null) {
    const where = fault.seq === null ? "in the tables" : `at entry ${fault.seq}`;
    const found = `is not valid; the first fault is ${where}: ${fault.what}`;
    yield bad(name, "fail", found, "Copy the folder as it is, then see pausepoint audit verify and the newest backup.");
    return;
  }
  if (isWhole) {
    yield ok(name, `${entries} entries and ${pauses} pauses agree; head ${headHash}`);
    return;
  }
  const { seq, hash } = logHead(connection);
  yield ok(
    name,
    `entries up to ${lastSeq} of ${seq} hold, then the time was over (pausepoint audit verify takes its time); head ${hash}`,
  );
}

function ofFile(connection: Connection): Finding {
  const name = "integrity";
  const fault = quickFault(connection);
  if (fault === null) return ok(name, "the database's pages are whole (SQLite's quick_check)");
  const todo = "Stop the server, copy the folder as it is, and restore the newest backup; then look at the disk.";
  return bad(name, "fail", `the database is damaged: ${fault.replace(/\s+/g, " ")}`, todo);
}
