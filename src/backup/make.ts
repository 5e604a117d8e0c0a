import { createHash } from "node:crypto";
import { copyFileSync, createReadStream, existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { type LogHead, logHead, verifyLive } from "../audit/index.ts";
import { type Clock, isoTime } from "../platform/clock.ts";
import { equalInConstantTime } from "../platform/hash.ts";
import {
  appendLine,
  copyDatabase,
  findInstallation,
  integrityFault,
  lockBackup,
  openForReading,
  Reader,
  readSecret,
  StorageError,
  schemaOf,
  secretDigest,
  syncPath,
} from "../storage/index.ts";
import { type Source, writeArchive } from "./archive.ts";
import type { BackupKey } from "./key.ts";
import type { Manifest, MemberName, Own } from "./manifest.ts";
import * as queries from "./queries.ts";

/** The list of backups that were made of a folder, one JSON object a line: `{ "file", "made_at" }`. */
const RECORD = "backups.jsonl";
/** Where the copy of the database waits until it is packed. It is in the data folder, since it is not encrypted yet. */
const SCRATCH = "backup.scratch";

/** What is to be saved, and where. */
export interface BackupRequest {
  readonly dataDir: string;
  /** The configuration file, or null when there is none. */
  readonly config: string | null;
  /** The secret, where it is kept elsewhere: then it is not saved, and whoever restores has to give it again. */
  readonly secret?: { bytes(): Uint8Array } | null;
  /** The archive to write. */
  readonly file: string;
  /** Whether it may take the place of a file that is there. */
  readonly replace: boolean;
  readonly key: BackupKey | null;
  readonly own: Own;
  readonly clock: Clock;
}

/** A backup that was made. */
export interface MadeBackup {
  /** Its absolute path. */
  readonly file: string;
  readonly bytes: number;
  readonly manifest: Manifest;
}

/**
 * Saves everything of an installation in one archive, also beside a running server: a copy of the database as it is at
 * one moment, verified, with the secret it belongs to. The archive has its name only once it is complete, on disk, and
 * read back.
 *
 * @throws StorageError when a file of that name is there, or when the folder can't be saved: its database is damaged, its log not valid, its secret another.
 */
export async function makeBackup(request: BackupRequest): Promise<MadeBackup> {
  const { dataDir, key, own } = request;
  const file = resolve(request.file);
  if (!request.replace && existsSync(file))
    throw new StorageError(`${file} is there already; give another name, or --force to replace it`);
  if (!existsSync(dirname(file)))
    throw new StorageError(`there is no folder ${dirname(file)}; make it, or give another name`);
  const lock = lockBackup(dataDir);
  const scratch = join(dataDir, SCRATCH);
  const partial = `${file}.partial`;
  try {
    rmSync(scratch, { recursive: true, force: true });
    mkdirSync(scratch, { mode: 0o700 });
    const madeAt = request.clock.now();
    copyDatabase(dataDir, scratch);
    const facts = examine(scratch, request);
    const sources = await sourcesOf(request, scratch);
    const manifest: Manifest = {
      pausepoint_backup: 1,
      version: own.version,
      made_at: isoTime(madeAt),
      ...facts,
      members: sources.map(({ name, size, sha256 }) => ({ name, size, sha256 })),
    };
    rmSync(partial, { force: true });
    const bytes = await writeArchive(partial, { manifest, sources, key, own });
    renameSync(partial, file);
    syncPath(dirname(file));
    appendLine(join(dataDir, RECORD), JSON.stringify({ file, made_at: manifest.made_at }));
    return { file, bytes, manifest };
  } catch (error) {
    rmSync(partial, { force: true });
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    throw new StorageError(`no backup was made: ${(error as Error).message}`, { cause: error });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
    lock.release();
  }
}

/** Looks whether the copy is worth keeping, and says what it holds. */
function examine(scratch: string, { dataDir, own, secret }: BackupRequest) {
  const connection = openForReading(scratch);
  try {
    const fault = integrityFault(connection);
    if (fault !== null)
      throw new StorageError(`no backup was made, as the database of ${dataDir} is damaged (${fault}); restore one`);
    const schema = schemaOf(connection);
    if (schema > own.schema)
      throw new StorageError(
        `the database was written by a newer PausePoint (schema ${schema}, this program knows ${own.schema}); make the backup with that version`,
      );
    const reader = new Reader(connection);
    const installation = reader.one(findInstallation, {});
    if (installation === undefined)
      throw new StorageError(`${dataDir} holds nothing yet; make the backup once the server has started there`);
    const bytes = secret?.bytes() ?? readSecret(join(dataDir, "secret"));
    if (!equalInConstantTime(installation.secret_check, secretDigest(bytes)))
      throw new StorageError(`no backup was made, as the database of ${dataDir} belongs to another secret`);
    const head = logHead(connection);
    // An older log is told by other tables than this program knows: it was verified by the program that wrote it.
    if (schema === own.schema) refuseInvalid(connection, head);
    return {
      schema,
      installation: installation.id,
      log: head,
      pauses: reader.one(queries.countPauses, {})?.count ?? 0,
      pending: reader.one(queries.countPending, {})?.count ?? 0,
    };
  } finally {
    connection.close();
  }
}

function refuseInvalid(connection: Parameters<typeof verifyLive>[0], head: LogHead): void {
  const { fault, lastSeq, headHash, root } = verifyLive(connection);
  const what = fault?.what ?? null;
  if (what === null && lastSeq === head.seq && headHash === head.hash && root === head.root) return;
  throw new StorageError(
    `no backup was made, as the log is not valid (${what ?? "its head differs from its chain"}); keep a copy of the folder, and see pausepoint audit verify`,
  );
}

/** Read after the database, so that an erasure which the copy may not show stands in its list. */
async function sourcesOf({ dataDir, config, secret = null }: BackupRequest, scratch: string): Promise<Source[]> {
  const paths: readonly (readonly [MemberName, string | null])[] = [
    ["pausepoint.db", join(scratch, "pausepoint.db")],
    ["secret", secret === null ? join(dataDir, "secret") : null],
    ["erasures.jsonl", join(dataDir, "erasures.jsonl")],
    ["pausepoint.config.ts", config],
  ];
  const sources: Source[] = [];
  for (const [name, from] of paths) {
    if (from === null || !existsSync(from)) continue;
    const path = join(scratch, name);
    // What is added to a file from here on must not come between its digest and its bytes.
    if (from !== path) copyFileSync(from, path);
    sources.push({ name, path, ...(await measure(path)) });
  }
  return sources;
}

async function measure(path: string): Promise<{ size: number; sha256: string }> {
  const hash = createHash("sha256");
  let size = 0;
  for await (const chunk of createReadStream(path)) {
    hash.update(chunk as Uint8Array);
    size += (chunk as Uint8Array).length;
  }
  return { size, sha256: hash.digest("hex") };
}
