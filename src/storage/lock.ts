import { closeSync, existsSync, openSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { makeFolder } from "./database.ts";
import { StorageError } from "./errors.ts";

/**
 * Takes the data folder for one server, until released or the process ends (also by kill -9: the lock is the
 * operating system's, taken through a tiny database of its own). Commands beside the server do not take it.
 *
 * @throws StorageError when another server holds it.
 */
export function lockFolder(folder: string): { release(): void } {
  makeFolder(folder);
  const file = join(folder, "server.lock");
  closeSync(openSync(file, "a", 0o600));
  const lock = new Database(file, { timeout: 0 });
  try {
    lock.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    lock.close();
    if (/busy|locked/i.test((error as Error).message)) {
      throw new StorageError(
        `another PausePoint server is using ${folder}; stop it, or name another folder with --data`,
        {
          cause: error,
        },
      );
    }
    throw new StorageError(`cannot lock ${folder}: ${(error as Error).message}`, { cause: error });
  }
  return {
    release() {
      if (!lock.open) return;
      lock.exec("ROLLBACK");
      lock.close();
    },
  };
}

/** Whether a server has the folder at this moment. Looks without taking anything. */
export function isFolderServed(folder: string): boolean {
  const file = join(folder, "server.lock");
  if (!existsSync(file)) return false;
  const lock = new Database(file, { readonly: true, timeout: 0 });
  try {
    lock.prepare("SELECT count(*) FROM sqlite_schema").get();
    return false;
  } catch (error) {
    return /busy|locked/i.test((error as Error).message);
  } finally {
    lock.close();
  }
}
