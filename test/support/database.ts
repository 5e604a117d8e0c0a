/**
 * A real database in a folder of its own, with what the units of work around it are handed: a clock that only a test
 * turns, chance from a seed, ids, and a project with a key for each mode.
 *
 *     await using db = await openTestDatabase();
 *     const { n } = await db.ask({ recipient: "+13128471928", channel: "sms", message: "Pay?" });
 *     db.clock.turn(24 * HOUR);
 */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createKey,
  defaultScopes,
  type Key,
  type KeyLimits,
  KeyRing,
  noLimits,
  type Scope,
} from "../../src/access/index.ts";
import { Attestor } from "../../src/audit/index.ts";
import { entries } from "../../src/audit/queries.ts";
import type { AddressKind } from "../../src/channels/channel.ts";
import { OUTBOX } from "../../src/channels/directory.ts";
import type { PauseContext } from "../../src/pauses/context.ts";
import { type Created, createPause } from "../../src/pauses/create.ts";
import type { View } from "../../src/pauses/open.ts";
import { numberOfPause } from "../../src/pauses/queries.ts";
import { normaliseRecipients } from "../../src/pauses/recipients.ts";
import { createBody } from "../../src/pauses/request.ts";
import type { Pause } from "../../src/pauses/shape.ts";
import { AddressDigests } from "../../src/platform/address-digests.ts";
import type { Clock } from "../../src/platform/clock.ts";
import { sha256 } from "../../src/platform/hash.ts";
import { IdSource } from "../../src/platform/ids.ts";
import { Metrics } from "../../src/platform/metrics/index.ts";
import type { Random } from "../../src/platform/random.ts";
import { check } from "../../src/platform/schema.ts";
import { type Connection, type Mode, openDatabase, type Tx, Writer } from "../../src/storage/index.ts";
import { withoutEnd } from "./rules.ts";

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
/** When the clock of every test database starts. */
export const START = Date.UTC(2026, 10, 23, 14);

/** A page as a link shows it at `at`, for the units of work that record one. */
export function viewOf(at: number, wanted: Partial<View> & { readonly language?: string } = {}): View {
  const { language = "en", ...view } = wanted;
  const template = `sha256:${"7e".repeat(32)}`;
  const text = JSON.stringify({ accent: null, template });
  const page = { language, template, appearance: { text, digest: sha256(text) }, renderedAt: at };
  return {
    page: { ...page, digest: `sha256:${createHash("sha256").update(`${language} ${at}`).digest("hex")}` },
    state: "open",
    automated: false,
    ...view,
  };
}

/** A clock that stands still until it is turned. */
export class TurnedClock implements Clock {
  #now: number;
  #timers: { at: number; callback: () => void }[] = [];

