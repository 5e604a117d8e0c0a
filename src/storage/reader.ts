import type { Connection } from "./database.ts";
import type { Query } from "./query.ts";
import { Done, Statements } from "./sqlite-tx.ts";
import type { Tx, Work } from "./work.ts";

/** Runs queries on a connection that only reads, beside the writer: see `openForReading`. */
export class Reader {
  readonly #connection: Connection;
  readonly #statements: Statements;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#statements = new Statements(connection);
  }

  /** The first row, or undefined. */
  one<P extends object, R>(query: Query<P, R>, params: P): R | undefined {
    return this.#statements.one(query, params);
  }

  /** All rows. */
  all<P extends object, R>(query: Query<P, R>, params: P): R[] {
    return this.#statements.all(query, params);
  }

  /**
   * Runs `read` inside one read transaction: all its queries see the database as it was at the first of them, whatever
   * is written meanwhile. The write-ahead log cannot be folded past that point until it returns.
   */
  snapshot<R>(read: () => R): R {
    return this.#connection.transaction(read)();
  }

  /** Runs a unit of work that only reads. */
  run<R>(unit: (tx: Tx) => Work<R>): R {
    const step = unit(this.#reading).next();
    if (!step.done) throw new Error("a unit of work yielded something that is not a step");
    return step.value;
  }

  readonly #reading: Tx = {
    one: (query, params) => new Done(this.#statements.one(query, params)),
    all: (query, params) => new Done(this.#statements.all(query, params)),
    run: () => refuseWrite(),
    shared: (state) => new Done(this.run(state.load)),
    share: () => refuseWrite(),
    closing: () => refuseWrite(),
    after: () => refuseWrite(),
  };
}

function refuseWrite(): never {
  throw new Error("a unit of work that only reads has asked to write");
}
