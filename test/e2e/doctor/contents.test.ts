/** What doctor finds in the database and of its backups: of a folder that a server has, and of one that lies still. */
import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openDatabase } from "../../../src/storage/index.ts";
import { rowsIn, Stage } from "../../backup/stage.ts";
import { DAY, HOUR, MINUTE, START } from "../../support/database.ts";

setDefaultTimeout(60_000);

let stage: Stage;
beforeEach(async () => {
  stage = await Stage.start();
});
afterEach(() => stage.stop());

/** What doctor says, with the configuration given. */
async function look(data = stage.data, settings = "{}", args: readonly string[] = []) {
  writeFileSync(stage.path("pausepoint.config.ts"), `export default ${settings};\n`, { mode: 0o600 });
  const config = ["--config", stage.path("pausepoint.config.ts"), "--data", data];
  const { status, stdout, stderr } = await stage.cli(["doctor", "--offline", "--json", ...config, ...args]);
  if (stdout === "") throw new Error(stderr);
  const { checks } = JSON.parse(stdout) as { checks: { check: string; status: string; found: string; todo: string }[] };
  return { status, checks, of: (check: string) => checks.filter((one) => one.check === check) };
}

/** A copy of the folder that no server works on, changed by `sql`. */
function lyingStill(sql = ""): string {
  const folder = stage.path("still");
  rmSync(folder, { recursive: true, force: true });
  cpSync(stage.data, folder, { recursive: true });
  const connection = openDatabase(folder);
  if (sql !== "") {
    const triggers = connection.prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'trigger'").pluck();
    for (const name of triggers.all()) connection.exec(`DROP TRIGGER "${name}"`);
    connection.exec(sql);
  }
  connection.close();
  return folder;
}

/** Every file of a folder, as it is. */
const stateOf = (folder: string) =>
  readdirSync(folder).map((name) => {
    const { size, mtimeMs, mode, ino } = statSync(join(folder, name));
    return [name, size, mtimeMs, mode, ino];
  });

describe("the log", () => {
  test("that holds is told with its head, whether the server runs or not, and nothing is changed by looking", async () => {
    await stage.appliance.ask(stage.appliance.keys.test);
    const running = await look();
    expect(running.of("log")).toMatchObject([{ status: "ok", found: expect.stringContaining("1 pauses agree") }]);
    expect(running.of("integrity")).toMatchObject([{ status: "ok" }]);
    expect(running.of("server")[0]?.found).toBe("is running on this folder");

    const folder = lyingStill();
    const before = stateOf(folder);
    const still = await look(folder);
    expect(stateOf(folder)).toEqual(before);
    const last = rowsIn<{ entry: string }>(folder, "SELECT entry FROM audit_entries ORDER BY seq DESC")[0]?.entry ?? "";
    const head = new Bun.CryptoHasher("sha256").update(last).digest("hex");
    expect(still.of("log")).toMatchObject([
      { status: "ok", found: expect.stringMatching(new RegExp(`1 pauses agree; head ${head}$`)) },
    ]);
  });

  test("that was tampered with fails, with the entry and what to do", async () => {
    await stage.appliance.ask(stage.appliance.keys.test);
    const still = lyingStill("UPDATE audit_entries SET entry = replace(entry, 'server.started', 'server.stopped')");
    const { status, of } = await look(still);
    expect(status).toBe(1);
    expect(of("log")).toMatchObject([
      {
        status: "fail",
        found: expect.stringMatching(/first fault is at entry \d+: /),
        todo: expect.stringContaining("pausepoint audit verify"),
      },
    ]);
    const last = lyingStill(
      "UPDATE audit_entries SET entry = 'no entry' WHERE seq = (SELECT max(seq) FROM audit_entries)",
    );
    expect((await look(last)).of("log")).toMatchObject([{ status: "fail" }]);
  });

  test("is looked at for as long as there is time, and what was not is said", async () => {
    const { verifyUntil } = await import("../../../src/audit/index.ts");
    const { openForReading } = await import("../../../src/storage/index.ts");
    const connection = openForReading(stage.data);
    expect(verifyUntil(connection, () => false).isWhole).toBe(true);
    expect(verifyUntil(connection, () => true)).toMatchObject({ isWhole: false, verification: { fault: null } });
    connection.close();
  });

  test("whose last entry is of the future fails: the clock was set back", async () => {
    expect((await look()).of("time of the log")).toMatchObject([{ status: "ok" }]);
    stage.appliance.clock.turn(Date.now() - START + 3 * DAY);
    await stage.appliance.ask(stage.appliance.keys.test);
    expect((await look()).of("time of the log")).toMatchObject([
      {
        status: "fail",
        found: expect.stringContaining("the clock was set back"),
        todo: expect.stringContaining("Set the clock"),
      },
    ]);
  });

  test("that was restored, so that nothing is signed, is a warning with the command that goes on", async () => {
    await stage.backup("all.tar.gz");
    await stage.restore("all.tar.gz", "restored");
    expect((await look(stage.path("restored"))).of("signing")).toMatchObject([
      { status: "warn", todo: expect.stringContaining("pausepoint audit resume") },
    ]);
  });
});

