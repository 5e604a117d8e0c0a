import type { Database } from "better-sqlite3";
import { sha256Hex } from "../platform/hash.ts";
import { StorageError } from "./errors.ts";
import { migrations as embedded, type Migration } from "./migrations.ts";

/**
 * Brings the database to this program's version: each missing migration in a transaction of its own, so that one that
 * fails leaves everything as it was. Refuses a database that is newer than the program, or whose past differs.
 *
 * @returns the versions that were applied now.
 * @throws StorageError naming the migration.
 */
export function migrate(connection: Database, migrations: readonly Migration[] = embedded): number[] {
  connection.exec(
    "CREATE TABLE IF NOT EXISTS schema_migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, sha256 TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT",
  );
  const applied = connection
    .prepare<[], { version: number; name: string; sha256: string }>(
      "SELECT version, name, sha256 FROM schema_migrations",
    )
    .all();
  refuseForeignPast(applied, migrations);

  const done = new Set(applied.map((row) => row.version));
  const missing = migrations.filter((migration) => !done.has(migration.version));
  return missing.filter((migration) => apply(connection, migration)).map((migration) => migration.version);
}

function refuseForeignPast(
  applied: readonly { version: number; name: string; sha256: string }[],
  migrations: readonly Migration[],
) {
  const newest = migrations.at(-1)?.version ?? 0;
  for (const row of applied) {
    if (row.version > newest) {
      throw new StorageError(
        `the database was written by a newer PausePoint (schema ${row.version}, this program knows ${newest}); install that version or restore a backup`,
      );
    }
    const known = migrations.find((migration) => migration.version === row.version);
    if (known === undefined || sha256Hex(known.sql) !== row.sha256) {
      throw new StorageError(
        `the database was made by another build (migration ${row.name} differs); install the version that made it`,
      );
    }
  }
}

/** Answers whether it was applied here, and not meanwhile by another process. */
function apply(connection: Database, migration: Migration): boolean {
  const record = connection.prepare(
    // Rounded: from 2038 on the product is not a whole number for many milliseconds, and a STRICT column refuses it.
    "INSERT INTO schema_migrations (version, name, sha256, applied_at) VALUES (?, ?, ?, CAST(round(unixepoch('subsec') * 1000) AS INTEGER))",
  );
  connection.exec("BEGIN IMMEDIATE");
  try {
    // Another process that started beside this one may have been first.
    const made = connection.prepare("SELECT 1 FROM schema_migrations WHERE version = ?").get(migration.version);
    if (made === undefined) {
      connection.exec(migration.sql);
      record.run(migration.version, migration.name, sha256Hex(migration.sql));
    }
    connection.exec("COMMIT");
    return made === undefined;
  } catch (error) {
    if (connection.inTransaction) connection.exec("ROLLBACK");
    throw new StorageError(`migration ${migration.name} failed and was undone: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
