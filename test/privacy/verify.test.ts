import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { verifyLive } from "../../src/audit/index.ts";
import { Privacy } from "../../src/privacy/index.ts";
import { openTestDatabase } from "../support/database.ts";

/** What verification finds after an erasure, and after somebody has meddled with what is left. */
let db: Awaited<ReturnType<typeof openTestDatabase>>;
let dataDir: string;
let erasedN: number;
let keptN: number;
const NUMBER = "+13128471928";

beforeEach(async () => {
  db = await openTestDatabase();
  dataDir = mkdtempSync(join(tmpdir(), "pausepoint-test-"));
  const more = { details: { Invoice: "4712" }, metadata: { run: 1 } };
  erasedN = (await db.ask(db.live.key, { ...more, recipient: NUMBER })).n;
  keptN = (await db.ask(db.live.key, { ...more, recipient: "+13125550143" })).n;
  const privacy = new Privacy({
    writer: db.writer,
    context: db.context,
    directory: { people: {}, defaultRegion: "US" },
    dataDir,
  });
  await privacy.erase(NUMBER, { actor: { type: "operator", id: null }, reason: "asked by letter", dryRun: false });
});
afterEach(async () => {
  await db[Symbol.asyncDispose]();
  rmSync(dataDir, { recursive: true, force: true });
});

const verification = () => verifyLive(db.connection);
const fault = () => verification().fault?.what ?? null;
const run = (sql: string, ...params: unknown[]) => db.connection.prepare(sql).run(...params);
const createdOf = (n: number) => db.count("SELECT min(seq) FROM audit_entries WHERE pause_n = ?", n);
const telling = () => db.count("SELECT max(seq) FROM audit_entries");

describe("verification after an erasure", () => {
  test("holds, and counts what can't be opened any more", () => {
    expect(fault()).toBeNull();
    // Message, details, metadata and address; a withdrawal without a reason commits to nothing.
    expect(verification().erasedDisclosures).toBe(4);
  });

  test("finds a changed entry as before", () => {
    run("DROP TRIGGER audit_entries_are_final");
    run("UPDATE audit_entries SET entry = replace(entry, 'Approve', 'Approvo') WHERE seq = ?", createdOf(erasedN));
    expect(fault()).toContain(`entry ${createdOf(erasedN)}`);
  });

  test("finds a lie that was written where the content was", () => {
    run("UPDATE pauses SET message = 'Pay nothing?' WHERE n = ?", erasedN);
    expect(fault()).toContain("the message of the pause");
  });

  test("finds details that were put where the erased ones were", () => {
    run(`UPDATE pauses SET details = '{"Invoice":"1"}' WHERE n = ?`, erasedN);
    expect(fault()).toContain("the details of the pause");
  });

  test("finds an address that was put where the erased one was", () => {
    run("UPDATE recipients SET destination = '+13125550199' WHERE pause_n = ?", erasedN);
    expect(fault()).toContain("the destination of recipient 0");
  });

  test("finds a pause that no longer says that it was erased", () => {
    run("UPDATE pauses SET erased_at = NULL WHERE n = ?", erasedN);
    expect(fault()).toContain("its content is there");
  });
});

describe("content that is gone without an entry that tells so", () => {
  const strip = (seq: number | null) => {
    run("DROP TRIGGER disclosures_go_with_an_entry");
    run("UPDATE audit_entries SET disclosed = NULL, erased_seq = ? WHERE seq = ?", seq, createdOf(keptN));
    run("UPDATE pauses SET message = '[erased]', details = '{}', metadata = '{}', erased_at = 1 WHERE n = ?", keptN);
    run("UPDATE recipients SET address = '[erased]', destination = '[erased]' WHERE pause_n = ?", keptN);
  };

  test("is found where nothing is named as the reason", () => {
    strip(null);
    expect(fault()).toContain("are gone, but no entry tells that they were erased");
  });

  test("is found where an erasure of somebody else is named as the reason", () => {
    strip(telling());
    expect(fault()).toContain(`are gone, but entry ${telling()} tells nothing of it`);
  });

  test("is found where an entry of another kind is named as the reason", () => {
    strip(telling() - 1);
    expect(fault()).toContain("tells nothing of it");
  });

  test("is found in an entry of no pause", () => {
    run("DROP TRIGGER disclosures_go_with_an_entry");
    run("UPDATE audit_entries SET disclosed = NULL WHERE seq = 1");
    expect(fault()).toContain("disclosures of entry 1 (key.created) are gone");
  });

  test("is refused by the database itself", () => {
    expect(() => run("UPDATE audit_entries SET disclosed = NULL WHERE seq = ?", createdOf(keptN))).toThrow(
      "a disclosure goes only with an entry that tells so",
    );
  });
});
