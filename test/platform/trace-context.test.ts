import { describe, expect, test } from "bun:test";
import { onward, readTraceContext, traceparentOf } from "../../src/platform/trace-context.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT = "00f067aa0ba902b7";
const GOOD = `00-${TRACE}-${PARENT}-01`;
const stateOf = (state: string) => readTraceContext(GOOD, state)?.state ?? null;

describe("a traceparent", () => {
  test("is read as the standard has it", () => {
    expect(readTraceContext(GOOD, null)).toEqual({ traceId: TRACE, parentId: PARENT, isSampled: true, state: null });
    expect(readTraceContext(`00-${TRACE}-${PARENT}-00`, null)?.isSampled).toBe(false);
    // Flags that are not known yet are not handed on.
    expect(traceparentOf(readTraceContext(`00-${TRACE}-${PARENT}-ff`, null)!)).toBe(GOOD);
  });

  test("of a later version is read as far as it is known, with or without more behind it", () => {
    for (const later of [
      `cc-${TRACE}-${PARENT}-01`,
      `cc-${TRACE}-${PARENT}-01-what-comes`,
      `cc-${TRACE}-${PARENT}-01-`,
    ])
      expect(readTraceContext(later, null)?.traceId).toBe(TRACE);
  });

  test.each([
    ["is empty", ""],
    ["lacks its flags", `00-${TRACE}-${PARENT}`],
    ["has something behind it in version 00", `${GOOD}-01`],
    ["ends in a dash", `${GOOD}-`],
    ["has a longer version", `000-${TRACE}-${PARENT}-01`],
    ["has the version ff", `ff-${TRACE}-${PARENT}-01`],
    ["has a later version and something without a dash", `cc-${TRACE}-${PARENT}-01.x`],
    ["names the trace of zeros", `00-${"0".repeat(32)}-${PARENT}-01`],
    ["names the parent of zeros", `00-${TRACE}-${"0".repeat(16)}-01`],
    ["is in capitals", GOOD.toUpperCase()],
    ["has a trace too short", `00-${TRACE.slice(1)}-${PARENT}-01`],
    ["has a character that is no digit", `00-.${TRACE.slice(1)}-${PARENT}-01`],
    ["was sent twice", `${GOOD}, ${GOOD}`],
  ])("that %s counts as none", (_, value) => {
    expect(readTraceContext(value, "a=1")).toBeNull();
  });
});

describe("a tracestate", () => {
  test.each([
    ["foo=1,bar=2", "foo=1,bar=2"],
    ["foo=1 ,\t bar=2,", "foo=1,bar=2"],
    ["t61@rojo=1,a-_*/0=!~ x", "t61@rojo=1,a-_*/0=!~ x"],
  ])("is kept: %p", (sent, kept) => {
    expect(stateOf(sent)).toBe(kept);
  });

  test.each([
    ["a key that is there twice", "foo=1,foo=2"],
    ["a key in capitals", "FOO=1"],
    ["no value", "foo="],
    ["no equals sign", "foo"],
    ["two equals signs", "foo=1=2"],
    ["two at signs", "foo@bar@baz=1"],
    ["a character outside ASCII", "foo=\u00fc"],
    ["33 members", Array.from({ length: 33 }, (_, index) => `k${index}=1`).join(",")],
    ["nothing but commas", ", ,"],
  ])("with %s is dropped whole, and the trace stays", (_, sent) => {
    expect(readTraceContext(GOOD, sent)).toMatchObject({ traceId: TRACE, state: null });
  });

  test("that is too long loses its long members first, then those at the end", () => {
    const long = `long=${"x".repeat(200)}`;
    const short = Array.from({ length: 6 }, (_, index) => `k${index}=${"y".repeat(97)}`);
    expect(stateOf([long, ...short].join(","))).toBe(short.slice(0, 5).join(","));
  });
});

test("a trace is handed on by a parent id that is never zero", () => {
  const zeros = { bytes: (count: number) => new Uint8Array(count) };
  expect(onward(readTraceContext(GOOD, "a=1")!, zeros)).toEqual({
    traceparent: `00-${TRACE}-0000000000000001-01`,
    tracestate: "a=1",
  });
});
