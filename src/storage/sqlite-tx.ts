import type { Database, Statement } from "better-sqlite3";
import type { Query } from "./query.ts";
import type { Changes, Step } from "./work.ts";

/** Runs {@link Query} values on one SQLite connection, each statement prepared once and kept. */
export class Statements {
  readonly #connection: Database;
  readonly #prepared = new Map<Query<never, unknown>, Prepared>();

  constructor(connection: Database) {
    this.#connection = connection;
  }

  one<P extends object, R>(query: Query<P, R>, params: P): R | undefined {
    const { statement, names } = this.#prepare(query);
    return statement.get(...bind(names, params)) as R | undefined;
  }

  all<P extends object, R>(query: Query<P, R>, params: P): R[] {
    const { statement, names } = this.#prepare(query);
    return statement.all(...bind(names, params)) as R[];
  }

  run<P extends object, R>(query: Query<P, R>, params: P): Changes {
    const { statement, names } = this.#prepare(query);
    const result = statement.run(...bind(names, params));
    return { changes: result.changes, inserted: Number(result.lastInsertRowid) };
  }

  #prepare<P, R>(query: Query<P, R>): Prepared {
    const key = query as Query<never, unknown>;
    let prepared = this.#prepared.get(key);
    if (prepared === undefined) {
      const { sql, params } = query.build();
      prepared = { statement: this.#connection.prepare(sql), names: params };
      this.#prepared.set(key, prepared);
    }
    return prepared;
  }
}

interface Prepared {
  readonly statement: Statement;
  readonly names: readonly string[];
}

/** A step that has already happened: iterating it ends at once with its result. */
export class Done<R> implements Step<R> {
  readonly #result: IteratorReturnResult<R>;

  constructor(value: R) {
    this.#result = { done: true, value };
  }

  [Symbol.iterator](): this {
    return this;
  }

  next(): IteratorReturnResult<R> {
    return this.#result;
  }
}

function bind(names: readonly string[], params: object): unknown[] {
  const values = new Array<unknown>(names.length);
  for (let index = 0; index < names.length; index++) {
    const value = (params as Record<string, unknown>)[names[index] as string];
    // better-sqlite3 binds undefined as NULL without a word; here it is a slip.
    if (value === undefined) throw new TypeError(`the parameter ${names[index]} is missing`);
    values[index] = value;
  }
  return values;
}
