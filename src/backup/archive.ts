/**
 * An archive as a file: a tar in gzip, which `tar xzf` reads; when there is a key, that in age. What is not encrypted
 * begins with a seal, so that every byte of it is covered: an empty member of gzip (RFC 1952 lets a file have several)
 * whose extra field holds the SHA-256 of all that follows.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createGzip } from "node:zlib";
import { StorageError } from "../storage/index.ts";
import { AGE_MAGIC, type BackupKey, canOpen, decrypted, encrypted } from "./key.ts";
import { type Manifest, type Member, type Own, readManifest } from "./manifest.ts";
import { filesOf, TarDamage, type TarFile, tarOf } from "./tar.ts";
import { BackupUnreadable } from "./unreadable.ts";

const MANIFEST = "manifest.json";
const LONGEST_MANIFEST = 65_536;
const SEAL_LENGTH = 58;

/** A file to pack, and where it is. */
export interface Source extends Member {
  readonly path: string;
}

/**
 * Packs the sources into `file`, which must not be there yet (mode 0600), syncs it, reads it back and compares. What is
 * encrypted for recipients alone can't be opened here, and is compared as it was written.
 *
 * @returns its length in bytes.
 * @throws StorageError when it reads back as something else.
 */
export async function writeArchive(
  file: string,
  { manifest, sources, key, own }: { manifest: Manifest; sources: readonly Source[]; key: BackupKey | null; own: Own },
): Promise<number> {
  const handle = await open(file, "wx", 0o600);
  let digest: Uint8Array;
  try {
    digest = await pack(handle, { manifest, sources, key });
    await handle.sync();
  } finally {
    await handle.close();
  }
  if (!(await readsBack(file, { key, own, digest })))
    throw new StorageError(`${file} does not read back as it was written; check the disk`);
  return Bun.file(file).size;
}

async function readsBack(
  file: string,
  { key, own, digest }: { key: BackupKey | null; own: Own; digest: Uint8Array },
): Promise<boolean> {
  if (key !== null && !canOpen(key)) return (await digestOf(file, 0)).equals(digest);
  try {
    await readArchive(file, { key, own, into: null });
    return true;
  } catch (error) {
    if (error instanceof BackupUnreadable) return false;
    throw error;
  }
}

/**
 * Reads a whole archive and holds every byte of it against its manifest. With a folder in `into` its files are written
 * there (mode 0600); they are to be used only once this has returned.
 *
 * @throws BackupUnreadable for whatever is not exactly as it was written, another key, or a newer program's archive.
 */
export async function readArchive(
  file: string,
  { key, own, into }: { key: BackupKey | null; own: Own; into: string | null },
): Promise<Manifest> {
  const source = await openArchive(file, key);
  let manifest: Manifest | null = null;
  try {
    await pipeline(Readable.from(source), createGunzip(), async (plain: AsyncIterable<Uint8Array>) => {
      const files = filesOf(plain);
      const { value: first } = await files.next();
      if (first === undefined || first.name !== MANIFEST || first.size > LONGEST_MANIFEST) throw new TarDamage();
      manifest = readManifest(file, await textOf(first), own);
      await takeMembers(files, manifest, into);
    });
  } catch (error) {
    if (error instanceof BackupUnreadable) throw error;
    if (error instanceof TarDamage || isZlibError(error)) throw damaged(file, error);
    throw error;
  }
  if (manifest === null) throw damaged(file, null);
  return manifest;
}

