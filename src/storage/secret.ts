import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../platform/clock.ts";
import { base64url, equalInConstantTime, sha256 } from "../platform/hash.ts";
import type { IdSource } from "../platform/ids.ts";
import type { Random } from "../platform/random.ts";
import { makeFolder } from "./database.ts";
import { StorageError } from "./errors.ts";
import { define, insertInto } from "./query.ts";
import { refuseHalfRestored } from "./swap.ts";
import type { Tx, Work } from "./work.ts";

const LENGTH = 32;

/**
 * The folder's secret, from which every key of this installation is derived: 32 random bytes in the file `secret`
 * (mode 0600), made on first start, unless it is kept elsewhere and given: then the folder holds none.
 *
 * @throws StorageError when the file is there but is no secret.
 */
export function folderSecret(folder: string, random: Random, given: { bytes(): Uint8Array } | null = null): Uint8Array {
  makeFolder(folder);
  refuseHalfRestored(folder);
  if (given !== null) return given.bytes();
  const file = join(folder, "secret");
  try {
    const descriptor = openSync(file, "wx", 0o600);
    writeSync(descriptor, `${base64url(random.bytes(LENGTH))}\n`);
    fsyncSync(descriptor);
    closeSync(descriptor);
  } catch (error) {
    if ((error as { code?: string }).code !== "EEXIST") throw error;
  }
  return readSecret(file);
}

/** The secret in a file that is there. @throws StorageError when it holds none. */
export function readSecret(file: string): Uint8Array {
  const secret = Buffer.from(readFileSync(file, "utf8").trim(), "base64url");
  if (secret.length !== LENGTH) throw new StorageError(`${file} holds no secret; restore it from a backup`);
  return new Uint8Array(secret);
}

/** What a database keeps to know its secret by. */
export function secretDigest(secret: Uint8Array): Uint8Array {
  return sha256(Buffer.concat([Buffer.from("pausepoint installation v1\0"), secret]));
}

/**
 * Remembers on first start which secret this database belongs to, and answers the installation's id.
 *
 * @throws StorageError when the database belongs to another secret: its links and keys would be dead.
 */
export function* ensureInstallation(tx: Tx, secret: Uint8Array, parts: { clock: Clock; ids: IdSource }): Work<string> {
  const check = secretDigest(secret);
  const found = yield* tx.one(findInstallation, {});
  if (found === undefined) {
    const id = parts.ids.next("ins").id;
    yield* tx.run(insertInstallation, { n: 1, id, secret_check: check, created_at: parts.clock.now() });
    return id;
  }
  if (!equalInConstantTime(found.secret_check, check)) {
    throw new StorageError(
      "the database belongs to another secret; restore the file `secret` that was saved with it, or give that secret in PAUSEPOINT_SECRET",
    );
  }
  return found.id;
}

/** The installation's id, and what it knows its secret by. */
export const findInstallation = define()((db) =>
  db.selectFrom("installation").select(["id", "secret_check"]).where("n", "=", 1),
);

const insertInstallation = insertInto("installation", ["n", "id", "secret_check", "created_at"]);
