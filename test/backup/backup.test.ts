import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { run } from "../support/binary.ts";
import { linesOf, Stage, verified } from "./stage.ts";

let stage: Stage;
beforeEach(async () => {
  stage = await Stage.start();
  const { keys } = stage.appliance;
  await stage.appliance.ask(keys.live, { message: "Wire the deposit?" });
  const { pause_id } = await stage.appliance.ask(keys.test, {});
  await stage.appliance.post(`/v1/test/pause/${pause_id}/respond`, keys.test, { choice: "Approve" });
});
afterEach(() => stage.stop());

const unpack = async (file: string, into: string) => {
  mkdirSync(into);
  expect(await run(["tar", "xzf", file, "-C", into], into)).toMatchObject({ status: 0, stderr: "" });
  return join(into, "pausepoint-backup");
};
const sha256 = (file: string) => createHash("sha256").update(readFileSync(file)).digest("hex");

describe("a backup beside a running server", () => {
  test("is a file for its owner alone, which tar reads, with all there is and a manifest that tells of it", async () => {
    writeFileSync(join(stage.data, "erasures.jsonl"), '{"pause_id":"pause_1"}\n');
    writeFileSync(stage.path("my.config.ts"), "export default { timeoutHours: 2 };\n");
    const told = await stage.backup("all.tar.gz", ["--config", stage.path("my.config.ts")]);
    expect(statSync(stage.path("all.tar.gz")).mode & 0o777).toBe(0o600);
    expect(told.bytes).toBe(statSync(stage.path("all.tar.gz")).size);

    const folder = await unpack(stage.path("all.tar.gz"), stage.path("unpacked"));
    const manifest = JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8"));
    const { file, bytes, encrypted, ...shown } = told;
    expect(manifest).toEqual(shown);
    const members = ["pausepoint.db", "secret", "erasures.jsonl", "pausepoint.config.ts"];
    expect(readdirSync(folder).sort()).toEqual(["manifest.json", ...members].sort());
    expect(manifest.members).toEqual(
      members.map((name) => ({
        name,
        size: statSync(join(folder, name)).size,
        sha256: sha256(join(folder, name)),
      })),
    );
    for (const name of ["secret", "erasures.jsonl"])
      expect(readFileSync(join(folder, name))).toEqual(readFileSync(join(stage.data, name)));
    expect(readFileSync(join(folder, "pausepoint.config.ts"), "utf8")).toContain("timeoutHours: 2");

    const { lastSeq, headHash, root, pauses, fault } = verified(folder);
    expect(fault).toBeNull();
    expect(manifest).toMatchObject({
      pausepoint_backup: 1,
      version: "0.1.0",
      schema: 1,
      log: { seq: lastSeq, hash: headHash, root },
      pauses,
      pending: 1,
    });
    expect([pauses, lastSeq > 5]).toEqual([2, true]);
  });

  test("is listed, line by line, where what was erased has to be remembered", async () => {
    const first = await stage.backup("first.tar.gz");
    const second = await stage.backup("second.tar.gz");
    const record = join(stage.data, "backups.jsonl");
    expect(linesOf(record).map((line) => JSON.parse(line))).toEqual([
      { file: stage.path("first.tar.gz"), made_at: first.made_at },
      { file: stage.path("second.tar.gz"), made_at: second.made_at },
    ]);
    expect(statSync(record).mode & 0o777).toBe(0o600);
  });

  test("leaves no copy of the database behind", async () => {
    const before = readdirSync(stage.data);
    await stage.backup("all.tar.gz");
    expect(readdirSync(stage.data).filter((name) => !before.includes(name))).toEqual(
      ["backups.jsonl", "backup.lock"].sort().reverse(),
    );
    expect(readdirSync(stage.folder).sort()).toEqual(["all.tar.gz", "nowhere"]);
  });

  test("does not take the place of a file that is there, unless told to", async () => {
    writeFileSync(stage.path("mine.txt"), "mine");
    const refused = await stage.cli(["backup", stage.path("mine.txt"), "--data", stage.data]);
    expect(refused).toMatchObject({ status: 1, stdout: "" });
    expect(refused.stderr).toContain("mine.txt is there already; give another name, or --force to replace it");
    expect(readFileSync(stage.path("mine.txt"), "utf8")).toBe("mine");
    await stage.backup("mine.txt", ["--force"]);
    expect(await stage.restore("mine.txt", "elsewhere")).toMatchObject({ status: 0 });
  });

  test("says that whoever has the file has everything, when it is not encrypted", async () => {
    const made = await stage.cli(["backup", stage.path("a.tar.gz"), "--data", stage.data]);
    expect(made.stdout).toMatch(
      /^\S+a\.tar\.gz: 2 pauses \(1 pending\), \d+ entries, as of \S+Z; \d+ bytes, not encrypted\.\n$/,
    );
    expect(made.stderr).toContain("keep it as you keep the data folder");
  });

  test("is one at a time: while another is made it is refused", async () => {
    const lock = new Database(join(stage.data, "backup.lock"));
    lock.exec("BEGIN EXCLUSIVE");
    const refused = await stage.cli(["backup", stage.path("a.tar.gz"), "--data", stage.data]);
    lock.close();
    expect(refused).toMatchObject({ status: 1 });
    expect(refused.stderr).toContain("is being made; wait until it is done");
  });
});

describe("what is not worth keeping is not kept under the name of a backup:", () => {
  const refused = async () => {
    const made = await stage.cli(["backup", stage.path("a.tar.gz"), "--data", stage.data]);
    expect([made.status, made.stdout, existsSync(stage.path("a.tar.gz"))]).toEqual([1, "", false]);
    expect(readdirSync(stage.folder)).toEqual(["nowhere"]);
    expect(existsSync(join(stage.data, "backups.jsonl"))).toBe(false);
    return made.stderr;
  };
  const change = (sql: string) => {
    const connection = new Database(join(stage.data, "pausepoint.db"));
    connection.exec(sql);
    connection.close();
  };

  test("a log that is not valid", async () => {
    change("UPDATE pauses SET message = 'Wire more?' WHERE n = 1");
    expect(await refused()).toContain("no backup was made, as the log is not valid (");
  });

  test("a database that belongs to another secret", async () => {
    writeFileSync(join(stage.data, "secret"), `${Buffer.alloc(32, 7).toString("base64url")}\n`);
    expect(await refused()).toContain("belongs to another secret");
  });

  test("a database of a newer program", async () => {
    change("INSERT INTO schema_migrations VALUES (2, '0002_later', 'x', 0)");
    expect(await refused()).toContain(
      "newer PausePoint (schema 2, this program knows 1); make the backup with that version",
    );
  });
});

test("a folder without a database is wrong usage", async () => {
  const made = await stage.cli(["backup", stage.path("a.tar.gz"), "--data", stage.path("empty")]);
  expect(made).toMatchObject({ status: 2, stdout: "" });
  expect(existsSync(stage.path("empty"))).toBe(false);
});

test("a database whose pages are damaged gives no backup", async () => {
  await stage.backup("sound.tar.gz");
  await stage.restore("sound.tar.gz", "damaged");
  const file = stage.path("damaged/pausepoint.db");
  const bytes = readFileSync(file);
  writeFileSync(file, bytes.fill(0xa5, 4096 * 2 + 200, 4096 * 30));
  const made = await stage.cli(["backup", stage.path("a.tar.gz"), "--data", stage.path("damaged")]);
  expect(made).toMatchObject({ status: 1, stdout: "" });
  expect(made.stderr).toContain("can't be copied: database disk image is malformed");
  expect(existsSync(stage.path("a.tar.gz"))).toBe(false);
});
