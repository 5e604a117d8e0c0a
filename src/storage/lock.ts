import { closeSync, existsSync, openSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { makeFolder } from "./database.ts";
import { StorageError } from "./errors.ts";
import { settleSwap } from "./swap.ts";

/**
 * Takes the data folder for one server, until released or the process ends (also by kill -9: the lock is the
 * operating system's, taken through a tiny database of its own). Commands beside the server do not take it. A restore
 * that was interrupted is finished here, before anybody reads the folder.
 *
 * @throws StorageError when another server holds it.
 */
export function lockFolder(folder: string): Lock {
  const lock = lockFile(
    folder,
    "server.lock",
    `another PausePoint server is using ${folder}; stop it, or name another folder with --data`,
  );
  try {
    settleSwap(folder);
  } catch (error) {
    lock.release();
    throw error;
  }
  return lock;
}

/** Lets one backup of the folder be made at a time. @throws StorageError when another is under way. */
export function lockBackup(folder: string): Lock {
  return lockFile(folder, "backup.lock", `another backup of ${folder} is being made; wait until it is done`);
}

interface Lock {
  release(): void;
}

function lockFile(folder: string, name: string, taken: string): Lock {
  makeFolder(folder);
  const file = join(folder, name);
  closeSync(openSync(file, "a", 0o600));
  const lock = new Database(file, { timeout: 0 });
  try {
    lock.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    lock.close();
    if (/busy|locked/i.test((error as Error).message)) {
      throw new StorageError(taken, { cause: error });
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
