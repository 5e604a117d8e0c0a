/**
 * A verifier's trust file (C2SP tlog-policy): which logs it knows, which witnesses, and how many of them must have
 * cosigned a checkpoint.
 *
 *     log pausepoint/ins_01m…+a1b2c3d4+AQ…
 *     witness auditor auditor.example/w1+d4c3b2a1+BA…
 *     witness board board.example/w1+0a0b0c0d+BA…
 *     group both all auditor board
 *     quorum both
 */
import { type Checkpoint, parseCheckpoint } from "./checkpoint.ts";
import { cosignatureTime, NoteError, openNote, parseVerifierKey, type VerifierKey } from "./note.ts";

/** A trust file that was read. */
export interface Policy {
  readonly logs: readonly PolicyKey[];
  /** By their name in the file. */
  readonly witnesses: ReadonlyMap<string, PolicyKey>;
  readonly groups: ReadonlyMap<string, PolicyGroup>;
  /** The name of a witness or a group; null for `quorum none`. */
  readonly quorum: string | null;
}

export interface PolicyKey {
  readonly key: VerifierKey;
  readonly url: string | null;
}

export interface PolicyGroup {
  /** How many of the members are needed, 1 to all. */
  readonly threshold: number;
  /** Names of witnesses and groups. */
  readonly members: readonly string[];
}

/** What a policy says of a checkpoint. */
export interface PolicyVerdict {
  readonly satisfied: boolean;
  /** Why not, as a sentence; null when it is satisfied. */
  readonly why: string | null;
  /** What the checkpoint says; null when it is none, or forged. */
  readonly checkpoint: Checkpoint | null;
  /** The key of the log that has signed it; null when none that the policy knows has. */
  readonly log: VerifierKey | null;
  /** The witnesses of the policy that have cosigned it. */
  readonly cosigners: readonly Cosigner[];
}

export interface Cosigner {
  /** Its name in the trust file. */
  readonly name: string;
  readonly key: VerifierKey;
  /** When it cosigned, by its own clock: seconds since the Unix epoch. */
  readonly time: number;
}

/** A trust file that can't be read. The message names the line. */
export class PolicyError extends Error {
  override readonly name = "PolicyError";
}

const LONGEST_POLICY = 1_000_000;
/** The standard asks for at least 32 of each kind. */
const MOST_LINES = 10_000;

/** Reads a trust file. Bytes above 0x7F are opaque, as the standard asks. @throws {PolicyError} */
export function parsePolicy(file: string | Uint8Array): Policy {
  const bytes = typeof file === "string" ? Buffer.from(file) : Buffer.from(file);
  if (bytes.byteLength > LONGEST_POLICY)
    throw new PolicyError(`The trust file is longer than ${LONGEST_POLICY} bytes.`);
  // One character for each byte, so that names are compared as bytes.
  const lines = bytes.toString("latin1").split("\n");
  if (lines.length > MOST_LINES) throw new PolicyError(`The trust file has more than ${MOST_LINES} lines.`);
  const reading = new Reading();
  for (const [index, line] of lines.entries()) {
    try {
      reading.take(line);
    } catch (error) {
      if (!(error instanceof NoteError)) throw error;
      throw new PolicyError(`Line ${index + 1} of the trust file: ${error.message}.`);
    }
  }
  return reading.policy();
}

/**
 * Holds a checkpoint against a policy: a log of it must have signed, and its quorum must have cosigned. Pure; never throws.
 *
 * @param note the signed note with whatever cosignatures are below it.
 * @param logs keys of logs that are known from elsewhere, for a policy that names none.
 */
export function satisfies(policy: Policy, note: string, logs: readonly VerifierKey[] = []): PolicyVerdict {
  const none = { satisfied: false, checkpoint: null, log: null, cosigners: [] };
  const logKeys = [...policy.logs.map(({ key }) => key), ...logs];
  const witnesses = [...policy.witnesses];
  try {
    const { note: read, signedBy } = openNote(note, [...new Set([...logKeys, ...witnesses.map(([, { key }]) => key)])]);
    const checkpoint = parseCheckpoint(read.text);
    const log = logKeys.find((key) => signedBy.includes(key) && key.name === checkpoint.origin) ?? null;
    const cosigners = witnesses
      .filter(([, { key }]) => signedBy.includes(key))
      .map(([name, { key }]) => ({ name: utf8(name), key, time: timeOf(read.signatures, key) }));
    const signed = new Set(witnesses.filter(([, { key }]) => signedBy.includes(key)).map(([name]) => name));
    const why =
      log === null
        ? "No log that is trusted has signed the checkpoint."
        : policy.quorum === null || isWitnessed(policy, policy.quorum, signed)
          ? null
          : `The quorum ${utf8(policy.quorum)} has not cosigned the checkpoint: ${told(cosigners)} of its witnesses did.`;
    return { satisfied: why === null, why, checkpoint, log, cosigners };
  } catch (error) {
    if (!(error instanceof NoteError)) throw error;
    return { ...none, why: `The checkpoint can't be trusted: ${error.message}.` };
  }
}

