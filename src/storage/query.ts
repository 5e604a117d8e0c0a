import {
  type Compilable,
  DummyDriver,
  type InferResult,
  type Insertable,
  type InsertResult,
  Kysely,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from "kysely";
import type { Tables } from "./tables.ts";

/**
 * A query is a value: built with Kysely once, compiled on first use for the dialect in use, its statement kept.
 * Building one at each call costs several times what running it does.
 */
export interface Query<Params, Row> {
  readonly build: () => CompiledStatement;
  /** Never set; carries the types. */
  readonly types?: { params: Params; row: Row };
}

/** The rows that a query answers. */
export type RowOf<Q> = Q extends { readonly types?: { params: infer _Params; row: infer Row } } ? Row : never;

/** SQL text, and the names of the parameters in the order of its placeholders. */
export interface CompiledStatement {
  readonly sql: string;
  readonly params: readonly string[];
}

/**
 * Declares a query over {@link Tables}. The first call names the parameters' types, the second builds it:
 *
 * @example
 * const findPause = define<{ id: string }>()((db, p) =>
 *   db.selectFrom("pauses").selectAll().where("id", "=", p("id")));
 */
export function define<Params extends object = Record<never, never>>() {
  return <Q extends Compilable<unknown>>(
    build: (db: Kysely<Tables>, p: <Name extends keyof Params & string>(name: Name) => Params[Name]) => Q,
  ): Query<Params, InferResult<Q>[number]> => ({
    build: () => {
      const compiled = build(builder, (name) => new Marker(name) as never).compile();
      return { sql: compiled.sql, params: compiled.parameters.map((value) => (value as Marker).name) };
    },
  });
}

/**
 * Declares the insert of one row with these columns; its parameters are the columns, typed by {@link Tables}.
 *
 * @example
 * const insertNode = insertInto("merkle_nodes", ["level", "position", "hash"]);
 */
export function insertInto<T extends keyof Tables & string, C extends keyof Insertable<Tables[T]> & string>(
  table: T,
  columns: readonly C[],
): Query<{ readonly [Column in C]-?: Exclude<Insertable<Tables[T]>[Column], undefined> }, InsertResult> {
  return define<Record<string, never>>()((db, p) =>
    db.insertInto(table).values(Object.fromEntries(columns.map((column) => [column, p(column)])) as never),
  ) as never;
}

class Marker {
  constructor(readonly name: string) {}
}

/**
 * Values that stand in a query itself are written into its text: a planner uses a partial index
 * (`WHERE status = 'pending'`) only where it sees the value, never for a placeholder.
 */
class LiteralCompiler extends SqliteQueryCompiler {
  protected override appendValue(value: unknown): void {
    if (value instanceof Marker) super.appendValue(value);
    else this.appendImmediateValue(value);
  }

  /**
   * SQLite with STAT4 (better-sqlite3's is) prepares a statement anew, at many times the cost of running it, whenever
   * another value is bound to a bare placeholder that its planner has looked at. Behind a unary plus, which does
   * nothing to a value, the planner looks at none.
   */
  protected override getCurrentParameterPlaceholder(): string {
    return "+?";
  }
}

/** What a query is built with, for a part that several queries share. */
export type QueryBuilder = Kysely<Tables>;

/** Kysely as a compiler only: it never holds a connection. */
const builder = new Kysely<Tables>({
  dialect: {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new LiteralCompiler(),
  },
});
