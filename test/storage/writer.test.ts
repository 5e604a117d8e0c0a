import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { insertProject } from "../../src/access/queries.ts";
import { appendEntry, newEntry } from "../../src/audit/index.ts";
import { chainHead } from "../../src/audit/log.ts";
import { openForReading, StorageBusy, type Tx, type Work } from "../../src/storage/index.ts";
import { chainFaults, openTestDatabase, START } from "../support/database.ts";

let db: Awaited<ReturnType<typeof openTestDatabase>>;
/** What the writer told SQLite to do, beside its prepared statements. */
let told: string[];

beforeEach(async () => {
  db = await openTestDatabase();
  told = [];
  const exec = db.connection.exec.bind(db.connection);
  db.connection.exec = (sql) => {
    told.push(sql);
    return exec(sql);
  };
});
afterEach(() => db[Symbol.asyncDispose]());

function* project(tx: Tx, name: string): Work<string> {
  yield* tx.run(insertProject, { name, created_at: START });
  return name;
}

/** A row of its own and an entry in the log, as every real unit writes both. */
function* logged(tx: Tx, name: string): Work<number> {
  yield* tx.run(insertProject, { name, created_at: START });
  const entry = newEntry(db.random, {
    type: "server.started",
    at: START,
    actor: { type: "system", id: null },
    world: null,
    pause: null,
  });
  return (yield* appendEntry(tx, entry)).seq;
}

// biome-ignore lint/correctness/useYield: a unit that refuses before it reads or writes
function* refusing(): Work<never> {
  throw new Error("refused before a write");
}

function* failing(tx: Tx, name: string): Work<never> {
  yield* logged(tx, name);
  tx.after(() => told.push("a hook of a failed unit"));
  throw new Error(`failed after a write: ${name}`);
}

const projects = () =>
  db.connection.prepare("SELECT name FROM projects WHERE name <> 'default' ORDER BY n").pluck().all();
const commits = () => told.filter((sql) => sql === "COMMIT").length;
const reasonOf = (result: PromiseSettledResult<unknown>) =>
  result.status === "rejected" ? String(result.reason.message) : "kept";

describe("group commit", () => {
  test("puts units that arrive together into one commit, in their order, each with its own result", async () => {
    const names = Array.from({ length: 100 }, (_, index) => `p${index}`);
    const results = await Promise.all(names.map((name) => db.writer.write((tx) => project(tx, name))));
    expect(results).toEqual(names);
    expect(projects()).toEqual(names);
    expect(told).toEqual(["BEGIN IMMEDIATE", "COMMIT"]);
  });

  test("takes at most 256 units into one", async () => {
    await Promise.all(Array.from({ length: 600 }, (_, index) => db.writer.write((tx) => project(tx, `p${index}`))));
    expect(commits()).toBe(3);
    expect(projects()).toHaveLength(600);
  });

  test("shows a unit what those before it in the batch have written", async () => {
    const [first, second] = await Promise.all([
      db.writer.write((tx) => logged(tx, "a")),
      db.writer.write((tx) => logged(tx, "b")),
    ]);
    expect(second).toBe(first + 1);
    expect(commits()).toBe(1);
  });

  test("answers a caller only when another connection can see what was written", async () => {
    const reader = openForReading(db.folder);
    const seen = () => reader.prepare("SELECT count(*) FROM projects WHERE name = 'a'").pluck().get();
    const stages: unknown[] = [];
    const written = db.writer.write(function* (tx): Work<void> {
      yield* project(tx, "a");
      stages.push(["in the unit", seen()]);
      tx.after(() => stages.push(["in its hook", seen()]));
    });
    stages.push(["queued", seen()]);
    await written.then(() => stages.push(["answered", seen()]));
    reader.close();
    expect(stages).toEqual([
      ["queued", 0],
      ["in the unit", 0],
      ["in its hook", 1],
      ["answered", 1],
    ]);
  });

  test("lets a read beside it see nothing that is not committed", async () => {
    const written = db.writer.write((tx) => project(tx, "a"));
    expect(projects()).toEqual([]);
    await written;
    expect(projects()).toEqual(["a"]);
  });
});

