import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { decodeGsm7, encodeGsm7, isGsm7, septetsOf } from "../../../src/platform/sms/gsm7.ts";
import { measure } from "../../../src/platform/sms/segments.ts";
import { split } from "../../../src/platform/sms/split.ts";
import { smppPackage } from "../../peers/smpp.ts";

const everything =
  "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà\f^{}\\[~]|€";
const gsmText = fc.array(fc.constantFrom(...everything), { maxLength: 400 }).map((characters) => characters.join(""));

describe("the GSM 7-bit alphabet", () => {
  test("has the codes of the standard", () => {
    expect(Buffer.from(encodeGsm7("@Δ_ΞÆ éà\n")!).toString("hex")).toBe("0010111a1c20057f0a");
    expect(Buffer.from(encodeGsm7("\f^{}\\[~]|€")!).toString("hex")).toBe("1b0a1b141b281b291b2f1b3c1b3d1b3e1b401b65");
    expect(everything.length).toBe(127 + 10);
    expect(isGsm7(everything)).toBe(true);
  });

  test("is written and read as the package smpp does, for any text", () => {
    const { ASCII } = smppPackage.encodings;
    fc.assert(
      fc.property(gsmText, (text) => {
        const septets = encodeGsm7(text)!;
        expect(Buffer.from(septets).equals(ASCII!.encode(text))).toBe(true);
        expect(decodeGsm7(septets)).toBe(text);
        expect(septets.length).toBe(measure(text).units);
      }),
      { numRuns: 300 },
    );
  });

  test("does not have every character", () => {
    expect(encodeGsm7("ç")).toBeNull();
    expect(encodeGsm7("`")).toBeNull();
    expect(encodeGsm7("\u001b")).toBeNull();
  });

  test("is read whatever the octets are", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (octets) => isGsm7(decodeGsm7(octets))));
    // No such character in the extension table: the basic one stands; an escape at the end is nothing.
    expect(decodeGsm7(Uint8Array.of(0x1b, 0x41, 0x42, 0x1b))).toBe("AB");
    expect(decodeGsm7(Uint8Array.of(0x1b, 0x1b, 0x41))).toBe(" A");
    expect(decodeGsm7(Uint8Array.of(0xc1))).toBe("A");
  });
});

describe("a text in parts", () => {
  const rooms = { alone: 160, chained: 153 };

  test("is whole again when they are joined, no part is too long or torn, and there are as many as were counted", () => {
    fc.assert(
      fc.property(gsmText, (text) => {
        const parts = split(text, (character) => septetsOf(character) ?? 1, rooms);
        expect(parts.join("")).toBe(text);
        expect(parts).toHaveLength(measure(text).segments);
        for (const part of parts) {
          expect(encodeGsm7(part)!.length).toBeLessThanOrEqual(parts.length === 1 ? 160 : 153);
          expect(encodeGsm7(part)!.at(-1)).not.toBe(0x1b);
        }
      }),
      { numRuns: 300 },
    );
  });

  test("never tears a surrogate pair", () => {
    const text = fc.array(fc.constantFrom(..."ж👍😀a"), { maxLength: 300 }).map((characters) => characters.join(""));
    fc.assert(
      fc.property(text, (any) => {
        const parts = split(any, (character) => character.length, { alone: 70, chained: 67 });
        expect(parts.join("")).toBe(any);
        expect(parts.every((part) => part.isWellFormed() && part.length <= 70)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});
