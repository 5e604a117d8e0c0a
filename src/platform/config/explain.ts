/** Turns what the schema refused into what an operator reads: the dotted path, what was found, what is allowed. */
import type { z } from "zod";
import { suggestion } from "../suggest.ts";

/**
 * One block of three lines for each refused setting.
 *
 * @param input what was validated; secrets in it are described, never repeated
 * @param origins dotted paths that did not come from the file, with the name of the flag or variable that set them
 */
export function explainIssues(
  issues: readonly z.core.$ZodIssue[],
  input: unknown,
  origins: ReadonlyMap<string, string>,
): string {
  return issues
    .flatMap((issue) => findings(issue, input))
    .map(({ path, found, allowed }) => `  ${origins.get(path) ?? path}\n    found    ${found}\n    allowed  ${allowed}`)
    .join("\n");
}

/** `["channels", "sms", "from"]` as `channels.sms.from`, `["listen", "trustProxy", 0]` as `listen.trustProxy[0]`. */
export function dotted(path: readonly PropertyKey[]): string {
  return path
    .map((part, at) => (typeof part === "number" ? `[${part}]` : `${at === 0 ? "" : "."}${plainKey(String(part))}`))
    .join("");
}

interface Finding {
  readonly path: string;
  readonly found: string;
  readonly allowed: string;
}

function findings(issue: z.core.$ZodIssue, input: unknown): Finding[] {
  if (issue.code === "unrecognized_keys") {
    const known = issue.message.split(", ");
    return issue.keys.map((key) => ({
      path: dotted([...issue.path, key]),
      found: `${withoutContent(valueAt(input, [...issue.path, key]))}, but this version has no such setting`,
      allowed: `${issue.message}${suggestion(key, known)}`,
    }));
  }
  if (issue.code === "invalid_key") {
    const found = `the name ${JSON.stringify(issue.path.at(-1))}`;
    return [{ path: dotted(issue.path), found, allowed: issue.message }];
  }
  // A value of no known kind: the whole value is at fault, not the mark that it lacks.
  const path =
    issue.code === "invalid_union" && issue.discriminator !== undefined ? issue.path.slice(0, -1) : issue.path;
  const value = valueAt(input, path);
  const found = isSecret(path.at(-1), value) ? withoutContent(value) : describe(value);
  const hint = value === undefined && isPresent(input, path) ? NOT_SET : "";
  return [{ path: dotted(path) || "the default export", found: found + hint, allowed: issue.message }];
}

/** What a setting written as `process.env.TWILIO_AUTH_TOKEN` comes to where that variable is missing. */
const NOT_SET = "; is a variable of the environment not set?";

/** Whether the last key of a path is written there, whatever its value. */
function isPresent(input: unknown, path: readonly PropertyKey[]): boolean {
  const [key] = path.slice(-1);
  const parent = valueAt(input, path.slice(0, -1));
  return key !== undefined && isObject(parent) && Object.hasOwn(parent, key);
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined),
    input,
  );
}

const SECRET_KEY = /token|secret|password|passwd|apikey|privatekey|credential/i;

/** A secret may also have been put under the wrong key: twenty letters and digits in one piece are taken for one. */
function isSecret(key: PropertyKey | undefined, value: unknown): boolean {
  return typeof value === "string" && (SECRET_KEY.test(String(key)) || /^(?=.*\d)[\w+=~-]{20,}$/.test(value));
}

function describe(value: unknown): string {
  if (typeof value !== "string") return withoutContent(value);
  // To the last @: a password that nobody has percent-encoded may hold a slash.
  const open = value.replace(/\/\/.*@/s, "//…@").replace(/^(\w+:\/\/[^?#]*[?#]).+$/s, "$1…");
  const quoted = JSON.stringify(open);
  return quoted.length <= 100 ? quoted : `${quoted.slice(0, 80)}…", ${withoutContent(value)}`;
}

function withoutContent(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "string") return `a string of ${value.length} characters`;
  if (typeof value === "function") return "a function";
  if (value instanceof Promise) return "a promise";
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (!isObject(value)) return String(value);
  const keys = Object.keys(value).map(plainKey);
  return keys.length === 0
    ? "an empty object"
    : `an object with ${keys.slice(0, 12).join(", ")}${keys.length > 12 ? ", …" : ""}`;
}

function isObject(value: unknown): value is Record<PropertyKey, unknown> {
  return typeof value === "object" && value !== null;
}

/** A key that could be mistaken for a path, or break a terminal, is quoted. */
function plainKey(key: string): string {
  return /^[\w$-]+$/.test(key) ? key : JSON.stringify(key);
}
