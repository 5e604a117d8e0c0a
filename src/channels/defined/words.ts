import { suggestion } from "../../platform/suggest.ts";
import { type Concealed, excerptOf, hide } from "../http-gateway/conceal.ts";
import { isUnreachable } from "../http-gateway/exchange.ts";

const LONGEST = 300;

/** What was thrown or said, as one line without what is to stay hidden. */
export function wordsOf(thrown: unknown, hidden: Concealed): string {
  const said = saidBy(thrown);
  if (said.trim() === "") return "it gives no reason";
  return excerptOf(said, hidden) ?? "its words hold the message or a secret, so they are not shown";
}

/** The same for a log line, where a part may be hidden and the rest shown: always one line. */
export function concealed(value: string, { to, link, text, secrets }: Concealed): string {
  const lines = text.split("\n").map((one) => one.trim());
  const digits = to.replace(/\D/g, "");
  const parts = [text, ...lines].filter((part) => part.length >= SHORTEST_PART);
  const hidden = hide(value, [...secrets, link, to, ...(digits.length > 6 ? [digits] : []), ...parts]);
  return hidden.replace(/\p{Cc}+/gu, " ").slice(0, LONGEST);
}

/** Shorter lines of a text stand in anything. */
const SHORTEST_PART = 4;

/** Where in the operator's own folder it was thrown, as `pausepoint.config.ts:12`, or null where the stack does not tell. */
export function placeOf(thrown: unknown, folder: string | null): string | null {
  try {
    if (folder === null || !(thrown instanceof Error)) return null;
    const beside = folder.endsWith("/") ? folder : `${folder}/`;
    const frames = (thrown.stack ?? "").match(/\/[^():\n]+:\d+(?=:\d+)/g) ?? [];
    const own = frames.find((frame) => frame.startsWith(beside) && !frame.startsWith(import.meta.dir));
    return own === undefined ? null : own.slice(beside.length);
  } catch {
    return null;
  }
}

/** That a peer took no connection, where that is what was thrown: by its origin, since a path may hold an address. */
export function unreachable(thrown: unknown): string | null {
  try {
    if (!(thrown instanceof Error && "code" in thrown)) return null;
    const { code } = thrown;
    if (typeof code !== "string" || !isUnreachable(code)) return null;
    const url = "path" in thrown && typeof thrown.path === "string" ? URL.parse(thrown.path) : null;
    const peer = url === null || url.origin === "null" ? "the peer" : url.origin;
    return `${peer} cannot be reached (${code})`;
  } catch {
    return null;
  }
}

function saidBy(thrown: unknown): string {
  try {
    if (thrown instanceof Error) return thrown.message || thrown.name;
    return typeof thrown === "string" ? thrown : "something was thrown that is no Error";
  } catch {
    return "";
  }
}

interface Issue {
  readonly code?: string;
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly keys?: readonly string[];
}

/**
 * The first thing that is wrong with a value, with what was found: `outcome is "ok"; it has to be "sent", …`. `by` is the
 * field that tells its kinds apart, and `known` are the fields of each.
 */
export function isWrong(error: unknown, given: unknown, by: string, known: readonly string[]): string {
  const issues = typeof error === "object" && error !== null && "issues" in error ? (error.issues as Issue[]) : [];
  const [issue] = issues;
  if (issue === undefined) return "it can't be read";
  const [unknown] = issue.keys ?? [];
  if (issue.code === "unrecognized_keys" && unknown !== undefined)
    return `${unknown} is not known here${suggestion(unknown, known) || `; known are ${known.join(", ")}`}`;
  if (typeof given !== "object" || given === null)
    return `it is ${found(given)}; it has to be an object with ${by}${issue.message.startsWith('"') ? ` ${issue.message}` : ""}`;
  const path = issue.path.map(String).join(".");
  if (path === "") return `it has to be ${issue.message}`;
  const value = issue.path.reduce<unknown>(
    (at, key) => (typeof at === "object" && at !== null ? Reflect.get(at, key) : undefined),
    given,
  );
  return value === undefined || value === null
    ? `${path} is missing; it has to be ${issue.message}`
    : `${path} is ${found(value)}; it has to be ${issue.message}`;
}

function found(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null || typeof value === "number" || typeof value === "boolean") return String(value);
  if (typeof value === "string") return value.length <= 40 ? JSON.stringify(value) : "a longer text";
  return Array.isArray(value) ? "an array" : typeof value === "object" ? "an object" : `a ${typeof value}`;
}
