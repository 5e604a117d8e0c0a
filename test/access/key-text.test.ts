import { describe, expect, test } from "bun:test";
import { crc32 } from "node:zlib";
import { keyHint, modeOfKeyText, newKeyText } from "../../src/access/index.ts";
import { type Random, systemRandom } from "../../src/platform/random.ts";
import { seededRandom } from "../support/database.ts";

const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** The checksum once more, by other means: zlib's CRC-32 and whole numbers. */
function checksum(text: string): string {
  let rest = BigInt(crc32(text));
  let digits = "";
  for (let place = 0; place < 6; place++) {
    digits = BASE62.charAt(Number(rest % 62n)) + digits;
    rest /= 62n;
  }
  return digits;
}

describe("a fresh key", () => {
  test("is pp_, its mode, 32 random characters and 6 of checksum", () => {
    for (const mode of ["live", "test"] as const) {
      const key = newKeyText(mode, systemRandom());
      expect(key).toMatch(new RegExp(`^pp_${mode}_[0-9A-Za-z]{38}$`));
      expect(modeOfKeyText(key)).toBe(mode);
      expect(key.slice(-6)).toBe(checksum(key.slice(0, -6)));
    }
  });

  test("draws each character evenly: bytes that would favour some are thrown away", () => {
    let next = 0;
    const counting: Random = { bytes: (count) => Uint8Array.from({ length: count }, () => next++ % 256) };
    // What lies above the largest multiple of 62 in a byte is skipped.
    next = 248;
    expect(newKeyText("live", counting).slice(8, 40)).toBe("0123456789ABCDEFGHIJKLMNOPQRSTUV");
    const many = new Set(
      Array.from({ length: 50 }, () => newKeyText("live", systemRandom()))
        .join("")
        .replaceAll("pp_live_", ""),
    );
    expect([...many].sort().join("")).toBe(BASE62);
  });

  test("is another each time", () => {
    expect(new Set(Array.from({ length: 1_000 }, () => newKeyText("live", systemRandom()))).size).toBe(1_000);
  });
});

describe("the checksum of a key", () => {
  test("is CRC-32/ISO-HDLC in base 62, as computed elsewhere", () => {
    // python3: zlib.crc32 of everything before it is 1533674134, 401677952, 219600492.
    expect(modeOfKeyText("pp_live_000000000000000000000000000000001fn8ha")).toBe("live");
    expect(modeOfKeyText("pp_test_0123456789ABCDEFGHIJKLMNOPQRSTUV0RBOme")).toBe("test");
    expect(modeOfKeyText("pp_live_ThisIsNotARealKeyOnlyATestVector0ErQ7Q")).toBe("live");
  });

  test("is padded with zeros to six characters", () => {
    // zlib.crc32 is 645, which is AP in base 62.
    expect(modeOfKeyText("pp_test_00000000000000000000000000Pb1qMc0000AP")).toBe("test");
    expect(modeOfKeyText("pp_test_00000000000000000000000000Pb1qMcAP")).toBeNull();
  });

  test("finds every typo in one character, and every two neighbours swapped", () => {
    const key = newKeyText("live", seededRandom("a key"));
    let tried = 0;
    for (let at = 0; at < key.length; at++) {
      for (const character of `${BASE62}_-`) {
        if (character === key[at]) continue;
        expect(modeOfKeyText(key.slice(0, at) + character + key.slice(at + 1))).toBeNull();
        tried++;
      }
      if (at === 0 || key[at] === key[at - 1]) continue;
      expect(modeOfKeyText(key.slice(0, at - 1) + key[at] + key[at - 1] + key.slice(at + 1))).toBeNull();
      tried++;
    }
    expect(tried).toBeGreaterThan(2_900);
  });

  test("belongs to the mode: a live key is no test key by another name", () => {
    const key = newKeyText("live", seededRandom("a key"));
    expect(modeOfKeyText(key.replace("pp_live_", "pp_test_"))).toBeNull();
  });
});

describe("what is not spelled as a key", () => {
  const key = newKeyText("test", seededRandom("a key"));

  test("is none: cut, longer, with spaces, in other cases, of another mode, or nothing at all", () => {
    const short = `pp_test_${"a".repeat(31)}`;
    const long = `pp_test_${"a".repeat(123)}`;
    const others = [
      key.slice(0, -1),
      `${key}0`,
      ` ${key}`,
      `${key}\n`,
      key.toUpperCase(),
      key.replace("test", "prod"),
      key.slice(3),
      "",
      "pp_test_",
      short + checksum(short),
      long + checksum(long),
    ];
    for (const other of others) expect([other, modeOfKeyText(other)]).toEqual([other, null]);
  });

  test("may be longer than ours are now, up to 128 characters, when its checksum holds", () => {
    const longer = `pp_test_${"a".repeat(122)}`;
    expect(modeOfKeyText(longer + checksum(longer))).toBe("test");
  });

  test("is shown later by eight and four characters of it, no more", () => {
    expect(keyHint(key)).toBe(`pp_test_…${key.slice(-4)}`);
  });
});
