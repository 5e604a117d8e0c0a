import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { define } from "../../src/storage/index.ts";
import { openTestDatabase } from "../support/database.ts";

let db: Awaited<ReturnType<typeof openTestDatabase>>;
beforeAll(async () => {
  db = await openTestDatabase();
});
afterAll(() => db[Symbol.asyncDispose]());

const insertProject = define<{ name: string; at: number }>()((from, p) =>
  from.insertInto("projects").values({ name: p("name"), created_at: p("at") }),
);

describe("a query", () => {
  test("binds its parameters by name, whatever their order, and one as often as it stands in it", async () => {
    const between = define<{ least: number; most: number; name: string }>()((from, p) =>
      from
        .selectFrom("projects")
        .select("name")
        .where("created_at", "<=", p("most"))
        .where("created_at", ">=", p("least"))
        .where((eb) => eb.or([eb("name", "=", p("name")), eb("created_at", "=", p("least"))]))
        .orderBy("name"),
    );
    await db.writer.write(function* (tx) {
      for (const [name, at] of [
        ["a", 1],
        ["b", 2],
        ["c", 3],
        ["d", 4],
      ] as const)
        yield* tx.run(insertProject, { name, at });
    });
    expect(db.writer.all(between, { name: "c", most: 3, least: 2 })).toEqual([{ name: "b" }, { name: "c" }]);
    expect(db.writer.all(between, { least: 1, most: 3, name: "d" })).toEqual([{ name: "a" }]);
  });

  test("may hold values of its own, quotes and question marks in them, among its parameters", async () => {
    const odd = 'it\'s ? "quoted" \\ \u{1F600}';
    const withLiteral = define<{ at: number }>()((from, p) =>
      from.insertInto("projects").values({ name: odd, created_at: p("at") }),
    );
    const find = define<{ least: number; limit: number }>()((from, p) =>
      from
        .selectFrom("projects")
        .select("created_at")
        .where("created_at", ">", p("least"))
        .where("name", "in", [odd, "other"])
        .limit(p("limit")),
    );
    await db.writer.write((tx) =>
      (function* () {
        yield* tx.run(withLiteral, { at: 77 });
      })(),
    );
    expect(db.writer.all(find, { least: 76, limit: 5 })).toEqual([{ created_at: 77 }]);
    expect(db.writer.all(find, { least: 76, limit: 0 })).toEqual([]);
  });

  test("shows its own values to the planner, so that a partial index serves it", () => {
    const { sql, params } = define<{ now: number }>()((from, p) =>
      from.selectFrom("pauses").select("n").where("status", "=", "pending").where("next_due_at", "<=", p("now")),
    ).build();
    expect(params).toEqual(["now"]);
    const plan = db.connection.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(1) as { detail: string }[];
    expect(plan.map(({ detail }) => detail).join()).toContain("pauses_due");
  });

  test("refuses to run when a parameter is missing, where the driver would write NULL without a word", async () => {
    const written = db.writer.write(function* (tx) {
      yield* tx.run(insertProject, { name: "undated" } as { name: string; at: number });
    });
    await expect(written).rejects.toThrow(new TypeError("the parameter at is missing"));
    expect(db.count("SELECT count(*) FROM projects WHERE name = 'undated'")).toBe(0);
  });

  test("answers numbers as numbers, bytes as bytes, NULL as null, and no row as undefined", async () => {
    const key = define<{ id: string }>()((from, p) =>
      from.selectFrom("api_keys").select(["created_at", "hash", "revoked_at", "name"]).where("id", "=", p("id")),
    );
    const row = db.writer.one(key, { id: db.live.key.id });
    expect(row).toEqual({
      created_at: db.clock.now(),
      hash: expect.any(Uint8Array),
      revoked_at: null,
      name: "live key",
    });
    expect(row?.hash.byteLength).toBe(32);
    expect(db.writer.one(key, { id: "key_nobody" })).toBeUndefined();
  });

  test("keeps times of a far future exactly", async () => {
    const at = Date.UTC(9999, 11, 31, 23, 59, 59, 999);
    await db.writer.write(function* (tx) {
      yield* tx.run(insertProject, { name: "far", at });
    });
    const find = define<{ name: string }>()((from, p) =>
      from.selectFrom("projects").select("created_at").where("name", "=", p("name")),
    );
    expect(db.writer.one(find, { name: "far" })).toEqual({ created_at: at });
  });

  test("tells what it changed, and the number of the row that it inserted", async () => {
    const changes = await db.writer.write(function* (tx) {
      return yield* tx.run(insertProject, { name: "last", at: 1 });
    });
    expect(changes).toEqual({ changes: 1, inserted: db.count("SELECT max(n) FROM projects") });
  });
});
