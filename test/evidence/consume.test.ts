import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash, generateKeyPairSync } from "node:crypto";
import { CompactSign, decodeJwt, decodeProtectedHeader, exportJWK } from "jose";
import { openDatabase } from "../../src/storage/index.ts";
import { expectProblem } from "../http/problem.ts";
import { type Answer, type Appliance, startAppliance } from "../support/appliance.ts";
import { HOUR } from "../support/database.ts";

let appliance: Appliance;
/** Keys of the project that may do nothing but consume. */
let executor: string;
let liveExecutor: string;
beforeAll(async () => {
  appliance = await startAppliance();
  executor = await appliance.newKey({ mode: "test", scopes: ["receipts:consume"] });
  liveExecutor = await appliance.newKey({ mode: "live", scopes: ["receipts:consume"] });
});
afterAll(() => appliance.stop());

const digestOf = (action: string) => `sha256:${createHash("sha256").update(action).digest("hex")}`;
const DIGEST = digestOf("wire 8,400 to Meridian, nonce 5f1c");

/** The receipt of a test pause that was answered. */
async function approved(wanted: Record<string, unknown> = {}): Promise<{ id: string; receipt: string }> {
  const pause = await appliance.ask(appliance.keys.test, { action_digest: DIGEST, ...wanted });
  const respond = `/v1/test/pause/${pause.pause_id}/respond`;
  const { body } = await appliance.post(respond, appliance.keys.test, { choice: "Approve" });
  return { id: pause.pause_id, receipt: body.receipt };
}

const consume = (receipt: unknown, key = executor, action_digest: unknown = DIGEST): Promise<Answer> =>
  appliance.post("/v1/receipts/consume", key, { receipt, action_digest });

/** Expects a 422 that names the field and says why, and that nothing was consumed. */
function expectRefused(answer: Answer, pointer: string, says: string | RegExp): void {
  expectProblem(answer, "invalid");
  expect(answer.body.errors).toEqual([{ pointer, detail: expect.stringMatching(says) }]);
  expect(appliance.faultInLog()).toBeNull();
}

describe("a receipt is consumed", () => {
  test("once: the first is told what was decided, every later one that it was consumed, and when", async () => {
    const { id, receipt } = await approved();
    appliance.clock.turn(90_000);
    const at = new Date(appliance.clock.now()).toISOString();
    const { status, body } = await consume(receipt);
    expect(status).toBe(200);
    expect(body).toEqual({ pause_id: id, choice: "Approve", source: "human", consumed_at: at });
    appliance.clock.turn(90_000);
    const again = await consume(receipt);
    expectProblem(again, "receipt-consumed");
    expect(again.body.detail).toContain(at);
  });

  test("by exactly one of a thousand who ask at once", async () => {
    const { id, receipt } = await approved();
    const answers = await Promise.all(Array.from({ length: 1_000 }, () => consume(receipt)));
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
    expect(statuses.filter((status) => status === 409)).toHaveLength(999);
    const told = (await appliance.log(appliance.keys.test, id)).filter(({ type }) => type === "receipt.consumed");
    expect(told).toHaveLength(1);
    expect(appliance.faultInLog()).toBeNull();
  });

  test("and the log tells by which key, in the same transaction", async () => {
    const { id, receipt } = await approved();
    await consume(receipt);
    const entry = (await appliance.log(appliance.keys.test, id)).at(-1);
    expect(entry).toMatchObject({
      type: "receipt.consumed",
      actor: { type: "developer" },
      project: "default",
      mode: "test",
      pause_id: id,
      data: { jti: decodeJwt(receipt).jti, action_digest: DIGEST },
    });
    const entries = (await appliance.get("/v1/audit?limit=100", appliance.keys.test)).body.data;
    const [key] = entries.filter((one: { data: { key_id?: string } }) => one.data.key_id === entry.actor.id);
    expect(key.data.scopes).toEqual(["receipts:consume"]);
  });

  test("also one of the clock, which says so: whether silence may decide is for the executor to know", async () => {
    const pause = await appliance.ask(appliance.keys.live, {
      action_digest: DIGEST,
      timeout_hours: 1,
      timeout_default: "Reject",
    });
    appliance.clock.turn(HOUR);
    const { receipt } = await appliance.pause(appliance.keys.live, pause.pause_id);
    expect((await consume(receipt, liveExecutor)).body).toMatchObject({ choice: "Reject", source: "timeout_default" });
  });

  test("until the second in which it expires, and not from then on", async () => {
    const [inTime, late] = [await approved(), await approved()];
    const { exp = 0 } = decodeJwt(inTime.receipt);
    appliance.clock.set(exp * 1000 - 1);
    expect((await consume(inTime.receipt)).status).toBe(200);
    appliance.clock.set(exp * 1000);
    expectRefused(await consume(late.receipt), "/receipt", "has expired, at ");
  });
});

