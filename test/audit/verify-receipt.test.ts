import { describe, expect, test } from "bun:test";
import { type ReceiptClaims, signReceipt } from "../../src/audit/receipt.ts";
import { type ReceiptDemands, readReceipt, verifyReceipt } from "../../src/audit/verify-receipt.ts";
import { signingKeyFrom } from "../../src/platform/ed25519.ts";

const live = signingKeyFrom(new Uint8Array(32).fill(1));
const testing = signingKeyFrom(new Uint8Array(32).fill(2));
const NOW = Date.UTC(2026, 10, 24);
const DIGEST = `sha256:${"ab".repeat(32)}`;

const claims: ReceiptClaims = {
  iss: "pausepoint/ins_1",
  aud: "payments",
  iat: NOW / 1000,
  exp: NOW / 1000 + 3600,
  jti: "AAAAAAAAAAAAAAAAAAAAAA",
  mode: "live",
  project: "default",
  pause_id: "pause_1",
  question: DIGEST,
  options: ["Approve", "Reject"],
  choice: "Approve",
  source: "human",
  via: "page",
  channel: "sms",
  by: null,
  asked_at: NOW / 1000,
  answered_at: NOW / 1000,
  action_digest: DIGEST,
  seq: 7,
  entry_hash: "cd".repeat(32),
};
const demands: ReceiptDemands = {
  keys: [
    { id: "live key", publicKey: live.publicKey, mode: "live" },
    { id: "test key", publicKey: testing.publicKey, mode: "test" },
  ],
  mode: "live",
  now: NOW,
  audience: "payments",
  actionDigest: DIGEST,
};
const receiptWith = (change: Partial<ReceiptClaims> & Record<string, unknown> = {}, kid = "live key") =>
  signReceipt({ ...claims, ...change } as ReceiptClaims, kid, kid === "live key" ? live : testing);
const faultOf = (receipt: string, more: Partial<ReceiptDemands> = {}) =>
  verifyReceipt(receipt, { ...demands, ...more }).fault;

describe("a receipt", () => {
  test("that is what was demanded has no fault, and its claims are handed out", () => {
    expect(verifyReceipt(receiptWith(), demands)).toEqual({ fault: null, claims });
  });

  test("is held to each demand, and only to those that are made", () => {
    expect(faultOf(receiptWith(), { audience: "shipping" })).toBe("other audience");
    expect(faultOf(receiptWith(), { actionDigest: `sha256:${"ac".repeat(32)}` })).toBe("other action");
    expect(faultOf(receiptWith({ action_digest: null }))).toBe("no action");
    expect(faultOf(receiptWith(), { now: claims.exp * 1000 })).toBe("expired");
    expect(faultOf(receiptWith(), { now: claims.exp * 1000 - 1 })).toBeNull();
    const { audience: _, actionDigest: __, ...fewer } = demands;
    expect(verifyReceipt(receiptWith({ aud: "shipping", action_digest: null }), fewer).fault).toBeNull();
  });

  test("of the test world counts in no other, and a key of one world signs for no other", () => {
    const tested = receiptWith({ mode: "test" }, "test key");
    expect(faultOf(tested)).toBe("other mode");
    expect(faultOf(tested, { mode: "test" })).toBeNull();
    for (const mode of ["live", "test"] as const) {
      expect(faultOf(receiptWith({ mode: "live" }, "test key"), { mode })).toBe("forged");
      expect(faultOf(receiptWith({ mode: "test" }), { mode })).toBe("forged");
    }
  });

  test("with further claims is taken: they may come within v1", () => {
    expect(faultOf(receiptWith({ display_digest: "sha256:…" }))).toBeNull();
  });

  test("whose alg has the older name of the same algorithm is taken", () => {
    const header = Buffer.from(JSON.stringify({ alg: "EdDSA", kid: "live key", typ: "pausepoint-receipt+jwt" }));
    const signed = `${header.toString("base64url")}.${receiptWith().split(".")[1]}`;
    const receipt = `${signed}.${Buffer.from(live.sign(signed)).toString("base64url")}`;
    expect(faultOf(receipt)).toBeNull();
  });

  test.each(Object.keys(claims))("without its %s, or with another kind of value there, is none", (name) => {
    const { [name as "iss"]: _, ...rest } = claims;
    expect(faultOf(signReceipt(rest as ReceiptClaims, "live key", live))).toBe("malformed");
    for (const value of [{}, true, -1.5]) expect(faultOf(receiptWith({ [name]: value }))).toBe("malformed");
  });

  test("with a member named twice in header or claims is none, whichever of the two a reader would take", () => {
    const encoded = (text: string) => Buffer.from(text).toString("base64url");
    const signed = (header: string, payload: string) => {
      const text = `${encoded(header)}.${encoded(payload)}`;
      return `${text}.${Buffer.from(live.sign(text)).toString("base64url")}`;
    };
    const header = '{"alg":"Ed25519","kid":"live key","typ":"pausepoint-receipt+jwt"}';
    const payload = JSON.stringify(claims);
    expect(faultOf(signed(header, payload))).toBeNull();
    expect(faultOf(signed(header.replace("{", '{"alg":"none",'), payload))).toBe("malformed");
    expect(faultOf(signed(header, payload.replace("{", '{"choice":"Reject",')))).toBe("malformed");
    expect(faultOf(signed(header, `\ufeff${payload}`))).toBe("malformed");
  });

  test("is read without being verified, for those who only want to know what it says", () => {
    const { kid, payload } = readReceipt(receiptWith());
    expect(kid).toBe("live key");
    expect(payload).toEqual({ ...claims });
    expect(() => readReceipt("a.b")).toThrow("not a compact JWS");
  });
});
