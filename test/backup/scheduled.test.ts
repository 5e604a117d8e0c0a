import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as after } from "node:timers/promises";
import { startApp } from "../../src/app.ts";
import { ScheduledBackups } from "../../src/backup/index.ts";
import { type LoadedConfig, loadConfig } from "../../src/platform/config/load.ts";
import { createLog } from "../../src/platform/log.ts";
import { expose } from "../../src/platform/metrics/exposition.ts";
import { Metrics } from "../../src/platform/metrics/index.ts";
import { ownProgram } from "../../src/platform/program.ts";
import { DAY, TurnedClock } from "../support/database.ts";
import { linesOf, rowsIn, Stage } from "./stage.ts";

let stage: Stage;
let logged: string[];
let metrics: Metrics;
beforeEach(async () => {
  stage = await Stage.start();
  logged = [];
  metrics = new Metrics();
});
afterEach(() => stage.stop());

const log = createLog("info", "text", Date.now, (line) => logged.push(line));
const clock = new TurnedClock();
const folder = () => stage.path("saved/here");
const installation = () => rowsIn<{ id: string }>(stage.data, "SELECT id FROM installation")[0]!.id;
const schedule = (keep: number, to = folder()) =>
  new ScheduledBackups({
    folder: to,
    keep,
    keyFile: null,
    isEncrypted: false,
    dataDir: stage.data,
    config: null,
    installation: installation(),
    program: ownProgram,
    clock,
    metrics,
    log,
  });
/** How many were begun, by what became of them. */
const counted = () => {
  const text = expose([metrics.backups], "prometheus");
  return ["made", "failed"].map((outcome) => Number(new RegExp(`outcome="${outcome}"} (\\d+)`).exec(text)?.[1] ?? 0));
};

describe("scheduled backups", () => {
  test("are kept as many as the configuration says: the newest, and nobody else's are touched", async () => {
    mkdirSync(folder(), { recursive: true });
    const mine = `pausepoint-${installation().slice(-8)}-`;
    const others = ["notes.txt", "pausepoint-0another-20200101T030000Z.tar.gz", `${mine}before-moving.tar.gz`];
    for (const name of others) writeFileSync(join(folder(), name), "");
    // Of a server that was killed while it made one.
    writeFileSync(join(folder(), `${mine}20200101T030000Z.tar.gz.partial`), "");
    const backups = schedule(2);
    for (let night = 0; night < 3; night++) {
      await backups.run();
      clock.turn(DAY);
    }
    const days = ["20261124", "20261125"];
    expect(readdirSync(folder()).sort()).toEqual(
      [...others, ...days.map((day) => `${mine}${day}T140000Z.tar.gz`)].sort(),
    );
    const newest = join("saved/here", `${mine}20261125T140000Z.tar.gz`);
    expect(await stage.restore(newest, "data")).toMatchObject({ status: 0 });
    expect(linesOf(join(stage.data, "backups.jsonl")).length).toBe(3);
    expect(logged.filter((line) => line.includes("backup made")).length).toBe(3);
    expect(counted()).toEqual([3, 0]);
  }, 300_000);

  test("stay when they are the newest that is known to be good, also where the clock was set back", async () => {
    mkdirSync(folder(), { recursive: true });
    const mine = `pausepoint-${installation().slice(-8)}-`;
    const ahead = ["20300101T030000Z", "20300102T030000Z"].map((time) => `${mine}${time}.tar.gz`);
    for (const name of ahead) writeFileSync(join(folder(), name), "of a clock that was ahead");
    await schedule(1).run();
    const [left = "", ...more] = readdirSync(folder());
    expect([more, ahead.includes(left)]).toEqual([[], false]);
    expect(await stage.restore(join("saved/here", left), "data")).toMatchObject({ status: 0 });
  }, 300_000);

  test("that fail are told of as errors, with why, and cost none that was there", async () => {
    writeFileSync(stage.path("file"), "");
    await schedule(2, stage.path("file/in")).run();
    expect(logged.length).toBe(1);
    expect(logged[0]).toMatch(/error.*backup failed/i);

    mkdirSync(folder(), { recursive: true });
    writeFileSync(join(stage.data, "secret"), `${Buffer.alloc(32).toString("base64url")}\n`);
    const kept = [1, 2, 3].map((n) => `pausepoint-${installation().slice(-8)}-2020010${n}T030000Z.tar.gz`);
    for (const name of kept) writeFileSync(join(folder(), name), "");
    await schedule(1).run();
    expect(logged[1]).toMatch(/error.*backup failed.*belongs to another secret/i);
    expect(counted()).toEqual([0, 2]);
    expect(readdirSync(folder()).sort()).toEqual(kept);
  });

  test("are made by the server when the configuration says so, encrypted with its key", async () => {
    writeFileSync(stage.path("backup.key"), "nine green bottles\n");
    writeFileSync(
      stage.path("pausepoint.config.ts"),
      'export default { dataDir: "data", backups: { folder: "nightly", at: "* * * * * *", keyFile: "backup.key" } };\n',
    );
    const config: LoadedConfig = await loadConfig({ flags: { port: "0" }, env: {}, cwd: stage.folder });
    const app = await startApp({ config, log });
    try {
      const whole = () =>
        logged.some((line) => line.includes("backup made")) ? readdirSync(stage.path("nightly")) : [];
      while (whole().length === 0) await after(10);
    } finally {
      await app.stop();
    }
    const [name] = readdirSync(stage.path("nightly")).filter((file) => file.endsWith(".age"));
    expect(name).toMatch(/^pausepoint-\w{8}-\d{8}T\d{6}Z\.tar\.gz\.age$/);
    const key = ["--key-file", stage.path("backup.key")];
    expect(await stage.restore(join("nightly", name!), "elsewhere", key)).toMatchObject({ status: 0 });
  }, 300_000);
});

describe("the configuration of backups", () => {
  const load = (backups: string) => {
    writeFileSync(stage.path("pausepoint.config.ts"), `export default { backups: ${backups} };\n`);
    return loadConfig({ env: {}, cwd: stage.folder, explicitPath: stage.path("pausepoint.config.ts") });
  };

  test.each([
    ["folder", "{}"],
    ["at", '{ folder: "b", at: "at three" }'],
    ["at", '{ folder: "b", at: "0 0 31 2 *" }'],
    ["keep", '{ folder: "b", keep: 0 }'],
    ["keyFile", '{ folder: "b", keyFile: "" }'],
    ["to", '{ folder: "b", to: "s3://" }'],
  ])("is refused at a wrong %s: %s", async (path, backups) => {
    await expect(load(backups)).rejects.toThrow(`backups.${path}`);
  });
});