describe("what waits", () => {
  test("is late where a server runs and does not see to it: here one whose clock stands still", async () => {
    await stage.appliance.ask(stage.appliance.keys.test, { timeout_hours: 1 });
    const { of } = await look();
    expect(of("timeouts")).toMatchObject([
      { status: "fail", found: expect.stringMatching(/should have ended \d+ days ago/) },
    ]);
    expect(of("queue")).toMatchObject([{ status: "ok", found: "nothing waits" }]);

    const still = await look(lyingStill());
    expect(still.of("timeouts")).toMatchObject([
      { status: "ok", found: expect.stringContaining("ends them when it starts") },
    ]);
  });

  test("in the queue is late after five minutes for a person, fifteen for a webhook, and waits where no server runs", async () => {
    await stage.appliance.ask(stage.appliance.keys.test);
    const queued = (lane: string, late: number) =>
      `UPDATE deliveries SET status = 'queued', finished_at = NULL, lane = '${lane}', due_at = ${Date.now() - late}`;
    const connection = openDatabase(stage.data);
    const triggers = connection.prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'trigger'").pluck();
    for (const name of triggers.all()) connection.exec(`DROP TRIGGER "${name}"`);
    const found = async (lane: string, late: number) => {
      connection.exec(queued(lane, late));
      return (await look()).of("queue")[0];
    };
    expect(await found("carrier", 4 * MINUTE)).toMatchObject({
      status: "ok",
      found: "1 delivery waits; none has been due for long",
    });
    expect(await found("carrier", 6 * MINUTE)).toMatchObject({
      status: "fail",
      found: expect.stringContaining("1 wait for carrier"),
    });
    connection.close();
    const still = await look(lyingStill(queued("carrier", DAY)));
    expect(still.of("queue")).toMatchObject([{ status: "ok", found: "1 delivery waits for the server to start" }]);
  });

  test("of webhooks is told nothing where an endpoint is disabled or has only failed, and that is a warning", async () => {
    const { body } = await stage.appliance.post("/v1/webhooks", stage.appliance.keys.test, {
      url: "http://127.0.0.1:9/hook",
    });
    expect((await look()).of("webhooks")).toMatchObject([
      { status: "ok", found: "1 endpoints, none disabled or in trouble" },
    ]);
    const failing = lyingStill(`UPDATE webhook_endpoints SET failing_since = ${Date.now() - 2 * HOUR}`);
    expect((await look(failing)).of("webhooks")).toMatchObject([
      { status: "warn", found: expect.stringContaining(`${body.id} has only failed for 2 hours`) },
    ]);
    const disabled = lyingStill("UPDATE webhook_endpoints SET status = 'disabled', disabled_reason = 'answered 410'");
    expect((await look(disabled)).of("webhooks")).toMatchObject([
      { status: "warn", found: `${body.id} is disabled (answered 410) and is told nothing` },
    ]);
  });
});

describe("the database", () => {
  test("of a newer program fails, and of an older one waits for the start", async () => {
    const newer = lyingStill("UPDATE schema_migrations SET version = version + 1");
    expect((await look(newer)).of("schema")).toMatchObject([
      { status: "fail", todo: expect.stringContaining("or a later one") },
    ]);
  });

  test("whose pages are damaged fails, and says what to restore", async () => {
    for (let n = 0; n < 30; n++) await stage.appliance.ask(stage.appliance.keys.test, { message: `Question ${n}` });
    const still = lyingStill();
    const file = join(still, "pausepoint.db");
    const bytes = readFileSync(file);
    bytes.fill(0x5a, bytes.length / 2, bytes.length - 4096);
    writeFileSync(file, bytes);
    const { status, checks } = await look(still);
    expect(status).toBe(1);
    expect(checks.filter((one) => one.status === "fail").map(({ check }) => check)).toContain("integrity");
  });
});

