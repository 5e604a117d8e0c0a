import type { Metrics } from "../platform/metrics/index.ts";
import type { Connection } from "./database.ts";
import { StorageBusy } from "./errors.ts";
import type { Query } from "./query.ts";
import { Done, Statements } from "./sqlite-tx.ts";
import type { Changes, SharedState, Step, Tx, Work } from "./work.ts";

/** Units that share one commit at most. */
const BATCH_LIMIT = 256;
/** Units that wait at most; above it a write is refused at once. */
const QUEUE_LIMIT = 10_000;

/** Called when the disk has failed under a commit: the process must stop, since a retried fsync may lie. */
export type FatalHandler = (error: Error) => void;

/** What is counted of commits. */
export type CommitMeter = Pick<Metrics, "commitUnits" | "commitSeconds" | "commitsFailed">;

interface Waiting {
  readonly unit: (tx: Tx) => Work<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

interface Runnable {
  run(): unknown;
}

type Outcome = { readonly value: unknown } | { readonly error: unknown };

/**
 * The one writer, with group commit: units of work that arrive together run one after the other inside one
 * `BEGIN IMMEDIATE … COMMIT`, and each caller is answered only after that commit is on disk.
 *
 * A unit that throws before it wrote is refused alone. One that throws after a write takes the batch back, and the
 * batch goes round once more with a savepoint around each unit, so that its neighbours get through (a savepoint for
 * every unit would cost as much as the unit itself).
 */
export class Writer {
  readonly #connection: Connection;
  readonly #statements: Statements;
  readonly #onFatal: FatalHandler;
  readonly #tx: BatchTx;
  readonly #listeners = new Set<() => void>();
  #queue: Waiting[] = [];
  #scheduled = false;
  #crowd = 0;
  /** How many units waited one turn of the event loop ago. */
  #seenWaiting = 0;
  #closed: StorageBusy | null = null;
  #failed = false;
  #isRefusing = false;
  #idle: (() => void) | null = null;
  readonly #meter: CommitMeter | null;
  readonly #snapshot: { readonly begin: Runnable; readonly end: Runnable };
  #reading = false;

  constructor(connection: Connection, onFatal: FatalHandler, meter: CommitMeter | null = null) {
    this.#connection = connection;
    this.#meter = meter;
    this.#snapshot = { begin: connection.prepare("BEGIN"), end: connection.prepare("COMMIT") };
    this.#statements = new Statements(connection);
    this.#onFatal = onFatal;
    this.#tx = new BatchTx(connection, this.#statements);
  }

