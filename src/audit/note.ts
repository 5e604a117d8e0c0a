/**
 * Signed notes (C2SP signed-note v1.0.0): a text, and lines below it in which keys have signed it. The verifier key of a
 * key says in one line what is needed to check it: `name+hash+base64`.
 */
import { type SigningKey, verifyEd25519 } from "../platform/ed25519.ts";
import { sha256 } from "../platform/hash.ts";

/** What a signature is made over: `ed25519` the text itself, `cosignature` the text and a time (C2SP tlog-cosignature). */
export type NoteKeyType = "ed25519" | "cosignature";

/** A key that notes are verified with. */
export interface VerifierKey {
  /** Without spaces and plus signs; of a log, its origin. */
  readonly name: string;
  /** Four bytes that name the key in a signature line, as a number. */
  readonly hash: number;
  readonly type: NoteKeyType;
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
}

/** A note as it was read; whether its signatures are genuine is another question. */
export interface Note {
  /** What is signed, with the line feed at its end. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

export interface NoteSignature {
  readonly name: string;
  readonly hash: number;
  /** What follows the hash: 64 bytes of Ed25519; in a cosignature 8 bytes of time before them. */
  readonly bytes: Uint8Array;
}

/** A text that is no note or no key, or a note that a known key has not signed; the message is a clause. */
export class NoteError extends Error {
  override readonly name = "NoteError";
}

/** Longer notes are refused before they are looked at. */
const LONGEST_NOTE = 1_000_000;
/** The standard asks for at least 16. */
const MOST_SIGNATURES = 100;
const DASH = "\u2014";
const TYPES: readonly (readonly [number, NoteKeyType])[] = [
  [0x01, "ed25519"],
  [0x04, "cosignature"],
];

/** The verifier key of a name and a public key of 32 bytes. @throws {NoteError} when the name can't be one. */
export function verifierKey(name: string, publicKey: Uint8Array, type: NoteKeyType = "ed25519"): VerifierKey {
  requireName(name);
  return { name, type, publicKey, hash: hashOf(name, typed(publicKey, type)) };
}

/** A verifier key in its one line: `example.com/log+33d7b496+AeHT…`. */
export function formatVerifierKey({ name, hash, type, publicKey }: VerifierKey): string {
  return `${name}+${hash.toString(16).padStart(8, "0")}+${Buffer.from(typed(publicKey, type)).toString("base64")}`;
}

