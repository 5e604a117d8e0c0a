import { z } from "zod";
import { base64url, sha256Base64url } from "./hash.ts";
import { invalid } from "./problem.ts";

const NOT_A_CURSOR = "is not a cursor of this list";
const PAGE_MOST = 100;
const PAGE_DEFAULT = 20;

const TIME = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/;

/** A time in a query (RFC 3339, or a date alone for its first moment in UTC), as milliseconds. */
export const timeParameter = z
  .string()
  .refine((text) => TIME.test(text) && !Number.isNaN(Date.parse(text)), "must be a time such as 2026-11-24T09:30:00Z")
  .transform((text) => Date.parse(text))
  .meta({ document: { type: "string", pattern: TIME.source, examples: ["2026-11-24T09:30:00Z"] } });

const LIMIT = `must be a whole number from 1 to ${PAGE_MOST}`;

/** How many items a page holds. */
export const limitParameter = z
  .string()
  .regex(/^\d{1,4}$/, LIMIT)
  .transform(Number)
  .refine((count) => count >= 1 && count <= PAGE_MOST, LIMIT)
  .default(PAGE_DEFAULT)
  .meta({ document: { type: "integer", minimum: 1, maximum: PAGE_MOST, default: PAGE_DEFAULT } });

export const cursorParameter = z.string().max(500, NOT_A_CURSOR).optional();

/** The query's parameters as an object. @throws Problem when one is given twice: which of them counts is a guess. */
export function queryObject(query: URLSearchParams): Record<string, string> {
  const names = [...query.keys()];
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw invalid([{ parameter: twice, detail: "is given more than once" }]);
  return Object.fromEntries(query);
}

/** What a cursor is bound to: a short digest of the filters that it goes on from. */
export function filterMark(filters: readonly unknown[]): string {
  return sha256Base64url(JSON.stringify(filters)).slice(0, 12);
}

/** An opaque cursor that stands behind an item. */
export function encodeCursor(mark: string, item: string | number): string {
  return base64url(Buffer.from(JSON.stringify([mark, item])));
}

/** The item that a cursor stands behind. @throws Problem for what is no cursor, or one of other filters. */
export function decodeCursor<T extends "string" | "number">(
  cursor: string,
  mark: string,
  kind: T,
): T extends "string" ? string : number;
export function decodeCursor(cursor: string, mark: string, kind: "string" | "number"): string | number {
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
  } catch {
    parts = null;
  }
  const [bound, item] = Array.isArray(parts) ? (parts as unknown[]) : [];
  if (typeof bound !== "string" || (typeof item !== "string" && typeof item !== "number") || typeof item !== kind) {
    throw invalid([{ parameter: "cursor", detail: NOT_A_CURSOR }]);
  }
  if (bound !== mark) throw invalid([{ parameter: "cursor", detail: "belongs to a list with other filters" }]);
  return item;
}

/** A cursor of the right shape whose item is not there. */
export function unknownCursor() {
  return invalid([{ parameter: "cursor", detail: NOT_A_CURSOR }]);
}
