import type { Connection } from "./database.ts";
import type { Query } from "./query.ts";
import { Statements } from "./sqlite-tx.ts";

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
}
