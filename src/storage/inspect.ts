import { closeSync, existsSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { APPLICATION_ID, type Connection, isSafeSqlite } from "./database.ts";
import { refuseHalfRestored } from "./swap.ts";

/** What can be seen of a data folder's database without changing anything. */
export interface DatabaseState {
  readonly sqlite: string;
  /** Whether this SQLite is one that does not corrupt a log with two connections. */
  readonly isSafe: boolean;
  /** Of the file; null where there is none yet. */
  readonly file: {
    /** Why it can't be read, or null. */
    readonly error: string | null;
    readonly isOurs: boolean;
    readonly isWal: boolean;
  } | null;
}

/**
 * Looks at the head of the file alone (sqlite.org/fileformat2.html, "The Database Header"): a connection, even one that
 * only reads, would leave a log and its index behind, perhaps as another user than the server's. Never throws for what
 * the file is.
 */
export function inspectDatabase(folder: string): DatabaseState {
  const memory = new Database(":memory:");
  const sqlite = String(memory.prepare("SELECT sqlite_version()").pluck().get());
  memory.close();
  const state = { sqlite, isSafe: isSafeSqlite(sqlite) };
  const file = join(folder, "pausepoint.db");
  return { ...state, file: existsSync(file) ? headOf(file) : null };
}

/**
 * Opens the database for looking, and leaves the folder as it is once it is closed. Where no write-ahead log stands, a
 * connection that only reads would leave an empty one behind; one that may write takes away what it has made.
 *
 * @throws StorageError, or SQLite's own error where the file can't be read.
 */
export function openToLook(folder: string): Connection {
  refuseHalfRestored(folder);
  const file = join(folder, "pausepoint.db");
  const isAtRest = !existsSync(`${file}-wal`);
  const connection = new Database(file, { readonly: !isAtRest, fileMustExist: true, timeout: 2_000 });
  connection.pragma("query_only = ON");
  return connection;
}

const MAGIC = "SQLite format 3\0";
/** The number of the format that a writer, and a reader, has to know: 1 for a rollback journal, 2 for a log. */
const [WRITE_VERSION, READ_VERSION, WAL] = [18, 19, 2];
const APPLICATION_ID_AT = 68;

function headOf(file: string): NonNullable<DatabaseState["file"]> {
  const unreadable = (error: string) => ({ error, isOurs: false, isWal: false });
  const head = Buffer.alloc(100);
  try {
    const descriptor = openSync(file, "r");
    try {
      // Made, and not yet written: the next start goes on.
      if (readSync(descriptor, head) === 0) return { error: null, isOurs: true, isWal: true };
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    return unreadable((error as NodeJS.ErrnoException).code ?? "no code");
  }
  if (head.toString("latin1", 0, MAGIC.length) !== MAGIC) return unreadable("it is no SQLite database");
  return {
    error: null,
    isOurs: head.readUInt32BE(APPLICATION_ID_AT) === APPLICATION_ID,
    isWal: head[WRITE_VERSION] === WAL && head[READ_VERSION] === WAL,
  };
}
