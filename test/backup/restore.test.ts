import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeArchive } from "../../src/backup/archive.ts";
import { makeBackup } from "../../src/backup/make.ts";
import { restoreBackup } from "../../src/backup/restore.ts";
import type { Pause } from "../../src/pauses/index.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { startReceiver } from "../peers/receiver.ts";
import { DAY, HOUR, MINUTE, TurnedClock } from "../support/database.ts";
import { linesOf, rowsIn, Stage, verified } from "./stage.ts";

const own = { version: "0.1.0", schema: 1 };
let stage: Stage;
beforeEach(async () => {
  stage = await Stage.start();
});
afterEach(() => stage.stop());

const headers = () => ({ authorization: `Bearer ${stage.appliance.keys.test}` });
const pauseAt = async (url: string, id: string) =>
  (await (await fetch(`${url}/v1/pause/${id}`, { headers: headers() })).json()) as Pause;

/** Entries of the whole log of a folder, of one type. */
const logged = (folder: string, type: string) =>
  rowsIn<{ seq: number; entry: string }>(folder, "SELECT seq, entry FROM audit_entries ORDER BY seq")
    .map(({ seq, entry }) => ({ seq, ...JSON.parse(entry) }))
    .filter((entry) => entry.type === type);

describe("a backup, restored into an empty folder elsewhere", () => {
  test("holds what its manifest says, serves the same pauses under the same key, and says that it was restored", async () => {
    const { keys } = stage.appliance;
    const open = await stage.appliance.ask(keys.test, { timeout_hours: 2_000, message: "Sign the lease?" });
    const told = await stage.backup("all.tar.gz");
    const since = await stage.appliance.ask(keys.test, {});

    const restored = await stage.restore("all.tar.gz", "machine/data", ["--json"]);
    expect(restored).toMatchObject({ status: 0, stderr: "" });
    expect(JSON.parse(restored.stdout)).toMatchObject({
      data: stage.path("machine/data"),
      moved_aside: null,
      made_at: told.made_at,
      log: told.log,
    });
    const folder = stage.path("machine/data");
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    for (const name of ["pausepoint.db", "secret"]) expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
    expect(verified(folder)).toMatchObject({
      fault: null,
      lastSeq: told.log.seq,
      headHash: told.log.hash,
      root: told.log.root,
      pauses: told.pauses,
    });

    const app = await stage.serve("machine/data");
    expect(await pauseAt(app.url, open.pause_id)).toMatchObject({ status: "pending", message: "Sign the lease?" });
    expect((await fetch(`${app.url}/v1/pause/${since.pause_id}`, { headers: headers() })).status).toBe(404);
    const [message] = await stage.appliance.messages(open);
    const page = await fetch(message!.link.replace(stage.appliance.url, app.url));
    expect([page.status, (await page.text()).includes("Sign the lease?")]).toEqual([200, true]);

    const [entry, ...more] = logged(folder, "log.restored");
    expect(more).toEqual([]);
    expect(entry).toMatchObject({
      seq: told.log.seq + 1,
      data: { made_at: told.made_at, seq: told.log.seq },
      actor: { type: "operator", id: null },
    });
    expect(rowsIn(folder, "SELECT seq, made_at, entry_seq FROM restores")).toEqual([
      { seq: told.log.seq, made_at: Date.parse(told.made_at), entry_seq: told.log.seq + 1 },
    ]);
    expect(verified(folder).fault).toBeNull();
  });

  test("says once that it was restored, however often it starts", async () => {
    await stage.backup("all.tar.gz");
    await stage.restore("all.tar.gz", "data");
    for (let starts = 0; starts < 3; starts++) {
      const app = await stage.serve("data");
      expect(logged(stage.path("data"), "log.restored").length).toBe(1);
      await app.stop();
    }
    expect(logged(stage.path("data"), "server.started").length).toBe(4);
  });

  test("ends what is pending in it when its time is over: what fell due meanwhile at once, the rest by the clock", async () => {
    const clock = new TurnedClock(Date.now());
    const days = (clock.now() - stage.appliance.clock.now()) / DAY;
    const asked = { timeout_default: "Reject" };
    const past = await stage.appliance.ask(stage.appliance.keys.test, { ...asked, timeout_hours: 1 });
    const future = await stage.appliance.ask(stage.appliance.keys.test, { ...asked, timeout_hours: (days + 1) * 24 });
    await stage.backup("all.tar.gz");
    await stage.restore("all.tar.gz", "data");

    const app = await stage.serve("data", clock);
    const ended = { status: "responded", response_choice: "Reject", response_source: "timeout_default" };
    expect(await pauseAt(app.url, past.pause_id)).toMatchObject(ended);
    expect(await pauseAt(app.url, future.pause_id)).toMatchObject({ status: "pending" });
    clock.turn(DAY + HOUR);
    expect(await pauseAt(app.url, future.pause_id)).toMatchObject(ended);
    expect(rowsIn(stage.path("data"), "SELECT n FROM pauses WHERE status = 'pending'")).toEqual([]);
    expect(verified(stage.path("data")).fault).toBeNull();
  });

  test("signs nothing, since what was signed after it was made is not known here; decisions count as always", async () => {
    const { keys } = stage.appliance;
    const decide = async (url: string, id: string) => {
      const body = JSON.stringify({ choice: "Approve" });
      const sent = { method: "POST", headers: { ...headers(), "content-type": "application/json" }, body };
      return (await (await fetch(`${url}/v1/test/pause/${id}/respond`, sent)).json()) as Pause;
    };
    const [first, second] = [
      await stage.appliance.ask(keys.test, { timeout_hours: 2_000 }),
      await stage.appliance.ask(keys.test, { timeout_hours: 2_000 }),
    ];
    expect((await decide(stage.appliance.url, first.pause_id)).receipt).toBeString();
    await stage.backup("all.tar.gz");
    await stage.restore("all.tar.gz", "data");
    const signed = () => rowsIn(stage.path("data"), "SELECT size, root FROM checkpoints");
    const before = signed();

    const app = await stage.serve("data");
    expect(await decide(app.url, second.pause_id)).toMatchObject({
      status: "responded",
      response_choice: "Approve",
      receipt: null,
    });
    expect([before.length > 0, signed()]).toEqual([true, before]);
    expect(rowsIn(stage.path("data"), "SELECT restored_at FROM installation")).toEqual([
      { restored_at: expect.any(Number) },
    ]);
  });

  test("sends what was under way when it was made, once its lease is over", async () => {
    const receiver = await startReceiver();
    try {
      receiver.behave({ trouble: "hang" });
      const { keys } = stage.appliance;
      const { pause_id } = await stage.appliance.ask(keys.test, { webhook_url: `${receiver.url}/told` });
      await stage.appliance.post(`/v1/test/pause/${pause_id}/respond`, keys.test, { choice: "Approve" });
      const under = "SELECT status FROM deliveries WHERE kind = 'webhook'";
      while (rowsIn<{ status: string }>(stage.data, under)[0]?.status !== "sending")
        await new Promise((resolve) => setImmediate(resolve));
      const first = await receiver.nextRequest();
      await stage.backup("all.tar.gz");
      await stage.restore("all.tar.gz", "data");
      expect(rowsIn(stage.path("data"), under)).toEqual([{ status: "sending" }]);

      receiver.behave({ status: 204 });
      const clock = new TurnedClock(stage.appliance.clock.now());
      await stage.serve("data", clock);
      clock.turn(MINUTE);
      const request = await receiver.nextRequest();
      expect([request.webhookId, request.attempt]).toEqual([first.webhookId, 2]);
      expect(JSON.parse(request.body.toString())).toMatchObject({ type: "pause.responded", data: { pause_id } });
    } finally {
      await receiver.stop();
    }
  });
});

