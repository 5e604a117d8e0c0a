/** The key that a witness signs with: its file, and the cosignatures made with it (C2SP tlog-cosignature v1, Ed25519). */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { cosignedMessage, formatVerifierKey, signatureLine, type VerifierKey, verifierKey } from "../audit/index.ts";
import { ED25519_KEY_LENGTH, type SigningKey, signingKeyFrom } from "../platform/ed25519.ts";
import type { Random } from "../platform/random.ts";
import { writeWholeFile } from "../platform/whole-file.ts";
import { StorageError } from "../storage/index.ts";

/** The witness's key, ready to sign. */
export interface Cosigner {
  readonly key: VerifierKey;
  /** The key in its one line: what the operator of a log is given. */
  readonly vkey: string;
  /** A signature line over a checkpoint's text, at a time in seconds since the Unix epoch. */
  cosign(text: string, seconds: number): string;
}

const FILE = "witness.key";

/** The key in this folder, which must be there. @throws StorageError */
export function readCosigner(folder: string): Cosigner {
  const file = join(folder, FILE);
  if (!existsSync(file))
    throw new StorageError(`there is no witness in ${folder}; make one with pausepoint witness init`);
  const match = /^PRIVATE\+KEY\+([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)\n$/.exec(readFileSync(file, "utf8"));
  const [, name = "", hash, base64 = ""] = match ?? [];
  const bytes = Buffer.from(base64, "base64");
  if (match === null || bytes.byteLength !== 1 + ED25519_KEY_LENGTH || bytes[0] !== COSIGNATURE)
    throw new StorageError(`${file} holds no key of a witness; restore it from a backup`);
  const cosigner = cosignerOf(name, signingKeyFrom(bytes.subarray(1)));
  if (hashText(cosigner.key) !== hash) throw new StorageError(`${file} is damaged; restore it from a backup`);
  return cosigner;
}

/**
 * Makes a key in this folder (mode 0600), in the form in which private keys of notes are written:
 * `PRIVATE+KEY+name+hash+base64`. A key that is there stays.
 *
 * @throws NoteError when the name can't be one. @throws StorageError when another name has a key there.
 */
export function makeCosigner(folder: string, name: string, random: Random): Cosigner {
  if (existsSync(join(folder, FILE))) {
    const found = readCosigner(folder);
    if (found.key.name !== name)
      throw new StorageError(`${folder} holds the witness ${found.key.name} already; name another folder with --data`);
    return found;
  }
  const seed = Uint8Array.from(random.bytes(ED25519_KEY_LENGTH));
  const cosigner = cosignerOf(name, signingKeyFrom(seed));
  const secret = Buffer.concat([Buffer.from([COSIGNATURE]), seed]).toString("base64");
  writeWholeFile(join(folder, FILE), `PRIVATE+KEY+${name}+${hashText(cosigner.key)}+${secret}\n`);
  return cosigner;
}

/** The byte that says what a key signs (C2SP signed-note). */
const COSIGNATURE = 0x04;

function cosignerOf(name: string, signer: SigningKey): Cosigner {
  const key = verifierKey(name, signer.publicKey, "cosignature");
  return {
    key,
    vkey: formatVerifierKey(key),
    cosign(text, seconds) {
      const signature = Buffer.alloc(72);
      signature.writeBigUInt64BE(BigInt(seconds));
      signature.set(signer.sign(cosignedMessage(text, seconds)), 8);
      return signatureLine(key, signature);
    },
  };
}

function hashText({ hash }: VerifierKey): string {
  return hash.toString(16).padStart(8, "0");
}
