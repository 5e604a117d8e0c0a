import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { insertProject } from "../../src/access/queries.ts";
import { appendEntry, newEntry } from "../../src/audit/index.ts";
import { define, StorageBusy, type Tx, type Work } from "../../src/storage/index.ts";
import { chainFaults, openTestDatabase, START, type TestDatabase } from "../support/database.ts";

let db: Awaited<ReturnType<typeof openTestDatabase>>;
beforeEach(async () => {
  db = await openTestDatabase();
});
afterEach(() => db[Symbol.asyncDispose]());

const long = define<{ name: string; created_at: number }>()((from, p) =>
  from.insertInto("projects").values({ name: p("name"), created_at: p("created_at") }),
);

function* project(tx: Tx, name: string): Work<string> {
  yield* tx.run(insertProject, { name, created_at: START });
  return name;
}

const nothing = (): Work<void> => (function* () {})();

function start(of: TestDatabase, id: string): Promise<number> {
  const entry = newEntry(of.random, {
    type: "server.started",
    at: START,
    actor: { type: "system", id },
    world: null,
    pause: null,
  });
  return of.writer.write(function* (tx): Work<number> {
    return (yield* appendEntry(tx, entry)).seq;
  });
}

const refusals = (results: readonly PromiseSettledResult<unknown>[]) =>
  results.flatMap((result) => (result.status === "rejected" ? [result.reason as Error] : []));

describe("a queue that is full", () => {
  test("refuses the next write at once, keeps what waits, and takes writes again when it has emptied", async () => {
    const waiting = Array.from({ length: 10_000 }, () => db.writer.write(nothing));
    expect(db.writer.waiting).toBe(10_000);
    await expect(db.writer.write((tx) => project(tx, "one too many"))).rejects.toThrow(
      new StorageBusy("too many writes are waiting"),
    );
    await Promise.all(waiting);
    expect(await db.writer.write((tx) => project(tx, "after"))).toBe("after");
    expect(db.count("SELECT count(*) FROM projects WHERE name = 'one too many'")).toBe(0);
  });
});

describe("a disk that is full", () => {
  test("refuses every unit of the batch with StorageBusy, keeps none of it, and goes on when there is room", async () => {
    const before = db.log().length;
    db.connection.pragma(`max_page_count = ${db.connection.pragma("page_count", { simple: true })}`);
    const results = await Promise.allSettled([
      db.writer.write((tx) => project(tx, "small")),
      db.writer.write(function* (tx): Work<void> {
        yield* tx.run(long, { name: "x".repeat(1_000_000), created_at: START });
      }),
      start(db, "behind"),
    ]);
    expect(refusals(results)).toHaveLength(3);
    for (const error of refusals(results)) {
      expect(error).toBeInstanceOf(StorageBusy);
      expect((error.cause as { code: string }).code).toBe("SQLITE_FULL");
    }
    expect(db.count("SELECT count(*) FROM projects WHERE name <> 'default'")).toBe(0);
    expect(db.fatal).toEqual([]);

    db.connection.pragma("max_page_count = 1000000");
    expect(await start(db, "room again")).toBe(before + 1);
    expect(chainFaults(db.connection)).toEqual([]);
  });
});

describe("a database that another process is writing to for too long", () => {
  test("refuses with StorageBusy, and goes on afterwards", async () => {
    db.connection.pragma("busy_timeout = 20");
    const other = db.beside();
    other.connection.exec("BEGIN IMMEDIATE");
    await expect(db.writer.write((tx) => project(tx, "a"))).rejects.toThrow(StorageBusy);
    other.connection.exec("ROLLBACK");
    other.close();
    expect(await db.writer.write((tx) => project(tx, "a"))).toBe("a");
    expect(db.fatal).toEqual([]);
  });
});

