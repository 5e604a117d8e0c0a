import {
  type Compilable,
  DummyDriver,
  type InferResult,
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

/** SQL text and, in the order of its placeholders, either the name of a parameter or a literal. */
export interface CompiledStatement {
  readonly sql: string;
  readonly bindings: readonly Binding[];
}
export type Binding = { readonly param: string } | { readonly literal: unknown };

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
      return {
        sql: compiled.sql,
        bindings: compiled.parameters.map((value) =>
          value instanceof Marker ? { param: value.name } : { literal: value },
        ),
      };
    },
  });
}

class Marker {
  constructor(readonly name: string) {}
}

/** Kysely as a compiler only: it never holds a connection. */
const builder = new Kysely<Tables>({
  dialect: {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  },
});
