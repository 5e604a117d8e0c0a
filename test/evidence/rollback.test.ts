import { afterEach, describe, expect, test } from "bun:test";
import { copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseCheckpoint } from "../../src/audit/checkpoint.ts";
import { openNote, parseNote, parseVerifierKey } from "../../src/audit/note.ts";
import { openDatabase } from "../../src/storage/index.ts";
import { type Appliance, startAppliance } from "../support/appliance.ts";
import { run } from "../support/binary.ts";
import { temporaryFolder } from "../support/database.ts";
import { eventually } from "../support/eventually.ts";
import { program } from "../support/program.ts";
import { SmallLog } from "../support/small-log.ts";
import { type StartedWitness, startWitness } from "../support/witness.ts";

/** An installation over several starts of its server. */
class Installation {
  readonly folder = join(temporaryFolder(), "data");
  appliance: Appliance | null = null;
  witness: StartedWitness | null = null;

  async start(): Promise<Appliance> {
    const { witness } = this;
    const witnesses = witness === null ? [] : [{ key: witness.vkey, url: witness.url, tls: {}, timeoutSeconds: 15 }];
    this.appliance = await startAppliance((config) => ({
      ...config,
      dataDir: this.folder,
      audit: { ...config.audit, witnesses },
    }));
    return this.appliance;
  }

  async stop(): Promise<void> {
    await this.appliance?.app.stop();
    this.appliance = null;
  }

  /** A server that answers so many questions, from its start to its stop. */
  async live(answers: number): Promise<void> {
    const appliance = await this.start();
    for (let count = 0; count < answers; count++) await decide(appliance);
    await this.stop();
  }

  get published(): string {
    return readFileSync(join(this.folder, "published-head"), "utf8");
  }

  /** Keeps the database as it is; the function puts it back. */
  copy(): () => void {
    const kept = join(this.folder, "..", `copy ${Math.random()}.db`);
    copyFileSync(join(this.folder, "pausepoint.db"), kept);
    return () => copyFileSync(kept, join(this.folder, "pausepoint.db"));
  }

  sql(statement: string): void {
    const connection = openDatabase(this.folder);
    connection.exec(statement);
    connection.close();
  }

  /** What a restore leaves behind: the time of it, beside whatever it put back. */
  markRestored(): void {
    this.sql("UPDATE installation SET restored_at = 1764000000000");
  }

  forgetPublished(): void {
    rmSync(join(this.folder, "published-head"));
  }

  /** `pausepoint audit …`, in a process of its own. */
  async audit(...args: string[]) {
    const { status, stdout, stderr } = await run([...program, "audit", ...args, "--data", this.folder], this.folder);
    return { status, out: stdout.trim(), err: stderr.trim() };
  }

  async witnessed(): Promise<StartedWitness> {
    this.witness = await startWitness([(await this.audit("checkpoint", "--public-key")).out]);
    return this.witness;
  }
}

const all: Installation[] = [];
function installation(): Installation {
  const made = new Installation();
  all.push(made);
  return made;
}
afterEach(async () => {
  for (const one of all.splice(0)) {
    await one.stop();
    await one.witness?.stop();
    rmSync(join(one.folder, ".."), { recursive: true, force: true });
  }
});

async function decide(appliance: Appliance) {
  const pause = await appliance.ask(appliance.keys.test);
  const path = `/v1/test/pause/${pause.pause_id}/respond`;
  return (await appliance.post(path, appliance.keys.test, { choice: "Approve" })).body;
}

const checkpointOf = (note: string) => parseCheckpoint(parseNote(note).text);

/** Where the log is signed now, asked over the API. */
async function signed(appliance: Appliance) {
  const auditor = await appliance.newKey({ mode: "live", scopes: ["audit:read", "admin"] });
  const { status, text } = await appliance.call("/v1/audit/checkpoint", { key: auditor });
  return { status, text, ...(status === 200 ? checkpointOf(text) : { origin: null, size: -1 }) };
}

// biome-ignore lint/suspicious/noExplicitAny: what an entry holds is what these tests look at
async function resumedEntries(appliance: Appliance): Promise<any[]> {
  const auditor = await appliance.newKey({ mode: "live", scopes: ["audit:read", "admin"] });
  return (await appliance.get("/v1/audit?type=log.resumed", auditor)).body.data;
}

/** At its start a server asks about what was signed before, and then takes there what there is now. */
const cosignatures = (appliance: Appliance) => appliance.count("SELECT count(*) FROM cosignatures");

const isWithheld = (appliance: Appliance) => appliance.logged.some((line) => line.includes("signing is withheld"));