describe("a failure that can't be understood", () => {
  test("is told once, and refuses the batch, whatever waits, and every write after it", async () => {
    const results = Array.from({ length: 300 }, (_, index) => db.writer.write((tx) => project(tx, `p${index}`)));
    db.connection.close();
    const settled = await Promise.allSettled(results);
    expect(refusals(settled)).toHaveLength(300);
    for (const error of refusals(settled)) expect(error).toBeInstanceOf(StorageBusy);
    expect(db.fatal).toHaveLength(1);
    await expect(db.writer.write((tx) => project(tx, "later"))).rejects.toThrow(StorageBusy);
    expect(db.fatal).toHaveLength(1);
  });

  test("at the commit keeps nothing, and is not tried again: a second sync may lie", async () => {
    const exec = db.connection.exec.bind(db.connection);
    const told: string[] = [];
    db.connection.exec = (sql) => {
      told.push(sql);
      if (sql === "COMMIT") throw Object.assign(new Error("disk I/O error"), { code: "SQLITE_IOERR_FSYNC" });
      return exec(sql);
    };
    const results = await Promise.allSettled([
      db.writer.write((tx) => project(tx, "a")),
      db.writer.write((tx) => project(tx, "b")),
    ]);
    expect(refusals(results).map(({ message }) => message)).toEqual([
      "storage cannot be written: disk I/O error",
      "storage cannot be written: disk I/O error",
    ]);
    expect(told).toEqual(["BEGIN IMMEDIATE", "COMMIT", "ROLLBACK"]);
    expect(db.fatal.map(({ message }) => message)).toEqual(["disk I/O error"]);
    expect(db.count("SELECT count(*) FROM projects WHERE name IN ('a', 'b')")).toBe(0);
    await db.writer.close();
    expect(statSync(join(db.folder, "pausepoint.db-wal")).size).toBeGreaterThan(0);
  });
});

describe("two writers on one file", () => {
  test("take turns, and the audit chain that both append to stays whole", async () => {
    const other = db.beside();
    const before = db.log().length;
    for (let round = 0; round < 10; round++) {
      await start(db, `server ${round}`);
      await Promise.all([start(other, `command ${round}`), start(other, `command ${round} too`)]);
    }
    await Promise.all([start(db, "both"), start(other, "both")]);
    expect(chainFaults(db.connection)).toEqual([]);
    expect(db.log()).toHaveLength(before + 32);
    other.close();
  });

  test("see by a number that the other has committed, and not by their own commits", async () => {
    const other = db.beside();
    const seen = db.writer.foreignCommits();
    await db.writer.write((tx) => project(tx, "own"));
    expect(db.writer.foreignCommits()).toBe(seen);
    await other.writer.write((tx) => project(tx, "foreign"));
    expect(db.writer.foreignCommits()).toBeGreaterThan(seen);
    other.close();
  });
});

describe("closing", () => {
  test("commits what waits, over several batches, refuses what comes, and folds the log into the file", async () => {
    const waiting = Array.from({ length: 300 }, (_, index) => db.writer.write((tx) => project(tx, `p${index}`)));
    const closing = db.writer.close();
    await expect(db.writer.write((tx) => project(tx, "late"))).rejects.toThrow(
      new StorageBusy("the appliance is stopping"),
    );
    await closing;
    expect(await Promise.all(waiting)).toHaveLength(300);
    expect(db.count("SELECT count(*) FROM projects WHERE name LIKE 'p%'")).toBe(300);
    const log = join(db.folder, "pausepoint.db-wal");
    expect(existsSync(log) ? statSync(log).size : 0).toBe(0);
    expect(db.fatal).toEqual([]);
  });

  test("refuses also what a caller writes on hearing its answer, so that nothing runs on a closed connection", async () => {
    const chained = db.writer.write((tx) => project(tx, "a")).then(() => db.writer.write((tx) => project(tx, "b")));
    const outcome = Promise.allSettled([chained]);
    await db.writer.close();
    db.close();
    expect(refusals(await outcome).map(({ message }) => message)).toEqual(["the appliance is stopping"]);
    expect(db.fatal).toEqual([]);
  });
});
