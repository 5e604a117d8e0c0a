import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import {
  digestAction,
  fetchReceiptKeys,
  PausePoint,
  type ReceiptDemands,
  ReceiptError,
  verifyReceipt,
  verifyWebhook,
} from "../../../clients/typescript/src/index.ts";
import { digestOfJson } from "../../../src/audit/action-digest.ts";
import { type ReceiptClaims, signReceipt } from "../../../src/audit/receipt.ts";
import { signingKeyFrom } from "../../../src/platform/ed25519.ts";
import { systemRandom } from "../../../src/platform/random.ts";
import { sign } from "../../../src/webhooks/signing.ts";
import { startReceiver } from "../../peers/receiver.ts";
import { type Appliance, startAppliance } from "../../support/appliance.ts";
import { pathOf, testNeeding } from "../../support/needs.ts";

const vectorTest = testNeeding("shared/vectors");

let appliance: Appliance;
beforeAll(async () => {
  appliance = await startAppliance();
});
afterAll(() => appliance.stop());

describe("an action's digest", () => {
  test("is what `pausepoint digest` makes of it, and what another hand makes again", async () => {
    const made = await digestAction({ do: "wire", to: "Meridian", amount: "8400.00", lines: [1, 2.5, -0, null, true] });
    expect(made.action.nonce).toMatch(/^[\w-]{22}$/);
    const text = JSON.stringify(made.action);
    expect(digestOfJson(text, null, systemRandom()).digest).toBe(made.digest);
    expect((await digestAction(JSON.parse(text))).digest).toBe(made.digest);
    expect((await digestAction({ do: "wire" })).digest).not.toBe((await digestAction({ do: "wire" })).digest);
  });

  test("is what `pausepoint digest` makes, or refuses, whatever the action is", async () => {
    const nonce = "kQHyhsjWjKRCBqPJ1TyDCw";
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 6 })), async (members) => {
        const action = { ...members, nonce };
        const mine = await digestAction(action).then(
          ({ digest }) => digest,
          () => "refused",
        );
        expect(mine).toBe(digestedByTheServer(JSON.stringify(action)));
      }),
    );
  });

  test.each([
    ["half a surrogate pair", { a: "\ud800" }, "a lone surrogate is not Unicode text at /a"],
    [
      "a number beyond 2^53",
      { a: [2 ** 53] },
      "at /a/0: the number can't be kept exactly by every reader; write it as a string",
    ],
    ["no number", { "a/b": Number.NaN }, "NaN is not a JSON number at /a~1b"],
    ["nothing", { a: undefined }, "undefined is not a JSON value at /a"],
    ["a date", { a: new Date(0) }, "neither plain nor an array is not a JSON value at /a"],
    ["a short nonce", { nonce: "abc" }, "nonce must be 22 to 200 characters"],
  ])("is not made of %s", async (_, action, why) => {
    await expect(digestAction(action)).rejects.toThrow(why);
  });

  test("is not made of what contains itself", async () => {
    const action: Record<string, unknown> = {};
    action.self = action;
    await expect(digestAction(action)).rejects.toThrow("nested deeper than 64");
  });
});

function digestedByTheServer(text: string): string {
  try {
    return digestOfJson(text, null, systemRandom()).digest;
  } catch {
    return "refused";
  }
}

const secret = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
const older = `whsec_${Buffer.alloc(32, 8).toString("base64")}`;
const at = Date.UTC(2026, 10, 24);
const body = '{"type":"webhook.test","timestamp":"2026-11-24T00:00:00.000Z","data":{"webhook_id":"whk_1"}}';
const signed = (more: { id?: string; secrets?: string[]; seconds?: number } = {}) => ({
  ...sign({
    id: more.id ?? "evt_1",
    timestampSeconds: more.seconds ?? at / 1000,
    body,
    secrets: more.secrets ?? [secret],
  }),
});

