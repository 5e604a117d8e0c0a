import { expect } from "bun:test";
import { problems } from "../../src/platform/problem.ts";
import type { Answer } from "../support/appliance.ts";

/** Expects a problem document (RFC 9457) of a known type, told in the same words as its table, and nothing beside. */
export function expectProblem(answer: Answer, slug: keyof typeof problems): void {
  expect(problemFault(answer)).toBeNull();
  expect(answer.body.type).toBe(`/problems/${slug}`);
}

/** Expects the 422 that names exactly these fields. */
export function expectInvalid(answer: Answer, ...fields: readonly string[]): void {
  expectProblem(answer, "invalid");
  expect(fieldsOf(answer)).toEqual([...fields]);
}

/** The pointers or parameters that a problem names. */
export function fieldsOf(answer: Answer): string[] {
  const errors = (answer.body.errors ?? []) as { pointer?: string; parameter?: string }[];
  return errors.map(({ pointer, parameter }) => pointer ?? parameter ?? "neither");
}

const MEMBERS = new Set(["type", "title", "status", "detail", "request_id", "errors"]);
/** What tells of the inside: a stack, a query, a path of this machine. */
const INSIDE = /\bat \S+ \(|\.ts:\d|SQLITE|SELECT |INSERT |\/work\/|node_modules|TypeError/;

/** What is wrong with an answer as a problem document, or null. */
export function problemFault({ status, headers, body, text }: Answer): string | null {
  if (headers.get("content-type") !== "application/problem+json") return `is ${headers.get("content-type")}: ${text}`;
  const slug = /^\/problems\/([a-z-]+)$/.exec(body.type)?.[1] ?? "";
  if (!Object.hasOwn(problems, slug)) return `has the unknown type ${body.type}`;
  const known = problems[slug as keyof typeof problems];
  if (body.status !== status || known.status !== status) return `has the status ${body.status} under ${status}`;
  if (body.title !== known.title) return `has the title ${body.title}`;
  if (typeof body.detail !== "string" || body.detail === "") return "has no detail";
  if (body.request_id !== headers.get("x-request-id")) return "has another request id than its header";
  const unknown = Object.keys(body).find((name) => !MEMBERS.has(name));
  if (unknown !== undefined) return `has the member ${unknown}`;
  for (const { pointer, parameter, detail } of body.errors ?? []) {
    if (typeof detail !== "string" || (typeof pointer === "string") === (typeof parameter === "string"))
      return `has a field error that names no field: ${text}`;
    if (pointer !== undefined && !/^(\/([^~/]|~[01])*)*$/.test(pointer)) return `has no JSON pointer: ${pointer}`;
  }
  return INSIDE.test(text) ? `tells of the inside: ${text}` : null;
}
