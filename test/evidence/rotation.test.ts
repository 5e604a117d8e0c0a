import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from "jose";
import { parseCheckpoint } from "../../src/audit/checkpoint.ts";
import { followHandovers } from "../../src/audit/handovers.ts";
import { openNote, parseVerifierKey } from "../../src/audit/note.ts";
import { type Appliance, startAppliance } from "../support/appliance.ts";
import { environment, type Ran, run } from "../support/binary.ts";
import { program } from "../support/program.ts";

let appliance: Appliance;
let auditor: string;
let executor: string;
beforeAll(async () => {
  appliance = await startAppliance();
  auditor = await appliance.newKey({ mode: "test", scopes: ["audit:read", "admin"] });
  executor = await appliance.newKey({ mode: "test", scopes: ["receipts:consume"] });
});
afterAll(() => appliance.stop());

const DIGEST = `sha256:${"ab".repeat(32)}`;

/** The command, beside the running server. */
const rotate = (...more: string[]): Promise<Ran> =>
  run([...program, "keys", "rotate-signing", "--data", appliance.config.dataDir, ...more], "/", environment());

async function approved(): Promise<string> {
  const { pause_id } = await appliance.ask(appliance.keys.test, { action_digest: DIGEST });
  const respond = `/v1/test/pause/${pause_id}/respond`;
  return (await appliance.post(respond, appliance.keys.test, { choice: "Approve" })).body.receipt;
}
const kidOf = (receipt: string) => decodeProtectedHeader(receipt).kid;
const verified = async (receipt: string) => {
  const { body } = await appliance.call("/.well-known/pausepoint-keys.json?mode=test");
  const currentDate = new Date(appliance.clock.now());
  return jwtVerify(receipt, createLocalJWKSet(JSON.parse(body) as JSONWebKeySet), { currentDate });
};
// biome-ignore lint/suspicious/noExplicitAny: what an entry holds is what these tests look at
const entriesOf = async (type: string): Promise<any[]> =>
  (await appliance.get(`/v1/audit?limit=100&type=${type}`, auditor)).body.data;
const checkpoint = async () => (await appliance.call("/v1/audit/checkpoint", { key: auditor })).text;

describe("a signing key that is rotated beside a running server", () => {
  test("signs the very next answer, and what the old one signed stays good and can be consumed", async () => {
    const before = await approved();
    const { status, stdout } = await rotate("--purpose", "receipt-test", "--json");
    expect(status).toBe(0);
    const [{ purpose, key_id, old_key_id }] = JSON.parse(stdout).data;
    expect([purpose, old_key_id]).toEqual(["receipt-test", kidOf(before)]);

    const after = await approved();
    expect(kidOf(after)).toBe(key_id);
    for (const receipt of [before, after]) {
      await verified(receipt);
      const answer = await appliance.post("/v1/receipts/consume", executor, { receipt, action_digest: DIGEST });
      expect(answer.status).toBe(200);
    }
    expect(appliance.faultInLog()).toBeNull();
  });

  test("leaves the keys of the other purposes as they are, and all are rotated unless one is named", async () => {
    const made = async () => (await entriesOf("signing_key.rotated")).map(({ data }) => data.purpose);
    expect(await made()).toEqual(["receipt-test"]);
    expect((await rotate()).stdout).toMatch(/^log is signed by (.*\n){1}receipt-live .*\nreceipt-test .*\n$/);
    expect(await made()).toEqual(["receipt-test", "log", "receipt-live", "receipt-test"]);
  });

  test("is told of in the log, with the statement of the old key, so that who pinned the first trusts the newest", async () => {
    const [first] = (await entriesOf("signing_key.created")).filter(({ data }) => data.purpose === "log");
    const pinned = parseVerifierKey(first.data.key_id);
    await approved();
    const early = await checkpoint();
    await rotate("--purpose", "log");
    await approved();
    const late = await checkpoint();

    const statements = (await entriesOf("signing_key.rotated"))
      .filter(({ data, actor }) => data.purpose === "log" && actor.type === "operator")
      .map(({ data }) => ({
        old: data.old_key_id as string,
        new: data.key_id as string,
        signature: new Uint8Array(Buffer.from(data.signature, "base64url")),
      }));
    expect(statements).toHaveLength(2);
    const trusted = followHandovers([pinned], statements);
    expect(trusted).toHaveLength(3);
    expect(openNote(early, trusted).signedBy).toEqual([trusted[1]!]);
    expect(openNote(late, trusted).signedBy).toEqual([trusted[2]!]);
    const size = (note: string) => parseCheckpoint(openNote(note, trusted).note.text).size;
    expect(size(late)).toBeGreaterThan(size(early));

    // Without the first link nobody follows; a statement that another key signed leads nowhere.
    expect(followHandovers([pinned], statements.slice(1))).toEqual([pinned]);
    const forged = { ...statements[0]!, signature: statements[1]!.signature };
    expect(followHandovers([pinned], [forged])).toEqual([pinned]);
    expect(appliance.faultInLog()).toBeNull();
  });

  test("is refused for a purpose that there is none of, and without a database", async () => {
    const wrong = await rotate("--purpose", "links");
    expect([wrong.status, wrong.stderr]).toEqual([
      2,
      "--purpose must be log, receipt-live, receipt-test or all, not links\n",
    ]);
    const nowhere = await run(
      [...program, "keys", "rotate-signing", "--data", "/tmp/no-such-folder"],
      "/",
      environment(),
    );
    expect([nowhere.status, nowhere.stderr]).toEqual([2, expect.stringContaining("There is no PausePoint database")]);
  });
});
