import type { Query } from "./query.ts";

/**
 * A unit of work: a generator that reads and writes by `yield*` on its {@link Tx} and nothing else. On SQLite it runs
 * in one synchronous piece, so no other unit ever sees its uncommitted rows; another dialect may await each step.
 * It can't await I/O of its own inside a transaction, by type. It may run twice (see the writer), so everything it
 * decides must come from its arguments and the database.
 */
export type Work<Result> = Generator<unknown, Result, never>;

/** One statement on its way. `yield*` it for its result. */
export interface Step<Result> {
  [Symbol.iterator](): Iterator<unknown, Result, unknown>;
}

/** The transaction as a unit of work sees it. */
export interface Tx {
  /** The first row, or undefined. */
  one<P extends object, R>(query: Query<P, R>, params: P): Step<R | undefined>;
  /** All rows. */
  all<P extends object, R>(query: Query<P, R>, params: P): Step<R[]>;
  /** Runs a statement that answers no rows. */
  run<P extends object, R>(query: Query<P, R>, params: P): Step<Changes>;
  /** Reads state that a batch of units shares (the chain's head, say); loaded from its table when not in memory. */
  shared<S>(state: SharedState<S>): Step<S>;
  /** Replaces shared state; published with the commit, dropped with a rollback. */
  share<S>(state: SharedState<S>, value: S): void;
  /**
   * Runs `unit` once at the end of the batch, just before the commit, however many units of the batch ask for it. What it
   * throws takes the whole batch back.
   */
  closing(unit: (tx: Tx) => Work<void>): void;
  /** Calls `hook` after the commit, before the unit's caller is answered. Never called when the commit fails. */
  after(hook: () => void): void;
}

export interface Changes {
  /** Rows changed. */
  readonly changes: number;
  /** Integer key of the row inserted last. */
  readonly inserted: number;
}

/** State that follows the database but is kept in memory between commits. Values are immutable. */
export interface SharedState<S> {
  readonly name: string;
  /** Reads it from the tables: at first use, and again when another process has written. */
  readonly load: (tx: Tx) => Work<S>;
}
