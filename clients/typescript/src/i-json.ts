/**
 * Reads JSON that is to be hashed, strictly (RFC 7493, I-JSON): whatever two readers could take for two values is refused
 * here, where `JSON.parse` would choose one in silence.
 */
import { type JsonValue, MAX_DEPTH, pointerPart } from "./jcs.ts";

/** A text that is not JSON, or JSON that not everybody reads alike. The message says what and where. */
export class IJsonError extends Error {
  override readonly name = "IJsonError";
  /** Counted from 1. */
  readonly line: number;
  /** The value that is wrong, as a JSON Pointer (RFC 6901); of a text that breaks off, the value it breaks off in. */
  readonly pointer: string;

  constructor(reason: string, line: number, pointer: string) {
    super(`line ${line}${pointer === "" ? "" : `, at ${pointer}`}: ${reason}`);
    this.line = line;
    this.pointer = pointer;
  }
}

/**
 * The value of a JSON text.
 *
 * @throws {IJsonError} for what is no JSON (RFC 8259), a member named twice (also by way of escapes), half a surrogate
 *   pair, a number that a double can't give back digit for digit, and nesting deeper than 64.
 */
export function parseIJson(text: string): JsonValue {
  return new IJsonReader(text).whole();
}

const SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: RFC 8259 §7 allows none of them in a string.
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const WORD = /true|false|null/y;
const WORDS: Readonly<Record<string, boolean | null>> = { true: true, false: false, null: null };

class IJsonReader {
  readonly #text: string;
  readonly #path: string[] = [];
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  whole(): JsonValue {
    const value = this.#value();
    this.#skip();
    if (this.#at < this.#text.length) throw this.#wrong("something stands behind the JSON value");
    return value;
  }

  #value(): JsonValue {
    this.#skip();
    const next = this.#text[this.#at];
    if (next === "{" || next === "[") {
      if (this.#path.length >= MAX_DEPTH) throw this.#wrong(`it is nested deeper than ${MAX_DEPTH} levels`);
      return next === "{" ? this.#object() : this.#array();
    }
    if (next === '"') return this.#string();
    const word = this.#take(WORD);
    if (word !== null) return WORDS[word] ?? null;
    const number = this.#take(NUMBER);
    if (number === null) throw this.#wrong(next === undefined ? "the JSON breaks off" : "no JSON value stands here");
    if (!isKept(number)) throw this.#wrong("the number can't be kept exactly by every reader; write it as a string");
    return Number(number);
  }

  #array(): JsonValue {
    const items: JsonValue[] = [];
    this.#at++;
    if (this.#next("]")) return items;
    do {
      this.#path.push(String(items.length));
      items.push(this.#value());
      this.#path.pop();
    } while (this.#next(","));
    if (!this.#next("]")) throw this.#wrong("a comma or ] is missing");
    return items;
  }

  #object(): JsonValue {
    const members = new Map<string, JsonValue>();
    this.#at++;
    if (this.#next("}")) return {};
    do {
      this.#skip();
      if (this.#text[this.#at] !== '"') throw this.#wrong("the name of a member is missing");
      const name = this.#string();
      this.#path.push(name);
      if (members.has(name)) throw this.#wrong("the member is named twice");
      if (!this.#next(":")) throw this.#wrong("a colon is missing");
      members.set(name, this.#value());
      this.#path.pop();
    } while (this.#next(","));
    if (!this.#next("}")) throw this.#wrong("a comma or } is missing");
    // Unlike an assignment, this makes `__proto__` a member like any other.
    return Object.fromEntries(members);
  }

  #string(): string {
    const quoted = this.#take(STRING);
    if (quoted === null) throw this.#wrong("the string does not end, or holds what must be escaped");
    const text = JSON.parse(quoted) as string;
    if (!text.isWellFormed()) throw this.#wrong("the text holds half a surrogate pair, which is no character");
    return text;
  }

  #next(character: string): boolean {
    this.#skip();
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #skip(): void {
    this.#take(SPACE);
  }

  #take(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? null;
    if (found !== null) this.#at += found.length;
    return found;
  }

  #wrong(reason: string): IJsonError {
    const line = this.#text.slice(0, this.#at).split("\n").length;
    return new IJsonError(
      reason,
      line,
      this.#path
        .map((name) => `/${pointerPart(name)}`)
        .join("")
        .toWellFormed(),
    );
  }
}

/** Whether a double keeps the number: what ECMAScript writes for it has the same digits at the same places. */
function isKept(number: string): boolean {
  const value = Number(number);
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) return false;
  return Number.isFinite(value) && decimalOf(number) === decimalOf(String(value));
}

/** A decimal number as its significant digits and the power of ten behind them, so that equal ones are equal text. */
function decimalOf(number: string): string {
  const [, sign = "", whole = "", fraction = "", exponent = "0"] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(number) ?? [];
  const digits = `${whole}${fraction}`.replace(/^0+/, "");
  const significant = digits.replace(/0+$/, "");
  if (significant === "") return "0";
  const power = BigInt(exponent) - BigInt(fraction.length) + BigInt(digits.length - significant.length);
  return `${sign}${significant}e${power}`;
}
