import { existsSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { APPLICATION_ID, isSafeSqlite, openForReading } from "./database.ts";

/** What can be seen of a data folder's database without changing anything. */
export interface DatabaseState {
  readonly sqlite: string;
  /** Whether this SQLite is one that does not corrupt a log with two connections. */
  readonly isSafe: boolean;
  /** Of the file; null where there is none yet. */
  readonly file: {
    /** Why it can't be read, in SQLite's words, or null. */
    readonly error: string | null;
    readonly isOurs: boolean;
    readonly journalMode: string;
  } | null;
}

/** Looks without writing, also beside a running server. Never throws for what the file is. */
export function inspectDatabase(folder: string): DatabaseState {
  const memory = new Database(":memory:");
  const sqlite = String(memory.prepare("SELECT sqlite_version()").pluck().get());
  memory.close();
  const state = { sqlite, isSafe: isSafeSqlite(sqlite) };
  if (!existsSync(join(folder, "pausepoint.db"))) return { ...state, file: null };
  try {
    const connection = openForReading(folder);
    try {
      const isOurs = connection.pragma("application_id", { simple: true }) === APPLICATION_ID;
      const journalMode = String(connection.pragma("journal_mode", { simple: true }));
      return { ...state, file: { error: null, isOurs, journalMode } };
    } finally {
      connection.close();
    }
  } catch (error) {
    return { ...state, file: { error: (error as Error).message, isOurs: false, journalMode: "unknown" } };
  }
}