describe("a receipt is refused", () => {
  test("for another action than was approved", async () => {
    const { receipt } = await approved();
    const other = digestOf("wire 84,000 to Meridian, nonce 5f1c");
    expectRefused(await consume(receipt, executor, other), "/action_digest", "not the digest of the action");
    expect((await consume(receipt)).status).toBe(200);
  });

  test("when it binds no action, since there is nothing to compare", async () => {
    const { receipt } = await approved({ action_digest: null });
    expectRefused(await consume(receipt), "/receipt", "binds no action");
  });

  test("of a test by a live key, and of a live pause by a test key", async () => {
    const { receipt } = await approved();
    expectRefused(await consume(receipt, liveExecutor), "/receipt", "it is a test receipt");
    const pause = await appliance.ask(appliance.keys.live, {
      action_digest: DIGEST,
      timeout_hours: 1,
      timeout_default: "Approve",
    });
    appliance.clock.turn(HOUR);
    const live = (await appliance.pause(appliance.keys.live, pause.pause_id)).receipt;
    expectRefused(await consume(live), "/receipt", "it is a live receipt");
  });

  test("by a key of another project", async () => {
    const { receipt } = await approved();
    const stranger = await appliance.newKey({ mode: "test", project: "other", scopes: ["receipts:consume"] });
    expectRefused(await consume(receipt, stranger), "/receipt", "of another project");
  });

  test("by a key without the scope, which no key has by itself", async () => {
    const { receipt } = await approved();
    expectProblem(await consume(receipt, appliance.keys.test), "scope");
  });

  test("when a body lacks something, or has more than it should, by name", async () => {
    const { receipt } = await approved();
    const answer = await appliance.post("/v1/receipts/consume", executor, {
      recipt: receipt,
      action_digest: "sha256:",
    });
    expectProblem(answer, "invalid");
    expect(answer.body.errors.map(({ pointer }: { pointer: string }) => pointer).toSorted()).toEqual([
      "/action_digest",
      "/receipt",
      "/recipt",
    ]);
    expectProblem(await consume(receipt, executor, DIGEST.toUpperCase()), "invalid");
  });
});

test("a receipt that is genuine but not what this database decided is refused, as after a restore", async () => {
  const restored = await startAppliance();
  try {
    const key = await restored.newKey({ mode: "test", scopes: ["receipts:consume"] });
    const { pause_id } = await restored.ask(restored.keys.test, { action_digest: DIGEST });
    const answered = await restored.post(`/v1/test/pause/${pause_id}/respond`, restored.keys.test, {
      choice: "Approve",
    });
    const database = openDatabase(restored.config.dataDir);
    database.prepare("UPDATE pauses SET receipt = NULL WHERE id = ?").run(pause_id);
    database.close();
    const body = { receipt: answered.body.receipt, action_digest: DIGEST };
    const answer = await restored.post("/v1/receipts/consume", key, body);
    expectProblem(answer, "invalid");
    expect(answer.body.detail).toContain("no such decision");
  } finally {
    await restored.stop();
  }
});

