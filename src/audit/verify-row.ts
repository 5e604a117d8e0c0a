import { ERASED } from "../platform/erased.ts";
import type { Reader } from "../storage/index.ts";
import type { JsonValue } from "./jcs.ts";
import { entryAt } from "./queries.ts";
import { disclosedValue, isObject, type LoggedEntry, rereadEntry, sameValue } from "./read-entry.ts";
import { readStart } from "./start.ts";
import { Wrong } from "./wrong.ts";

/** An entry with the disclosures that are still kept beside it. */
export interface Told {
  readonly entry: LoggedEntry;
  readonly disclosed: ReadonlyMap<string, string>;
}

/** Compares a row with the entry that tells of it. `row` names the row, as in `the pause pause_…`. */
export class RowCheck {
  readonly #reader: Reader;
  readonly #row: string;
  readonly #told: Told;

  constructor(reader: Reader, row: string, told: Told) {
    this.#reader = reader;
    this.#row = row;
    this.#told = told;
  }

  /** A member that stands in the clear; null is absent. */
  plain(name: string, said: JsonValue, column: string = name): void {
    if (!sameValue(said, this.#told.entry.data[name] ?? null)) this.differs(column);
  }

  /** A committed member. Once its disclosure is erased, the row must say nothing any more. */
  committed(pointer: string, said: JsonValue, column: string): void {
    const disclosure = this.#told.disclosed.get(pointer);
    if (disclosure !== undefined) {
      const value = disclosedValue(disclosure);
      if (value === undefined || !sameValue(said, value)) this.differs(column);
    } else if (said !== null && !(said === ERASED && this.commits(pointer))) this.differs(column);
  }

  /** Whether what the entry commits to at this pointer can be seen. */
  discloses(pointer: string): boolean {
    return this.#told.disclosed.has(pointer);
  }

  /** Whether the entry commits to something at this pointer that nobody can see any more. */
  isErased(pointer: string): boolean {
    return this.commits(pointer) && !this.discloses(pointer);
  }

  /** Whether the entry commits to something at this pointer of one or three segments. */
  commits(pointer: string): boolean {
    const steps = pointer.slice(1).split("/");
    let value: JsonValue | undefined = this.#told.entry.data;
    for (const step of steps) value = (value as Readonly<Record<string, JsonValue>> | undefined)?.[step];
    return isObject(value);
  }

  /**
   * A time in milliseconds. The log's times never go back: where the clock did, the row keeps what the clock said and
   * the entry has the time of the one before it.
   */
  time(column: string, said: number | null): void {
    const { at, seq } = this.#told.entry;
    const told = Date.parse(at);
    if (said === told) return;
    if (said === null || said > told) this.differs(column);
    const before = this.#reader.one(entryAt, { seq: seq - 1 });
    // The first that is kept, or one that was put aside: the entry before it is gone.
    if (before === undefined && seq <= readStart(this.#reader).firstSeq) return;
    if (before === undefined || rereadEntry(before.entry).at !== at) this.differs(column);
  }

  /** Anything else that must hold. */
  holds(agrees: boolean, column: string): void {
    if (!agrees) this.differs(column);
  }

  differs(column: string): never {
    const { seq, type } = this.#told.entry;
    throw new Wrong(seq, `the ${column} of ${this.#row} is not what entry ${seq} (${type}) tells`);
  }
}

/** The JSON in a column. @throws {Wrong} without a seq when it is none. */
export function columnJson(row: string, column: string, text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    throw new Wrong(null, `the ${column} of ${row} is not JSON`);
  }
}
