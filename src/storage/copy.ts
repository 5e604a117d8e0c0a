import { chmodSync, closeSync, existsSync, openSync } from "node:fs";
import { join } from "node:path";
import { APPLICATION_ID, type Connection, openForCopying, openForReading } from "./database.ts";
import { StorageError } from "./errors.ts";
import { migrations } from "./migrations.ts";

/** The newest schema that this program knows. */
export const newestSchema = migrations.at(-1)?.version ?? 0;

/**
 * Copies the database of `folder` into the folder `into`, as it is at one moment, also beside a running server, which
 * goes on writing. The copy holds no free pages, so nothing that was erased before.
 *
 * @throws StorageError for a damaged database, a full disk.
 * VACUUM INTO reads one snapshot; SQLite's backup interface would begin anew whenever another process has written.
 */
export function copyDatabase(folder: string, into: string): void {
  const file = join(into, "pausepoint.db");
  closeSync(openSync(file, "wx", 0o600));
  const connection = openForCopying(folder);
  try {
    connection.prepare("VACUUM INTO ?").run(file);
  } catch (error) {
    throw new StorageError(`the database in ${folder} can't be copied: ${(error as Error).message}`, { cause: error });
  } finally {
    connection.close();
  }
  chmodSync(file, 0o600);
}

/** What SQLite's `integrity_check` finds first, or null when the file is whole. */
export function integrityFault(connection: Connection): string | null {
  const found = connection.pragma("integrity_check(1)", { simple: true });
  return found === "ok" ? null : String(found);
}

/** What SQLite's `quick_check` finds first, which leaves the indexes out and so takes less time; null when the file is whole. */
export function quickFault(connection: Connection): string | null {
  const found = connection.pragma("quick_check(1)", { simple: true });
  return found === "ok" ? null : String(found);
}

/** The schema that a database has: the number of its last migration. */
export function schemaOf(connection: Connection): number {
  return connection.prepare<[], number>("SELECT max(version) FROM schema_migrations").pluck().get() ?? 0;
}

/** The schema of a folder's database, or null when the folder holds none of ours, or one that is still empty. */
export function schemaIn(folder: string): number | null {
  if (!existsSync(join(folder, "pausepoint.db"))) return null;
  const connection = openForReading(folder);
  try {
    if (connection.pragma("application_id", { simple: true }) !== APPLICATION_ID) return null;
    const isMade = connection.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'schema_migrations'").get();
    return isMade === undefined ? null : schemaOf(connection) || null;
  } catch (error) {
    // What is wrong with it is told by whoever opens it to write.
    if ((error as { code?: string }).code === "SQLITE_NOTADB") return null;
    throw error;
  } finally {
    connection.close();
  }
}