describe("a forged receipt is refused", () => {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const utf8 = new TextEncoder();

  /** A JWS over a genuine receipt's payload, with another header and signed by somebody else. */
  async function forged(change: Record<string, unknown>, payload?: string): Promise<string> {
    const { receipt } = await approved();
    const header = { ...decodeProtectedHeader(receipt), ...change } as { alg: string };
    const bytes = payload === undefined ? Buffer.from(receipt.split(".")[1]!, "base64url") : utf8.encode(payload);
    return new CompactSign(bytes).setProtectedHeader(header).sign(privateKey);
  }

  test("that another key has signed under a known name", async () => {
    expectRefused(await consume(await forged({})), "/receipt", "signature is not that of the key");
  });

  test("under a name that is not known", async () => {
    expectRefused(await consume(await forged({ kid: "mine" })), "/receipt", "a key that is not known");
  });

  test("that brings its own key, an address of one, or an extension", async () => {
    const jwk = await exportJWK(publicKey);
    for (const more of [{ jwk }, { jku: "https://keys.example.com" }, { x5c: [] }, { b64: true, crit: ["b64"] }])
      expectRefused(await consume(await forged(more)), "/receipt", "members that no receipt has");
  });

  test("of another type, or of a type that any JWT could have", async () => {
    expectRefused(await consume(await forged({ typ: "JWT" })), "/receipt", "its typ is not");
    const { receipt } = await approved();
    const [, payload, signature] = receipt.split(".");
    const header = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const { alg, kid } = decodeProtectedHeader(receipt);
    expectRefused(await consume(`${header({ alg, kid })}.${payload}.${signature}`), "/receipt", "its typ is not");
  });

  test("without a signature, or with one by a secret that everybody knows", async () => {
    const { receipt } = await approved();
    const [, payload, signature] = receipt.split(".");
    const { kid = "", typ } = decodeProtectedHeader(receipt);
    const header = (alg: string) => Buffer.from(JSON.stringify({ alg, kid, typ })).toString("base64url");
    expectRefused(await consume(`${header("none")}.${payload}.`), "/receipt", "not a compact JWS");
    expectRefused(await consume(`${header("none")}.${payload}.${signature}`), "/receipt", "its alg is not Ed25519");
    const { body } = await appliance.call("/.well-known/pausepoint-keys.json?mode=test");
    const secret = utf8.encode(JSON.parse(body).keys[0].x);
    const signed = await new CompactSign(Buffer.from(payload!, "base64url"))
      .setProtectedHeader({ alg: "HS256", kid, typ: typ! })
      .sign(secret);
    expectRefused(await consume(signed), "/receipt", "its alg is not Ed25519");
  });

  test("whatever single bit of it is turned, and however else it is spelled", async () => {
    const { receipt } = await approved();
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (let at = 0; at < receipt.length; at += 17) {
      const value = alphabet.indexOf(receipt[at]!);
      if (value < 0) continue;
      for (const bit of [1, 8, 32]) {
        const turned = receipt.slice(0, at) + alphabet[value ^ bit] + receipt.slice(at + 1);
        expect((await consume(turned)).status).toBe(422);
      }
    }
    const last = alphabet.indexOf(receipt.at(-1)!);
    const spare = receipt.slice(0, -1) + alphabet[last ^ 1];
    expect(Buffer.from(spare.split(".")[2]!, "base64url")).toEqual(Buffer.from(receipt.split(".")[2]!, "base64url"));
    const [header, payload, signature] = receipt.split(".");
    const spelled = [spare, `${receipt}=`, ` ${receipt}`, `${receipt}\n`, `${header}=.${payload}.${signature}`];
    for (const text of [...spelled, `${receipt}.`, `${receipt}.e30`, "", "..", header, "a".repeat(20_000)])
      expectRefused(await consume(text), "/receipt", "is not taken");
    expect((await consume(receipt)).status).toBe(200);
  });
});
