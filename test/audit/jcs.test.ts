import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import npmCanonicalize from "canonicalize";
import fc from "fast-check";
import { canonicalize, JcsError, type JsonValue } from "../../src/audit/jcs.ts";
import { sha256Hex } from "../../src/platform/hash.ts";

const vectors = join(import.meta.dir, "../../../shared/vectors/rfc8785");

function refusal(value: unknown): JcsError {
  try {
    canonicalize(value as JsonValue);
  } catch (error) {
    if (error instanceof JcsError) return error;
    throw error;
  }
  throw new Error("it has a canonical form");
}

describe("RFC 8785", () => {
  test.skipIf(!existsSync(vectors))("writes the published examples byte for byte [needs shared/vectors]", () => {
    let ran = 0;
    for (const file of readdirSync(join(vectors, "input"))) {
      const text = canonicalize(JSON.parse(readFileSync(join(vectors, "input", file), "utf8")));
      expect(text).toBe(readFileSync(join(vectors, "output", file), "utf8"));
      const hex = readFileSync(join(vectors, "outhex", file.replace(".json", ".txt")), "utf8").replaceAll(/\s/g, "");
      expect(Buffer.from(text).toString("hex")).toBe(hex);
      ran++;
    }
    expect(ran).toBe(6);
  });

  test("writes the published stream of 100,000 numbers, equal in its SHA-256", () => {
    const published: Record<number, string> = {
      1000: "be18b62b6f69cdab33a7e0dae0d9cfa869fda80ddc712221570f9f40a5878687",
      10000: "b9f7a8e75ef22a835685a52ccba7f7d6bdc99e34b010992cbc5864cd12be6892",
      100000: "22776e6d4b49fa294a0d0f349268e5c28808fe7e0cb2bcbe28f63894e494d4c7",
    };
    const hasher = new Bun.CryptoHasher("sha256");
    const bits = new DataView(new ArrayBuffer(8));
    let lines = 0;
    let compared = 0;
    for (const number of numberStream()) {
      bits.setFloat64(0, number);
      hasher.update(`${bits.getBigUint64(0).toString(16)},${canonicalize(number)}\n`);
      lines++;
      if (lines in published) {
        expect(hasher.copy().digest("hex")).toBe(published[lines]!);
        compared++;
      }
      if (lines === 100_000) break;
    }
    expect(compared).toBe(3);
  });

  test("writes -0 as 0", () => {
    expect(canonicalize([-0, 0])).toBe("[0,0]");
  });

  test("sorts members by UTF-16 code units, not by code points or number-like names first", () => {
    const value = { "\ufb33": 1, "😂": 2, "10": 3, "9": 4, b: 5, a: 6, "": 7 };
    expect(canonicalize(value)).toBe('{"":7,"10":3,"9":4,"a":6,"b":5,"😂":2,"\ufb33":1}');
  });

  test("escapes what JSON must, and nothing more", () => {
    expect(canonicalize('\u0000\b\t\n\f\r\u001f"\\/\u007f\u2028é😂')).toBe(
      '"\\u0000\\b\\t\\n\\f\\r\\u001f\\"\\\\/\u007f\u2028é😂"',
    );
  });

  test("takes __proto__ for an ordinary member, and no inherited one for its own", () => {
    expect(canonicalize(JSON.parse('{"b":1,"__proto__":{"x":[]},"constructor":2}'))).toBe(
      '{"__proto__":{"x":[]},"b":1,"constructor":2}',
    );
    expect(canonicalize({})).toBe("{}");
    expect(canonicalize(Object.assign(Object.create(null), { a: 1 }))).toBe('{"a":1}');
  });

  test("gives the same text as the npm package canonicalize for any JSON value", () => {
    const value = fc.jsonValue({ maxDepth: 5, stringUnit: "grapheme" });
    fc.assert(
      fc.property(value, (json) => {
        expect(canonicalize(json as JsonValue)).toBe(npmCanonicalize(json)!);
      }),
      { numRuns: 1_000 },
    );
  });

  test("gives one text for one value, whatever the order of its members, and that text means the value", () => {
    const members = fc.uniqueArray(fc.tuple(fc.string({ unit: "binary" }), fc.jsonValue()), {
      selector: ([name]) => name,
    });
    fc.assert(
      fc.property(members, (entries) => {
        const text = canonicalize(Object.fromEntries(entries) as JsonValue);
        expect(canonicalize(Object.fromEntries(entries.toReversed()) as JsonValue)).toBe(text);
        expect(canonicalize(JSON.parse(text))).toBe(text);
      }),
    );
  });
});

