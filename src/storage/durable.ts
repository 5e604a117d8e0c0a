import { closeSync, existsSync, fsyncSync, openSync, readdirSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";

/** Asks the disk to keep what was written to this file, or which names this folder holds. */
export function syncPath(path: string): void {
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Asks the disk to keep all files of a folder (not of those in it), and their names. */
export function syncFiles(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    if (entry.isFile()) syncPath(join(folder, entry.name));
  syncPath(folder);
}

/** Adds a line to a file (mode 0600, made when it is missing), on disk when it returns. */
export function appendLine(file: string, line: string): void {
  const isNew = !existsSync(file);
  const descriptor = openSync(file, "a", 0o600);
  try {
    writeSync(descriptor, `${line}\n`);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  if (isNew) syncPath(dirname(file));
}
