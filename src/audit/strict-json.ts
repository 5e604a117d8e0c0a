import { faultIn } from "../platform/json.ts";
import { canonicalize, JcsError, type JsonValue } from "./jcs.ts";

/** A text that is no JSON that every reader would read alike; the message is a clause such as "it is not JSON". */
export class StrictJsonError extends Error {
  override readonly name = "StrictJsonError";
}

/**
 * Reads JSON as I-JSON asks (RFC 7493): no member named twice, no half of a surrogate pair, no number that a double can't
 * keep. What comes back has a form by RFC 8785.
 *
 * @throws {StrictJsonError} without repeating the content.
 */
export function parseStrict(text: string): JsonValue {
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
    canonicalize(value);
  } catch (cause) {
    throw new StrictJsonError(cause instanceof JcsError ? "it has no canonical form" : "it is not JSON", { cause });
  }
  const fault = faultIn(value);
  if (fault !== null) throw new StrictJsonError(`a value ${fault.detail}`);
  // Readers that keep the first of two equal names and readers that keep the last would each see another value.
  if (membersWritten(text) !== membersRead(value)) throw new StrictJsonError("a member is named twice");
  return value;
}

/** Members in a valid JSON text: one for each colon outside a string. */
export function membersWritten(text: string): number {
  let count = 0;
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    const character = text.charCodeAt(at);
    if (character === QUOTE) inString = !inString;
    else if (inString) {
      if (character === BACKSLASH) at++;
    } else if (character === COLON) count++;
  }
  return count;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;

/** Members in a value, at every depth. */
export function membersRead(value: JsonValue): number {
  if (value === null || typeof value !== "object") return 0;
  const children: readonly JsonValue[] = Object.values(value);
  const own = Array.isArray(value) ? 0 : children.length;
  return children.reduce<number>((sum, child) => sum + membersRead(child), own);
}
