import { expect, test } from "bun:test";
import { listRows, readListQuery } from "../../src/pauses/list.ts";
import { pendingOfWorld } from "../../src/pauses/queries.ts";
import { openTestDatabase } from "../support/database.ts";

const ENDED = 50_000;

test("what waits is found by its index, however many have ended before and since", async () => {
  await using db = await openTestDatabase();
  const first = await db.ask(db.test.key);
  // Copies of the first, ended.
  const columns = (db.connection.pragma("table_info(pauses)") as { name: string }[])
    .map(({ name }) => name)
    .filter((name) => name !== "n");
  const values = columns.map((name) =>
    name === "id"
      ? "printf('pau_%026d', value)"
      : name === "status"
        ? "'cancelled'"
        : name === "ended_at"
          ? "created_at"
          : name,
  );
  db.connection.exec(
    `INSERT INTO pauses (${columns.join()}) SELECT ${values.join()} FROM pauses,
       (WITH RECURSIVE counted(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM counted WHERE value < ${ENDED}) SELECT value FROM counted)
     WHERE n = ${first.n}`,
  );
  const last = await db.ask(db.test.key);
  await new Promise((resolve) => setImmediate(resolve));

  const { sql, params } = pendingOfWorld.build();
  const worldN = db.test.key.world.n;
  const asked = { world_n: worldN, from: 0, before: Number.MAX_SAFE_INTEGER, limit: 21 };
  const plan = db.connection
    .prepare(`EXPLAIN QUERY PLAN ${sql}`)
    .all(...params.map((name) => asked[name as keyof typeof asked])) as { detail: string }[];
  expect(plan.map(({ detail }) => detail).join("; ")).toMatch(
    /SEARCH pauses USING INDEX pauses_due \(world_n=\? AND next_due_at>\?\)/,
  );
  expect(plan.map(({ detail }) => detail).join("; ")).not.toContain("SCAN");

  const page = listRows(db.writer, worldN, readListQuery(new URLSearchParams({ status: "pending" })));
  expect(page.rows.map(({ n }) => n)).toEqual([last.n, first.n]);
  expect(page.next).toBeNull();
}, 120_000);
