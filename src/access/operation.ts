import { z } from "zod";
import type { ProblemSlug } from "../platform/problem.ts";
import type { Method, Route } from "./route.ts";

/**
 * A route in words, for the OpenAPI document: a table of these stands beside each feature's routes, in its `api.ts`, and
 * is loaded when somebody first asks for the document. Paths in `ServerParts.routes` and here must be the same ones;
 * test/http/openapi.test.ts holds them together.
 */
export interface Operation {
  readonly method: Method;
  /** As the route has it, with `:name` for a variable part. */
  readonly path: string;
  readonly access: Route["access"];
  /** The name of a function in a generated client. */
  readonly id: string;
  readonly tag: Tag;
  readonly summary: string;
  readonly description: string;
  /** What each variable part of the path is. */
  readonly params?: Readonly<Record<string, { readonly description: string; readonly example: string }>>;
  /** The schema that reads the query. */
  readonly query?: z.ZodObject;
  readonly headers?: Readonly<Record<string, HeaderDescription>>;
  readonly body?: BodyDescription;
  readonly answers: Readonly<Record<number, AnswerDescription>>;
  /** Beside those that the way of asking brings along: a key, a body, a query, a path. */
  readonly problems?: readonly ProblemSlug[];
}

export type Tag =
  | "Pauses"
  | "Test world"
  | "Events"
  | "Webhooks"
  | "Deliveries"
  | "Audit"
  | "Receipts"
  | "Privacy"
  | "Page"
  | "Server";

export interface HeaderDescription {
  readonly description: string;
  readonly schema: JsonSchema;
}

export interface BodyDescription {
  /** The schema that checks it. */
  readonly schema: z.ZodType;
  /** `application/json` unless said. */
  readonly type?: string;
  /** Whether it may be left out. */
  readonly optional?: boolean;
  readonly example: unknown;
}

export interface AnswerDescription {
  readonly description: string;
  /** By media type; none for an answer without a body. */
  readonly content?: Readonly<Record<string, { readonly schema: z.ZodType; readonly example?: unknown }>>;
  readonly headers?: Readonly<Record<string, HeaderDescription>>;
}

export type JsonSchema = Readonly<Record<string, unknown>>;

/** What an answer says of a limit, where one is counted (draft-ietf-httpapi-ratelimit-headers-11). */
export const rateLimitHeaders: Readonly<Record<string, HeaderDescription>> = {
  "RateLimit-Policy": {
    description: 'What is allowed, such as `"month";q=50;w=2592000`: 50 in a month of so many seconds.',
    schema: { type: "string" },
  },
  RateLimit: {
    description: 'What is left, and the seconds until all of it is there again: `"month";r=49;t=608400`.',
    schema: { type: "string" },
  },
};

/** An answer in JSON. */
export function json(description: string, schema: z.ZodType, example?: unknown): AnswerDescription {
  return { description, content: { "application/json": { schema, ...(example === undefined ? {} : { example }) } } };
}

/** An answer that is text of some media type. */
export function text(description: string, type: string, example?: string): AnswerDescription {
  return { description, content: { [type]: { schema: z.string(), ...(example === undefined ? {} : { example }) } } };
}

/** A page of a list. */
export function pageOf(item: z.ZodType): z.ZodObject {
  return z.object({
    data: z.array(item),
    next_cursor: z
      .string()
      .nullable()
      .meta({ description: "Asks for what comes behind, with the same filters; null at the end." }),
  });
}

/** A time in an answer. */
export const time = z.string().meta({ format: "date-time", description: "RFC 3339, UTC." });

/**
 * The schema of an answer whose type is written elsewhere. The compiler refuses one that does not say the same, field by
 * field and in both directions.
 */
export function describes<T>(): <S extends z.ZodType>(
  schema: S & (Same<Plain<T>, Plain<z.output<S>>> extends true ? unknown : never),
) => S {
  return (schema) => schema;
}

type Same<A, B> = [A] extends [B]
  ? [B] extends [A]
    ? [keyof A] extends [keyof B]
      ? [keyof B] extends [keyof A]
        ? true
        : false
      : false
    : false
  : false;
/** Without `readonly`, all the way down. */
type Plain<T> = T extends string | number | boolean | null | undefined
  ? T
  : T extends readonly (infer Item)[]
    ? Plain<Item>[]
    : { -readonly [Name in keyof T]: Plain<T[Name]> };
