import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { revokeKey } from "../../src/access/index.ts";
import {
  appendEntry,
  newEntry,
  parseVerifierKey,
  root,
  StoredTree,
  seqBefore,
  verifyLive,
} from "../../src/audit/index.ts";
import { readEntries } from "../../src/audit/read.ts";
import { checkpointNow } from "../../src/evidence/checkpoints.ts";
import {
  compareWithKept,
  type ExportRequest,
  exportLines,
  prepareExport,
  provePause,
  signingKeysOf,
  trustedLog,
  verifyFile,
} from "../../src/evidence/index.ts";
import { logHead } from "../../src/evidence/keys.ts";
import { cancelPause } from "../../src/pauses/cancel.ts";
import { sha256, sha256Hex } from "../../src/platform/hash.ts";
import { Privacy, pruneLog } from "../../src/privacy/index.ts";
import { Stamps } from "../../src/respond/index.ts";
import { openForReading, Reader, type Work } from "../../src/storage/index.ts";
import { DAY, openTestDatabase, type TestKey } from "../support/database.ts";

const OPERATOR = { type: "operator", id: null } as const;
const WHOLE: ExportRequest = { world: null, project: null, pause: null, from: null, to: null, disclose: true };

let db: Awaited<ReturnType<typeof openTestDatabase>>;
let files: string;
beforeEach(async () => {
  db = await openTestDatabase();
  files = mkdtempSync(join(tmpdir(), "pausepoint-test-"));
  await db.writer.write((tx) => db.context.attestor.prepare(tx));
});
afterEach(async () => {
  await db[Symbol.asyncDispose]();
  rmSync(files, { recursive: true, force: true });
});

/** A pause that was asked, and taken back: its message was never sent. */
async function over({ key }: TestKey = db.live): Promise<{ n: number; id: string }> {
  const { n, pause } = await db.ask(key, { timeout_hours: 24 });
  await db.writer.write((tx) => cancelPause(tx, db.context, { key, pauseId: pause.pause_id, reason: "no longer" }));
  return { n, id: pause.pause_id };
}

/**
 * Pauses that are over, each with its two entries in a row, until the log has so many. Some are written together, since
 * a busy disk makes one wait for every commit.
 */
async function fill(size: number): Promise<void> {
  const asking = db.creating(db.live.key, { recipient: "+13128471928", channel: "sms", message: "Pay?" });
  const one = () =>
    db.writer.write(function* (tx): Work<void> {
      const created = yield* asking(tx);
      if (created.kind !== "created") throw new Error("the pause was a replay");
      const { pause_id } = created.pause;
      yield* cancelPause(tx, db.context, { key: db.live.key, pauseId: pause_id, reason: "no longer" });
    });
  while (last() + 2 <= size) await Promise.all(Array.from({ length: Math.min(16, (size - last()) >> 1) }, one));
  while (last() < size) await started();
}

const started = () =>
  db.writer.write((tx) =>
    appendEntry(
      tx,
      newEntry(db.random, {
        type: "server.started",
        at: db.clock.now(),
        actor: { type: "system", id: null },
        world: null,
        pause: null,
        plain: { version: "0" },
      }),
    ),
  );

const last = () => db.count("SELECT max(seq) FROM audit_entries");
const first = () => db.count("SELECT min(seq) FROM audit_entries");
const prune = (days: number | null = 400) => pruneLog(db.writer, db.context, days);
const verification = () => verifyLive(db.connection);
const fault = () => verification().fault?.what ?? null;
const tamper = (sql: string, ...params: unknown[]) => {
  for (const trigger of db.connection
    .prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'trigger'")
    .pluck()
    .all())
    db.connection.exec(`DROP TRIGGER ${trigger}`);
  db.connection.pragma("foreign_keys = OFF");
  db.connection.prepare(sql).run(...params);
};

