import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import canonicalize from "canonicalize";
import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from "jose";
import { parseCheckpoint } from "../../src/audit/checkpoint.ts";
import { Attestor } from "../../src/audit/index.ts";
import { append, emptyFrontier, leafHash, root } from "../../src/audit/merkle.ts";
import { openNote, parseVerifierKey } from "../../src/audit/note.ts";
import { expireDue } from "../../src/pauses/expire.ts";
import { type Appliance, startAppliance } from "../support/appliance.ts";
import { HOUR, openTestDatabase } from "../support/database.ts";

let appliance: Appliance;
let auditor: string;
beforeAll(async () => {
  appliance = await startAppliance();
  auditor = await appliance.newKey({ mode: "test", scopes: ["audit:read", "admin"] });
});
afterAll(() => appliance.stop());

// biome-ignore lint/suspicious/noExplicitAny: what an entry holds is what these tests look at
type Entry = any;

const DIGEST = `sha256:${createHash("sha256").update("wire 8,400 to Meridian, nonce 5f1c").digest("hex")}`;

async function keySet(mode: "live" | "test") {
  const { body, headers } = await appliance.call(`/.well-known/pausepoint-keys.json?mode=${mode}`);
  expect(headers.get("content-type")).toBe("application/jwk-set+json");
  return createLocalJWKSet(JSON.parse(body) as JSONWebKeySet);
}

/** A test pause that was answered on the page. */
async function answered(wanted: Record<string, unknown> = {}) {
  const pause = await appliance.ask(appliance.keys.test, { action_digest: DIGEST, ...wanted });
  const [message] = await appliance.messages(pause);
  expect((await appliance.choose(message!.link, "Approve")).status).toBe(303);
  return appliance.pause(appliance.keys.test, pause.pause_id);
}

/** The verifier key, as the log itself announces it. */
async function logKey() {
  const { body } = await appliance.get("/v1/audit?type=signing_key.created", auditor);
  return parseVerifierKey(body.data.find((entry: Entry) => entry.data.purpose === "log").data.key_id);
}

describe("a checkpoint", () => {
  test("stands over a decision as soon as that is acknowledged, signed by the key that the log announced", async () => {
    await answered();
    const { headers, text } = await appliance.call("/v1/audit/checkpoint", { key: auditor });
    expect(headers.get("content-type")).toBe("text/plain; charset=utf-8");
    const { note, signedBy } = openNote(text, [await logKey()]);
    expect(signedBy).toHaveLength(1);
    const { origin, size, root: signedRoot } = parseCheckpoint(note.text);
    expect(origin).toMatch(/^pausepoint\/ins_/);

    const entries: Entry[] = [];
    for (let cursor = ""; cursor !== null; ) {
      const page = (await appliance.get(`/v1/audit?limit=100${cursor && `&cursor=${cursor}`}`, auditor)).body;
      entries.push(...page.data);
      cursor = page.next_cursor;
    }
    let frontier = emptyFrontier;
    for (const { hash, ...entry } of entries.slice(0, size)) {
      expect(createHash("sha256").update(canonicalize(entry)!).digest("hex")).toBe(hash);
      frontier = append(frontier, leafHash(canonicalize(entry)!)).frontier;
    }
    expect(Buffer.from(root(frontier))).toEqual(Buffer.from(signedRoot));
  });

  test("is signed once for a commit, and there is never a second of its size", async () => {
    await using db = await openTestDatabase();
    for (let i = 0; i < 3; i++) await db.ask(db.live.key, { timeout_hours: 1, timeout_default: "Reject" });
    db.clock.turn(2 * HOUR);
    const rows = db.count("SELECT count(*) FROM checkpoints");
    await db.writer.write((tx) => expireDue(tx, db.context));
    expect(db.count("SELECT count(*) FROM checkpoints")).toBe(rows + 1);
    expect(() => db.connection.exec("UPDATE checkpoints SET root = zeroblob(32)")).toThrow("a checkpoint is final");
    expect(() => db.connection.exec("DELETE FROM checkpoints")).toThrow("a checkpoint stays");
  });

  test("needs the scope of an auditor", async () => {
    const stranger = await appliance.newKey({ mode: "test", scopes: ["pauses:read"] });
    expect((await appliance.call("/v1/audit/checkpoint", { key: stranger })).status).toBe(403);
  });
});