describe("a webhook", () => {
  test("is believed by its own secret, also while that is rotated, in every shape of headers", async () => {
    const headers = signed();
    const told = { type: "webhook.test", data: { webhook_id: "whk_1" } };
    expect(await verifyWebhook(body, headers, { secret, now: at })).toMatchObject(told);
    expect(
      await verifyWebhook(new TextEncoder().encode(body), new Headers(headers), { secret, now: at }),
    ).toMatchObject(told);
    const capital = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toUpperCase(), value]));
    expect(await verifyWebhook(body, capital, { secret: [older, secret], now: at })).toMatchObject(told);
    const both = signed({ secrets: [older, secret] });
    for (const one of [older, secret])
      expect(await verifyWebhook(body, both, { secret: one, now: at })).toMatchObject(told);
  });

  vectorTest("that Standard Webhooks publishes is believed", async () => {
    const file = join(pathOf("shared/vectors"), "standard-webhooks/vector.json");
    const { id, timestamp, payload, secret: own, signature } = JSON.parse(readFileSync(file, "utf8"));
    const headers = { "webhook-id": id, "webhook-timestamp": String(timestamp), "webhook-signature": signature };
    const told: unknown = await verifyWebhook(payload, headers, { secret: own, now: timestamp * 1000 });
    expect(told).toEqual(JSON.parse(payload));
  });

  test.each([
    ["with another body", () => [`${body} `, signed()]],
    ["with another id", () => [body, { ...signed(), "webhook-id": "evt_2" }]],
    ["with another time", () => [body, { ...signed(), "webhook-timestamp": String(at / 1000 + 1) }]],
    ["by another secret", () => [body, signed({ secrets: [older] })]],
    ["without a signature that is known", () => [body, { ...signed(), "webhook-signature": "v2,AAAA v1,!" }]],
    ["six minutes old", () => [body, signed({ seconds: at / 1000 - 360 })]],
    ["of the time to come", () => [body, signed({ seconds: at / 1000 + 360 })]],
    ["without a time", () => [body, { ...signed(), "webhook-timestamp": "now" }]],
    ["without a header", () => [body, { "webhook-id": "evt_1" }]],
  ] as [string, () => [string, Record<string, string>]][])("is not believed %s", async (_, make) => {
    const [text, headers] = make();
    await expect(verifyWebhook(text, headers, { secret, now: at })).rejects.toThrow(/webhook|signatures/);
  });

  test("is not looked at with a secret that is none", async () => {
    for (const none of ["", "whsec_", "whsec_AAAA", secret.slice(6), `${secret}!`])
      await expect(verifyWebhook(body, signed(), { secret: none, now: at })).rejects.toThrow(
        "the secret must be whsec_",
      );
  });

  test("of a real server is believed as it came", async () => {
    const receiver = await startReceiver();
    try {
      const key = appliance.keys.test;
      const pause = await appliance.ask(key, { webhook_url: `${receiver.url}/told` });
      await appliance.post(`/v1/test/pause/${pause.pause_id}/respond`, key, { choice: "Approve" });
      const request = await receiver.nextRequest();
      const { secret: own } = (await appliance.get("/v1/webhooks/default-secret", key)).body;
      const told = await verifyWebhook(request.body, request.headers as never, {
        secret: own,
        now: appliance.clock.now(),
      });
      expect(told).toMatchObject({ type: "pause.responded", data: { pause_id: pause.pause_id } });
    } finally {
      await receiver.stop();
    }
  });
});

const live = signingKeyFrom(new Uint8Array(32).fill(1));
const testing = signingKeyFrom(new Uint8Array(32).fill(2));
const jwk = (kid: string, key: { publicKey: Uint8Array }) => ({
  ...{ kid, kty: "OKP", crv: "Ed25519", x: Buffer.from(key.publicKey).toString("base64url") },
});
const digest = `sha256:${"ab".repeat(32)}`;
const claims: ReceiptClaims = {
  ...{ iss: "pausepoint/ins_1", aud: "payments", iat: at / 1000, exp: at / 1000 + 3_600, jti: "A".repeat(22) },
  ...{ mode: "live", project: "default", pause_id: "pause_1", question: digest, options: ["Approve", "Reject"] },
  ...{ choice: "Approve", source: "human", via: "page", channel: "sms", by: null, asked_at: at / 1000 },
  ...{ answered_at: at / 1000, action_digest: digest, seq: 7, entry_hash: "cd".repeat(32) },
};
const demands: ReceiptDemands = {
  ...{ keys: { keys: [jwk("live", live), jwk("test", testing)] }, actionDigest: digest, audience: "payments" },
  ...{ choices: ["Approve"], now: at },
};
const receipt = (change: Record<string, unknown> = {}, kid = "live") =>
  signReceipt({ ...claims, ...change } as unknown as ReceiptClaims, kid, kid === "test" ? testing : live);

