import { readArchive } from "./archive.ts";
import { type BackupKey, canOpen } from "./key.ts";
import type { Manifest, Own } from "./manifest.ts";

/**
 * Reads a whole archive, as a restore would, and writes nothing. Null where the key is one that only encrypts: then
 * nobody can tell here.
 *
 * @throws BackupUnreadable for whatever a restore would refuse.
 */
export async function openBackup(file: string, key: BackupKey | null, own: Own): Promise<Manifest | null> {
  if (key !== null && !canOpen(key)) return null;
  return await readArchive(file, { key, own, into: null });
}
