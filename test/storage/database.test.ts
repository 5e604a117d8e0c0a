import { afterEach, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { type Connection, openDatabase, openForReading, StorageError } from "../../src/storage/index.ts";
import { temporaryFolder } from "../support/database.ts";

const opened: Connection[] = [];
const folders: string[] = [];

function folder(): string {
  const path = temporaryFolder();
  folders.push(path);
  return path;
}

function open(path: string): Connection {
  const connection = openDatabase(path);
  opened.push(connection);
  return connection;
}

afterEach(() => {
  for (const connection of opened.splice(0)) connection.close();
  for (const path of folders.splice(0)) rmSync(path, { recursive: true, force: true });
});

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);

describe("the data folder", () => {
  test("is made for its owner alone, and so is every file in it", () => {
    const data = join(folder(), "deep", "data");
    const before = process.umask(0);
    try {
      const connection = open(data);
      connection.exec("INSERT INTO projects (name, created_at) VALUES ('a', 1)");
    } finally {
      process.umask(before);
    }
    expect(modeOf(data)).toBe("700");
    expect(modeOf(join(data, "pausepoint.db"))).toBe("600");
    expect(modeOf(join(data, "pausepoint.db-wal"))).toBe("600");
    expect(modeOf(join(data, "pausepoint.db-shm"))).toBe("600");
  });

  test("that was there before keeps the mode its owner gave it", () => {
    const data = folder();
    chmodSync(data, 0o750);
    open(data);
    expect(modeOf(data)).toBe("750");
  });
});

describe("an open database", () => {
  test("syncs at every commit, logs ahead, checks foreign keys, and says so itself", () => {
    const connection = open(folder());
    const pragma = (name: string) => connection.pragma(name, { simple: true });
    expect(pragma("synchronous")).toBe(2);
    expect(pragma("journal_mode")).toBe("wal");
    expect(pragma("foreign_keys")).toBe(1);
    expect(pragma("temp_store")).toBe(2);
    expect(pragma("busy_timeout")).toBe(2_000);
    expect(pragma("application_id")).toBe(0x50415553);
  });

  test("can be opened again, with everything in it", () => {
    const data = folder();
    openDatabase(data).exec("INSERT INTO projects (name, created_at) VALUES ('kept', 1)").close();
    expect(open(data).prepare("SELECT name FROM projects").pluck().all()).toEqual(["kept"]);
  });

  test("refuses a row that points nowhere, and a value of another type than its column's", () => {
    const connection = open(folder());
    expect(() => connection.exec("INSERT INTO worlds (project_n, mode) VALUES (7, 'live')")).toThrow("FOREIGN KEY");
    expect(() => connection.exec("INSERT INTO projects (name, created_at) VALUES ('a', 'soon')")).toThrow(
      "cannot store",
    );
  });

  test("never lets an audit entry be changed or taken out, not even by a slip in our own code", () => {
    const connection = open(folder());
    connection.exec("INSERT INTO audit_entries (seq, entry, leaf) VALUES (1, '{}', x'00')");
    expect(() => connection.exec("UPDATE audit_entries SET entry = '[]'")).toThrow("an audit entry is final");
    expect(() => connection.exec("DELETE FROM audit_entries")).toThrow("an audit entry stays");
  });

  test("has a reader beside it that sees each commit and can write nothing", () => {
    const data = folder();
    const connection = open(data);
    const reader = openForReading(data);
    opened.push(reader);
    connection.exec("INSERT INTO projects (name, created_at) VALUES ('a', 1)");
    expect(reader.prepare("SELECT count(*) FROM projects").pluck().get()).toBe(1);
    expect(() => reader.exec("DELETE FROM projects")).toThrow("readonly");
  });
});

describe("a file that is not ours", () => {
  test("is refused when another program's tables are in it, and stays as it was", () => {
    const data = folder();
    const file = join(data, "pausepoint.db");
    const foreign = new Database(file);
    foreign.exec("CREATE TABLE songs (title TEXT)");
    foreign.close();
    expect(() => openDatabase(data)).toThrow(
      new StorageError(`${file} is another program's database; name another folder with --data`),
    );
    const after = new Database(file, { readonly: true });
    opened.push(after);
    expect(after.prepare("SELECT name FROM sqlite_schema").pluck().all()).toEqual(["songs"]);
    expect(after.pragma("application_id", { simple: true })).toBe(0);
    expect(after.pragma("journal_mode", { simple: true })).toBe("delete");
  });

  test("is refused when it is no database at all", () => {
    const data = folder();
    const file = join(data, "pausepoint.db");
    writeFileSync(file, "Dear diary, ".repeat(1_000));
    expect(() => openDatabase(data)).toThrow(
      new StorageError(`${file} is not a database; move it away, or name another folder with --data`),
    );
  });

  test("is refused when it is a folder", () => {
    const data = folder();
    mkdirSync(join(data, "pausepoint.db"));
    expect(() => openDatabase(data)).toThrow(StorageError);
    expect(() => openDatabase(data)).toThrow(`cannot open ${join(data, "pausepoint.db")}`);
  });

  test("is taken when it is empty, as a broken first start leaves it", () => {
    const data = folder();
    writeFileSync(join(data, "pausepoint.db"), "");
    expect(open(data).pragma("application_id", { simple: true })).toBe(0x50415553);
  });
});