function told(cosigners: readonly Cosigner[]): string {
  return cosigners.length === 0 ? "none" : cosigners.map(({ name }) => name).join(", ");
}

function isWitnessed(policy: Policy, name: string, signed: ReadonlySet<string>): boolean {
  const group = policy.groups.get(name);
  if (group === undefined) return signed.has(name);
  return group.members.filter((member) => isWitnessed(policy, member, signed)).length >= group.threshold;
}

function timeOf(signatures: readonly { name: string; hash: number; bytes: Uint8Array }[], key: VerifierKey): number {
  const own = signatures.find(({ name, hash }) => name === key.name && hash === key.hash);
  return own === undefined ? 0 : cosignatureTime(own.bytes);
}

/** What the lines so far have defined. Throws {NoteError} with a clause. */
class Reading {
  readonly #logs: PolicyKey[] = [];
  readonly #witnesses = new Map<string, PolicyKey>();
  readonly #groups = new Map<string, PolicyGroup>();
  readonly #members = new Set<string>();
  #quorum: string | null | undefined;

  take(line: string): void {
    if (/[^\t\x20-\x7e\x80-\xff]/.test(line)) throw new NoteError("it has a control character");
    const [keyword, ...items] = line.split(/[ \t]+/).filter((item) => item !== "");
    if (keyword === undefined || keyword.startsWith("#")) return;
    if (keyword === "log") this.#log(items);
    else if (keyword === "witness") this.#witness(items);
    else if (keyword === "group") this.#group(items);
    else if (keyword === "quorum") this.#takeQuorum(items);
    else throw new NoteError(`a line begins with log, witness, group or quorum, not with ${utf8(keyword)}`);
  }

  policy(): Policy {
    if (this.#quorum === undefined) throw new PolicyError("The trust file has no quorum line.");
    return { logs: this.#logs, witnesses: this.#witnesses, groups: this.#groups, quorum: this.#quorum };
  }

  #log([vkey, url, ...more]: readonly string[]): void {
    if (vkey === undefined || more.length > 0) throw new NoteError("write log, a verifier key and perhaps a URL");
    const key = keyOf(vkey, "ed25519", "a log");
    if (this.#logs.some((other) => isSameKey(other.key, key))) throw new NoteError("this log's key was given before");
    this.#logs.push({ key, url: url === undefined ? null : utf8(url) });
  }

  #witness([name, vkey, url, ...more]: readonly string[]): void {
    if (name === undefined || vkey === undefined || more.length > 0)
      throw new NoteError("write witness, a name, a verifier key and perhaps a URL");
    this.#requireNew(name);
    const key = keyOf(vkey, "cosignature", "a witness");
    if ([...this.#witnesses.values()].some((other) => isSameKey(other.key, key)))
      throw new NoteError("this witness's key was given before");
    this.#witnesses.set(name, { key, url: url === undefined ? null : utf8(url) });
  }

  #group([name, threshold = "", ...members]: readonly string[]): void {
    if (name === undefined || members.length === 0)
      throw new NoteError("write group, a name, any, all or a number, and at least one member");
    this.#requireNew(name);
    for (const member of members) {
      this.#requireKnown(member);
      if (this.#members.has(member)) throw new NoteError(`${utf8(member)} is a member of a group already`);
      this.#members.add(member);
    }
    const needed = threshold === "any" ? 1 : threshold === "all" ? members.length : decimal(threshold);
    if (!(needed >= 1 && needed <= members.length))
      throw new NoteError(`a group of ${members.length} needs any, all or a number from 1 to ${members.length}`);
    this.#groups.set(name, { threshold: needed, members });
  }

  #takeQuorum([name, ...more]: readonly string[]): void {
    if (name === undefined || more.length > 0) throw new NoteError("write quorum and one name");
    if (this.#quorum !== undefined) throw new NoteError("there is a quorum already");
    if (name !== "none") this.#requireKnown(name);
    this.#quorum = name === "none" ? null : name;
  }

  #requireNew(name: string): void {
    if (name === "none") throw new NoteError("none is no name for a witness or a group");
    if (this.#witnesses.has(name) || this.#groups.has(name)) throw new NoteError(`${utf8(name)} is defined already`);
  }

  #requireKnown(name: string): void {
    if (!this.#witnesses.has(name) && !this.#groups.has(name))
      throw new NoteError(`${utf8(name)} is not defined above`);
  }
}

function keyOf(vkey: string, type: VerifierKey["type"], whose: string): VerifierKey {
  const key = parseVerifierKey(utf8(vkey));
  if (key.type !== type) throw new NoteError(`the verifier key is not of the type that ${whose} signs with`);
  return key;
}

function isSameKey(one: VerifierKey, other: VerifierKey): boolean {
  return Buffer.compare(one.publicKey, other.publicKey) === 0;
}

function decimal(text: string): number {
  return /^[1-9]\d{0,8}$/.test(text) ? Number(text) : Number.NaN;
}

/** Bytes that were read one for one as a text that people read. */
function utf8(bytes: string): string {
  return Buffer.from(bytes, "latin1").toString("utf8");
}