/** Reads a verifier key. @throws {NoteError} when it is none, or of a type that is not known here. */
export function parseVerifierKey(line: string): VerifierKey {
  const match = /^([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(line);
  if (match === null) throw new NoteError("not a verifier key of the form name+hash+base64");
  const [, name = "", hash = "", encoded = ""] = match;
  const key = bytesOf(encoded);
  const type = TYPES.find(([byte]) => byte === key?.[0])?.[1];
  if (key === null || type === undefined || key.byteLength !== 33) throw new NoteError("not an Ed25519 verifier key");
  requireName(name);
  if (hashOf(name, key) !== Number.parseInt(hash, 16))
    throw new NoteError("the hash of the verifier key is not its own");
  return { name, type, hash: Number.parseInt(hash, 16), publicKey: key.subarray(1) };
}

/**
 * The text with one signature. `key` must be of type `ed25519`.
 *
 * @throws {NoteError} when the text has no line feed at its end, or characters that no note may have.
 */
export function signNote(text: string, key: VerifierKey, signer: SigningKey): string {
  requireText(text);
  return `${text}\n${signatureLine(key, signer.sign(text))}`;
}

/** One signature line, with its line feed; to be added below a note. */
export function signatureLine({ name, hash }: Pick<VerifierKey, "name" | "hash">, signature: Uint8Array): string {
  const bytes = Buffer.alloc(4 + signature.byteLength);
  bytes.writeUInt32BE(hash);
  bytes.set(signature, 4);
  return `${DASH} ${name} ${bytes.toString("base64")}\n`;
}

/** Reads a note without checking its signatures. @throws {NoteError} */
export function parseNote(note: string): Note {
  if (note.length > LONGEST_NOTE) throw new NoteError("it is longer than a note may be");
  const end = note.lastIndexOf("\n\n");
  if (end < 0) throw new NoteError("it has no signatures");
  const text = note.slice(0, end + 1);
  const rest = note.slice(end + 2);
  requireText(text);
  if (rest === "" || !rest.endsWith("\n")) throw new NoteError("its last line does not end");
  const lines = rest.slice(0, -1).split("\n");
  if (lines.length > MOST_SIGNATURES) throw new NoteError(`it has more than ${MOST_SIGNATURES} signatures`);
  return { text, signatures: lines.map(readSignature) };
}

/**
 * Reads a note and checks it with the keys that are known. Signatures of other keys are passed over, as the standard
 * asks; one of a known key that is not genuine makes the whole note a forgery.
 *
 * @returns the note, and those of `keys` that have signed it.
 * @throws {NoteError} when it is no note, or a known key's signature is forged. That none of them has signed is no error.
 */
export function openNote(note: string, keys: readonly VerifierKey[]): { note: Note; signedBy: readonly VerifierKey[] } {
  const parsed = parseNote(note);
  const signedBy = keys.filter((key) => {
    const [first, ...others] = parsed.signatures.filter(({ name, hash }) => name === key.name && hash === key.hash);
    if (first === undefined) return false;
    if (others.length > 0) throw new NoteError(`${key.name} has signed it twice`);
    if (!isGenuine(parsed.text, key, first.bytes)) throw new NoteError(`the signature of ${key.name} is forged`);
    return true;
  });
  return { note: parsed, signedBy };
}

/** What a cosignature signs: the time in seconds since the Unix epoch, and the whole text (C2SP tlog-cosignature). */
export function cosignedMessage(text: string, seconds: number): string {
  return `cosignature/v1\ntime ${seconds}\n${text}`;
}

/** The time in a cosignature, in seconds since the Unix epoch. */
export function cosignatureTime(bytes: Uint8Array): number {
  return Number(Buffer.from(bytes).readBigUInt64BE());
}

function isGenuine(text: string, { type, publicKey }: VerifierKey, bytes: Uint8Array): boolean {
  if (type === "ed25519") return verifyEd25519(publicKey, text, bytes);
  if (bytes.byteLength !== 72) return false;
  return verifyEd25519(publicKey, cosignedMessage(text, cosignatureTime(bytes)), bytes.subarray(8));
}

function readSignature(line: string): NoteSignature {
  const match = /^\u2014 ([^\s+]+) ([A-Za-z0-9+/]+={0,2})$/u.exec(line);
  const bytes = match?.[2] === undefined ? null : bytesOf(match[2]);
  if (match?.[1] === undefined || bytes === null || bytes.byteLength < 5) throw new NoteError("a line is no signature");
  requireName(match[1]);
  return { name: match[1], hash: Buffer.from(bytes).readUInt32BE(), bytes: bytes.subarray(4) };
}

function typed(publicKey: Uint8Array, type: NoteKeyType): Uint8Array {
  const byte = TYPES.find(([, name]) => name === type)?.[0] ?? 0;
  return Buffer.concat([Buffer.from([byte]), publicKey]);
}

/** The first four bytes of SHA-256(name ‖ 0x0A ‖ type ‖ public key). */
function hashOf(name: string, typedKey: Uint8Array): number {
  return Buffer.from(sha256(Buffer.concat([Buffer.from(`${name}\n`), typedKey]))).readUInt32BE();
}

/** Standard base64 in its one spelling, or null. */
function bytesOf(encoded: string): Uint8Array | null {
  const bytes = Buffer.from(encoded, "base64");
  return bytes.toString("base64") === encoded ? bytes : null;
}

function requireName(name: string): void {
  if (name === "" || /[\s+\p{Z}]/u.test(name) || !name.isWellFormed()) throw new NoteError("not the name of a key");
}

function requireText(text: string): void {
  if (!text.endsWith("\n")) throw new NoteError("its text does not end with a line feed");
  if (!text.isWellFormed() || /[\p{Cc}\ufffd]/u.test(text.replaceAll("\n", "")))
    throw new NoteError("it has control characters, or is not UTF-8");
}