describe("a folder that is not empty", () => {
  test("is left alone while a server uses it, also with --force", async () => {
    await stage.backup("all.tar.gz");
    const before = readdirSync(stage.data);
    const refused = await stage.cli(["restore", stage.path("all.tar.gz"), "--data", stage.data, "--force"]);
    expect(refused).toMatchObject({ status: 1, stdout: "" });
    expect(refused.stderr).toContain(`another PausePoint server is using ${stage.data}`);
    expect(readdirSync(stage.data)).toEqual(before);
  });

  test("keeps its database unless --force is given, which moves it aside with all that belongs to it", async () => {
    await stage.backup("old.tar.gz");
    await stage.restore("old.tar.gz", "data");
    writeFileSync(stage.path("data/pausepoint.db-wal"), "written by another time");
    const { pause_id } = await stage.appliance.ask(stage.appliance.keys.test);
    await stage.backup("new.tar.gz");

    const before = readFileSync(stage.path("data/pausepoint.db"));
    const refused = await stage.restore("new.tar.gz", "data");
    expect(refused).toMatchObject({ status: 1, stdout: "" });
    expect(refused.stderr).toContain("there is a database in");
    expect(readFileSync(stage.path("data/pausepoint.db"))).toEqual(before);

    const { moved_aside: aside } = JSON.parse(
      (await stage.restore("new.tar.gz", "data", ["--force", "--json"])).stdout,
    );
    expect(aside).toMatch(/\/data\/before-restore-\d{8}T\d{9}Z$/);
    expect(readFileSync(join(aside, "pausepoint.db"))).toEqual(before);
    expect(readFileSync(join(aside, "pausepoint.db-wal"), "utf8")).toBe("written by another time");
    expect(readFileSync(join(aside, "secret"))).toEqual(readFileSync(stage.path("data/secret")));
    expect(existsSync(stage.path("data/pausepoint.db-wal"))).toBe(false);
    const app = await stage.serve("data", new TurnedClock(stage.appliance.clock.now()));
    expect((await pauseAt(app.url, pause_id)).status).toBe("pending");
  });

  test("is cleared of a write-ahead log that no database belongs to", async () => {
    await stage.backup("all.tar.gz");
    mkdirSync(stage.path("data"));
    for (const name of ["pausepoint.db-wal", "pausepoint.db-shm"]) writeFileSync(stage.path(`data/${name}`), "stale");
    expect(await stage.restore("all.tar.gz", "data")).toMatchObject({ status: 0 });
    expect(readdirSync(stage.path("data")).filter((name) => /-(wal|shm)$/.test(name))).toEqual([]);
    expect(verified(stage.path("data")).fault).toBeNull();
  });

  test("is of two times while a restore is interrupted: commands refuse it, and the server finishes it", async () => {
    await stage.backup("all.tar.gz");
    await stage.restore("all.tar.gz", "data");
    mkdirSync(stage.path("data/restore.staging"));
    // All but the database has been moved.
    copyFileSync(stage.path("data/pausepoint.db"), stage.path("data/restore.staging/pausepoint.db"));
    writeFileSync(stage.path("data/restore.order"), '{"aside":"before-restore-1"}');
    for (const command of [
      ["audit", "verify"],
      ["keys", "list"],
      ["backup", stage.path("half.tar.gz")],
    ]) {
      const refused = await stage.cli([...command, "--data", stage.path("data")]);
      expect(refused).toMatchObject({ status: 1, stdout: "" });
      expect(refused.stderr).toContain("was interrupted; start the server, which finishes it");
    }
    await stage.serve("data");
    expect(verified(stage.path("data")).fault).toBeNull();
    expect(readdirSync(stage.path("data")).filter((name) => name.includes("restore"))).toEqual(["before-restore-1"]);
  });

  test("gets the configuration of that time beside its own, not in its place", async () => {
    writeFileSync(stage.path("my.config.ts"), "export default { timeoutHours: 2 };\n");
    await stage.backup("all.tar.gz", ["--config", stage.path("my.config.ts")]);
    const { config } = JSON.parse((await stage.restore("all.tar.gz", "data", ["--json"])).stdout);
    expect(config).toBe(stage.path("data/pausepoint.config.from-backup.ts"));
    expect(readFileSync(config, "utf8")).toBe("export default { timeoutHours: 2 };\n");
  });
});

