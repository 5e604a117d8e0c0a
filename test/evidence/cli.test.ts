import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { run } from "../../src/cli/program.ts";
import { openDatabase } from "../../src/storage/index.ts";
import { startWitness } from "../support/witness.ts";
import { type Story, tellStory } from "./story.ts";

let story: Story;
let other: Story;
beforeAll(async () => {
  story = await tellStory();
  other = await tellStory();
});
afterAll(async () => {
  await story.appliance.stop();
  await other.appliance.stop();
});

const audit = (...args: string[]) => run(["audit", ...args, "--data", story.appliance.config.dataDir]);
const checkpointOf = async (from: Story) =>
  (await from.appliance.call("/v1/audit/checkpoint", { key: from.admin })).text;

describe("on the command line, beside a running server", () => {
  test("an export is written, verified with the pinned key, and refused with another's", async () => {
    const file = story.file("log.jsonl", "");
    expect(await audit("export", "--out", file)).toBe(0);
    expect(await audit("verify", file, "--key", story.vkey)).toBe(0);
    expect(await audit("verify", file)).toBe(0);
    expect(await audit("verify", file, "--key", other.vkey)).toBe(1);
    expect(await audit("verify", file, "--key", "no key")).toBe(2);
    expect(await audit("verify", story.file("none.jsonl", "{}\n"))).toBe(2);
    expect(await audit("verify", "/nowhere/at/all")).toBe(2);
    // A device can't be put on disk, and need not be.
    expect(await audit("export", "--out", "/dev/null")).toBe(0);
  });

  test("a part of the log is written by time, project or pause, and a proof of one pause", async () => {
    const id = story.answered.pause_id;
    for (const options of [
      ["--pause", id],
      ["--project", "other"],
      ["--from", "2026-11-23T15:00:00Z"],
      ["--no-disclosures"],
    ]) {
      const file = story.file("part.jsonl", "");
      expect(await audit("export", ...options, "--out", file)).toBe(0);
      expect(await audit("verify", file, "--key", story.vkey)).toBe(0);
    }
    const proof = story.file("proof.json", "");
    expect(await audit("proof", id, "--disclose", "/message", "--out", proof)).toBe(0);
    expect(readFileSync(proof, "utf8")).not.toContain('"/comment"');
    expect(await audit("verify", proof, "--key", story.vkey)).toBe(0);
    expect(await audit("proof", "pause_01m85n90m10019dehda465garv")).toBe(2);
    expect(await audit("export", "--format", "xml")).toBe(2);
    expect(await audit("export", "--from", "yesterday")).toBe(2);
  });

  test("an export is held against a trust file: by a cosigned checkpoint that was kept, as far as that goes", async () => {
    const file = story.file("witnessed.jsonl", "");
    expect(await audit("export", "--out", file)).toBe(0);
    const { checkpoint } = JSON.parse(readFileSync(file, "utf8").trimEnd().split("\n").at(-1)!);
    const witness = await startWitness([story.vkey]);
    const answer = await witness.submit(`old 0\n\n${checkpoint}`);
    expect(answer.status).toBe(200);
    const cosigned = story.file("cosigned.txt", `${checkpoint}${await answer.text()}`);
    await witness.stop();
    const policy = (quorum: string) =>
      story.file("policy.txt", `log ${story.vkey}\nwitness auditor ${witness.vkey}\nquorum ${quorum}\n`);
    expect(await audit("verify", file, "--policy", policy("none"))).toBe(0);
    expect(await audit("verify", file, "--policy", policy("auditor"))).toBe(1);
    expect(await audit("verify", file, "--policy", policy("auditor"), "--checkpoint", cosigned)).toBe(0);
    expect(await audit("verify", file, "--policy", story.file("none.txt", "nonsense\n"))).toBe(2);
    const foreign = story.file("foreign.txt", `log ${other.vkey}\nquorum none\n`);
    expect(await audit("verify", file, "--policy", foreign)).toBe(1);
  });

  test("the live log is held against a checkpoint that was kept, and a pinned key", async () => {
    const kept = story.file("kept.txt", await checkpointOf(story));
    await story.appliance.ask(story.appliance.keys.test);
    expect(await audit("verify", "--checkpoint", kept, "--key", story.vkey)).toBe(0);
    expect(await audit("verify", "--key", other.vkey)).toBe(1);
    expect(await audit("verify", "--checkpoint", story.file("other.txt", await checkpointOf(other)))).toBe(1);
    expect(await audit("verify", "--checkpoint", "/nowhere")).toBe(2);
  });

  test("a log that was cut back with its tables is whole by itself, and found against a newer checkpoint", async () => {
    const { appliance } = other;
    await appliance.app.stop();
    const folder = appliance.config.dataDir;
    const verify = (...args: string[]) => run(["audit", "verify", "--data", folder, ...args]);
    const database = openDatabase(folder);
    database.pragma("wal_checkpoint(TRUNCATE)");
    const before = readFileSync(`${folder}/pausepoint.db`);
    database.close();
    expect(await run(["audit", "checkpoint", "--data", folder])).toBe(0);
    expect(await run(["keys", "create", "--name", "later", "--data", folder])).toBe(0);
    const file = other.file("newer.jsonl", "");
    expect(await run(["audit", "export", "--out", file, "--data", folder])).toBe(0);
    const { checkpoint } = JSON.parse(readFileSync(file, "utf8").trimEnd().split("\n").at(-1)!);
    await Bun.write(`${folder}/pausepoint.db`, before);
    expect(await verify()).toBe(0);
    expect(await verify("--checkpoint", other.file("newer.txt", checkpoint))).toBe(1);
  });
});