  constructor(start = START) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  after(milliseconds: number, callback: () => void): () => void {
    const timer = { at: this.#now + milliseconds, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Lets time pass: timers that fall due are called in their order, each at its own time. */
  turn(milliseconds: number): void {
    const end = this.#now + milliseconds;
    for (;;) {
      const [next] = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.#now = Math.max(this.#now, next.at);
      next.callback();
    }
    this.#now = end;
  }

  /** Sets the clock, also back, as an operator would. No timer is called. */
  set(at: number): void {
    this.#now = at;
  }
}

/** Bytes that are the same for the same seed. */
export function seededRandom(seed: string): Random {
  let drawn = 0;
  return {
    bytes(count) {
      const blocks: Uint8Array[] = [];
      for (let held = 0; held < count; held += 32) blocks.push(sha256(`${seed}/${drawn++}`));
      return new Uint8Array(Buffer.concat(blocks).subarray(0, count));
    },
  };
}

export interface TestKey {
  readonly text: string;
  readonly key: Key;
}

/** The members of an audit entry as the log shows them. */
export interface LoggedEntry {
  readonly seq: number;
  readonly at: string;
  readonly type: string;
  readonly actor: { readonly type: string; readonly id: string | null };
  readonly project: string | null;
  readonly mode: Mode | null;
  readonly pause_id: string | null;
  readonly data: Readonly<Record<string, unknown>>;
  readonly prev_hash: string;
}

const KINDS: Readonly<Record<string, AddressKind>> = { email: "email", slack: "slack" };

export class TestDatabase {
  /** What the writer called fatal. */
  readonly fatal: Error[] = [];
  /** The hints that were given, in their order. */
  readonly hinted = { due: [] as number[], woken: [] as string[], ended: [] as number[], told: 0 };
  /** Lanes that tell those who were asked how it ended; a test may add to it. */
  readonly concluding = new Map<string, "in place" | "by message">();
  /** What was counted. */
  readonly metrics = new Metrics();
  readonly connection: Connection;
  readonly writer: Writer;
  readonly ring: KeyRing;
  readonly context: PauseContext;

  constructor(
    readonly folder: string,
    readonly clock: TurnedClock,
    readonly random: Random,
  ) {
    this.connection = openDatabase(folder);
    this.writer = new Writer(this.connection, (error) => this.fatal.push(error));
    this.ring = new KeyRing(this.writer);
    const { due, woken, ended } = this.hinted;
    this.context = {
      clock,
      random,
      ids: new IdSource(clock, random),
      attestor: new Attestor({ folderSecret: sha256(folder), clock, random }),
      digests: new AddressDigests(seededRandom("secret").bytes(32)),
      metrics: this.metrics,
      concluding: this.concluding,
      scanned: new Set(),
      wake: (lane) => woken.push(lane),
      script() {},
      hints: {
        due: (at) => due.push(at),
        ended: (n) => ended.push(n),
        told: () => {
          this.hinted.told++;
        },
      },
    };
  }

  /** A key of a project, made as the command line makes it. */
  async newKey(
    mode: Mode,
    wanted: { project?: string; scopes?: readonly Scope[]; limits?: KeyLimits } = {},
  ): Promise<TestKey> {
    const { project = "default", scopes = defaultScopes, limits = noLimits } = wanted;
    const made = await this.writer.write((tx) =>
      createKey(
        tx,
        this.context,
        { name: `${mode} key`, mode, project, scopes, limits },
        { type: "operator", id: null },
      ),
    );
    const key = this.ring.find(made.key);
    if (key === null) throw new Error("a fresh key was not found");
    return { text: made.key, key };
  }

  /** Runs `createPause` for the body of a `POST /v1/pause`, as the route would. */
  create(key: Key, body: Readonly<Record<string, unknown>>, idempotencyKey?: string): Promise<Created> {
    return this.writer.write(this.creating(key, body, idempotencyKey));
  }

  /** The unit of work that does it. */
  creating(
    key: Key,
    body: Readonly<Record<string, unknown>>,
    idempotencyKey?: string,
  ): (tx: Tx) => ReturnType<typeof createPause> {
    const request = check(createBody, body, "body");
    const addressKind = KINDS[request.channel] ?? ("phone" as const);
    const steps = [{ channel: request.channel, lane: OUTBOX, addressKind, afterMs: 0 }] as const;
    const normalised = normaliseRecipients(request.recipient, steps, { people: {}, defaultRegion: "US" });
    if ("errors" in normalised) throw new Error(JSON.stringify(normalised.errors));
    const { recipients } = normalised;
    const timeoutHours = request.timeout_hours ?? 24;
    const idempotency =
      idempotencyKey === undefined ? null : { key: idempotencyKey, bodyHash: sha256(JSON.stringify(body)) };
    return (tx) =>
      createPause(tx, this.context, {
        key,
        request,
        recipients,
        steps,
        takesReplies: () => false,
        timeoutHours,
        allowance: withoutEnd,
        idempotency,
      });
  }

  /** Creates a pause and answers it with its number. The body's gaps are filled in. */
  async ask(key: Key, body: Readonly<Record<string, unknown>> = {}): Promise<{ n: number; pause: Pause }> {
    const created = await this.create(key, { recipient: "+13128471928", channel: "sms", message: "Pay?", ...body });
    if (created.kind !== "created") throw new Error("the pause was a replay");
    return { n: this.numberOf(created.pause.pause_id), pause: created.pause };
  }

  numberOf(pauseId: string): number {
    return this.writer.one(numberOfPause, { id: pauseId })?.n ?? 0;
  }

  /** The log, or the part of it that belongs to a pause. */
  log(pauseN?: number): LoggedEntry[] {
    return this.writer
      .all(entries, { after: 0, limit: 1_000_000 })
      .filter((row) => pauseN === undefined || row.pause_n === pauseN)
      .map((row) => JSON.parse(row.entry) as LoggedEntry);
  }

  /** How many rows `sql` counts. */
  count(sql: string, ...params: readonly unknown[]): number {
    return this.connection
      .prepare(sql)
      .pluck()
      .get(...params) as number;
  }

  /** The same folder through a connection of its own, as a command beside the server has it. */
  beside(): TestDatabase {
    return new TestDatabase(this.folder, this.clock, seededRandom(`beside ${this.folder}`));
  }

  close(): void {
    if (this.connection.open) this.connection.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.writer.drained();
    this.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A fresh database with a live and a test key of the project `default`. */
export async function openTestDatabase(
  seed = "seed",
): Promise<TestDatabase & { readonly live: TestKey; readonly test: TestKey }> {
  const db = new TestDatabase(temporaryFolder(), new TurnedClock(), seededRandom(seed));
  const keys = { live: await db.newKey("live"), test: await db.newKey("test") };
  // The reads of one turn share a snapshot: a test that writes beside the writer begins with the next turn.
  await new Promise((resolve) => setImmediate(resolve));
  return Object.assign(db, keys);
}

/** An empty folder of its own, for a test that opens the database itself. */
export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), "pausepoint-test-"));
}

/** What is wrong with the hash chain and the leaves, computed anew from the stored bytes; nothing when it is whole. */
export function chainFaults(connection: Connection): string[] {
  const faults: string[] = [];
  let previous = "0".repeat(64);
  let at = "";
  const rows = connection
    .prepare<[], { seq: number; entry: string; leaf: Uint8Array }>(
      "SELECT seq, entry, leaf FROM audit_entries ORDER BY seq",
    )
    .all();
  for (const [index, row] of rows.entries()) {
    const entry = JSON.parse(row.entry) as LoggedEntry;
    if (row.seq !== index + 1 || entry.seq !== row.seq) faults.push(`entry ${index + 1} has the number ${row.seq}`);
    if (entry.prev_hash !== previous) faults.push(`entry ${row.seq} is not linked to the one before`);
    if (entry.at < at) faults.push(`entry ${row.seq} is older than the one before`);
    const leaf = createHash("sha256").update("\0").update(row.entry).digest();
    if (!leaf.equals(row.leaf)) faults.push(`entry ${row.seq} has another leaf`);
    previous = createHash("sha256").update(row.entry).digest("hex");
    at = entry.at;
  }
  return faults;
}