describe("what was erased since a backup", () => {
  const restore = (folder: string, afterCopy: (folder: string) => Promise<void>) =>
    restoreBackup({
      file: stage.path("all.tar.gz"),
      dataDir: folder,
      key: null,
      force: true,
      own,
      clock: systemClock,
      afterCopy,
    });

  /** A line of the list, of an erasure that names no pause. */
  const line = (seq: number) =>
    JSON.stringify({ erasure: `e${seq}`, seq, at: "2026-11-01T00:00:00.000Z", digests: [], pause_ids: [] });
  const lines = (...seqs: number[]) => seqs.map((seq) => `${line(seq)}\n`).join("");

  test("stays in the list of erasures: the backup's lines and the folder's, each once, in their order", async () => {
    const list = join(stage.data, "erasures.jsonl");
    writeFileSync(list, lines(1, 2));
    await stage.backup("all.tar.gz");
    mkdirSync(stage.path("data"));
    writeFileSync(stage.path("data/erasures.jsonl"), lines(1, 2, 3));
    await stage.restore("all.tar.gz", "data");
    expect(linesOf(stage.path("data/erasures.jsonl"))).toEqual([line(1), line(2), line(3)]);
    await stage.restore("all.tar.gz", "empty");
    expect(linesOf(stage.path("empty/erasures.jsonl"))).toEqual([line(1), line(2)]);
  });

  test("can be erased again in the copy, before anybody sees it", async () => {
    await stage.backup("all.tar.gz");
    mkdirSync(stage.path("data"));
    writeFileSync(stage.path("data/erasures.jsonl"), lines(3));
    let seen: unknown = null;
    await restore(stage.path("data"), async (folder) => {
      seen = [
        readdirSync(folder).sort(),
        linesOf(join(folder, "erasures.jsonl")),
        rowsIn(folder, "SELECT n FROM restores"),
      ];
      expect(existsSync(stage.path("data/pausepoint.db"))).toBe(false);
    });
    expect(seen).toEqual([["erasures.jsonl", "pausepoint.db", "secret"], [line(3)], [{ n: 1 }]]);
  });

  test("keeps the folder as it was, when it can't be erased again", async () => {
    await stage.backup("all.tar.gz");
    const failing = restore(stage.path("data"), async () => {
      throw new Error("no");
    });
    await expect(failing).rejects.toThrow("no");
    expect(existsSync(stage.path("data"))).toBe(false);
  });
});

