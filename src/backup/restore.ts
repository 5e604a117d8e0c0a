import { existsSync, readFileSync, renameSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { logHead, withholdAfterRestore } from "../audit/index.ts";
import type { Clock } from "../platform/clock.ts";
import { equalInConstantTime } from "../platform/hash.ts";
import {
  findInstallation,
  integrityFault,
  lockFolder,
  openDatabase,
  openForReading,
  Reader,
  readSecret,
  StorageError,
  secretDigest,
  stagingFolder,
  swapIn,
  type Work,
  Writer,
} from "../storage/index.ts";
import { readArchive } from "./archive.ts";
import type { BackupKey } from "./key.ts";
import type { Manifest, Own } from "./manifest.ts";
import * as queries from "./queries.ts";
import { BackupUnreadable } from "./unreadable.ts";

/** Under which name the configuration of a backup is put into the data folder: nothing reads it from there. */
const RESTORED_CONFIG = "pausepoint.config.from-backup.ts";
const ERASURES = "erasures.jsonl";

/** What is to be restored, and where to. */
export interface RestoreRequest {
  readonly file: string;
  readonly dataDir: string;
  readonly key: BackupKey | null;
  /** Whether a database that is there may be moved aside. */
  readonly force: boolean;
  /** The secret, where it is kept elsewhere: of a backup that holds none. */
  readonly secret?: { bytes(): Uint8Array } | null;
  readonly own: Own;
  readonly clock: Clock;
  /**
   * Called with the folder of the restored copy (`pausepoint.db`, `secret`, `erasures.jsonl`) before it takes the place of
   * what is there. Here is what was erased since the backup to be erased again.
   */
  readonly afterCopy: (folder: string) => Promise<void>;
}

/** A backup that was restored. */
export interface Restored {
  readonly manifest: Manifest;
  /** The folder with what was there before, or null when there was nothing. */
  readonly aside: string | null;
  /** Where the configuration of that time is, or null when the backup holds none. */
  readonly config: string | null;
}

/**
 * Brings a data folder to what a backup holds, while no server uses it. Whenever it is interrupted, the folder is as it
 * was or as the backup holds it. What was there before is moved aside, never deleted.
 *
 * @throws BackupUnreadable for the file. StorageError for the folder: in use, or with a database and no `force`.
 */
export async function restoreBackup(request: RestoreRequest): Promise<Restored> {
  const { dataDir, clock } = request;
  const isNew = !existsSync(dataDir);
  const lock = lockFolder(dataDir);
  let isDone = false;
  try {
    if (!request.force && existsSync(join(dataDir, "pausepoint.db")))
      throw new StorageError(
        `there is a database in ${dataDir}; give --force to move it aside, or another folder with --data`,
      );
    const staging = stagingFolder(dataDir);
    const manifest = await readArchive(request.file, { ...request, into: staging });
    checkCopy(request, staging, manifest);
    await mark(staging, manifest, clock.now());
    keepErasures(dataDir, staging);
    const hasConfig = existsSync(join(staging, "pausepoint.config.ts"));
    if (hasConfig) renameSync(join(staging, "pausepoint.config.ts"), join(staging, RESTORED_CONFIG));
    await request.afterCopy(staging);
    const aside = `before-restore-${new Date(clock.now()).toISOString().replace(/[-:.]/g, "")}`;
    swapIn(dataDir, aside);
    isDone = true;
    return {
      manifest,
      aside: existsSync(join(dataDir, aside)) ? join(dataDir, aside) : null,
      config: hasConfig ? join(dataDir, RESTORED_CONFIG) : null,
    };
  } finally {
    if (!isDone) rmSync(join(dataDir, "restore.staging"), { recursive: true, force: true });
    lock.release();
    if (!isDone && isNew) removeEmpty(dataDir);
  }
}

/** The bytes are those that were packed; this shows that they were worth it, before anything is replaced by them. */
function checkCopy({ file, secret }: RestoreRequest, staging: string, manifest: Manifest): void {
  const connection = openForReading(staging);
  try {
    const fault = integrityFault(connection);
    if (fault !== null)
      throw new BackupUnreadable(`the database in ${file} is damaged (${fault}); take another backup`);
    const { seq, hash, root } = logHead(connection);
    const { log } = manifest;
    const installation = new Reader(connection).one(findInstallation, {});
    const path = join(staging, "secret");
    const bytes = existsSync(path) ? readSecret(path) : secret?.bytes();
    if (bytes === undefined)
      throw new StorageError(
        `${file} holds no secret, since it was kept elsewhere; give it in PAUSEPOINT_SECRET or PAUSEPOINT_SECRET_FILE`,
      );
    if (
      seq !== log.seq ||
      hash !== log.hash ||
      root !== log.root ||
      installation?.id !== manifest.installation ||
      !equalInConstantTime(installation.secret_check, secretDigest(bytes))
    )
      throw new BackupUnreadable(`${file} holds another database than its manifest tells of; take another backup`);
  } finally {
    connection.close();
  }
}

/**
 * Brings the copy to this program's schema, and leaves word in it that it was restored: for the log, in the table
 * `restores`; for what signs, which then signs nothing.
 */
async function mark(staging: string, { made_at, log }: Manifest, now: number): Promise<void> {
  const connection = openDatabase(staging);
  try {
    const writer = new Writer(connection, () => {});
    await writer.write(function* (tx): Work<void> {
      yield* tx.run(queries.insertRestore, { restored_at: now, made_at: Date.parse(made_at), seq: log.seq });
      // What was signed after the backup is not known here, and no two checkpoints of one size may differ.
      yield* withholdAfterRestore(tx, now);
    });
    await writer.close();
  } finally {
    connection.close();
  }
}

/** What was erased stays erased: a line of either list stands in the list that remains. */
function keepErasures(dataDir: string, staging: string): void {
  const read = (folder: string) => {
    const file = join(folder, ERASURES);
    return existsSync(file) ? readFileSync(file, "utf8").split("\n").filter(Boolean) : [];
  };
  const here = read(dataDir);
  const saved = read(staging);
  const known = new Set(here);
  const all = [...here, ...saved.filter((line) => !known.has(line))];
  if (all.length > 0) writeFileSync(join(staging, ERASURES), `${all.join("\n")}\n`, { mode: 0o600 });
}

/** A folder that was made for a restore that came to nothing. */
function removeEmpty(folder: string): void {
  for (const name of ["server.lock", "server.lock-journal"]) rmSync(join(folder, name), { force: true });
  try {
    rmdirSync(folder);
  } catch {
    // Somebody else has put something there.
  }
}
