import { describe, expect, test } from "bun:test";
import { systemRandom } from "../../../src/platform/random.ts";
import { isCode, nextCode } from "../../../src/platform/sms/codes.ts";

describe("the codes of questions at one number", () => {
  const random = systemRandom();

  test("are all different, have the shape of a code, and are used up once", () => {
    const taken = new Set<string>();
    for (let code = nextCode(taken, random); code !== null; code = nextCode(taken, random)) {
      expect(taken.has(code)).toBe(false);
      expect(isCode(code)).toBe(true);
      taken.add(code);
    }
    expect(taken.size).toBe(104);
    taken.delete("K7");
    expect(nextCode(taken, random)).toBe("K7");
  });

  test("hold nothing that is misread or misheard", () => {
    for (const word of ["O7", "I7", "L7", "Q7", "S7", "Z7", "B7", "G7", "D7", "K0", "K1", "k7", "K77", "K", "7K", ""]) {
      expect(isCode(word)).toBe(false);
    }
    expect(isCode("K7")).toBe(true);
  });

  test("are each as likely: a byte that would favour some is drawn again", () => {
    const drawn = [255, 208, 0, 103, 104, 207];
    const scripted = { bytes: () => Uint8Array.of(drawn.shift() ?? 0) };
    const none = new Set<string>();
    expect(nextCode(none, scripted)).toBe("A2");
    expect(drawn).toEqual([103, 104, 207]);
    expect(nextCode(none, scripted)).toBe("Y9");
    expect(nextCode(none, scripted)).toBe("A2");
    expect(nextCode(none, scripted)).toBe("Y9");
  });
});
