import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { Unreadable } from "./verdict.ts";

/** Longer lines are refused before they are read whole: an entry has at most 64 kB, its disclosures not much more. */
export const LONGEST_LINE = 1_048_576;
const CHUNK = 262_144;

/** One line of a file, without its line feed. */
export interface Line {
  /** From 1. */
  readonly number: number;
  readonly text: string;
  /** False for a last line that does not end. */
  readonly isWhole: boolean;
}

/** A file read line by line, in memory that does not grow with it. */
export class LineFile {
  readonly #descriptor: number;
  /** Bytes read so far. */
  bytes = 0;

  /** @throws the operating system's error when it can't be opened. */
  constructor(path: string) {
    this.#descriptor = openSync(path, "r");
  }

  /** The lines from the beginning. @throws {Unreadable} for a line that is too long or not UTF-8. */
  *lines(): Generator<Line, void> {
    const buffer = Buffer.alloc(CHUNK);
    let rest: Buffer = Buffer.alloc(0);
    let number = 1;
    for (let position = 0; ; ) {
      const count = readSync(this.#descriptor, buffer, 0, CHUNK, position);
      position += count;
      this.bytes = position;
      const chunk = Buffer.concat([rest, buffer.subarray(0, count)]);
      let start = 0;
      for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
        yield { number, text: decode(chunk.subarray(start, end), number), isWhole: true };
        number++;
        start = end + 1;
      }
      rest = Buffer.from(chunk.subarray(start));
      if (rest.byteLength > LONGEST_LINE) throw new Unreadable(number, `it is longer than ${LONGEST_LINE} bytes`);
      if (count === 0) break;
    }
    if (rest.byteLength > 0) yield { number, text: decode(rest, number), isWhole: false };
  }

  /** The last line that is not empty, read from the end; null where there is none, or it is too long. */
  last(): string | null {
    const { size } = fstatSync(this.#descriptor);
    const length = Math.min(size, LONGEST_LINE);
    const tail = Buffer.alloc(length);
    readSync(this.#descriptor, tail, 0, length, size - length);
    let end = length;
    while (end > 0 && tail[end - 1] === 10) end--;
    if (end === 0) return null;
    const start = tail.lastIndexOf(10, end - 1) + 1;
    return start === 0 && length < size ? null : tail.subarray(start, end).toString("utf8");
  }

  /** The whole file as text. @throws {Unreadable} when it is longer than `limit` bytes or not UTF-8. */
  all(limit: number): string {
    const { size } = fstatSync(this.#descriptor);
    if (size > limit) throw new Unreadable(1, `the file is longer than ${limit} bytes`);
    const bytes = Buffer.alloc(size);
    readSync(this.#descriptor, bytes, 0, size, 0);
    this.bytes = size;
    return decode(bytes, 1);
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}

function decode(bytes: Uint8Array, number: number): string {
  if (bytes.byteLength > LONGEST_LINE && number > 1)
    throw new Unreadable(number, `it is longer than ${LONGEST_LINE} bytes`);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Unreadable(number, "it is not UTF-8");
  }
}