describe("what has no canonical form", () => {
  test.each([
    ["NaN", { a: [1, Number.NaN] }, "/a/1"],
    ["infinity", { a: Number.POSITIVE_INFINITY }, "/a"],
    ["minus infinity", [Number.NEGATIVE_INFINITY], "/0"],
    ["a bigint", { a: { b: 1n } }, "/a/b"],
    ["undefined", { a: undefined }, "/a"],
    ["a hole in an array", { a: new Array(2) }, "/a/0"],
    ["a function", { f: () => 1 }, "/f"],
    ["a symbol", [Symbol("s")], "/0"],
    ["a Date", { at: new Date(0) }, "/at"],
    ["a Map", { m: new Map() }, "/m"],
    ["a boxed number", [new Number(1)], "/0"],
    ["a lone high surrogate", ["ok", "\ud83d"], "/1"],
    ["a lone low surrogate", { s: "x\ude02" }, "/s"],
    ["a lone surrogate in a name", { a: { "\ud83d": 1 } }, "/a/\ufffd"],
    ["something under names with / and ~", { "a/b": { "c~d": undefined } }, "/a~1b/c~0d"],
    ["something after a deeper member", { a: { b: { c: 1 } }, d: undefined }, "/d"],
    ["undefined alone", undefined, ""],
  ])("%s is refused, and the error says where it stands", (_, value, pointer) => {
    expect(refusal(value).pointer).toBe(pointer);
  });

  test("64 levels are written, 65 are refused", () => {
    const nested = (levels: number): unknown => {
      let value: unknown = 1;
      for (let i = 0; i < levels; i++) value = i % 2 === 0 ? [value] : { a: value };
      return value;
    };
    expect(canonicalize(nested(64) as JsonValue)).toContain("1");
    expect(refusal(nested(65)).message).toContain("64");
  });

  test("a value that contains itself is refused", () => {
    const loop: { self?: unknown } = {};
    loop.self = [loop];
    expect(refusal(loop).pointer).toStartWith("/self/0/self");
  });

  test("one object in two places is not a cycle", () => {
    const shared = { a: 1 };
    expect(canonicalize([shared, shared])).toBe('[{"a":1},{"a":1}]');
  });
});

/**
 * The doubles of cyberphone/json-canonicalization's number test, in its order: edge cases, the 2,000 smallest normal
 * numbers, then the finite numbers other than zero in the chain of SHA-256 over SHA-256 that starts from 32 zeros.
 */
function* numberStream(): Generator<number> {
  yield* edgeCases();
  const bits = new DataView(new ArrayBuffer(8));
  for (let i = 0n; i < 2_000n; i++) {
    bits.setBigUint64(0, 0x0010_0000_0000_0000n + i);
    yield bits.getFloat64(0);
  }
  for (let block = sha256Hex(new Uint8Array(32)); ; block = sha256Hex(Buffer.from(block, "hex"))) {
    const bytes = Buffer.from(block, "hex");
    for (let at = 0; at < 32; at += 8) {
      const number = bytes.readDoubleLE(at);
      if (number !== 0 && Number.isFinite(number)) yield number;
    }
  }
}

function* edgeCases(): Generator<number> {
  yield* [0, -0, 5e-324, -5e-324];
  for (const sign of [-1, 1]) {
    // Thirds from 1e22/3 down to 1e-27/3, with the rounding of a product that grows by tens.
    for (let i = 0, divisor = 3e-22; i < 50; i++, divisor *= 10) yield sign / divisor;
  }
  yield 10;
  for (let exponent = 0; exponent >= -9; exponent--) yield Number(`5e${exponent}`);
  for (let zeros = 1; zeros <= 14; zeros++) yield Number(`0.000005${"0".repeat(zeros)}6`);
  yield* [5e-6, 1, -1, -0.9999999999999993, -0.9999999999999994, 0.9999999999999993, 0.9999999999999994];
  yield* [0.9999999999999996, 0.9999999999999998, -0.9999999999999999, -0.9999999999999999];
  yield* [0.9999999999999999, 0.9999999999999999, 0.29999999999999993, 0.3, 0.30000000000000004];
  yield* [2.2250738585072014e-308, 2.2250738585072e-308, 2.225073858507201e-308];
  yield* [Number.MAX_VALUE, -Number.MAX_VALUE, 2 ** 53, -(2 ** 53), 2 ** 68];
  yield* [9.999999999999997e22, 1e23, 1.0000000000000001e23, 999999999999999700000, 999999999999999900000, 1e21];
  yield* [9.999999999999997e-7, 1e-6, 333333333.3333332, 333333333.33333325, 333333333.3333333];
  yield* [333333333.3333334, 333333333.33333343, -0.0000033333333333333333, 1424953923781206.2];
}