describe("a receipt", () => {
  test("says what was approved, by whom, over what, and verifies with the published key and an ordinary library", async () => {
    const pause = await answered({ audience: "payments" });
    const { payload } = await jwtVerify(pause.receipt!, await keySet("test"), {
      typ: "pausepoint-receipt+jwt",
      algorithms: ["Ed25519"],
      audience: "payments",
      currentDate: new Date(appliance.clock.now()),
    });
    const log = await appliance.log(appliance.keys.test, pause.pause_id);
    const created = log.find(({ type }) => type === "pause.created");
    const decided = log.find(({ type }) => type === "pause.responded");
    expect(payload).toEqual({
      iss: (await logKey()).name,
      aud: "payments",
      iat: Math.floor(appliance.clock.now() / 1000),
      exp: Math.floor(appliance.clock.now() / 1000) + 86_400,
      jti: expect.stringMatching(/^[\w-]{22}$/),
      mode: "test",
      project: "default",
      pause_id: pause.pause_id,
      question: `sha256:${created.hash}`,
      options: ["Approve", "Reject"],
      choice: "Approve",
      source: "human",
      via: "page",
      channel: "sms",
      by: created.data.recipients[0].address.commitment,
      asked_at: Math.floor(appliance.clock.now() / 1000),
      answered_at: Math.floor(appliance.clock.now() / 1000),
      action_digest: DIGEST,
      seq: decided.seq,
      entry_hash: decided.hash,
    });
    expect(decodeProtectedHeader(pause.receipt!).alg).toBe("Ed25519");
  });

  test("of the clock says so, and names nobody", async () => {
    const pause = await appliance.ask(appliance.keys.test, { timeout_default: "Reject" });
    await appliance.post(`/v1/test/pause/${pause.pause_id}/expire`, appliance.keys.test);
    const { receipt } = await appliance.pause(appliance.keys.test, pause.pause_id);
    const { payload } = await jwtVerify(receipt!, await keySet("test"), {
      currentDate: new Date(appliance.clock.now()),
    });
    expect(payload).toMatchObject({ choice: "Reject", source: "timeout_default", by: null, via: null });
  });

  test("there is none while a question waits, nor for one that was withdrawn or ran out", async () => {
    const waiting = await appliance.ask(appliance.keys.test);
    expect(waiting.receipt).toBeNull();
    await appliance.post(`/v1/pause/${waiting.pause_id}/cancel`, appliance.keys.test);
    expect((await appliance.pause(appliance.keys.test, waiting.pause_id)).receipt).toBeNull();
    const ran = await appliance.ask(appliance.keys.test);
    await appliance.post(`/v1/test/pause/${ran.pause_id}/expire`, appliance.keys.test);
    expect(await appliance.pause(appliance.keys.test, ran.pause_id)).toMatchObject({
      status: "timed_out",
      receipt: null,
    });
  });

  test("of a test verifies with no key of the live set", async () => {
    const { receipt } = await answered();
    expect(jwtVerify(receipt!, await keySet("live"))).rejects.toThrow();
  });
});

describe("the signing keys", () => {
  test("are kept sealed: without the folder's secret the database signs nothing, and the seeds are not in it", async () => {
    await using db = await openTestDatabase();
    await db.writer.write((tx) => db.context.attestor.prepare(tx));
    expect(db.count("SELECT count(*) FROM signing_keys")).toBe(3);
    expect(db.count("SELECT min(length(sealed)) FROM signing_keys")).toBe(60);
    const { clock, random } = db.context;
    const stranger = new Attestor({ folderSecret: new Uint8Array(32), clock, random });
    expect(db.writer.write((tx) => stranger.keys.active(tx, "log"))).rejects.toThrow("does not open");
  });
});
