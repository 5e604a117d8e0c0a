/**
 * Litestream beside a server under load, with the very file that docs/backup.md gives: both are killed, and what it has
 * copied goes on elsewhere. And what it relies on by itself: a reader that holds its place in the write-ahead log.
 */
import { expect, test } from "bun:test";
import { copyFileSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as after } from "node:timers/promises";
import { openDatabase, openForReading } from "../../src/storage/index.ts";
import { rowsIn, verified } from "../backup/stage.ts";
import { startAppliance } from "../support/appliance.ts";
import { environment, run, runBinary } from "../support/binary.ts";
import { temporaryFolder } from "../support/database.ts";
import { eventually } from "../support/eventually.ts";
import { pathOf, testNeeding } from "../support/needs.ts";
import { chancesOf, Load } from "./load.ts";
import { startServer } from "./server.ts";

/** The file of docs/backup.md, for this database and into a folder. */
function litestreamFile(database: string, replica: string): string {
  const documented = readFileSync(join(import.meta.dir, "../../docs/backup.md"), "utf8");
  const [, yaml = ""] = /```yaml\n(dbs:[\s\S]*?)```/.exec(documented) ?? [];
  const lines = yaml.split("\n").filter((line) => !/^\s+(host|user|key-path):/.test(line));
  return lines
    .join("\n")
    .replace("/var/lib/pausepoint/pausepoint.db", database)
    .replace("type: sftp", "type: file")
    .replace("/srv/pausepoint", replica);
}

testNeeding("litestream", "dist/pausepoint")(
  "what a server under load has acknowledged three seconds before it and Litestream are killed goes on elsewhere",
  async () => {
    const folder = temporaryFolder();
    const path = (name: string) => join(folder, name);
    writeFileSync(path("litestream.yml"), litestreamFile(path("data/pausepoint.db"), path("replica")));
    const server = await startServer([pathOf("dist/pausepoint")], path("data"));
    const litestream = Bun.spawn([pathOf("litestream"), "replicate", "-config", path("litestream.yml")], {
      env: environment(),
      stdin: "ignore",
      stdout: Bun.file(path("written")),
      stderr: Bun.file(path("written")),
    });
    try {
      const load = new Load(server.testKey ?? "", chancesOf(4712));
      const clients = load.run(server.url, 4);
      await eventually(
        () => Bun.file(path("written")).text(),
        (told) => told.includes("snapshot written"),
      );
      await after(1_000);
      const before = load.acknowledged.map((known) => ({ ...known }));
      // Backups go on beside it, and are whole.
      expect(await runBinary(["backup", path("beside.tar.gz"), "--data", path("data")], folder)).toMatchObject({
        status: 0,
      });
      await after(3_000);
      litestream.kill("SIGKILL");
      await server.kill();
      await clients;
      expect(load.strange).toEqual([]);
      expect(before.length).toBeGreaterThan(50);
      expect(verified(path("data")).fault).toBeNull();

      mkdirSync(path("back"), { mode: 0o700 });
      const config = ["-config", path("litestream.yml")];
      const restoring = [
        pathOf("litestream"),
        "restore",
        ...config,
        "-o",
        path("back/pausepoint.db"),
        path("data/pausepoint.db"),
      ];
      expect(await run(restoring, folder)).toMatchObject({ status: 0 });
      copyFileSync(path("data/secret"), path("back/secret"));
      for (const args of [
        ["audit", "verify"],
        ["backup", path("back.tar.gz")],
        ["restore", path("back.tar.gz"), "--force"],
        ["audit", "verify"],
      ])
        expect(await runBinary([...args, "--data", path("back")], folder)).toMatchObject({ status: 0 });

      const goingOn = await startServer([pathOf("dist/pausepoint")], path("back"));
      try {
        for (const { id, message, answer } of before) {
          const response = await fetch(`${goingOn.url}/v1/pause/${id}`, {
            headers: { authorization: `Bearer ${load.key}` },
          });
          expect(await response.json()).toMatchObject({
            message,
            ...(answer === null ? {} : { status: "responded", response_choice: answer }),
          });
        }
        const due = "SELECT n FROM pauses WHERE status = 'pending' AND timeout_default IS NOT NULL";
        await eventually(
          () => rowsIn(path("back"), due).length,
          (count) => count === 0,
        );
        expect((await load.create(goingOn.url)).id).toStartWith("pause_");
      } finally {
        await goingOn.stop();
      }
      expect(verified(path("back")).fault).toBeNull();
      const told = rowsIn<{ entry: string }>(path("back"), "SELECT entry FROM audit_entries").map(({ entry }) => entry);
      expect(told.filter((entry) => entry.includes('"type":"log.restored"'))).toHaveLength(1);
    } finally {
      litestream.kill("SIGKILL");
      await server.kill();
      rmSync(folder, { recursive: true, force: true });
    }
  },
  120_000,
);

test("a reader that holds its place in the write-ahead log makes it grow, holds up nobody, and lets it shrink when it goes", async () => {
  const appliance = await startAppliance();
  const { dataDir } = appliance.config;
  const walBytes = () => statSync(join(dataDir, "pausepoint.db-wal")).size;
  try {
    // What Litestream keeps there, and how it holds its place.
    const beside = openDatabase(dataDir);
    beside.exec(
      "CREATE TABLE _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER); INSERT INTO _litestream_seq VALUES (1, 1)",
    );
    const reader = openForReading(dataDir);
    reader.exec("BEGIN");
    reader.prepare("SELECT count(*) FROM _litestream_seq").get();
    // Beyond wal_autocheckpoint, so that SQLite tries to fold each time.
    for (let pages = 0; walBytes() < 4_500 * 4_096; pages++) {
      await Promise.all(
        Array.from({ length: 25 }, () => appliance.ask(appliance.keys.test, { message: "x".repeat(1_600) })),
      );
      beside.exec("UPDATE _litestream_seq SET seq = seq + 1");
      expect(pages).toBeLessThan(200);
    }
    const grown = walBytes();
    expect(beside.pragma("wal_checkpoint(PASSIVE)")).toMatchObject([{ busy: 0 }]);
    expect((await appliance.get("/readyz", appliance.keys.test)).status).toBe(200);
    expect(appliance.faultInLog()).toBeNull();
    reader.exec("COMMIT");
    reader.close();
    beside.pragma("busy_timeout = 0");
    // The server may be in the middle of a commit.
    await eventually(
      () => beside.pragma("wal_checkpoint(TRUNCATE)") as { busy: number }[],
      ([folded]) => folded?.busy === 0,
    );
    expect(walBytes()).toBeLessThan(grown);
    await appliance.ask(appliance.keys.test);
    beside.close();
    expect(appliance.faultInLog()).toBeNull();
  } finally {
    await appliance.stop();
  }
}, 60_000);
