import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  commitmentOf,
  DisclosureError,
  disclose,
  openDisclosure,
  verifyDisclosure,
} from "../../src/audit/disclosure.ts";
import { JcsError, type JsonValue } from "../../src/audit/jcs.ts";
import { sha256Base64url } from "../../src/platform/hash.ts";
import { type Random, systemRandom } from "../../src/platform/random.ts";

const random = systemRandom();
const encode = (text: string | Uint8Array) => Buffer.from(text as string).toString("base64url");
/** The last character stands for fewer than six bits; this sets the lowest of those that mean nothing. */
const withSpareBit = (disclosure: string) =>
  disclosure.slice(0, -1) + String.fromCharCode(disclosure.charCodeAt(disclosure.length - 1) + 1);
const SALT = "_26bc4LT-ac6q2KI6cBW5es";

describe("RFC 9901 §4.2", () => {
  const text = `["${SALT}", "family_name", "Möbius"]`;
  const disclosure = "WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0";
  const commitment = "X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0";

  test("the standard's example has the standard's digest, over its text as it is, spaces and all", () => {
    expect(encode(text)).toBe(disclosure);
    expect(commitmentOf(disclosure)).toBe(commitment);
    expect(verifyDisclosure(disclosure, commitment)).toBe(true);
    expect(openDisclosure(disclosure)).toEqual({ salt: SALT, name: "family_name", value: "Möbius" });
  });

  test("the same value written otherwise is another disclosure", () => {
    const other = encode(`["${SALT}","family_name","Möbius"]`);
    expect(openDisclosure(other)).toEqual(openDisclosure(disclosure));
    expect(verifyDisclosure(other, commitment)).toBe(false);
  });
});

describe("a disclosure", () => {
  test("opens to the name and the value, and fits its commitment", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.jsonValue({ stringUnit: "grapheme" }), (name, value) => {
        const { disclosure, commitment } = disclose(random, name, value as JsonValue);
        const opened = openDisclosure(disclosure);
        expect(opened.name).toBe(name);
        expect(opened.value).toEqual(JSON.parse(JSON.stringify(value)));
        expect(commitment).toMatch(/^[A-Za-z0-9_-]{43}$/);
        expect(commitment).toBe(sha256Base64url(disclosure));
        expect(verifyDisclosure(disclosure, commitment)).toBe(true);
      }),
    );
  });

  test("has a salt of 128 bits from the source handed in, another each time", () => {
    let drawn = 0;
    const counting: Random = {
      bytes(count) {
        drawn++;
        return new Uint8Array(count).fill(drawn);
      },
    };
    const salts = [1, 2].map(() => openDisclosure(disclose(counting, "message", "Pay?").disclosure).salt);
    expect(salts).toEqual([encode(new Uint8Array(16).fill(1)), encode(new Uint8Array(16).fill(2))]);
    expect(disclose(random, "message", "Pay?").commitment).not.toBe(disclose(random, "message", "Pay?").commitment);
  });

  test("does not fit its commitment once any character of it is another", () => {
    const { disclosure, commitment } = disclose(random, "message", "Refund 50 EUR?");
    for (let i = 0; i < disclosure.length; i++) {
      const changed = disclosure.slice(0, i) + (disclosure[i] === "A" ? "B" : "A") + disclosure.slice(i + 1);
      expect(verifyDisclosure(changed, commitment)).toBe(false);
    }
    expect(verifyDisclosure(disclosure, `${commitment.slice(0, -1)}${commitment.endsWith("A") ? "E" : "A"}`)).toBe(
      false,
    );
    expect(verifyDisclosure(disclosure, `${commitment}=`)).toBe(false);
    expect(verifyDisclosure(disclosure, "")).toBe(false);
  });

  test("is not made of what JSON can't say, or under a name that SD-JWT keeps for itself", () => {
    expect(() => disclose(random, "message", "\ud83d")).toThrow(JcsError);
    expect(() => disclose(random, "message", undefined as unknown as JsonValue)).toThrow(JcsError);
    expect(() => disclose(random, "_sd", 1)).toThrow(DisclosureError);
    expect(() => disclose(random, "...", 1)).toThrow(DisclosureError);
  });
});

describe("what is no disclosure is refused, even under its own digest", () => {
  const text = `["${SALT}","nn","??>>!"]`;
  const good = encode(text);

  test("but for one fault, the texts below would be disclosures", () => {
    expect(openDisclosure(good)).toEqual({ salt: SALT, name: "nn", value: "??>>!" });
    expect(Buffer.from(text).toString("base64")).toMatch(/[+/].*=$/);
    expect(Buffer.from(withSpareBit(good), "base64url").toString()).toBe(text);
  });

  test.each([
    ["nothing", ""],
    ["padding", `${good}${"=".repeat(4 - (good.length % 4))}`],
    ["base64 with + and /", Buffer.from(text).toString("base64").replaceAll("=", "")],
    ["white space", `${good}\n`],
    ["a spare bit set", withSpareBit(good)],
    ["no UTF-8", encode(Buffer.from([...Buffer.from(`["${SALT}","n","`), 0xff, ...Buffer.from('"]')]))],
    ["a byte order mark", encode(`\ufeff["${SALT}","n",1]`)],
    ["no JSON", encode(`["${SALT}","n",]`)],
    ["an object", encode(`{"0":"${SALT}","1":"n","2":1,"length":3}`)],
    ["null", encode("null")],
    ["two items, as for an array's element", encode(`["${SALT}",1]`)],
    ["four items", encode(`["${SALT}","n",1,2]`)],
    ["a salt that is no string", encode('[1234567890123456789012,"n",1]')],
    ["a salt too short for 128 bits", encode(`["${"A".repeat(21)}","n",1]`)],
    ["a name that is no string", encode(`["${SALT}",7,1]`)],
    ["a reserved name", encode(`["${SALT}","_sd",1]`)],
    ["a lone surrogate", encode(`["${SALT}","n","\\ud83d"]`)],
    ["a member named twice", encode(`["${SALT}","n",{"a":1,"a":2}]`)],
    ["a member named twice by an escape", encode(`["${SALT}","n",[{"a":1,"b":{"\\u0061":":","a":2}}]]`)],
    ["nesting without end", encode(`["${SALT}","n",${"[".repeat(100)}${"]".repeat(100)}]`)],
  ])("%s", (_, disclosure) => {
    expect(() => openDisclosure(disclosure)).toThrow(DisclosureError);
    expect(verifyDisclosure(disclosure, sha256Base64url(disclosure))).toBe(false);
  });

  test("colons and quotes inside strings are no members", () => {
    const value = { 'a":"b': '":"', "c\\": ["::", { d: {} }] };
    expect(openDisclosure(disclose(random, "details", value).disclosure).value).toEqual(value);
  });

  test("the refusal does not repeat what was disclosed", () => {
    for (const text of [`["${SALT}","n","secret",`, `["${SALT}","n",{"secret":"\\ud83d"}]`]) {
      expect(() => openDisclosure(encode(text))).toThrow(/^(?!.*secret)/);
    }
  });
});
