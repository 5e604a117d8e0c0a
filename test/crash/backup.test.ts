import { expect } from "bun:test";
import { cpSync, existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as after } from "node:timers/promises";
import { readArchive } from "../../src/backup/archive.ts";
import type { Pause } from "../../src/pauses/shape.ts";
import { lockFolder, openDatabase, readSecret, secretDigest } from "../../src/storage/index.ts";
import { rowsIn, Stage, verified } from "../backup/stage.ts";
import { runBinary } from "../support/binary.ts";
import { temporaryFolder } from "../support/database.ts";
import { pathOf, testNeeding } from "../support/needs.ts";
import { type Acknowledged, chancesOf, Load } from "./load.ts";
import { startServer } from "./server.ts";

const own = { version: "0.1.0", schema: 1 };
const MINUTES = 60_000;

testNeeding("dist/pausepoint")(
  "a backup taken under load holds all that was acknowledged before it, and goes on elsewhere; one that is killed leaves none",
  async () => {
    const seed = Number(process.env.KILL_SEED ?? Math.floor(Math.random() * 2 ** 32));
    console.log(`seed ${seed}; again with KILL_SEED=${seed}`);
    const chance = chancesOf(seed);
    const folder = temporaryFolder();
    const path = (name: string) => join(folder, name);
    const server = await startServer([pathOf("dist/pausepoint")], path("data"));
    try {
      const load = new Load(server.testKey ?? "", chance);
      const clients = load.run(server.url, 6);
      await after(300);
      const backup = ["backup", path("killed.tar.gz"), "--data", path("data")];
      for (let kills = 0; kills < 8; kills++) {
        const child = Bun.spawn([pathOf("dist/pausepoint"), ...backup], { stdout: "ignore", stderr: "ignore" });
        await after(60 + chance() * 400);
        child.kill("SIGKILL");
        await child.exited;
        if (existsSync(path("killed.tar.gz"))) await readArchive(path("killed.tar.gz"), { key: null, own, into: null });
        rmSync(path("killed.tar.gz"), { force: true });
      }
      const before = load.acknowledged.map((known) => ({ ...known }));
      const made = await runBinary(["backup", path("all.tar.gz"), "--data", path("data"), "--json"], folder);
      expect(made).toMatchObject({ status: 0 });
      const manifest = JSON.parse(made.stdout);
      expect(manifest.pending).toBeGreaterThan(0);
      await server.kill();
      await clients;
      expect(load.strange).toEqual([]);
      expect(before.length).toBeGreaterThan(50);

      const restored = await runBinary(["restore", path("all.tar.gz"), "--data", path("elsewhere")], folder);
      expect(restored).toMatchObject({ status: 0, stderr: "" });
      const { fault, lastSeq, headHash, root, pauses } = verified(path("elsewhere"));
      expect({ fault, log: { seq: lastSeq, hash: headHash, root }, pauses }).toEqual({
        fault: null,
        log: manifest.log,
        pauses: manifest.pauses,
      });
      const goingOn = await startServer([pathOf("dist/pausepoint")], path("elsewhere"));
      try {
        for (const known of before) await stands(goingOn.url, load.key, known);
        const due = "SELECT n FROM pauses WHERE status = 'pending' AND timeout_default IS NOT NULL";
        while (rowsIn(path("elsewhere"), due).length > 0) await after(10);
        expect((await load.create(goingOn.url)).id).toStartWith("pause_");
      } finally {
        await goingOn.stop();
      }
      expect(verified(path("elsewhere")).fault).toBeNull();
      console.log(`${before.length} pauses were acknowledged before it, ${manifest.pauses} are in it`);
    } finally {
      await server.kill();
      rmSync(folder, { recursive: true, force: true });
    }
  },
  2 * MINUTES,
);

/** What was acknowledged before the backup began is in it. */
async function stands(url: string, key: string, known: Acknowledged): Promise<void> {
  const response = await fetch(`${url}/v1/pause/${known.id}`, { headers: { authorization: `Bearer ${key}` } });
  expect(response.status).toBe(200);
  const pause = (await response.json()) as Pause;
  expect(pause.message).toBe(known.message);
  if (known.answer !== null) expect(pause).toMatchObject({ status: "responded", response_choice: known.answer });
}

/** The calls to the system at which a process is killed, each time it makes them. */
const CALLS = ["rename", "unlink", "unlinkat", "rmdir", "mkdir", "fsync", "pwrite64"];

/**
 * Runs a command again and again, killed at the first of these calls, at the second, and so on until it gets through.
 * Long rows of calls are taken in growing steps.
 */