/** Runs `work` with what evidence is read from. */
async function reading<R>(
  work: (source: Parameters<typeof prepareExport>[0] & { readonly clock: typeof db.clock }) => Promise<R>,
): Promise<R> {
  const connection = openForReading(db.folder);
  try {
    const { writer, clock, context } = db;
    const stamps = new Stamps(sha256(db.folder));
    return await work({ reader: new Reader(connection), writer, clock, attestor: context.attestor, stamps });
  } finally {
    connection.close();
  }
}

async function exported(request: Partial<ExportRequest> = {}): Promise<string> {
  return reading(async (source) =>
    [...exportLines(source, await prepareExport(source, { ...WHOLE, ...request }))].join(""),
  );
}

async function verified(text: string) {
  const file = join(files, "file");
  writeFileSync(file, text);
  const keys = await signingKeysOf(db.writer, db.context.attestor);
  return verifyFile(file, { pinned: parseVerifierKey(logHead(keys).keys[0] ?? ""), kept: [] });
}

describe("what goes", () => {
  test("256 entries at a time, once the last of them is older than so many days, to the millisecond", async () => {
    await fill(600);
    db.clock.turn(400 * DAY);
    expect(await prune()).toMatchObject({ entries: 0 });
    db.clock.turn(1);
    expect(await prune()).toMatchObject({ entries: 512, keptBy: null, complete: true });
    expect(first()).toBe(513);
    expect(fault()).toBeNull();
    expect(await prune()).toMatchObject({ entries: 0 });
    const told = db.log().filter(({ type }) => type === "log.pruned");
    expect(told.map(({ data }) => [data.first_seq, data.entries])).toEqual([
      [257, 256],
      [513, 256],
    ]);
    expect(told.at(-1)?.data.pauses).toBeGreaterThan(100);
  });

  test("nothing without a setting", async () => {
    await fill(600);
    db.clock.turn(4_000 * DAY);
    expect(await prune(null)).toMatchObject({ entries: 0 });
    expect(first()).toBe(1);
  });

  test("a pause in every table, with the last of its entries", async () => {
    const { n } = await over();
    await fill(256);
    db.clock.turn(401 * DAY);
    await started();
    const tables = ["recipients", "deliveries", "events", "audit_entries"];
    for (const table of tables)
      expect([table, db.count(`SELECT count(*) > 0 FROM ${table} WHERE pause_n = ?`, n)]).toEqual([table, 1]);
    await prune();
    const all = db.connection
      .prepare<[], string>(
        "SELECT m.name FROM sqlite_schema m, pragma_table_info(m.name) c WHERE m.type = 'table' AND c.name = 'pause_n'",
      )
      .pluck()
      .all();
    expect(all.length).toBeGreaterThan(7);
    for (const table of all)
      expect([table, db.count(`SELECT count(*) FROM ${table} WHERE pause_n = ?`, n)]).toEqual([table, 0]);
    expect(db.count("SELECT count(*) FROM pauses WHERE n = ?", n)).toBe(0);
    expect(fault()).toBeNull();
  });

  test("not what a pause that still waits stands in, nor what comes after it", async () => {
    await fill(300);
    const waiting = await db.ask(db.live.key, { timeout_hours: 8_760 });
    await fill(900);
    db.clock.turn(300 * DAY);
    expect(await prune(200)).toMatchObject({ entries: 256, keptBy: "pending" });
    expect(first()).toBe(257);
    await db.writer.write((tx) =>
      cancelPause(tx, db.context, { key: db.live.key, pauseId: waiting.pause.pause_id, reason: null }),
    );
    expect(await prune(200)).toMatchObject({ entries: 512, keptBy: null });
    expect(fault()).toBeNull();
  });

  test("not what a legal hold is on, until it is released", async () => {
    await fill(600);
    const privacy = new Privacy({
      writer: db.writer,
      context: db.context,
      directory: { people: {}, defaultRegion: "US" },
      dataDir: files,
    });
    await privacy.hold("+13128471928", "case 12", OPERATOR);
    db.clock.turn(401 * DAY);
    expect(await prune()).toMatchObject({ entries: 0, keptBy: "hold" });
    await privacy.release("+13128471928", OPERATOR);
    expect(await prune()).toMatchObject({ entries: 512 });
  });

  test("of a pause that stands on both sides of the cut its entries, and its rows only with the last of them", async () => {
    await fill(255);
    const { n, pause } = await db.ask(db.live.key, { timeout_hours: 8_760 });
    await fill(300);
    db.clock.turn(300 * DAY);
    await db.writer.write((tx) =>
      cancelPause(tx, db.context, { key: db.live.key, pauseId: pause.pause_id, reason: "late" }),
    );
    await fill(512);
    db.clock.turn(200 * DAY);
    expect(await prune()).toMatchObject({ entries: 256 });
    expect(verification()).toMatchObject({ fault: null, pausesInPart: 1 });
    expect(db.count("SELECT count(*) FROM pauses WHERE n = ?", n)).toBe(1);
    const proof = reading((source) =>
      provePause(source, { n, id: pause.pause_id, mode: "live", receipt: null }, "all"),
    );
    expect(await proof.catch((problem) => problem.message)).toContain("pruned");
    tamper("UPDATE pauses SET status = 'timed_out' WHERE n = ?", n);
    expect(fault()).toContain("the status of the pause");
  });

  test("never an entry that the start of the log does not let go", async () => {
    await fill(300);
    db.clock.turn(401 * DAY);
    await prune();
    expect(() => db.connection.exec("DELETE FROM audit_entries WHERE seq = 257")).toThrow("an audit entry stays");
    expect(() => db.connection.exec("UPDATE log_start SET first_seq = 1")).toThrow("only moves on");
    expect(() => db.connection.exec("DELETE FROM log_start")).toThrow("stays");
    expect(() => db.connection.exec("DELETE FROM kept_entries")).toThrow("stays");
  });
});

