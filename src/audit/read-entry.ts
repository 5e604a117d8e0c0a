/**
 * Reads entries that are not trusted: the text in the log must be the one canonical text of an entry whose `data` is
 * what the table of types allows, and disclosures must open the commitments they stand for.
 */
import { isoTime } from "../platform/clock.ts";
import { commitmentOf, DisclosureError, type Opened, openDisclosure } from "./disclosure.ts";
import { type Actor, type EntryType, entryTypes } from "./entry.ts";
import { canonicalize, JcsError, type JsonValue } from "./jcs.ts";

export type JsonObject = { readonly [name: string]: JsonValue };

/** An entry as it was read out of the log: the members of its text (contract, section 4, without `hash`). */
export interface LoggedEntry {
  readonly v: 1;
  readonly seq: number;
  readonly at: string;
  readonly type: EntryType;
  readonly actor: Actor;
  readonly project: string | null;
  readonly mode: "live" | "test" | null;
  readonly pause_id: string | null;
  readonly nonce: string;
  readonly data: JsonObject;
  readonly prev_hash: string;
}

/** A text that is no entry, or disclosures that are not its own; the message is a clause such as "it is not JSON". */
export class EntryError extends Error {
  override readonly name = "EntryError";
}

/** At most this many bytes an entry. */
const LONGEST_ENTRY = 65_535;
const MEMBERS = "actor,at,data,mode,nonce,pause_id,prev_hash,project,seq,type,v";

/**
 * Reads the text of an entry, strictly.
 *
 * @throws {EntryError} when it is too long, not JSON, not in its RFC 8785 form, or not of the shape of its type.
 */
export function readEntry(text: string): LoggedEntry {
  if (Buffer.byteLength(text) > LONGEST_ENTRY) throw new EntryError(`it is longer than ${LONGEST_ENTRY} bytes`);
  const value = parse(text);
  if (!isObject(value) || Object.keys(value).sort().join() !== MEMBERS)
    throw new EntryError("it has not the members of an entry");
  const { v, seq, at, type, actor, project, mode, pause_id, nonce, data } = value;
  if (v !== 1) throw new EntryError("it is of an unknown version");
  if (typeof seq !== "number" || !Number.isSafeInteger(seq)) throw new EntryError("its seq is not a number");
  if (typeof at !== "string" || !isTime(at)) throw new EntryError("its time is not one in UTC with milliseconds");
  if (typeof type !== "string" || !Object.hasOwn(entryTypes, type)) throw new EntryError("it is of an unknown type");
  if (!isActor(actor)) throw new EntryError("its actor is none");
  if (mode !== null && mode !== "live" && mode !== "test") throw new EntryError("its mode is neither live nor test");
  if (!isTextOrNull(project) || (project === null) !== (mode === null))
    throw new EntryError("its project and mode do not fit");
  if (!isTextOrNull(pause_id)) throw new EntryError("its pause_id is not text");
  if (typeof nonce !== "string" || !/^[A-Za-z0-9_-]{22}$/.test(nonce))
    throw new EntryError("its nonce has not 128 bits");
  if (!isObject(data)) throw new EntryError("its data is not an object");
  return value as unknown as LoggedEntry;
}

/** Reads an entry that {@link readEntry} has already read. */
export function rereadEntry(text: string): LoggedEntry {
  return JSON.parse(text) as LoggedEntry;
}

/**
 * The commitments of an entry by their pointer into `data`.
 *
 * @throws {EntryError} when a member is none of its type's, or stands in the clear where it must be committed.
 */
export function commitmentsOf(entry: LoggedEntry): Map<string, string> {
  const found = new Map<string, string>();
  const { plain, committed }: { plain: readonly string[]; committed: readonly string[] } = entryTypes[entry.type];
  for (const [name, value] of Object.entries(entry.data)) {
    if (committed.includes(name)) found.set(`/${name}`, commitmentIn(value, `/${name}`));
    else if (!plain.includes(name))
      throw new EntryError(`${entry.type} has no member ${JSON.stringify(name)} in its data`);
  }
  if (entry.type === "pause.created") {
    for (const [position, recipient] of recipientsIn(entry).entries()) {
      for (const name of ["address", "name"]) {
        const value = recipient[name];
        if (value === undefined) continue;
        const pointer = `/recipients/${position}/${name}`;
        found.set(pointer, commitmentIn(value, pointer));
      }
    }
  }
  return found;
}

