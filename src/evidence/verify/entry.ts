import {
  canonicalize,
  commitmentOf,
  DisclosureError,
  isObject,
  type JsonObject,
  type JsonValue,
  openDisclosure,
} from "../../audit/index.ts";
import { sha256Hex } from "../../platform/hash.ts";
import { Faulty } from "./verdict.ts";

/** An entry of a file, whose content is what its own hash says. */
export interface FileEntry {
  readonly seq: number;
  readonly at: string;
  readonly type: string;
  readonly project: string | null;
  readonly mode: string | null;
  readonly pauseId: string | null;
  readonly data: JsonObject;
  readonly prevHash: string;
  readonly hash: string;
  /** The bytes that are hashed: RFC 8785 without `hash`. */
  readonly text: string;
}

const MEMBERS = "actor,at,data,hash,mode,nonce,pause_id,prev_hash,project,seq,type,v";
const LONGEST_ENTRY = 65_535;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/**
 * Reads the entry of a line. Types that this version does not know are fine: their hashes hold all the same.
 *
 * @throws {Faulty} `edited` where it is no entry, or its content is not what its hash says.
 */
export function readFileEntry(value: JsonValue | undefined, line: number): FileEntry {
  const edited = (what: string, seq: number | null = null) => new Faulty("edited", line, seq, what);
  if (!isObject(value)) throw edited(`line ${line} holds no entry`);
  const { seq, at, type, project, mode, pause_id, data, prev_hash, hash, v } = value;
  if (typeof seq !== "number" || !Number.isSafeInteger(seq) || seq < 1) throw edited(`line ${line} has no seq`);
  const shaped =
    Object.keys(value).sort().join() === MEMBERS &&
    v === 1 &&
    typeof at === "string" &&
    TIME.test(at) &&
    typeof type === "string" &&
    isText(project) &&
    isText(mode) &&
    isText(pause_id) &&
    isObject(data) &&
    typeof prev_hash === "string" &&
    typeof hash === "string";
  if (!shaped) throw edited(`entry ${seq} has not the members of an entry`, seq);
  const { hash: _, ...hashed } = value;
  const text = canonicalize(hashed);
  if (Buffer.byteLength(text) > LONGEST_ENTRY) throw edited(`entry ${seq} is longer than an entry may be`, seq);
  if (sha256Hex(text) !== hash) throw edited(`entry ${seq} was edited: its content is not what its hash says`, seq);
  return { seq, at, type, project, mode, pauseId: pause_id, data, prevHash: prev_hash, hash, text };
}

/**
 * Checks that each disclosed value is what the entry commits to.
 *
 * @returns how many there are.
 * @throws {Faulty} `commitment`.
 */
export function checkDisclosed(entry: FileEntry, disclosed: JsonValue | undefined, line: number): number {
  if (disclosed === undefined) return 0;
  const { seq } = entry;
  if (!isObject(disclosed)) throw new Faulty("commitment", line, seq, `the disclosures of entry ${seq} are no object`);
  for (const [pointer, disclosure] of Object.entries(disclosed)) {
    const member = at(entry.data, pointer);
    const commitment = isObject(member) ? member.commitment : undefined;
    const name = pointer.slice(pointer.lastIndexOf("/") + 1);
    if (typeof disclosure !== "string" || typeof commitment !== "string" || !opens(disclosure, commitment, name)) {
      const what = `the value disclosed at ${JSON.stringify(pointer.slice(0, 100))} of entry ${seq} is not what the entry commits to`;
      throw new Faulty("commitment", line, seq, what);
    }
  }
  return Object.keys(disclosed).length;
}

function opens(disclosure: string, commitment: string, name: string): boolean {
  try {
    return commitmentOf(disclosure) === commitment && openDisclosure(disclosure).name === name;
  } catch (error) {
    if (error instanceof DisclosureError) return false;
    throw error;
  }
}

/** The value at a JSON pointer (RFC 6901), or undefined. */
function at(data: JsonValue, pointer: string): JsonValue | undefined {
  let value: JsonValue | undefined = data;
  for (const step of pointer.split("/").slice(1)) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Readonly<Record<string, JsonValue>>)[step.replaceAll("~1", "/").replaceAll("~0", "~")];
  }
  return value;
}

function isText(value: JsonValue | undefined): value is string | null {
  return value === null || typeof value === "string";
}
