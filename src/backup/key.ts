/**
 * What an archive is encrypted with: the age format (age-encryption.org/v1), so that the `age` command opens it too. age
 * authenticates the whole file in chunks, so that a changed byte, a cut and an addition are found.
 */
import { createReadStream, readFileSync } from "node:fs";
import { BackupUnreadable } from "./unreadable.ts";

/** What every age file begins with. */
export const AGE_MAGIC = "age-encryption.org/v1\n";

/** The base-2 logarithm of scrypt's cost: 2^17 takes 128 MiB, as OWASP advises. */
const SCRYPT_WORK_FACTOR = 17;

/** age keys, or a passphrase. */
export type BackupKey =
  | { readonly kind: "age"; readonly identities: readonly string[]; readonly recipients: readonly string[] }
  | { readonly kind: "passphrase"; readonly passphrase: string };

/**
 * Reads a key: lines of age keys (`AGE-SECRET-KEY-1…`, or `age1…`, which encrypts and opens nothing), or one line that is
 * a passphrase. Empty lines and those that start with `#` are skipped.
 *
 * @param from what it stands in, for the message: a file or a variable.
 * @throws BackupUnreadable when it is none of these.
 */
export async function readKey(text: string, from: string): Promise<BackupKey> {
  const lines = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  const [first] = lines;
  const isAge = (line: string) => /^(AGE-SECRET-KEY-|age1)/.test(line);
  if (first === undefined || text.includes("\0") || text.includes("\ufffd"))
    throw new BackupUnreadable(`${from} holds no key; put an age key or a passphrase of one line there`);
  if (lines.length === 1 && !isAge(first)) return { kind: "passphrase", passphrase: first };
  const identities = lines.filter((line) => line.startsWith("AGE-SECRET-KEY-"));
  const recipients = lines.filter((line) => line.startsWith("age1"));
  const key = { kind: "age", identities, recipients } as const;
  const isSound =
    lines.every(isAge) &&
    (await encrypterFor(key)
      .then(() => decrypterFor(key))
      .then(
        () => true,
        () => false,
      ));
  if (!isSound)
    throw new BackupUnreadable(`${from} holds a line that is no age key; put age keys or one passphrase there`);
  return key;
}

/** The key in a file. @throws BackupUnreadable when it can't be read or holds none. */
export async function readKeyFile(file: string): Promise<BackupKey> {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new BackupUnreadable(
      `the key file ${file} can't be read (${(error as NodeJS.ErrnoException).code}); name one that can`,
    );
  }
  return await readKey(text, file);
}

/** Whether what it encrypts can be opened with it: not where it holds recipients alone. */
export function canOpen(key: BackupKey): boolean {
  return key.kind === "passphrase" || key.identities.length > 0;
}

/** The encrypted form of a stream. */
export async function* encrypted(key: BackupKey, source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const encrypter = await encrypterFor(key);
  yield* bytesOf(await encrypter.encrypt(streamOf(source)));
}

/**
 * What stands in an encrypted file.
 *
 * @throws BackupUnreadable for another key, and for each way in which it differs from what was written.
 */
export async function* decrypted(key: BackupKey, file: string): AsyncGenerator<Uint8Array> {
  const decrypter = await decrypterFor(key);
  const source = streamOf(createReadStream(file));
  let plain: ReadableStream<Uint8Array>;
  try {
    plain = await decrypter.decrypt(source);
  } catch (error) {
    if (/no identity matched/.test((error as Error).message))
      throw new BackupUnreadable(
        `${file} does not open with this key; give the one that it was made with (or its first bytes are damaged)`,
        { cause: error },
      );
    throw new BackupUnreadable(`${file} is damaged in its first bytes; take another backup`, { cause: error });
  }
  try {
    yield* bytesOf(plain);
  } catch (error) {
    throw new BackupUnreadable(`${file} is damaged or cut; take another backup`, { cause: error });
  }
}

async function encrypterFor(key: BackupKey) {
  // It is rarely needed, and brings its own ciphers.
  const { Encrypter, identityToRecipient } = await import("age-encryption");
  const encrypter = new Encrypter();
  if (key.kind === "passphrase") {
    encrypter.setPassphrase(key.passphrase);
    encrypter.setScryptWorkFactor(SCRYPT_WORK_FACTOR);
  } else {
    for (const identity of key.identities) encrypter.addRecipient(await identityToRecipient(identity));
    for (const recipient of key.recipients) encrypter.addRecipient(recipient);
  }
  return encrypter;
}

async function decrypterFor(key: BackupKey) {
  const { Decrypter } = await import("age-encryption");
  const decrypter = new Decrypter();
  if (key.kind === "passphrase") decrypter.addPassphrase(key.passphrase);
  else for (const identity of key.identities) decrypter.addIdentity(identity);
  return decrypter;
}

function streamOf(source: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array<ArrayBuffer>> {
  const iterator = source[Symbol.asyncIterator]();
  return new ReadableStream({
    async pull(controller) {
      const { value, done } = await iterator.next();
      if (done) controller.close();
      else controller.enqueue(new Uint8Array(value));
    },
    async cancel() {
      await iterator.return?.();
    },
  });
}

async function* bytesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    yield value;
  }
}
