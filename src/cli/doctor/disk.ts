import { existsSync, statfsSync } from "node:fs";
import { dirname } from "node:path";
import { bad, type Finding, ok } from "./finding.ts";

const MEGABYTE = 1_048_576;
/** The write-ahead log alone may grow to 64 MB, and a backup is packed beside the database. */
const LITTLE = 512 * MEGABYTE;
const NONE = 16 * MEGABYTE;

/** Whether there is room where the data lies, or will lie. */
export function ofDisk(folder: string): Finding {
  let place = folder;
  while (!existsSync(place) && place !== dirname(place)) place = dirname(place);
  const { bavail, bsize } = statfsSync(place);
  const free = bavail * bsize;
  const found = `${Math.floor(free / MEGABYTE)} MB free at ${place}`;
  const todo = "Make room: on a full disk new questions are refused with 503. See retention and backups.keep.";
  if (free < NONE) return bad("disk", "fail", found, todo);
  return free < LITTLE ? bad("disk", "warn", found, todo) : ok("disk", found);
}
