/**
 * Puts a folder's new contents in the place of its old ones so that a crash at any moment leaves either. The new files
 * wait in `restore.staging`. What counts is one rename, of the order to exchange them to `restore.order`: before it
 * nothing has happened; after it, whoever takes the folder next carries the rest out. The old files are kept, in a
 * folder that the order names.
 */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { syncFiles, syncPath } from "./durable.ts";
import { StorageError } from "./errors.ts";

const STAGING = "restore.staging";
const ORDER = "restore.order";
const DATABASE = "pausepoint.db";
/** What belongs to a database and must never stand beside another one. */
const BESIDE_DATABASE = [`${DATABASE}-wal`, `${DATABASE}-shm`, `${DATABASE}-journal`];

/** Makes the empty folder in which new contents are prepared. The lock of the folder must be held until they are in place. */
export function stagingFolder(folder: string): string {
  const staging = join(folder, STAGING);
  rmSync(staging, { recursive: true, force: true });
  mkdirSync(staging, { mode: 0o700 });
  return staging;
}

/**
 * For whoever opens the folder without its lock: between an order to exchange and its end the files are of two times.
 *
 * @throws StorageError
 */
export function refuseHalfRestored(folder: string): void {
  if (!existsSync(join(folder, ORDER))) return;
  throw new StorageError(`a restore into ${folder} was interrupted; start the server, which finishes it`);
}

/**
 * Exchanges the folder's files for those that were prepared in {@link stagingFolder}. What they replace, and what stood
 * beside the old database, is moved into `aside`, a name for a folder in this one.
 */
export function swapIn(folder: string, aside: string): void {
  const staging = join(folder, STAGING);
  writeFileSync(join(staging, ORDER), JSON.stringify({ aside }), { mode: 0o600 });
  syncFiles(staging);
  syncPath(folder);
  renameSync(join(staging, ORDER), join(folder, ORDER));
  syncPath(folder);
  settleSwap(folder);
}

/** Carries an ordered exchange out to its end, or clears up after one that was never ordered. Needs the folder's lock. */
export function settleSwap(folder: string): void {
  const staging = join(folder, STAGING);
  const order = join(folder, ORDER);
  if (existsSync(order)) {
    const { aside } = JSON.parse(readFileSync(order, "utf8")) as { aside: string };
    if (existsSync(staging)) exchange(folder, staging, join(folder, aside));
    rmSync(staging, { recursive: true, force: true });
    rmSync(order);
    syncPath(folder);
  } else rmSync(staging, { recursive: true, force: true });
}

/** Each step may have been done before a crash: a file that waits no more has arrived. */
function exchange(folder: string, staging: string, aside: string): void {
  const waiting = readdirSync(staging);
  if (!existsSync(aside)) mkdirSync(aside, { mode: 0o700 });
  const keep = (name: string) => {
    if (existsSync(join(folder, name))) renameSync(join(folder, name), join(aside, name));
  };
  if (waiting.includes(DATABASE)) for (const name of BESIDE_DATABASE) keep(name);
  // The database comes last: as long as it is not there, all others are moved.
  for (const name of waiting.sort((a, b) => Number(a === DATABASE) - Number(b === DATABASE))) {
    keep(name);
    renameSync(join(staging, name), join(folder, name));
  }
  if (readdirSync(aside).length === 0) rmdirSync(aside);
  else syncPath(aside);
  syncPath(folder);
}