describe("a unit that throws", () => {
  test("before it wrote is refused alone, and the batch goes once", async () => {
    const results = await Promise.allSettled([
      db.writer.write((tx) => project(tx, "a")),
      db.writer.write(refusing),
      db.writer.write((tx) => project(tx, "b")),
    ]);
    expect(results.map(reasonOf)).toEqual(["kept", "refused before a write", "kept"]);
    expect(projects()).toEqual(["a", "b"]);
    expect(told).toEqual(["BEGIN IMMEDIATE", "COMMIT"]);
  });

  test("after a write leaves nothing of its own, and its neighbours are kept and acknowledged", async () => {
    const results = await Promise.allSettled([
      db.writer.write((tx) => logged(tx, "a")),
      db.writer.write((tx) => failing(tx, "x")),
      db.writer.write(refusing),
      db.writer.write((tx) => logged(tx, "b")),
      db.writer.write((tx) => failing(tx, "y")),
      db.writer.write((tx) => logged(tx, "c")),
    ]);
    expect(results.map(reasonOf)).toEqual([
      "kept",
      "failed after a write: x",
      "refused before a write",
      "kept",
      "failed after a write: y",
      "kept",
    ]);
    expect(projects()).toEqual(["a", "b", "c"]);
    expect(commits()).toBe(1);
    expect(db.fatal).toEqual([]);
  });

  test("after a write leaves the audit chain whole, with no gap where its entry stood", async () => {
    const before = db.log().length;
    const results = await Promise.allSettled([
      db.writer.write((tx) => failing(tx, "x")),
      db.writer.write((tx) => logged(tx, "a")),
      db.writer.write((tx) => failing(tx, "y")),
      db.writer.write((tx) => logged(tx, "b")),
    ]);
    expect(results.flatMap((result) => (result.status === "fulfilled" ? [result.value as number] : []))).toEqual([
      before + 1,
      before + 2,
    ]);
    await db.writer.write((tx) => logged(tx, "c"));
    expect(chainFaults(db.connection)).toEqual([]);
    expect(db.log()).toHaveLength(before + 3);
  });

  test("never has its after-commit hooks called, while those of its neighbours are called once", async () => {
    const kept = (name: string) => (tx: Tx) =>
      (function* (): Work<void> {
        yield* project(tx, name);
        tx.after(() => told.push(`hook of ${name}`));
      })();
    await Promise.allSettled([
      db.writer.write(kept("a")),
      db.writer.write((tx) => failing(tx, "x")),
      db.writer.write(kept("b")),
    ]);
    expect(told.slice(told.indexOf("COMMIT"))).toEqual(["COMMIT", "hook of a", "hook of b"]);
    expect(told.filter((line) => line.includes("failed unit"))).toEqual([]);
  });

  test("takes back what it shared with the batch", async () => {
    const heads: number[] = [];
    const look = function* (tx: Tx): Work<void> {
      heads.push((yield* tx.shared(chainHead)).seq);
    };
    await db.writer.write(look);
    await Promise.allSettled([
      // Shares a false head without a write, then refuses.
      db.writer.write(function* (tx): Work<void> {
        tx.share(chainHead, { ...(yield* tx.shared(chainHead)), seq: 999 });
        throw new Error("refused");
      }),
      db.writer.write(look),
    ]);
    await db.writer.write(look);
    expect(heads).toEqual([2, 2, 2]);
  });

  test("by a constraint is refused alone: of two that want one name the first gets it", async () => {
    const results = await Promise.allSettled(
      ["a", "same", "same", "b"].map((name) => db.writer.write((tx) => project(tx, name))),
    );
    expect(results.map(reasonOf)).toEqual(["kept", "kept", "UNIQUE constraint failed: projects.name", "kept"]);
    expect(projects()).toEqual(["a", "same", "b"]);
  });

  test("in every unit of a batch leaves the database as it was", async () => {
    const before = db.log().length;
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) => db.writer.write((tx) => failing(tx, `x${index}`))),
    );
    expect(results.every(({ status }) => status === "rejected")).toBe(true);
    expect(projects()).toEqual([]);
    expect(db.log()).toHaveLength(before);
    expect(db.fatal).toEqual([]);
  });
});

describe("a hook that throws", () => {
  test("turns no kept write into a refusal, and is not passed over in silence", async () => {
    const written = db.writer.write(function* (tx): Work<string> {
      yield* project(tx, "a");
      tx.after(() => {
        throw new Error("a broken hook");
      });
      return "kept";
    });
    expect(await written).toBe("kept");
    expect(projects()).toEqual(["a"]);
    expect(db.fatal.map(({ message }) => message)).toEqual(["a broken hook"]);
    await expect(db.writer.write((tx) => project(tx, "b"))).rejects.toThrow(StorageBusy);
  });
});