describe("a receipt", () => {
  test("that allows the action gives what it claims", async () => {
    expect(await verifyReceipt(receipt(), demands)).toEqual(claims);
    expect(await verifyReceipt(receipt({ later: "claim" }), demands)).toMatchObject(claims);
  });

  test.each([
    ["for another action", "other action", receipt({ action_digest: `sha256:${"ac".repeat(32)}` }), {}],
    ["that binds no action", "no action", receipt({ action_digest: null }), {}],
    ["for somebody else", "other audience", receipt({ aud: "shipping" }), {}],
    ["with another choice", "other choice", receipt({ choice: "Reject" }), {}],
    ["of the clock, where a person is demanded", "no person", receipt({ source: "timeout_default" }), {}],
    ["that has expired", "expired", receipt(), { now: claims.exp * 1000 }],
    ["older than is taken", "too old", receipt(), { now: at + 601_000, maxAgeSeconds: 600 }],
    ["of a test, for what is live", "other mode", receipt({ mode: "test" }, "test"), {}],
    ["by a key that is not known", "unknown key", receipt({}, "another"), {}],
    ["whose key is another's", "forged", receipt({}, "live").replace(/[^.]*$/, receipt({ seq: 8 }).split(".")[2]!), {}],
    ["without a claim", "malformed", receipt({ exp: undefined }), {}],
    ["with a claim of another kind", "malformed", receipt({ exp: "2099" }), {}],
    ["of two parts", "malformed", receipt().split(".").slice(0, 2).join("."), {}],
    ["in padded base64", "malformed", `${receipt()}==`, {}],
    ["of 17 kB", "malformed", receipt({ project: "x".repeat(17_000) }), {}],
    ["of nothing", "malformed", "", {}],
  ] as const)("%s is refused", async (_, fault, text, more) => {
    const refused = await verifyReceipt(text, { ...demands, ...more }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ReceiptError);
    expect((refused as ReceiptError).fault).toBe(fault);
  });

  test("does not choose how it is verified", async () => {
    const [, payload = "", signature = ""] = receipt().split(".");
    for (const header of [
      { alg: "none", kid: "live", typ: "pausepoint-receipt+jwt" },
      { alg: "HS256", kid: "live", typ: "pausepoint-receipt+jwt" },
      { alg: "Ed25519", kid: "live", typ: "JWT" },
      { alg: "Ed25519", kid: "live", typ: "pausepoint-receipt+jwt", jwk: jwk("live", testing) },
      { alg: "Ed25519", typ: "pausepoint-receipt+jwt" },
    ]) {
      const text = `${Buffer.from(JSON.stringify(header)).toString("base64url")}.${payload}.${signature}`;
      await expect(verifyReceipt(text, demands)).rejects.toMatchObject({ fault: "malformed" });
    }
  });

  test("of the clock will do where that is said", async () => {
    const text = receipt({ source: "timeout_default" });
    expect(await verifyReceipt(text, { ...demands, allowDefault: true })).toMatchObject({ source: "timeout_default" });
  });

  test("of a real server is verified with the keys that it publishes, and consumed once", async () => {
    const made = await digestAction({ do: "purge", rows: 14_000 });
    const { pause_id } = await appliance.ask(appliance.keys.test, { action_digest: made.digest, audience: "ledger" });
    await appliance.post(`/v1/test/pause/${pause_id}/respond`, appliance.keys.test, { choice: "Approve" });
    const text = (await appliance.pause(appliance.keys.test, pause_id)).receipt!;
    const keys = await fetchReceiptKeys(`${appliance.url}/`, "test");
    const mine: ReceiptDemands = {
      ...{ keys, mode: "test" as const, actionDigest: made.digest, audience: "ledger", choices: ["Approve"] },
      now: appliance.clock.now(),
    };
    expect(await verifyReceipt(text, mine)).toMatchObject({ pause_id, source: "human" });
    await expect(verifyReceipt(text, { ...mine, keys: await fetchReceiptKeys(appliance.url) })).rejects.toMatchObject({
      fault: "unknown key",
    });
    const apiKey = await appliance.newKey({ mode: "test", scopes: ["receipts:consume"] });
    const executor = new PausePoint({ url: appliance.url, apiKey });
    const once = { receipt: text, action_digest: made.digest };
    expect(await executor.consumeReceipt(once)).toMatchObject({ pause_id, choice: "Approve", source: "human" });
    await expect(executor.consumeReceipt(once)).rejects.toMatchObject({ status: 409 });
    await expect(fetchReceiptKeys(`${appliance.url}/healthz`)).rejects.toThrow("is no set of keys");
    await expect(fetchReceiptKeys("http://127.0.0.1:9")).rejects.toThrow("can't be read");
  });
});
