/** Files that are there as a whole or as they were before, whatever happens meanwhile; on disk when the call returns. */
import { closeSync, fsyncSync, openSync, renameSync, writeSync } from "node:fs";
import { open, rename } from "node:fs/promises";
import { dirname } from "node:path";

/** Writes a file anew, blocking. `mode` is that of a file that was not there. @throws the system's error. */
export function writeWholeFile(path: string, text: string, mode = 0o600): void {
  const beside = temporaryName(path);
  const file = openSync(beside, "w", mode);
  try {
    const bytes = Buffer.from(text);
    for (let written = 0; written < bytes.byteLength; ) written += writeSync(file, bytes, written);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(beside, path);
  // Without this the name can still be the old one after a power cut.
  const folder = openSync(dirname(path), "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** As {@link writeWholeFile}, without blocking anything else. Two at once for one path are the caller's to prevent. */
export async function replaceFile(path: string, text: string, mode = 0o600): Promise<void> {
  const beside = temporaryName(path);
  await using file = await open(beside, "w", mode);
  await file.writeFile(text);
  await file.sync();
  await rename(beside, path);
  await using folder = await open(dirname(path), "r");
  await folder.sync();
}

/** Of its own for each process: a command beside the server writes the same files. */
function temporaryName(path: string): string {
  return `${path}.${process.pid}.tmp`;
}