  /**
   * Queues a unit and resolves with its result once the commit that holds it is durable. Rejects with the unit's own
   * error (nothing of it was written), or with {@link StorageBusy} when nothing can be written now.
   */
  write<R>(unit: (tx: Tx) => Work<R>): Promise<R> {
    if (this.#closed !== null) return Promise.reject(this.#closed);
    if (this.#queue.length >= QUEUE_LIMIT) return Promise.reject(new StorageBusy("too many writes are waiting"));
    return new Promise<R>((resolve, reject) => {
      this.#queue.push({ unit, resolve: resolve as (value: unknown) => void, reject });
      this.#schedule();
    });
  }

  /**
   * Reads outside any batch, on the writer's own connection: units are synchronous, so nothing uncommitted shows. What
   * is read in one turn of the event loop shares one snapshot, which ends before the next batch begins.
   */
  one<P extends object, R>(query: Query<P, R>, params: P): R | undefined {
    this.#beginRead();
    return this.#statements.one(query, params);
  }

  /** All rows, as {@link one}. */
  all<P extends object, R>(query: Query<P, R>, params: P): R[] {
    this.#beginRead();
    return this.#statements.all(query, params);
  }

  /** How many units wait. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** How many units shared the last commit. */
  get crowd(): number {
    return this.#crowd;
  }

  /** Whether the last thing that was to be written found the disk full, or another process writing for too long. */
  get isRefusing(): boolean {
    return this.#isRefusing;
  }

  /** A number that moves whenever another process has committed (PRAGMA data_version). */
  foreignCommits(): number {
    return this.#tx.foreignCommits();
  }

  /** What a committed unit of this process has shared last, or undefined. Forgotten when another process has written. */
  committed<S>(state: SharedState<S>): S | undefined {
    return this.#tx.committed(state);
  }

  /** Calls `listener` after each commit of this process; the answer ends that. It must be quick, and must not throw. */
  onCommit(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Resolves when everything queued so far has been committed or refused. */
  drained(): Promise<void> {
    if (!this.#scheduled) return Promise.resolve();
    return new Promise((resolve) => {
      const before = this.#idle;
      this.#idle = () => {
        before?.();
        resolve();
      };
    });
  }

  /** Refuses new writes, commits what waits, and folds the log into the file. The connection stays the caller's. */
  async close(): Promise<void> {
    this.#closed ??= new StorageBusy("the appliance is stopping");
    await this.drained();
    this.#fold("TRUNCATE");
  }

  /** Moves into the file what of the log no reader needs any more; waits for nobody. */
  foldLog(): void {
    this.#fold("PASSIVE");
  }

  /**
   * Moves all of the log into the file and cuts it to nothing, so that no older state of a page is left in it. False, at
   * once, when a reader still needs some of it.
   */
  truncateLog(): boolean {
    this.#endRead();
    if (!this.#connection.open || this.#failed) return false;
    const timeout = this.#connection.pragma("busy_timeout", { simple: true });
    this.#connection.pragma("busy_timeout = 0");
    try {
      const [row] = this.#connection.pragma("wal_checkpoint(TRUNCATE)") as { busy: number }[];
      return row?.busy === 0;
    } finally {
      this.#connection.pragma(`busy_timeout = ${timeout}`);
    }
  }

  #fold(how: "PASSIVE" | "TRUNCATE"): void {
    // SQLite folds nothing while the same connection reads.
    this.#endRead();
    // After a failed sync nothing may be folded: what was read back could be what never reached the disk.
    if (this.#connection.open && !this.#failed) this.#connection.pragma(`wal_checkpoint(${how})`);
  }

  /** Locking and unlocking for a single read costs ten times what the read does. */
  #beginRead(): void {
    if (this.#reading || this.#connection.inTransaction) return;
    this.#snapshot.begin.run();
    this.#reading = true;
    setImmediate(() => this.#endRead());
  }

  #endRead(): void {
    if (!this.#reading) return;
    this.#reading = false;
    if (this.#connection.open && this.#connection.inTransaction) this.#snapshot.end.run();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#drain());
  }

  #drain(): void {
    // Those who ask at once arrive over a few turns of the event loop, and a commit costs as much for one as for all of
    // them: while each turn brings more, wait for the next. A lone unit never waits.
    const { length } = this.#queue;
    if (length > 1 && length < BATCH_LIMIT && length > this.#seenWaiting) {
      this.#seenWaiting = length;
      setImmediate(() => this.#drain());
      return;
    }
    this.#seenWaiting = 0;
    this.#endRead();
    const batch = this.#queue.length <= BATCH_LIMIT ? this.#queue : this.#queue.slice(0, BATCH_LIMIT);
    this.#crowd = batch.length;
    this.#queue = batch === this.#queue ? [] : this.#queue.slice(BATCH_LIMIT);
    const began = performance.now();
    try {
      const outcomes = this.#commitOnce(batch) ?? this.#commitWithSavepoints(batch);
      this.#meter?.commitUnits.observe(batch.length);
      this.#meter?.commitSeconds.observe((performance.now() - began) / 1000);
      // An empty commit succeeds on a full disk too.
      if (this.#tx.writes > 0) this.#isRefusing = false;
      this.#answer(batch, outcomes);
    } catch (error) {
      this.#meter?.commitsFailed.add(1);
      this.#refuseAll(batch, error as Error);
    }
    this.#scheduled = false;
    if (this.#queue.length > 0) this.#schedule();
    else {
      const idle = this.#idle;
      this.#idle = null;
      idle?.();
    }
  }

  /** The common case. Null when a unit failed after a write, and everything was taken back. */
  #commitOnce(batch: readonly Waiting[]): Outcome[] | null {
    this.#tx.begin();
    const outcomes: Outcome[] = [];
    for (const { unit } of batch) {
      const before = this.#tx.mark();
      try {
        outcomes.push({ value: runWhole(unit(this.#tx)) });
      } catch (error) {
        if (isDiskError(error) || this.#tx.writes !== before.writes) {
          this.#tx.rollback();
          if (isDiskError(error)) throw error;
          return null;
        }
        this.#tx.returnTo(before);
        outcomes.push({ error });
      }
    }
    this.#tx.close();
    this.#tx.commit();
    return outcomes;
  }

  #commitWithSavepoints(batch: readonly Waiting[]): Outcome[] {
    this.#tx.begin();
    const outcomes: Outcome[] = [];
    for (const { unit } of batch) {
      const mark = this.#tx.mark();
      this.#connection.exec("SAVEPOINT unit");
      try {
        outcomes.push({ value: runWhole(unit(this.#tx)) });
      } catch (error) {
        if (isDiskError(error)) {
          this.#tx.rollback();
          throw error;
        }
        this.#connection.exec("ROLLBACK TO unit");
        this.#tx.returnTo(mark);
        outcomes.push({ error });
      }
      this.#connection.exec("RELEASE unit");
    }
    this.#tx.close();
    this.#tx.commit();
    return outcomes;
  }

  #answer(batch: readonly Waiting[], outcomes: readonly Outcome[]): void {
    batch.forEach((waiting, index) => {
      const outcome = outcomes[index];
      if (outcome === undefined) throw new Error("a unit has no outcome");
      if ("error" in outcome) waiting.reject(outcome.error);
      else waiting.resolve(outcome.value);
    });
    // Settled first, so that a hook that throws can't turn what is on disk into a refusal. Callers go on in a
    // microtask, so the hooks are still before them.
    for (const hook of this.#tx.takeHooks()) hook();
    for (const listener of this.#listeners) listener();
  }

  #refuseAll(batch: readonly Waiting[], error: Error): void {
    if (this.#connection.open && this.#connection.inTransaction) this.#tx.rollback();
    this.#tx.takeHooks();
    const refusal = new StorageBusy(`storage cannot be written: ${error.message}`, { cause: error });
    for (const waiting of batch) waiting.reject(refusal);
    // A full disk heals, and a busy one too: refuse and go on. Any other failure at commit means that the file and
    // our memory of it may differ.
    this.#isRefusing = true;
    if (isPassing(error)) return;
    this.#closed = refusal;
    this.#failed = true;
    for (const waiting of this.#queue.splice(0)) waiting.reject(refusal);
    this.#onFatal(error);
  }
}

/** The transaction that the units of one batch share. */
class BatchTx implements Tx {
  readonly #connection: Connection;
  readonly #statements: Statements;
  readonly #dataVersion: { get(): unknown };
  #seenVersion: unknown = null;
  #version = 0;
  #committed = new Map<SharedState<unknown>, unknown>();
  readonly #working = new Map<SharedState<unknown>, unknown>();
  /** What each {@link share} of this batch has replaced, so that a unit that fails can be taken back. */
  #replaced: Replaced[] = [];
  #hooks: (() => void)[] = [];
  #closing: ((tx: Tx) => Work<void>)[] = [];
  writes = 0;

  constructor(connection: Connection, statements: Statements) {
    this.#connection = connection;
    this.#statements = statements;
    this.#dataVersion = connection.prepare("PRAGMA data_version").pluck();
  }

  one<P extends object, R>(query: Query<P, R>, params: P): Step<R | undefined> {
    return new Done(this.#statements.one(query, params));
  }

  all<P extends object, R>(query: Query<P, R>, params: P): Step<R[]> {
    return new Done(this.#statements.all(query, params));
  }

  run<P extends object, R>(query: Query<P, R>, params: P): Step<Changes> {
    this.writes++;
    return new Done(this.#statements.run(query, params));
  }

  shared<S>(state: SharedState<S>): Step<S> {
    const key = state as SharedState<unknown>;
    if (this.#working.has(key)) return new Done(this.#working.get(key) as S);
    const value = this.#committed.has(key) ? (this.#committed.get(key) as S) : runWhole(state.load(this));
    this.share(state, value);
    return new Done(value);
  }

  share<S>(state: SharedState<S>, value: S): void {
    const key = state as SharedState<unknown>;
    this.#replaced.push({ key, had: this.#working.has(key), value: this.#working.get(key) });
    this.#working.set(key, value);
  }

  after(hook: () => void): void {
    this.#hooks.push(hook);
  }

  closing(unit: (tx: Tx) => Work<void>): void {
    if (!this.#closing.includes(unit)) this.#closing.push(unit);
  }

  /** Runs what is to happen once for the batch. */
  close(): void {
    for (const unit of this.#closing) runWhole(unit(this));
  }

  begin(): void {
    this.#connection.exec("BEGIN IMMEDIATE");
    this.writes = 0;
    this.#hooks = [];
    this.#closing = [];
    this.#forget();
    // Another process may have written since: what is in memory is then no longer what is on disk.
    this.foreignCommits();
  }

  commit(): void {
    this.#connection.exec("COMMIT");
    for (const [state, value] of this.#working) this.#committed.set(state, value);
  }

  rollback(): void {
    if (this.#connection.inTransaction) this.#connection.exec("ROLLBACK");
    this.#forget();
    this.#hooks = [];
  }

  foreignCommits(): number {
    const version = this.#dataVersion.get();
    if (version !== this.#seenVersion) {
      this.#seenVersion = version;
      this.#version++;
      this.#committed = new Map();
    }
    return this.#version;
  }

  committed<S>(state: SharedState<S>): S | undefined {
    return this.#committed.get(state as SharedState<unknown>) as S | undefined;
  }

  /** Where the batch stands. */
  mark(): Mark {
    return {
      replaced: this.#replaced.length,
      hooks: this.#hooks.length,
      closing: this.#closing.length,
      writes: this.writes,
    };
  }

  returnTo(mark: Mark): void {
    for (const { key, had, value } of this.#replaced.splice(mark.replaced).reverse()) {
      if (had) this.#working.set(key, value);
      else this.#working.delete(key);
    }
    this.#hooks.length = mark.hooks;
    this.#closing.length = mark.closing;
    this.writes = mark.writes;
  }

  #forget(): void {
    this.#working.clear();
    this.#replaced = [];
  }

  takeHooks(): readonly (() => void)[] {
    const hooks = this.#hooks;
    this.#hooks = [];
    return hooks;
  }
}

interface Replaced {
  readonly key: SharedState<unknown>;
  readonly had: boolean;
  readonly value: unknown;
}

interface Mark {
  readonly replaced: number;
  readonly hooks: number;
  readonly closing: number;
  readonly writes: number;
}

/** On SQLite every step has already happened when it is yielded to, so a unit runs through without a pause. */
function runWhole<R>(work: Work<R>): R {
  const result = work.next();
  if (!result.done) throw new Error("a unit of work yielded something that is not a step");
  return result.value;
}

function isDiskError(error: unknown): boolean {
  return /^SQLITE_(IOERR|FULL|CORRUPT|NOTADB|READONLY|CANTOPEN)/.test(codeOf(error));
}

function isPassing(error: unknown): boolean {
  return /^SQLITE_(FULL|BUSY|LOCKED)/.test(codeOf(error));
}

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" ? code : "";
}