async function killedAtEach(args: readonly string[], each: (isKilled: boolean) => Promise<void>): Promise<number> {
  let kills = 0;
  for (const call of CALLS)
    for (let count = 1; ; count += Math.ceil(count / 12)) {
      const injected = ["-e", `trace=${call}`, "-e", `inject=${call}:signal=SIGKILL:when=${count}`];
      const child = Bun.spawn(
        [pathOf("strace"), "-f", "-o", "/dev/null", ...injected, pathOf("dist/pausepoint"), ...args],
        {
          stdout: "ignore",
          stderr: "ignore",
        },
      );
      await child.exited;
      const isKilled = child.signalCode !== null;
      if (!isKilled) expect(child.exitCode).toBe(0);
      await each(isKilled);
      if (!isKilled) break;
      kills++;
    }
  return kills;
}

testNeeding("dist/pausepoint", "strace")(
  "a restore killed at any of its steps leaves the folder as it was or as the backup holds it, and what was there before",
  async () => {
    // Two installations, so that a database beside the other's secret would show.
    const [before, backup] = [await Stage.start(), await Stage.start()];
    try {
      await backup.appliance.ask(backup.appliance.keys.test, { message: "from the backup" });
      await backup.backup("new.tar.gz");
      await before.backup("old.tar.gz");
      await before.restore("old.tar.gz", "folded");
      // What was written last stands in the write-ahead log.
      const connection = openDatabase(before.path("folded"));
      connection.exec("UPDATE restores SET restored_at = 4712");
      cpSync(before.path("folded"), before.path("old"), { recursive: true });
      connection.close();

      const folder = before.path("data");
      const again = () => {
        rmSync(folder, { recursive: true, force: true });
        cpSync(before.path("old"), folder, { recursive: true });
      };
      const found = { old: 0, new: 0 };
      again();
      const args = ["restore", backup.path("new.tar.gz"), "--data", folder, "--force"];
      const kills = await killedAtEach(args, async () => {
        // As the next server does.
        lockFolder(folder).release();
        const state = stateOf(folder);
        found[state]++;
        expect(readdirSync(folder).filter((name) => name.includes("restore."))).toEqual([]);
        if (state === "new") {
          const [aside = ""] = readdirSync(folder).filter((name) => name.startsWith("before-restore-"));
          expect(stateOf(join(folder, aside))).toBe("old");
        }
        again();
      });
      console.log(`${kills} kills: the old state ${found.old} times, the new one ${found.new} times`);
      expect([kills > 30, found.old > 10, found.new > 10]).toEqual([true, true, true]);
    } finally {
      await before.stop();
      await backup.stop();
    }
  },
  5 * MINUTES,
);

/** Whose database, secret and write-ahead log are in the folder: all of one time, or this throws. */
function stateOf(folder: string): "old" | "new" {
  const secret = Buffer.from(secretDigest(readSecret(join(folder, "secret"))));
  const [installation] = rowsIn<{ secret_check: Uint8Array }>(folder, "SELECT secret_check FROM installation");
  expect(secret.equals(installation?.secret_check ?? new Uint8Array())).toBe(true);
  expect(verified(folder).fault).toBeNull();
  const isNew = rowsIn(folder, "SELECT n FROM pauses WHERE message = 'from the backup'").length === 1;
  const [row] = rowsIn<{ restored_at: number }>(folder, "SELECT restored_at FROM restores");
  expect(row?.restored_at === 4712).toBe(!isNew);
  return isNew ? "new" : "old";
}

testNeeding("dist/pausepoint", "strace")(
  "a backup killed at any of its steps leaves under its name the one before or the new one, whole",
  async () => {
    const stage = await Stage.start();
    try {
      await stage.backup("all.tar.gz");
      const first = readFileSync(stage.path("all.tar.gz"));
      await stage.appliance.ask(stage.appliance.keys.test);
      const found = { first: 0, next: 0 };
      const args = ["backup", stage.path("all.tar.gz"), "--data", stage.data, "--force"];
      const kills = await killedAtEach(args, async () => {
        await readArchive(stage.path("all.tar.gz"), { key: null, own, into: null });
        found[readFileSync(stage.path("all.tar.gz")).equals(first) ? "first" : "next"]++;
        await Bun.write(stage.path("all.tar.gz"), first);
      });
      console.log(`${kills} kills: the one before ${found.first} times, the new one ${found.next} times`);
      expect([kills > 20, found.first > 10, found.next > 3]).toEqual([true, true, true]);
      await stage.backup("after.tar.gz");
      expect(readdirSync(stage.data).filter((name) => name.includes("scratch"))).toEqual([]);
    } finally {
      await stage.stop();
    }
  },
  5 * MINUTES,
);