describe("backups", () => {
  const settings = (more = "") => `{ backups: { folder: "${stage.path("saved")}", at: "0 3 * * *"${more} } }`;
  const installation = () => rowsIn<{ id: string }>(stage.data, "SELECT id FROM installation")[0]?.id ?? "";
  /** As the server's calendar names one that it makes so long ago. */
  const saved = async (ago: number) => {
    mkdirSync(stage.path("saved"), { recursive: true });
    const time = new Date(Date.now() - ago).toISOString().replace(/[-:]|\.\d+/g, "");
    const name = `pausepoint-${installation().slice(-8)}-${time}.tar.gz`;
    await stage.backup(join("saved", name));
    return stage.path(join("saved", name));
  };

  test("by the calendar are well when the newest is from the last run and opens", async () => {
    const file = await saved(2 * HOUR);
    const { of } = await look(stage.data, settings());
    expect(of("backup")).toMatchObject([{ status: "ok" }]);
    expect(of("backup opens")).toMatchObject([
      { status: "ok", found: expect.stringContaining(`${file} is whole: 0 pauses`) },
    ]);
  });

  test("by the calendar that have failed for three nights fail, with where to look", async () => {
    await saved(3 * DAY);
    const { status, of } = await look(stage.data, settings());
    expect(status).toBe(1);
    expect(of("backup")).toMatchObject([
      {
        status: "fail",
        found: expect.stringContaining("3 days old"),
        todo: expect.stringContaining('"backup failed"'),
      },
    ]);
  });

  test("by the calendar that are named of a time to come are a warning: the clock was ahead", async () => {
    await saved(-3 * DAY);
    expect((await look(stage.data, settings())).of("backup")).toMatchObject([
      { status: "warn", found: expect.stringContaining("the clock was ahead") },
    ]);
  });

  test("that were cut fail, though they are new", async () => {
    const file = await saved(HOUR);
    truncateSync(file, 3_000);
    const { status, of } = await look(stage.data, settings());
    expect([status, of("backup")[0]?.status]).toEqual([1, "ok"]);
    expect(of("backup opens")).toMatchObject([
      { status: "fail", found: `${file} is damaged or cut; take another backup` },
    ]);
  });

  test("that nobody makes are a warning once people are asked, and so are old ones", async () => {
    const asked = `{ channels: { push: { kind: "ntfy", url: "http://127.0.0.1:9" } } }`;
    expect((await look()).of("backup")).toMatchObject([{ status: "ok" }]);
    expect((await look(stage.data, asked)).of("backup")).toMatchObject([
      { status: "warn", found: "none was ever made of this folder" },
    ]);
    await stage.backup("by-hand.tar.gz");
    expect((await look(stage.data, asked)).of("backup")).toMatchObject([{ status: "ok" }]);
    const list = join(stage.data, "backups.jsonl");
    const old = new Date(Date.now() - 30 * DAY).toISOString();
    writeFileSync(list, `${JSON.stringify({ file: stage.path("by-hand.tar.gz"), made_at: old })}\n`);
    expect((await look(stage.data, asked)).of("backup")).toMatchObject([
      { status: "warn", found: expect.stringContaining("30 days ago") },
    ]);
  });
});

test("all of it ends in time where the database does not answer, and says what was not looked at", async () => {
  const still = lyingStill();
  const held = openDatabase(still);
  held.pragma("locking_mode = EXCLUSIVE");
  held.exec("BEGIN EXCLUSIVE; UPDATE installation SET created_at = created_at");
  const began = performance.now();
  const { status, checks } = await look(still, "{}", ["--within", "1"]);
  expect(performance.now() - began).toBeLessThan(40_000);
  expect(checks.filter(({ todo }) => todo !== null).length).toBeGreaterThan(0);
  expect([0, 1]).toContain(status);
  held.close();
});
