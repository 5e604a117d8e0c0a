import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { codePoints, faultIn, pointerPart, textFault } from "../../src/platform/json.ts";

const nested = (depth: number) => JSON.parse("[".repeat(depth) + "]".repeat(depth)) as unknown;

describe("a JSON value from outside", () => {
  test("is taken when it holds nothing but well-formed text, exact numbers and shallow structures", () => {
    for (const value of [
      null,
      true,
      0,
      -0,
      1.5,
      2 ** 53 - 1,
      -(2 ** 53 - 1),
      1e-300,
      "é\u{1F600}\n",
      [],
      {},
      { a: [{ b: null }] },
      nested(32),
    ]) {
      expect(faultIn(value)).toBeNull();
    }
  });

  test("is refused by the pointer of the number that could not be kept exactly", () => {
    for (const text of ["9007199254740993", "9007199254740992", "-1e300", "1e400", "-1e999"]) {
      expect(faultIn(JSON.parse(`{"a":[0,${text}]}`))).toEqual({
        pointer: "/a/1",
        detail: "is a number too large to be kept exactly; send it as a string",
      });
    }
  });

  test("is refused for half a surrogate pair or U+0000, in a value or in a name", () => {
    expect(faultIn({ a: "\ud83d" })).toEqual({
      pointer: "/a",
      detail: "holds half a surrogate pair, which is no character",
    });
    expect(faultIn(["", "x\0"])).toEqual({ pointer: "/1", detail: "holds the character U+0000" });
    expect(faultIn({ a: { "\udc00": 1 } })).toEqual({
      pointer: "/a",
      detail: "has a member whose name holds half a surrogate pair, which is no character",
    });
    expect(textFault("plain")).toBeNull();
  });

  test("is refused where it is nested deeper than 32 levels, however deep that is", () => {
    expect(faultIn(nested(33))).toEqual({ pointer: "/0".repeat(32), detail: "is nested deeper than 32 levels" });
    expect(faultIn(nested(20_000))).toMatchObject({ pointer: "/0".repeat(32) });
    expect(faultIn(JSON.parse(`${'{"a":'.repeat(33)}1${"}".repeat(33)}`))).toEqual({
      pointer: "/a".repeat(32),
      detail: "is nested deeper than 32 levels",
    });
  });

  test("is looked through also under the names that objects inherit", () => {
    expect(faultIn(JSON.parse('{"__proto__":{"x":1e400}}'))).toEqual({
      pointer: "/__proto__/x",
      detail: "is a number too large to be kept exactly; send it as a string",
    });
  });

  test("has its pointers escaped as RFC 6901 says", () => {
    expect(pointerPart("a/b~c~1")).toBe("a~1b~0c~01");
    expect(faultIn({ "m~n/o": 1e300 })).toMatchObject({ pointer: "/m~0n~1o" });
  });
});

describe("the length of a text", () => {
  test("is counted in code points: an emoji is one, and so is half of one", () => {
    expect(codePoints("")).toBe(0);
    expect(codePoints("a\u{1F600}é")).toBe(3);
    expect(codePoints("\ud83da")).toBe(2);
    expect(codePoints("a\ud83d")).toBe(2);
    const units = fc.string({ unit: fc.constantFrom("a", "é", "\u{1F600}", "\ud83d", "\ude00", "\u{10FFFF}") });
    fc.assert(fc.property(units, (text) => codePoints(text) === [...text].length));
  });
});
