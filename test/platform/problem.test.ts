import { describe, expect, test } from "bun:test";
import { z } from "zod";
import { invalid, Problem, problems } from "../../src/platform/problem.ts";
import { check } from "../../src/platform/schema.ts";

function thrownBy(act: () => unknown): Problem {
  try {
    act();
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("the table of problems", () => {
  test("has a slug that fits a URL, an error status, a title and words of help for each", () => {
    const entries = Object.entries(problems);
    for (const [slug, { status, title, help }] of entries) {
      expect(slug).toMatch(/^[a-z]+(-[a-z]+)*$/);
      expect(status).toBeGreaterThanOrEqual(400);
      expect(status).toBeLessThanOrEqual(503);
      expect(title).not.toEndWith(".");
      expect(help).toMatch(/[.…]$/);
    }
    expect(new Set(entries.map(([, { title }]) => title)).size).toBe(entries.length);
  });

  test("keeps the statuses that the contract names", () => {
    const statuses = new Set<number>(Object.values(problems).map(({ status }) => status));
    for (const status of [400, 401, 403, 404, 405, 408, 409, 410, 413, 415, 422, 429, 503])
      expect(statuses).toContain(status);
  });
});

describe("a problem", () => {
  test("carries its status, what is wrong, and the headers that go with it", () => {
    const problem = new Problem("rate-limited", "Too many.", { headers: { "Retry-After": "3" } });
    expect(problem.status).toBe(429);
    expect(problem.message).toBe("Too many.");
    expect(problem.errors).toEqual([]);
    expect(problem.headers).toEqual({ "Retry-After": "3" });
  });

  test("of fields tells the first in its detail, and how many more there are", () => {
    expect(invalid([{ pointer: "/options/1", detail: "is empty" }]).message).toBe("/options/1: is empty");
    expect(invalid([{ pointer: "", detail: "must be a JSON object" }]).message).toBe("the body: must be a JSON object");
    expect(
      invalid([
        { parameter: "limit", detail: "is no number" },
        { parameter: "wait", detail: "too" },
      ]).message,
    ).toBe("limit: is no number (and 1 more)");
    expect(invalid([]).message).toBe("The request is not valid.");
  });
});

describe("a value that does not fit its schema", () => {
  const schema = z.strictObject(
    { list: z.array(z.strictObject({ "a/b": z.number("must be a number") }, "must be an object")) },
    "must be an object",
  );

  test("is refused with every field that is wrong, by JSON pointer in a body", () => {
    const problem = thrownBy(() =>
      check(schema, { list: [{ "a/b": 1 }, { "a/b": "x" }, { "a/b": 2, "c~d": 0 }], extra: 1 }, "body"),
    );
    expect(problem.status).toBe(422);
    expect(problem.errors).toEqual([
      { pointer: "/list/1/a~1b", detail: "must be a number" },
      { pointer: "/list/2/c~0d", detail: "is not a field that is known here" },
      { pointer: "/extra", detail: "is not a field that is known here" },
    ]);
  });

  test("is refused by the parameter's name in a query", () => {
    const problem = thrownBy(() =>
      check(z.strictObject({ limit: z.number("must be a number") }), { limit: "x", offset: 1 }, "query"),
    );
    expect(problem.errors).toEqual([
      { parameter: "limit", detail: "must be a number" },
      { parameter: "offset", detail: "is not a field that is known here" },
    ]);
  });

  test("that fits is answered as the schema reads it", () => {
    expect(check(schema, { list: [{ "a/b": 1 }] }, "body")).toEqual({ list: [{ "a/b": 1 }] });
  });
});
