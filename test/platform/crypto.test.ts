import { describe, expect, test } from "bun:test";
import { createHmac, createPublicKey, verify } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { equalInConstantTime } from "../../src/platform/hash.ts";

const vectors = join(import.meta.dir, "../../../shared/vectors/wycheproof");
const missing = !existsSync(vectors);

interface Suite<Group> {
  readonly testGroups: readonly (Group & { readonly tests: readonly Case[] })[];
}
interface Case {
  readonly tcId: number;
  readonly comment: string;
  readonly result: "valid" | "invalid" | "acceptable";
  readonly key: string;
  readonly msg: string;
  readonly tag: string;
  readonly sig: string;
}

function suite<Group>(file: string): Suite<Group> {
  return JSON.parse(readFileSync(join(vectors, file), "utf8")) as Suite<Group>;
}

const bytes = (hex: string) => Buffer.from(hex, "hex");

describe("the runtime's own cryptography agrees with Wycheproof", () => {
  test.skipIf(missing)("on 174 cases of HMAC-SHA256, whole and truncated [needs shared/vectors]", () => {
    const tally = { valid: 0, invalid: 0 };
    for (const { tagSize, tests } of suite<{ tagSize: number }>("hmac_sha256_test.json").testGroups) {
      for (const { tcId, comment, key, msg, tag, result } of tests) {
        const computed = createHmac("sha256", bytes(key))
          .update(bytes(msg))
          .digest()
          .subarray(0, tagSize / 8);
        const verdict = equalInConstantTime(computed, bytes(tag)) ? "valid" : "invalid";
        expect({ tcId, comment, result: verdict }).toEqual({ tcId, comment, result: result as "valid" });
        tally[verdict]++;
      }
    }
    expect(tally).toEqual({ valid: 66, invalid: 108 });
  });

  test.skipIf(missing)("on 151 cases of Ed25519, forged and misencoded ones included [needs shared/vectors]", () => {
    const tally = { valid: 0, invalid: 0 };
    for (const { publicKeyDer, tests } of suite<{ publicKeyDer: string }>("ed25519_test.json").testGroups) {
      const key = createPublicKey({ key: bytes(publicKeyDer), format: "der", type: "spki" });
      for (const { tcId, comment, msg, sig, result } of tests) {
        const verdict = verify(null, bytes(msg), key, bytes(sig)) ? "valid" : "invalid";
        expect({ tcId, comment, result: verdict }).toEqual({ tcId, comment, result: result as "valid" });
        tally[verdict]++;
      }
    }
    expect(tally).toEqual({ valid: 88, invalid: 63 });
  });
});