describe("the file published-head", () => {
  test("has the newest checkpoint after a stop, and within a second of any decision", async () => {
    const one = installation();
    const appliance = await one.start();
    await decide(appliance);
    appliance.clock.turn(1_000);
    await eventually(() => existsSync(join(one.folder, "published-head")), Boolean);
    const first = checkpointOf(one.published).size;
    await decide(appliance);
    appliance.clock.turn(1_000);
    await eventually(() => checkpointOf(one.published).size > first, Boolean);
    await decide(appliance);
    await one.stop();
    const key = parseVerifierKey((await one.audit("checkpoint", "--public-key")).out);
    const { size } = checkpointOf(one.published);
    expect(openNote(one.published, [key]).signedBy).toHaveLength(1);
    one.sql(`DELETE FROM cosignatures WHERE size > ${size}`);
    expect((await one.audit("checkpoint")).out).toBe(one.published.trim());
  });

  test("is written before a checkpoint is given away", async () => {
    const one = installation();
    const appliance = await one.start();
    const { text } = await signed(appliance);
    expect(one.published).toBe(text);
    await appliance.ask(appliance.keys.test);
    expect((await one.audit("checkpoint")).out).toBe(one.published.trim());
  });
});

describe("a database that was put back to an earlier state", () => {
  test("is noticed at the start: nothing is signed, decisions count, and the log says why", async () => {
    const one = installation();
    await one.live(1);
    const putBack = one.copy();
    await one.live(3);
    const lost = checkpointOf(one.published);
    putBack();
    const appliance = await one.start();
    expect(appliance.logged.join()).toContain(`a checkpoint over ${lost.size} entries was signed`);
    const rows = appliance.count("SELECT count(*) FROM checkpoints");
    expect(await decide(appliance)).toMatchObject({ status: "responded", response_choice: "Approve", receipt: null });
    expect((await appliance.call("/readyz")).status).toBe(200);
    expect((await signed(appliance)).size).toBeLessThan(lost.size);
    expect(appliance.count("SELECT count(*) FROM checkpoints")).toBe(rows);
    expect(checkpointOf(one.published)).toEqual(lost);
  });

  test("is noticed by a command alone, which signs nothing either", async () => {
    const one = installation();
    await one.live(1);
    const putBack = one.copy();
    const before = await one.audit("checkpoint");
    await one.live(3);
    putBack();
    const { size } = checkpointOf(`${before.out}\n`);
    expect(checkpointOf(`${(await one.audit("checkpoint")).out}\n`).size).toBeLessThanOrEqual(size);
    expect((await one.audit("resume")).err).toContain("The log was rolled back");
  });

  test("is still noticed once it has grown past what was lost", async () => {
    const one = installation();
    await one.live(1);
    const putBack = one.copy();
    await one.live(1);
    const lost = checkpointOf(one.published).size;
    putBack();
    const published = one.published;
    one.forgetPublished();
    const away = await one.start();
    for (let count = 0; count < 4; count++) await away.ask(away.keys.test);
    expect(away.count("SELECT max(seq) FROM audit_entries")).toBeGreaterThan(lost);
    await one.stop();
    writeFileSync(join(one.folder, "published-head"), published);
    const appliance = await one.start();
    expect(appliance.logged.join()).toContain(`over its first ${lost} entries another checkpoint was signed`);
  });

  test("is noticed by a witness that knows a larger tree, before anything is signed", async () => {
    const one = installation();
    await one.live(1);
    await one.witnessed();
    const putBack = one.copy();
    const before = await one.start();
    await eventually(() => cosignatures(before) === 2, Boolean);
    await one.stop();
    putBack();
    one.forgetPublished();
    const appliance = await one.start();
    await eventually(() => isWithheld(appliance), Boolean);
    expect(appliance.logged.join()).toContain("the witness witness.example/w1 has cosigned a tree of");
    expect(await decide(appliance)).toMatchObject({ receipt: null });
    expect((await one.audit("resume")).status).toBe(1);
  });

  test("is noticed by a witness that knows another tree, when it has grown past what was lost", async () => {
    const one = installation();
    await one.live(1);
    const witness = await one.witnessed();
    const putBack = one.copy();
    const before = await one.start();
    await eventually(() => cosignatures(before) === 2, Boolean);
    await one.stop();
    const port = Number(new URL(witness.url).port);
    await witness.stop();
    putBack();
    one.forgetPublished();
    const away = await one.start();
    await eventually(() => away.logged.some((line) => line.includes("does not cosign")), Boolean);
    for (let count = 0; count < 5; count++) await decide(away);
    await one.stop();
    const { folder } = witness;
    one.witness = await startWitness([(await one.audit("checkpoint", "--public-key")).out], { folder, port });
    const appliance = await one.start();
    await eventually(() => isWithheld(appliance), Boolean);
    expect(appliance.logged.join()).toContain("has cosigned another tree of");
  });
});

