import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { IJsonError, parseIJson } from "../../src/audit/i-json.ts";

function fault(text: string): IJsonError {
  try {
    parseIJson(text);
  } catch (error) {
    if (error instanceof IJsonError) return error;
    throw error;
  }
  throw new Error(`${text} was read`);
}

test("whatever JSON.stringify writes is read as JSON.parse reads it, with and without space", () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 6 }), (text) => {
      // Whole numbers that a double can't count are refused; -0 is written as 0.
      const kept = (_: string, part: unknown) =>
        typeof part === "number" ? (Number.isInteger(part) && !Number.isSafeInteger(part) ? 0 : part + 0) : part;
      const value = JSON.parse(text, kept) as never;
      expect(parseIJson(JSON.stringify(value))).toEqual(value);
      expect(parseIJson(JSON.stringify(value, null, "\t"))).toEqual(value);
    }),
  );
});

test("whatever JSON.parse refuses is refused, and nothing that it refuses is read", () => {
  const broken = fc.tuple(fc.json({ maxDepth: 3 }), fc.nat(), fc.constantFrom("", ",", "}", '"', "\\", "0", "e", "x"));
  fc.assert(
    fc.property(broken, ([text, at, put]) => {
      const cut = at % (text.length + 1);
      const changed = text.slice(0, cut) + put + text.slice(cut + 1);
      let value: unknown;
      try {
        value = parseIJson(changed);
      } catch (error) {
        expect(error).toBeInstanceOf(IJsonError);
        return;
      }
      expect(value).toEqual(JSON.parse(changed));
    }),
    { numRuns: 2_000 },
  );
});

describe("what two readers could read as two values is refused, with its line and place", () => {
  test("a member named twice, also by way of an escape, however deep", () => {
    expect(fault('{\n "amount": 1,\n "amount": 2\n}')).toMatchObject({ line: 3, pointer: "/amount" });
    expect(fault('{"a":[{"b/c":1,\n"b\\u002fc":2}]}').message).toBe("line 2, at /a/0/b~1c: the member is named twice");
    expect(fault('{"__proto__":1,"__proto__":2}').pointer).toBe("/__proto__");
    expect(parseIJson('{"a":{"x":1},"b":{"x":1}}')).toEqual({ a: { x: 1 }, b: { x: 1 } });
  });

  test("half a surrogate pair, in a value and in a name", () => {
    expect(fault('{"to":"\\ud800"}').message).toContain("half a surrogate pair");
    expect(fault('{"\\udc00":1}').message).toContain("half a surrogate pair");
    expect(parseIJson('"\\ud83d\\ude00"')).toBe("😀");
  });

  test.each([
    "9007199254740992",
    "-9007199254740993",
    "1e21",
    "1e400",
    "1e-400",
    "0.1000000000000000055511151231257827",
    "1.00000000000000001",
    "123456789.123456789123",
  ])("the number %s, which no double gives back", (number) => {
    expect(fault(`{"amount":${number}}`)).toMatchObject({ line: 1, pointer: "/amount" });
    expect(fault(`{"amount":${number}}`).message).toContain("write it as a string");
  });

  test.each(["0", "-0", "0.1", "8400.00", "1E2", "9007199254740991", "-9007199254740991", "0.1e-5", "2.50e-300"])(
    "but not %s",
    (number) => {
      expect(parseIJson(number)).toBe(Number(number));
    },
  );

  test("what is nested too deep, and what is no JSON at all", () => {
    expect(fault("[".repeat(100_000)).message).toContain("deeper than 64");
    expect(parseIJson(`${"[".repeat(64)}${"]".repeat(64)}`)).toBeArray();
    for (const text of [
      "",
      " ",
      "{",
      '{"a"',
      '{"a":}',
      "[1,]",
      "{,}",
      "01",
      "1.",
      "+1",
      ".5",
      "NaN",
      "'a'",
      "1 2",
      '"\t"',
    ])
      expect(() => parseIJson(text)).toThrow(IJsonError);
    expect(() => parseIJson('{"a":1} // note')).toThrow("behind the JSON value");
  });
});
