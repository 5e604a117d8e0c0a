import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { equalInConstantTime } from "../../src/platform/hash.ts";

const source = (file: string) => readFileSync(join(import.meta.dir, "../../src", file), "utf8");

describe("a secret", () => {
  test("equals itself alone, whatever the lengths", () => {
    const secret = new Uint8Array([1, 2, 3]);
    expect(equalInConstantTime(secret, new Uint8Array([1, 2, 3]))).toBe(true);
    expect(equalInConstantTime(secret, new Uint8Array([1, 2, 4]))).toBe(false);
    expect(equalInConstantTime(secret, new Uint8Array([1, 2]))).toBe(false);
    expect(equalInConstantTime(secret, new Uint8Array([1, 2, 3, 0]))).toBe(false);
    expect(equalInConstantTime(new Uint8Array(), new Uint8Array())).toBe(true);
  });

  // That a comparison takes the same time can't be seen on a shared machine, so this one reads what the code calls.
  test.each([
    ["respond/link.ts", "equalInConstantTime(mac,"],
    ["access/keys.ts", "equalInConstantTime(known.hash, hash)"],
    ["http/metrics.ts", "equalInConstantTime(sha256(sent), sha256(token))"],
    ["storage/secret.ts", "equalInConstantTime(found.secret_check, check)"],
    ["console/totp.ts", "equalInConstantTime(sha256(codeAt(secret, step)), sha256(code))"],
    ["console/console.ts", 'equalInConstantTime(sha256(fields.get("token") ?? ""), sha256(viewer.token))'],
    ["console/setup-token.ts", "equalInConstantTime(sha256(waiting), sha256(token))"],
    ["channels/slack/signature.ts", "equalInConstantTime(Buffer.from("],
    ["channels/twilio/signature.ts", 'equalInConstantTime(Buffer.from(expected, "utf8"), given)'],
    ["channels/http-gateway/proof.ts", "equalInConstantTime(sha256(offered), sha256(secret))"],
  ])("of %s is compared in constant time", (file, call) => {
    expect(source(file)).toContain(call);
    expect(source("platform/hash.ts")).toContain("timingSafeEqual(a, b)");
  });
});