describe("audit resume --new-log", () => {
  test("goes on under the next name with another key, and the log tells why and what was lost", async () => {
    const one = installation();
    await one.live(1);
    const putBack = one.copy();
    await one.live(3);
    const lost = checkpointOf(one.published);
    const oldKey = (await one.audit("checkpoint", "--public-key")).out;
    const kept = join(one.folder, "kept.checkpoint");
    writeFileSync(kept, one.published);
    putBack();
    const appliance = await one.start();

    for (const args of [[], ["--checkpoint", kept]]) {
      const refused = await one.audit("resume", ...args);
      expect([refused.status, refused.err]).toEqual([1, expect.stringContaining("--new-log")]);
    }
    expect(await decide(appliance)).toMatchObject({ receipt: null });
    const { status, out } = await one.audit("resume", "--new-log", "--json");
    expect(status).toBe(0);
    expect(JSON.parse(out)).toEqual({ signing: true, origin: `${lost.origin}/2`, old_origin: lost.origin });

    // The server beside it signs on at once.
    expect(await decide(appliance)).toMatchObject({ receipt: expect.any(String) });
    const now = await signed(appliance);
    expect(now.origin).toBe(`${lost.origin}/2`);
    const newKey = (await one.audit("checkpoint", "--public-key")).out;
    expect(openNote(now.text, [newKey, oldKey].map(parseVerifierKey)).signedBy).toEqual([parseVerifierKey(newKey)]);
    const [entry] = await resumedEntries(appliance);
    expect(entry).toMatchObject({ actor: { type: "operator" }, project: null });
    expect(entry.data).toEqual({
      old_origin: lost.origin,
      new_origin: `${lost.origin}/2`,
      published_size: lost.size,
      published_root: Buffer.from(lost.root).toString("base64"),
      why: expect.stringContaining("The log was rolled back"),
    });
    expect(appliance.faultInLog()).toBeNull();

    // Whoever pinned the old key trusts the new one through it; who kept the lost checkpoint sees that something is lost.
    const file = join(one.folder, "export.jsonl");
    expect((await one.audit("export", "--out", file)).status).toBe(0);
    expect((await one.audit("verify", file, "--key", oldKey)).status).toBe(0);
    expect((await one.audit("verify", file, "--key", oldKey, "--checkpoint", kept)).status).toBe(1);
    const stranger = new SmallLog(lost.origin ?? "").vkey;
    expect((await one.audit("verify", file, "--key", stranger)).status).toBe(1);
    await one.stop();
    const again = await one.start();
    expect(isWithheld(again)).toBe(false);
    expect(checkpointOf(one.published).origin).toBe(`${lost.origin}/2`);
  });

  test("never comes back to a name that was used, whatever is put back", async () => {
    const one = installation();
    await one.live(1);
    const putBack = one.copy();
    await one.live(1);
    const first = checkpointOf(one.published).origin;
    putBack();
    expect((await one.audit("resume", "--new-log")).status).toBe(0);
    await one.live(1);
    expect(checkpointOf(one.published).origin).toBe(`${first}/2`);
    putBack();
    const appliance = await one.start();
    expect(appliance.logged.join()).toContain(`under the name ${first}/2, which this database does not know`);
    expect(JSON.parse((await one.audit("resume", "--new-log", "--json")).out).origin).toBe(`${first}/3`);
    expect((await signed(appliance)).origin).toBe(`${first}/3`);
  });
});

