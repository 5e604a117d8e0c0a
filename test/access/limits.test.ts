import { describe, expect, test } from "bun:test";
import { mayAsk, noLimits } from "../../src/access/index.ts";

const asking = (recipients: readonly string[] | null) => (recipient: string) =>
  mayAsk({ ...noLimits, recipients }, recipient);

describe("whom a key may ask", () => {
  test("is anyone when it is not limited, and nobody when its list is empty", () => {
    expect(asking(null)("anyone@example.com")).toBe(true);
    expect(asking([])("anyone@example.com")).toBe(false);
  });

  test.each([
    // allowed, asked, may it
    ["@cfo", "@cfo", true],
    ["@cfo", "@cfo2", false],
    ["@cfo", "@CFO", false],
    ["@cfo", "cfo", false],
    ["@cfo", "+13128471928", false],
    ["+13128471928", "+13128471928", true],
    ["+13128471928", "+1312847192", false],
    ["+13128471928", "+131284719280", false],
    ["cfo@example.com", "cfo@example.com", true],
    ["cfo@example.com", "agent@example.com", false],
    ["U012AB3CD", "U012AB3CD", true],
    ["U012AB3CD", "U012AB3CE", false],
    ["*@example.com", "cfo@example.com", true],
    ["*@Example.COM", "cfo@example.com", true],
    ["*@example.com", "cfo@sub.example.com", false],
    ["*@example.com", "cfo@example.com.evil.test", false],
    ["*@example.com", "cfo@notexample.com", false],
    ["*@example.com", "@example.com", false],
    ["*@example.com", "+13128471928", false],
    ["*@example.com", "U012AB3CD", false],
    ["*@8", "+13128471928", false],
    ["*@", "cfo@example.com", false],
    ["*", "cfo@example.com", false],
    ["*example.com", "cfo@example.com", false],
    ["c*@example.com", "cfo@example.com", false],
  ] as const)("with %p in its list: %p is %p", (allowed, asked, may) => {
    expect(asking(["@somebody", allowed])(asked)).toBe(may);
  });
});
