import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../platform/clock.ts";
import { StorageError, schemaIn } from "../storage/index.ts";
import { makeBackup } from "./make.ts";
import type { Own } from "./manifest.ts";

/**
 * Saves a folder whose database this program is about to migrate, into `backups/` in it. The name says for which version
 * and from which schema, so that a start which is tried again and again fills no disk. It is not encrypted: all that it
 * holds stands in the same folder anyway.
 *
 * @returns the archive, or null when there is nothing to migrate.
 * @throws StorageError when it can't be made; then nothing may be migrated.
 */
export async function backupBeforeMigration(
  folder: {
    readonly dataDir: string;
    readonly config: string | null;
    readonly secret?: { bytes(): Uint8Array } | null;
  },
  own: Own,
  clock: Clock,
): Promise<string | null> {
  const schema = schemaIn(folder.dataDir);
  if (schema === null || schema >= own.schema) return null;
  const backups = join(folder.dataDir, "backups");
  mkdirSync(backups, { recursive: true, mode: 0o700 });
  const file = join(backups, `before-${own.version}-from-schema-${schema}.tar.gz`);
  try {
    return (await makeBackup({ ...folder, file, replace: true, key: null, own, clock })).file;
  } catch (error) {
    throw new StorageError(
      `the database was not upgraded, as it could not be saved before: ${(error as Error).message}`,
      { cause: error },
    );
  }
}
