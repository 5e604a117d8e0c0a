/** Turns what the schema refused into what an operator reads: the dotted path, what was found, what is allowed. */
import type { z } from "zod";

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
  return [{ path: dotted(path) || "the default export", found, allowed: issue.message }];
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined),
    input,
  );
}

const SECRET_KEY = /token|secret|password|passwd|apikey|credential/i;

/** A secret may also have been put under the wrong key: twenty letters and digits in one piece are taken for one. */
function isSecret(key: PropertyKey | undefined, value: unknown): boolean {
  return typeof value === "string" && (SECRET_KEY.test(String(key)) || /^(?=.*\d)[\w+=~-]{20,}$/.test(value));
}

function describe(value: unknown): string {
  if (typeof value !== "string") return withoutContent(value);
  const quoted = JSON.stringify(value.replace(/\/\/[^/]*@/, "//…@"));
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

function suggestion(key: string, known: readonly string[]): string {
  const near = known
    .map((candidate) => ({ candidate, distance: editDistance(key.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)[0];
  return near !== undefined && near.distance <= Math.ceil(near.candidate.length / 3)
    ? `; did you mean ${near.candidate}?`
    : "";
}

/** Insertions, deletions and replacements between two words (Levenshtein), one row of the table at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
