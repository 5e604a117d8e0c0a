import type { FieldError } from "./problem.ts";

/** A value as JSON.parse makes it. */
export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

const DEEPEST = 32;

/**
 * What no field of ours may hold, wherever it stands: text that is not well-formed Unicode (lone surrogates) or holds
 * U+0000, numbers that JSON.parse could not keep exactly (RFC 7493 §2.2), nesting deeper than 32.
 *
 * @returns the first fault found, by JSON pointer, or null.
 */
export function faultIn(value: unknown, pointer = "", depth = 0): FieldError | null {
  if (typeof value === "string") {
    const detail = textFault(value);
    return detail === null ? null : { pointer, detail };
  }
  if (typeof value === "number") {
    if (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value))) {
      return { pointer, detail: "is a number too large to be kept exactly; send it as a string" };
    }
    return null;
  }
  if (value === null || typeof value !== "object") return null;
  if (depth >= DEEPEST) return { pointer, detail: `is nested deeper than ${DEEPEST} levels` };
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      const fault = faultIn(value[index], `${pointer}/${index}`, depth + 1);
      if (fault !== null) return fault;
    }
    return null;
  }
  for (const name of Object.keys(value)) {
    const detail = textFault(name);
    if (detail !== null) return { pointer, detail: `has a member whose name ${detail}` };
    const fault = faultIn((value as Record<string, unknown>)[name], `${pointer}/${pointerPart(name)}`, depth + 1);
    if (fault !== null) return fault;
  }
  return null;
}

/** Whether a value is an object with names: no array, not null. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The object that a text holds as JSON, or null when it holds none. */
export function parseObject(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : null;
  } catch {
    return null;
  }
}

/** What is wrong with a text, or null. */
export function textFault(text: string): string | null {
  if (!text.isWellFormed()) return "holds half a surrogate pair, which is no character";
  if (text.includes("\0")) return "holds the character U+0000";
  return null;
}

/** One step of a JSON pointer (RFC 6901 §3). */
export function pointerPart(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}

/** The length of a text in Unicode code points. */
export function codePoints(text: string): number {
  let count = 0;
  for (let index = 0; index < text.length; index++) {
    // A pair is one; half of one counts as itself.
    if ((text.codePointAt(index) ?? 0) > 0xffff) index++;
    count++;
  }
  return count;
}
