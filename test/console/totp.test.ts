import { describe, expect, test } from "bun:test";
import { acceptedStep, base32, codeAt, stepAt } from "../../src/console/totp.ts";

const secret = new TextEncoder().encode("12345678901234567890");

describe("a time-based code", () => {
  test.each([
    [59, "94287082"],
    [1_111_111_109, "07081804"],
    [1_111_111_111, "14050471"],
    [1_234_567_890, "89005924"],
    [2_000_000_000, "69279037"],
    [20_000_000_000, "65353130"],
  ])("at %d seconds is that of RFC 6238, appendix B", (seconds, code) => {
    expect(codeAt(secret, stepAt(seconds * 1000), 8)).toBe(code);
  });

  test("is taken a step early and late, and no further", () => {
    const now = 1_234_567_890_000;
    const accepted = [-2, -1, 0, 1, 2].map((by) => acceptedStep(secret, codeAt(secret, stepAt(now) + by), now, 0));
    expect(accepted).toEqual([null, stepAt(now) - 1, stepAt(now), stepAt(now) + 1, null]);
  });

  test("is good once", () => {
    const now = 1_234_567_890_000;
    expect(acceptedStep(secret, codeAt(secret, stepAt(now)), now, stepAt(now))).toBeNull();
  });
});

test("base 32 is that of RFC 4648, section 10", () => {
  const spelled = ["f", "fo", "foo", "foob", "fooba", "foobar"].map((text) => base32(new TextEncoder().encode(text)));
  expect(spelled).toEqual(["MY", "MZXQ", "MZXW6", "MZXW6YQ", "MZXW6YTB", "MZXW6YTBOI"]);
});