describe("a backup of another program", () => {
  /** As this program would make it, were it another one. */
  const altered = async (change: object) => {
    mkdirSync(stage.path("members"), { recursive: true });
    const { manifest } = await makeBackup({
      dataDir: stage.data,
      config: null,
      file: stage.path("true.tar.gz"),
      replace: true,
      key: null,
      own,
      clock: systemClock,
    });
    const unpacked = Bun.spawnSync(["tar", "xzf", stage.path("true.tar.gz"), "-C", stage.path("members")]);
    expect(unpacked.exitCode).toBe(0);
    const sources = manifest.members.map((member) => ({
      ...member,
      path: stage.path(`members/pausepoint-backup/${member.name}`),
    }));
    const file = stage.path("altered.tar.gz");
    const all = { version: "99.0.0", schema: 99 };
    await writeArchive(file, { manifest: { ...manifest, ...change }, sources, key: null, own: all });
    return await stage.restore("altered.tar.gz", "data");
  };

  test.each([
    [{ version: "0.2.0" }, "0.2.0 (schema 1)", "0.2.0"],
    [{ version: "0.2.0", schema: 2 }, "0.2.0 (schema 2)", "0.2.0"],
  ])("with %j is refused by a message that names both", async (change, made, wanted) => {
    const refused = await altered(change);
    expect(refused).toMatchObject({ status: 2, stdout: "" });
    expect(refused.stderr).toBe(
      `${stage.path("altered.tar.gz")} was made by PausePoint ${made}, and this is 0.1.0, which knows schema 1; install ${wanted} or later\n`,
    );
    expect(existsSync(stage.path("data"))).toBe(false);
  });

  test.each([{ log: { seq: 1, hash: "0".repeat(64), root: "AAAA" } }, { installation: "ins_another" }])(
    "whose manifest tells of another database (%j) is refused",
    async (change) => {
      const refused = await altered(change);
      expect(refused).toMatchObject({ status: 2, stdout: "" });
      expect(refused.stderr).toContain("holds another database than its manifest tells of");
      expect(existsSync(stage.path("data"))).toBe(false);
    },
  );

  test("that is older is restored and brought up to date", async () => {
    expect(await altered({ version: "0.0.9" })).toMatchObject({ status: 0, stderr: "" });
  });
});
