/**
 * The JSON Canonicalization Scheme (RFC 8785): one text for one JSON value, so that a hash over it means the value.
 *
 * Entries of the audit log are hashed in this form, and two request bodies are the same when their forms are.
 */

/** What JSON can say. Anything else, `undefined` included, is refused rather than dropped. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue };

/** The deepest nesting of arrays and objects that has a canonical form here. A value that contains itself is deeper. */
export const MAX_DEPTH = 64;

/** A value without a canonical form. */
export class JcsError extends Error {
  override readonly name = "JcsError";
  /** Where the offending value stands: a JSON Pointer (RFC 6901), empty for the whole. */
  readonly pointer: string;

  constructor(reason: string, pointer: string) {
    super(pointer === "" ? reason : `${reason} at ${pointer}`);
    this.pointer = pointer;
  }
}

/**
 * The canonical text of `value`; its UTF-8 bytes are what is hashed. Members are sorted by UTF-16 code units,
 * numbers are written as ECMAScript does (so -0 is `0`), and no space is added.
 *
 * @throws {JcsError} for NaN and infinities, lone surrogates, `undefined`, functions, symbols and bigints, objects
 *   that are not plain (a Date, a Map), and nesting deeper than 64, which is also how a cycle shows.
 */
export function canonicalize(value: JsonValue): string {
  return write(value, 0, []);
}

/**
 * `trail` holds the member names and array positions that lead to `value`, one at each depth. It is overwritten in
 * place and never cut, because only its first `depth` items are read, and only when something is refused.
 */
function write(value: JsonValue, depth: number, trail: (string | number)[]): string {
  if (typeof value === "string") return quote(value, depth, trail);
  if (value === null) return "null";
  if (typeof value === "object") {
    if (depth === MAX_DEPTH) throw refuse(`nested deeper than ${MAX_DEPTH} levels`, depth, trail);
    return isArray(value) ? writeArray(value, depth, trail) : writeObject(value, depth, trail);
  }
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw refuse(`${value} is not a JSON number`, depth, trail);
    return String(value);
  }
  if (typeof value === "boolean") return value ? "true" : "false";
  throw refuse(`${typeof value} is not a JSON value`, depth, trail);
}

function writeArray(items: readonly JsonValue[], depth: number, trail: (string | number)[]): string {
  let text = "[";
  for (let i = 0; i < items.length; i++) {
    trail[depth] = i;
    // A hole reads as undefined, and is refused as such.
    text += (i === 0 ? "" : ",") + write(items[i] as JsonValue, depth + 1, trail);
  }
  return `${text}]`;
}

function writeObject(
  object: { readonly [name: string]: JsonValue },
  depth: number,
  trail: (string | number)[],
): string {
  const prototype: unknown = Object.getPrototypeOf(object);
  if (prototype !== Object.prototype && prototype !== null) {
    throw refuse("an object that is neither plain nor an array is not a JSON value", depth, trail);
  }
  let text = "{";
  let separator = "";
  for (const name of sortedNames(object)) {
    trail[depth] = name;
    // `__proto__` stands here only as an own member, and an own member hides the accessor of Object.prototype.
    text += `${separator}${quote(name, depth + 1, trail)}:${write(object[name] as JsonValue, depth + 1, trail)}`;
    separator = ",";
  }
  return `${text}}`;
}

/** Names in ascending order of UTF-16 code units, which is how JavaScript compares strings and sorts by default. */
function sortedNames(object: object): string[] {
  const names = Object.keys(object);
  // Those who write a hot entry write it in order; finding that out is cheaper than sorting.
  let previous = "";
  for (const name of names) {
    if (name < previous) return names.sort();
    previous = name;
  }
  return names;
}

// Quote, backslash, C0 controls and surrogates: a text without them stands between quotes as it is (RFC 8785 §3.2.2.2).
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for.
const NEEDS_CARE = /["\\\u0000-\u001f\ud800-\udfff]/;

function quote(text: string, depth: number, trail: readonly (string | number)[]): string {
  if (!NEEDS_CARE.test(text)) return `"${text}"`;
  if (!text.isWellFormed()) throw refuse("a lone surrogate is not Unicode text", depth, trail);
  return JSON.stringify(text);
}

/** `Array.isArray` narrows to `any[]` and loses the element type of a readonly array. */
function isArray(value: object): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function refuse(reason: string, depth: number, trail: readonly (string | number)[]): JcsError {
  const steps = trail.slice(0, depth).map((step) => `/${pointerPart(String(step))}`);
  return new JcsError(reason, steps.join("").toWellFormed());
}

/** A member's name as a part of a JSON Pointer (RFC 6901, section 3). */
export function pointerPart(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}