describe("what is left", () => {
  const notes = new Map<number, string>();
  beforeEach(async () => {
    for (const size of [100, 256, 700]) {
      await fill(size);
      const { note } = (await checkpointNow(db.writer, db.context.attestor)) ?? { note: "" };
      notes.set(size, note);
    }
    await db.writer.write((tx) => revokeKey(tx, db.context, db.test.key.id, OPERATOR));
    db.clock.turn(401 * DAY);
    for (let i = 0; i < 20; i++) await over();
    await prune();
    expect(first()).toBe(513);
  });

  test("verifies from its start on, and goes on growing", async () => {
    expect(verification()).toMatchObject({ fault: null, firstSeq: 513, entries: last() - 512 });
    await fill(1_100);
    expect(fault()).toBeNull();
    const again = db.beside();
    await again.writer.write((tx) => appendEntry(tx, newEntry(db.random, STARTED)));
    again.close();
    expect(fault()).toBeNull();
  });

  test("is exported as a stretch that verifies offline, whole and in part", async () => {
    const text = await exported();
    expect(JSON.parse(text.slice(0, text.indexOf("\n")))).toMatchObject({ complete: true, first_seq: 513 });
    expect(await verified(text)).toMatchObject({ fault: null, isPinned: true, firstSeq: 513, lastSeq: last() });
    const part = await exported({ from: db.clock.now() });
    expect(await verified(part)).toMatchObject({ fault: null, firstSeq: 702 });
    const selection = await exported({ project: "default" });
    expect(await verified(selection)).toMatchObject({ fault: null, file: "selection" });
    const early = exported({ to: db.clock.now() - 500 * DAY });
    expect(await early.catch((problem) => problem.message)).toContain("pruned: the log begins with entry 513");
  });

  test("says so when entries are pruned while they are exported", async () => {
    await fill(2_000);
    db.clock.turn(401 * DAY);
    await started();
    const text = reading(async (source) => {
      const lines = exportLines(source, await prepareExport(source, WHOLE));
      // The head, and the first page.
      lines.next();
      lines.next();
      await prune();
      return [...lines].length;
    });
    expect(await text.catch((error) => error.message)).toContain("while it was exported");
  });

  test("proves its pauses, with the announcements of the keys that were pruned", async () => {
    const { n, id } = await over();
    const proof = await reading((source) => provePause(source, { n, id, mode: "live", receipt: null }, "all"));
    const { context } = proof as { context: { entry: { seq: number; type: string } }[] };
    expect(context.filter(({ entry }) => entry.type === "signing_key.created" && entry.seq < 513)).toHaveLength(3);
    expect(await verified(JSON.stringify(proof))).toMatchObject({ fault: null, isPinned: true });
  });

  test("is found by time, and listed from its first entry on", () => {
    expect(seqBefore(db.writer, 0)).toBe(512);
    expect(seqBefore(db.writer, db.clock.now() - 400 * DAY)).toBe(701);
    const everything = { worldN: null, pauseN: null, type: null, actor: null, to: null, behindSeq: 0, limit: 10 };
    expect(readEntries(db.writer, { ...everything, from: 1 }).entries[0]?.seq).toBe(513);
    expect(readEntries(db.writer, { ...everything, from: null }).entries[0]?.seq).toBe(513);
  });

  test("is compared with a checkpoint that was kept elsewhere, where the stored nodes still can", async () => {
    const keys = await signingKeysOf(db.writer, db.context.attestor);
    const trusted = trustedLog(logHead(keys), { pinned: null, kept: [] });
    await reading(async ({ reader }) => {
      const against = (size: number) => compareWithKept(reader, last(), trusted, [notes.get(size) ?? ""]);
      expect([against(256), against(700)]).toEqual([
        { what: null, unknown: [] },
        { what: null, unknown: [] },
      ]);
      expect(against(100)).toEqual({ what: null, unknown: [expect.stringContaining("over 100 entries")] });
    });
    tamper("UPDATE merkle_nodes SET hash = zeroblob(32) WHERE level = 8 AND position = 0");
    await reading(async ({ reader }) => {
      expect(compareWithKept(reader, last(), trusted, [notes.get(256) ?? ""]).what).toContain("rewritten");
    });
  });

  test("counts the checkpoints over what was pruned, which must be genuine still", () => {
    expect(verification().checkpoints).toBe(db.count("SELECT count(*) FROM checkpoints"));
    expect(db.count("SELECT count(*) FROM checkpoints WHERE size < 512")).toBeGreaterThan(10);
  });

  test("loses what a key's announcement discloses with an entry that tells so", async () => {
    await db.newKey("live", {
      limits: { recipients: ["+13125550143"], minTimeoutMinutes: null, noDefaultOnTimeout: false },
    });
    const { id } = db.connection.prepare("SELECT id FROM api_keys ORDER BY n DESC LIMIT 1").get() as { id: string };
    await db.writer.write((tx) => revokeKey(tx, db.context, id, OPERATOR));
    await fill(1_024);
    db.clock.turn(401 * DAY);
    await started();
    await prune();
    expect(fault()).toBeNull();
    const privacy = new Privacy({
      writer: db.writer,
      context: db.context,
      directory: { people: {}, defaultRegion: "US" },
      dataDir: files,
    });
    await privacy.erase("+13125550143", { actor: OPERATOR, reason: null, dryRun: false });
    expect(db.count("SELECT count(*) FROM kept_entries WHERE disclosed LIKE '%/recipients%'")).toBe(0);
    expect(db.count("SELECT count(*) FROM kept_entries WHERE erased_seq IS NOT NULL")).toBe(1);
    expect(fault()).toBeNull();
  });

  test.each([
    ["a start that is moved on", "UPDATE log_start SET first_seq = 769", "stored nodes"],
    ["a start that is gone", "DELETE FROM log_start", "does not stand in what was pruned"],
    ["another link", `UPDATE log_start SET prev_hash = '${"0".repeat(64)}'`, "prev_hash of entry 513"],
    ["another root", "UPDATE log_start SET root = zeroblob(32)", "stored nodes"],
    ["another time", "UPDATE log_start SET at = at - 1", "the time of what was pruned"],
    ["a stored node that is changed", "UPDATE merkle_nodes SET hash = zeroblob(32) WHERE position = 0", "stored nodes"],
    ["a stored node that is gone", "DELETE FROM merkle_nodes WHERE position = 1", "stored nodes"],
    ["a key's announcement that is gone", "DELETE FROM kept_entries WHERE seq = 1", "is there, but no entry tells"],
    ["a path to nowhere", "UPDATE kept_entries SET path = zeroblob(256) WHERE seq = 1", "did not stand in the log"],
    ["a key that was put in", "UPDATE api_keys SET hash = zeroblob(32) WHERE n = 1", "the hash of the key"],
    [
      "a forged checkpoint of what is gone",
      "UPDATE checkpoints SET signature = zeroblob(64) WHERE size = 100",
      "forged",
    ],
    ["another root signed for", "UPDATE checkpoints SET root = zeroblob(32) WHERE size = 256", "has another root"],
  ])("with %s is found out", (_, sql, what) => {
    tamper(sql);
    expect(fault() ?? "nothing").not.toBe("nothing");
    expect(fault()).toContain(what);
  });

  test("with more entries cut off, by whoever moves the start along, is found out", async () => {
    await fill(1_024);
    const cut = db.connection.prepare<[], string>("SELECT entry FROM audit_entries WHERE seq = 768").pluck().get()!;
    const gone = root(new StoredTree(new Reader(db.connection)).frontier(768));
    tamper("DELETE FROM pauses WHERE n NOT IN (SELECT pause_n FROM audit_entries WHERE seq > 768 AND pause_n > 0)");
    for (const table of ["recipients", "answers", "deliveries", "views"])
      db.connection.exec(`DELETE FROM ${table} WHERE pause_n NOT IN (SELECT n FROM pauses)`);
    db.connection.exec("DELETE FROM audit_entries WHERE seq <= 768");
    db.connection
      .prepare("UPDATE log_start SET first_seq = 769, prev_hash = ?, root = ?, at = ?")
      .run(sha256Hex(cut), gone, Date.parse((JSON.parse(cut) as { at: string }).at));
    expect(fault()).toContain("the log begins with entry 769, but no entry tells that it was pruned");
  });

  test("with a revocation taken back is found out by the digest of what was put aside", async () => {
    await fill(1_024);
    db.clock.turn(401 * DAY);
    await started();
    await prune();
    expect(fault()).toBeNull();
    tamper("DELETE FROM kept_entries WHERE entry LIKE '%key.revoked%'");
    db.connection.exec("UPDATE api_keys SET revoked_at = NULL");
    expect(fault()).toContain("what was put aside is not what entry");
  });
});

describe("pruning that is killed", () => {
  test.each(["1", "2", "inside"])(
    "at point %s leaves a log that verifies, and goes on with the next run",
    async (where) => {
      await fill(1_100);
      const beside = await run([process.execPath, "test/privacy/killed-prune.ts", db.folder, where]);
      expect(beside).not.toBe(0);
      expect(first()).toBe(where === "2" ? 513 : 257);
      expect(fault()).toBeNull();
      db.clock.turn(401 * DAY);
      expect(await prune()).toMatchObject({ entries: where === "2" ? 512 : 768, complete: true });
      expect(first()).toBe(1_025);
      expect(fault()).toBeNull();
      expect(await verified(await exported())).toMatchObject({ fault: null });
    },
  );
});

async function run(command: readonly string[]): Promise<number> {
  const child = Bun.spawn([...command], { cwd: join(import.meta.dir, "../.."), stdout: "ignore", stderr: "ignore" });
  return await child.exited;
}

const STARTED = {
  type: "server.started",
  at: 0,
  actor: { type: "system", id: null },
  world: null,
  pause: null,
  plain: { version: "0" },
} as const;
