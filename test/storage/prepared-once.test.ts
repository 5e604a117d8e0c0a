import { expect, test } from "bun:test";
import * as audit from "../../src/audit/queries.ts";
import * as delivery from "../../src/delivery/queries.ts";
import * as pauses from "../../src/pauses/queries.ts";
import * as respond from "../../src/respond/queries.ts";
import type { Query } from "../../src/storage/index.ts";
import { openTestDatabase } from "../support/database.ts";

test("no query is prepared again because another value is bound to it", async () => {
  await using db = await openTestDatabase();
  const { n, pause } = await db.ask(db.test.key);
  // Rows must come, since better-sqlite3 makes a statement's row function on its first row after each preparing.
  const values: Record<string, unknown> = {
    n,
    id: pause.pause_id,
    pause_n: n,
    position: 0,
    limit: 5,
    world_n: db.test.key.world.n,
  };
  const read = [audit, delivery, pauses, respond]
    .flatMap((module) => Object.entries<unknown>({ ...module }))
    .filter((entry): entry is [string, Query<object, unknown>] => typeof entry[1] === "object" && entry[1] !== null)
    .map(([name, query]) => ({ name, ...query.build() }))
    .filter(({ sql }) => sql.startsWith("select"));
  expect(read.length).toBeGreaterThan(10);

  const makeFunction = globalThis.Function;
  let rowFunctions = 0;
  globalThis.Function = new Proxy(makeFunction, {
    apply(target, self, args) {
      rowFunctions++;
      return Reflect.apply(target, self, args) as unknown;
    },
  });
  try {
    const preparedAgain = read.filter(({ sql, params }) => {
      const statement = db.connection.prepare(sql);
      rowFunctions = 0;
      for (let round = 0; round < 10; round++) statement.all(...params.map((name) => values[name] ?? 0));
      return rowFunctions > 1;
    });
    expect(preparedAgain.map(({ name }) => name)).toEqual([]);
  } finally {
    globalThis.Function = makeFunction;
  }
});