/** Answers the SHA-256 of all that was written, a seal excepted. */
async function pack(
  handle: FileHandle,
  { manifest, sources, key }: { manifest: Manifest; sources: readonly Source[]; key: BackupKey | null },
): Promise<Uint8Array> {
  const text = Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`);
  const entries = [
    { name: MANIFEST, size: text.length, bytes: [text] },
    ...sources.map(({ name, size, path }) => ({ name, size, bytes: fileBytes(path) })),
  ];
  const hash = createHash("sha256");
  let position = key === null ? SEAL_LENGTH : 0;
  await pipeline(
    Readable.from(tarOf(entries, Date.parse(manifest.made_at))),
    createGzip({ level: 1 }),
    async (packed: AsyncIterable<Uint8Array>) => {
      for await (const chunk of key === null ? packed : encrypted(key, packed)) {
        hash.update(chunk);
        position += await writeAt(handle, chunk, position);
      }
    },
  );
  const digest = hash.digest();
  if (key === null) await writeAt(handle, sealOf(digest), 0);
  return digest;
}

/** Opened only when its turn comes. */
async function* fileBytes(path: string): AsyncGenerator<Uint8Array> {
  yield* createReadStream(path);
}

async function writeAt(handle: FileHandle, bytes: Uint8Array, position: number): Promise<number> {
  for (let written = 0; written < bytes.length; )
    written += (await handle.write(bytes, written, bytes.length - written, position + written)).bytesWritten;
  return bytes.length;
}

/** What stands in a file after encryption or seal: gzip. */
async function openArchive(file: string, key: BackupKey | null): Promise<AsyncIterable<Uint8Array>> {
  const beginning = await beginningOf(file);
  if (beginning.subarray(0, AGE_MAGIC.length).toString("latin1") === AGE_MAGIC) {
    if (key === null)
      throw new BackupUnreadable(`${file} is encrypted; give its key with --key-file or in PAUSEPOINT_BACKUP_KEY`);
    if (!canOpen(key))
      throw new BackupUnreadable(`${file} needs the secret half of its age key, AGE-SECRET-KEY-1…; give that`);
    return decrypted(key, file);
  }
  const digest = beginning.subarray(16, 48);
  if (!beginning.equals(sealOf(digest)))
    throw new BackupUnreadable(`${file} is no backup of PausePoint, or damaged in its first bytes; give another file`);
  if (key !== null)
    throw new BackupUnreadable(`${file} is not encrypted, so anybody may have made it; to use it, give no key`);
  if (!(await digestOf(file, SEAL_LENGTH)).equals(digest)) throw damaged(file, null);
  return createReadStream(file, { start: SEAL_LENGTH });
}

async function beginningOf(file: string): Promise<Buffer> {
  let handle: FileHandle;
  try {
    handle = await open(file, "r");
  } catch (error) {
    throw new BackupUnreadable(
      `${file} can't be read (${(error as NodeJS.ErrnoException).code}); name a file that can`,
    );
  }
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(SEAL_LENGTH), 0, SEAL_LENGTH, 0);
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    throw new BackupUnreadable(`${file} can't be read (${(error as NodeJS.ErrnoException).code}); name a file`);
  } finally {
    await handle.close();
  }
}

/** A member of gzip that stands for nothing; its extra field "PP" holds the digest of what follows it in the file. */
function sealOf(digest: Uint8Array): Buffer {
  return Buffer.concat([
    Buffer.from([0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 255, 36, 0, 0x50, 0x50, 32, 0]),
    digest,
    Buffer.from([3, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
  ]);
}

async function digestOf(file: string, start: number): Promise<Buffer> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file, { start })) hash.update(chunk as Uint8Array);
  return hash.digest();
}

async function textOf({ bytes }: TarFile): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of bytes) parts.push(part);
  return Buffer.concat(parts).toString("utf8");
}

/** The files behind the manifest are those that it names, in its order, byte by byte. */
async function takeMembers(files: AsyncGenerator<TarFile>, manifest: Manifest, into: string | null): Promise<void> {
  for (const member of manifest.members) {
    const { value: file } = await files.next();
    if (file === undefined || file.name !== member.name || file.size !== member.size) throw new TarDamage();
    const hash = createHash("sha256");
    const handle = into === null ? null : await open(join(into, member.name), "wx", 0o600);
    try {
      let position = 0;
      for await (const part of file.bytes) {
        hash.update(part);
        if (handle !== null) position += await writeAt(handle, part, position);
      }
    } finally {
      await handle?.close();
    }
    if (hash.digest("hex") !== member.sha256) throw new TarDamage();
  }
  if (!(await files.next()).done) throw new TarDamage();
}

function isZlibError(error: unknown): boolean {
  return /^Z_/.test(String((error as { code?: unknown } | null)?.code));
}

function damaged(file: string, cause: unknown): BackupUnreadable {
  return new BackupUnreadable(`${file} is damaged or cut; take another backup`, { cause });
}
