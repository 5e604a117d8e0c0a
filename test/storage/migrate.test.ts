import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { type Connection, openDatabase, StorageError } from "../../src/storage/index.ts";
import { migrate } from "../../src/storage/migrate.ts";
import { type Migration, migrations } from "../../src/storage/migrations.ts";
import { temporaryFolder } from "../support/database.ts";

let folder: string;
let connection: Connection;

beforeEach(() => {
  folder = temporaryFolder();
  connection = new Database(join(folder, "some.db"));
});

afterEach(() => {
  connection.close();
  rmSync(folder, { recursive: true, force: true });
});

const one: Migration = {
  version: 1,
  name: "0001_one",
  sql: "CREATE TABLE one (n INTEGER) STRICT; INSERT INTO one VALUES (1);",
};
const two: Migration = { version: 2, name: "0002_two", sql: "CREATE TABLE two (n INTEGER) STRICT;" };
const broken: Migration = {
  version: 3,
  name: "0003_broken",
  sql: "CREATE TABLE three (n INTEGER) STRICT; INSERT INTO nowhere VALUES (1);",
};

const tables = () =>
  connection
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'schema_migrations' ORDER BY name")
    .pluck()
    .all();
const applied = () => connection.prepare("SELECT version FROM schema_migrations ORDER BY version").pluck().all();

describe("migrations", () => {
  test("are applied in order, each once", () => {
    expect(migrate(connection, [one])).toEqual([1]);
    expect(migrate(connection, [one, two])).toEqual([2]);
    expect(migrate(connection, [one, two])).toEqual([]);
    expect(tables()).toEqual(["one", "two"]);
    expect(connection.prepare("SELECT count(*) FROM one").pluck().get()).toBe(1);
  });

  test("are a transaction each: one that fails leaves nothing, and those before it stay", () => {
    expect(() => migrate(connection, [one, two, broken])).toThrow(
      new StorageError("migration 0003_broken failed and was undone: no such table: nowhere"),
    );
    expect(connection.inTransaction).toBe(false);
    expect(tables()).toEqual(["one", "two"]);
    expect(applied()).toEqual([1, 2]);
    expect(migrate(connection, [one, two, { ...broken, sql: "CREATE TABLE three (n INTEGER) STRICT;" }])).toEqual([3]);
  });

  test("refuse a database that a newer program made, and leave it alone", () => {
    migrate(connection, [one, two]);
    expect(() => migrate(connection, [one])).toThrow(
      new StorageError(
        "the database was written by a newer PausePoint (schema 2, this program knows 1); install that version or restore a backup",
      ),
    );
    expect(applied()).toEqual([1, 2]);
  });

  test("refuse a database whose past differs by one character, before anything new is applied", () => {
    migrate(connection, [one]);
    const changed = { ...one, sql: one.sql.replace("VALUES (1)", "VALUES (2)") };
    expect(() => migrate(connection, [changed, two])).toThrow(
      new StorageError(
        "the database was made by another build (migration 0001_one differs); install the version that made it",
      ),
    );
    expect(tables()).toEqual(["one"]);
  });

  test("refuse a database that knows a migration which was dropped from between", () => {
    migrate(connection, [one, two]);
    expect(() => migrate(connection, [one, { ...broken }])).toThrow("migration 0002_two differs");
  });

  test("are applied once when another process was first, between the look and the lock", () => {
    // The other process is first exactly when this one asks for the lock.
    const other = new Database(join(folder, "some.db"));
    const exec = connection.exec.bind(connection);
    connection.exec = (sql) => {
      if (sql.startsWith("BEGIN")) {
        connection.exec = exec;
        migrate(other, [one]);
        other.close();
      }
      return exec(sql);
    };
    expect(migrate(connection, [one])).toEqual([]);
    expect(applied()).toEqual([1]);
    expect(connection.prepare("SELECT count(*) FROM one").pluck().get()).toBe(1);
  });

  test("can be applied by two processes that start in the same folder at once", async () => {
    const data = join(folder, "data");
    const script =
      'const { openDatabase } = await import(process.argv[1]); openDatabase(process.argv[2]).close(); console.log("open");';
    const module = join(import.meta.dir, "../../src/storage/index.ts");
    const starting = [1, 2, 3].map(() =>
      Bun.spawn([process.execPath, "-e", script, module, data], { stdout: "pipe", stderr: "pipe" }),
    );
    const said = await Promise.all(
      starting.map(async (child) =>
        ((await new Response(child.stdout).text()) + (await new Response(child.stderr).text())).trim(),
      ),
    );
    expect(said).toEqual(["open", "open", "open"]);
    openDatabase(data).close();
  }, 120_000);
});

describe("the embedded migrations", () => {
  test("are all of migrations/, in order, byte by byte", () => {
    const files = join(import.meta.dir, "../../migrations");
    const names = readdirSync(files)
      .filter((name) => name.endsWith(".sql"))
      .sort();
    expect(migrations.map(({ name }) => `${name}.sql`)).toEqual(names);
    for (const { name, sql } of migrations) expect(sql).toBe(readFileSync(join(files, `${name}.sql`), "utf8"));
    expect(migrations.map(({ version }) => version)).toEqual(names.map((_, index) => index + 1));
  });
});
