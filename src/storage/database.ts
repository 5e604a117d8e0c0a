import { chmodSync, closeSync, existsSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { StorageError } from "./errors.ts";
import { migrate } from "./migrate.ts";
import { refuseHalfRestored } from "./swap.ts";

/** Versions up to 3.51.2 can corrupt a WAL file written through two connections (sqlite.org/wal.html#walresetbug). */
const OLDEST_SQLITE = [3, 51, 3] as const;
/** "PAUS" as the file's application id, so that `file` and we recognise our own. */
export const APPLICATION_ID = 0x50415553;
const BUSY_TIMEOUT_MS = 2_000;

export type Connection = Database.Database;

/**
 * Opens the database in `folder`, making both when they are missing (folder 0700, file 0600), and migrates it.
 * Commits are durable when they return: WAL with `synchronous=FULL`, read back after it was set.
 *
 * @throws StorageError when the file is not ours, newer than this program, or its settings do not hold.
 */
export function openDatabase(folder: string): Connection {
  makeFolder(folder);
  refuseHalfRestored(folder);
  const file = join(folder, "pausepoint.db");
  if (!existsSync(file)) closeSync(openSync(file, "a", 0o600));
  const connection = connect(file);
  try {
    refuseForeignFile(connection, file);
    refuseOldSqlite(connection);
    setPragmas(connection);
    migrate(connection);
  } catch (error) {
    connection.close();
    throw error;
  }
  return connection;
}

/** A second connection that can only read, for long reads beside the writer. */
export function openForReading(folder: string): Connection {
  refuseHalfRestored(folder);
  const connection = new Database(join(folder, "pausepoint.db"), { readonly: true, timeout: BUSY_TIMEOUT_MS });
  connection.pragma("query_only = ON");
  return connection;
}

/** As {@link openForReading}, for VACUUM INTO, which `query_only` refuses although it changes nothing here. */
export function openForCopying(folder: string): Connection {
  refuseHalfRestored(folder);
  return new Database(join(folder, "pausepoint.db"), { readonly: true, timeout: BUSY_TIMEOUT_MS });
}

/** Makes the data folder, readable by its owner alone. */
export function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
}

function connect(file: string): Connection {
  try {
    return new Database(file, { timeout: BUSY_TIMEOUT_MS });
  } catch (error) {
    throw new StorageError(`cannot open ${file}: ${(error as Error).message}`, { cause: error });
  }
}

function refuseOldSqlite(connection: Connection): void {
  const version = String(connection.prepare("SELECT sqlite_version()").pluck().get());
  if (!isSafeSqlite(version))
    throw new StorageError(`SQLite ${version} can corrupt its log; at least ${OLDEST_SQLITE.join(".")} is needed`);
}

/** Whether a version of SQLite, such as `3.54.1`, is without the fault above. */
export function isSafeSqlite(version: string): boolean {
  const parts = version.split(".").map(Number);
  for (const [index, oldest] of OLDEST_SQLITE.entries()) {
    const part = parts[index] ?? 0;
    if (part !== oldest) return part > oldest;
  }
  return true;
}

function refuseForeignFile(connection: Connection, file: string): void {
  let id: unknown;
  try {
    id = connection.pragma("application_id", { simple: true });
  } catch (error) {
    throw new StorageError(`${file} is not a database; move it away, or name another folder with --data`, {
      cause: error,
    });
  }
  const tables = connection.prepare("SELECT count(*) FROM sqlite_schema").pluck().get();
  if (id !== APPLICATION_ID && tables !== 0) {
    throw new StorageError(`${file} is another program's database; name another folder with --data`);
  }
}

function setPragmas(connection: Connection): void {
  if (connection.pragma("application_id", { simple: true }) !== APPLICATION_ID) {
    connection.pragma(`application_id = ${APPLICATION_ID}`);
  }
  const wanted: ReadonlyArray<readonly [string, string | number, string | number]> = [
    ["journal_mode", "WAL", "wal"],
    ["synchronous", "FULL", 2],
    ["foreign_keys", "ON", 1],
    // What is overwritten or deleted is overwritten with zeros: erased content must not stay behind in a page.
    ["secure_delete", "ON", 1],
    ["temp_store", "MEMORY", 2],
    ["journal_size_limit", 67_108_864, 67_108_864],
    ["cache_size", -16_000, -16_000],
    // Folded into the file in larger steps: pages that are written again and again are then folded once.
    ["wal_autocheckpoint", 4_000, 4_000],
  ];
  for (const [name, value, expected] of wanted) {
    connection.pragma(`${name} = ${value}`);
    const found = connection.pragma(name, { simple: true });
    if (found !== expected) throw new StorageError(`SQLite keeps ${name} at ${String(found)} instead of ${expected}`);
  }
}