/** The `recipients` of a `pause.created`. @throws {EntryError} when they are not what they must be. */
export function recipientsIn(entry: LoggedEntry): readonly JsonObject[] {
  const list = entry.data.recipients;
  const fits = (one: JsonValue) =>
    isObject(one) &&
    typeof one.channel === "string" &&
    /^address,channel(,name)?$/.test(Object.keys(one).sort().join());
  if (!isArray(list) || list.length === 0 || !list.every(fits))
    throw new EntryError("its recipients are not well-formed");
  return list as readonly JsonObject[];
}

/**
 * Reads the disclosures kept beside an entry: pointer → disclosure.
 *
 * @throws {EntryError} unless each opens the commitment at its pointer and has the pointer's last segment as its name.
 */
export function readDisclosures(text: string, commitments: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new EntryError("its disclosures are not JSON", { cause });
  }
  if (!isObject(value as JsonValue)) throw new EntryError("its disclosures are not an object");
  const disclosed = new Map<string, string>();
  for (const [pointer, disclosure] of Object.entries(value as JsonObject)) {
    const commitment = commitments.get(pointer);
    if (commitment === undefined)
      throw new EntryError(`a disclosure stands at ${pointer}, where it commits to nothing`);
    const opened = typeof disclosure === "string" ? opening(disclosure) : undefined;
    if (typeof disclosure !== "string" || opened === undefined || commitmentOf(disclosure) !== commitment) {
      throw new EntryError(`the disclosure at ${pointer} does not open its commitment`);
    }
    if (opened.name !== pointer.slice(pointer.lastIndexOf("/") + 1)) {
      throw new EntryError(`the disclosure at ${pointer} has another name`);
    }
    disclosed.set(pointer, disclosure);
  }
  return disclosed;
}

/** Whether two values have one canonical form. One without a form equals nothing. */
export function sameValue(a: JsonValue, b: JsonValue): boolean {
  if (a === b) return true;
  try {
    return canonicalize(a) === canonicalize(b);
  } catch (error) {
    if (error instanceof JcsError) return false;
    throw error;
  }
}

/** The value in a disclosure, or undefined where it is none. */
export function disclosedValue(disclosure: string): JsonValue | undefined {
  return opening(disclosure)?.value;
}

function opening(disclosure: string): Opened | undefined {
  try {
    return openDisclosure(disclosure);
  } catch (error) {
    if (error instanceof DisclosureError) return undefined;
    throw error;
  }
}

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** `Array.isArray` narrows to `any[]` and loses the element type of a readonly array. */
export function isArray(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function parse(text: string): JsonValue {
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch (cause) {
    throw new EntryError("it is not JSON", { cause });
  }
  let canonical: string;
  try {
    canonical = canonicalize(value);
  } catch (cause) {
    throw new EntryError("it has no canonical form", { cause });
  }
  if (canonical !== text) throw new EntryError("it is not in its canonical form");
  return value;
}

function commitmentIn(value: JsonValue, pointer: string): string {
  const commitment = isObject(value) && Object.keys(value).length === 1 ? value.commitment : undefined;
  if (typeof commitment !== "string" || !/^[A-Za-z0-9_-]{43}$/.test(commitment)) {
    throw new EntryError(`${pointer} of its data is not a commitment`);
  }
  return commitment;
}

function isTime(text: string): boolean {
  const at = Date.parse(text);
  return !Number.isNaN(at) && isoTime(at) === text;
}

const ACTORS: readonly JsonValue[] = ["developer", "human", "system", "operator"];

function isActor(value: JsonValue | undefined): boolean {
  if (!isObject(value) || Object.keys(value).sort().join() !== "id,type") return false;
  return ACTORS.includes(value.type ?? null) && isTextOrNull(value.id);
}

function isTextOrNull(value: JsonValue | undefined): value is string | null {
  return value === null || typeof value === "string";
}