describe("a restored backup", () => {
  test("signs nothing while there is nothing to compare it with, whatever is asked", async () => {
    const one = installation();
    await one.live(1);
    one.markRestored();
    one.forgetPublished();
    const appliance = await one.start();
    expect(appliance.logged.join()).toContain("it is not known yet what was signed after it was made");
    expect(await decide(appliance)).toMatchObject({ receipt: null });
    const { status, err } = await one.audit("resume");
    expect([status, err]).toEqual([1, expect.stringContaining("--checkpoint FILE")]);
    expect(await decide(appliance)).toMatchObject({ receipt: null });
    expect(existsSync(join(one.folder, "published-head"))).toBe(false);
  });

  test("signs on when published-head has nothing that it lacks, and the log tells so", async () => {
    const one = installation();
    await one.live(1);
    one.markRestored();
    const { origin, size, root } = checkpointOf(one.published);
    const appliance = await one.start();
    expect(isWithheld(appliance)).toBe(false);
    expect(await decide(appliance)).toMatchObject({ receipt: expect.any(String) });
    const [entry] = await resumedEntries(appliance);
    expect(entry).toMatchObject({ actor: { type: "system" } });
    expect(entry.data).toMatchObject({
      old_origin: origin,
      published_size: size,
      published_root: Buffer.from(root).toString("base64"),
    });
    expect(entry.data).not.toHaveProperty("new_origin");
  });

  test("signs on when a witness knows no more than it has", async () => {
    const one = installation();
    await one.live(1);
    await one.witnessed();
    one.markRestored();
    one.forgetPublished();
    const appliance = await one.start();
    await eventually(async () => (await decide(appliance)).receipt !== null, Boolean);
    expect((await resumedEntries(appliance))[0].data.why).toContain("a witness says");
    expect((await signed(appliance)).status).toBe(200);
  });

  test("signs nothing when the witness can't be asked, and says so; asked again by hand, it signs on", async () => {
    const one = installation();
    await one.live(1);
    const { url, folder, ...stopped } = await one.witnessed();
    await stopped.stop();
    one.markRestored();
    one.forgetPublished();
    const appliance = await one.start();
    await eventually(() => appliance.logged.some((line) => line.includes("does not cosign")), Boolean);
    expect(await decide(appliance)).toMatchObject({ receipt: null });
    const config = join(one.folder, "pausepoint.config.ts");
    writeFileSync(config, `export default { audit: { witnesses: [{ key: "${stopped.vkey}", url: "${url}" }] } };`);
    const refused = await one.audit("resume", "--config", config);
    expect([refused.status, refused.err]).toEqual([
      1,
      expect.stringContaining("The witness witness.example/w1: it cannot"),
    ]);
    const key = (await one.audit("checkpoint", "--public-key")).out;
    one.witness = await startWitness([key], { folder, port: Number(new URL(url).port) });
    const resumed = await one.audit("resume", "--config", config);
    expect([resumed.status, resumed.out]).toEqual([0, expect.stringContaining("A witness knows no more")]);
    expect(await decide(appliance)).toMatchObject({ receipt: expect.any(String) });
  });

  test("signs on with a checkpoint that was kept elsewhere, and with no other", async () => {
    const one = installation();
    await one.live(2);
    const kept = join(one.folder, "kept.checkpoint");
    writeFileSync(kept, one.published);
    one.markRestored();
    one.forgetPublished();
    const appliance = await one.start();
    const stranger = join(one.folder, "stranger.checkpoint");
    for (const text of [
      new SmallLog(checkpointOf(readFileSync(kept, "utf8")).origin).grow(2).checkpoint(),
      "nothing",
    ]) {
      writeFileSync(stranger, text);
      const refused = await one.audit("resume", "--checkpoint", stranger);
      expect([refused.status, refused.err]).toEqual([
        1,
        expect.stringMatching(/No key that|no checkpoint of this log/),
      ]);
    }
    expect((await one.audit("resume", "--checkpoint", join(one.folder, "not there"))).status).toBe(2);
    expect(await decide(appliance)).toMatchObject({ receipt: null });
    expect((await one.audit("resume", "--checkpoint", kept)).status).toBe(0);
    expect(await decide(appliance)).toMatchObject({ receipt: expect.any(String) });
    const [entry] = await resumedEntries(appliance);
    expect(entry).toMatchObject({ actor: { type: "operator" } });
    expect(entry.data.why).toContain("kept elsewhere");
  });

  test("is proven to lack something by a later checkpoint that was kept, and then goes on under a new name alone", async () => {
    const one = installation();
    await one.live(1);
    const putBack = one.copy();
    const before = join(one.folder, "before.checkpoint");
    writeFileSync(before, one.published);
    await one.live(2);
    const after = join(one.folder, "after.checkpoint");
    writeFileSync(after, one.published);
    putBack();
    one.markRestored();
    one.forgetPublished();
    expect((await one.audit("resume", "--checkpoint", after)).err).toContain("The log was rolled back");
    // What is known to be lost can't be talked away with an older one.
    expect((await one.audit("resume", "--checkpoint", before)).status).toBe(1);
    expect((await one.audit("resume", "--new-log", "--checkpoint", after)).status).toBe(0);
    const appliance = await one.start();
    expect((await resumedEntries(appliance))[0].data.published_size).toBe(
      checkpointOf(readFileSync(after, "utf8")).size,
    );
  });
});

describe("nothing withheld", () => {
  test("leaves audit resume nothing to do, and it says so", async () => {
    const one = installation();
    await one.live(1);
    expect(await one.audit("resume")).toMatchObject({ status: 0, out: expect.stringContaining("not withheld") });
  });
});
