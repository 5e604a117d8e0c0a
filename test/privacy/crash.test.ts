import { expect, test } from "bun:test";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { startApp } from "../../src/app.ts";
import { verifyLive } from "../../src/audit/index.ts";
import { loadConfig } from "../../src/platform/config/load.ts";
import { silentLog } from "../../src/platform/log.ts";
import { readErasures } from "../../src/privacy/ledger.ts";
import { openForReading } from "../../src/storage/index.ts";
import { environment, run } from "../support/binary.ts";
import { temporaryFolder } from "../support/database.ts";

const NUMBER = "+13128471928";
/** More than one unit of work takes. */
const PAUSES = 60;

async function folderOfPauses(): Promise<string> {
  const folder = temporaryFolder();
  const app = await serve(folder);
  const headers = { authorization: `Bearer ${app.firstKey}`, "content-type": "application/json" };
  const ask = (message: string) =>
    fetch(`${app.url}/v1/pause`, {
      method: "POST",
      headers,
      body: JSON.stringify({ recipient: NUMBER, channel: "sms", message }),
    });
  await Promise.all(Array.from({ length: PAUSES }, (_, i) => ask(`the secret question ${i}`)));
  await app.stop();
  return folder;
}

async function serve(folder: string) {
  const config = await loadConfig({ flags: { data: folder, port: "0" }, env: {}, cwd: folder });
  return await startApp({ config, log: silentLog });
}

const erase = (script: readonly string[], folder: string) =>
  run([process.execPath, ...script], join(import.meta.dir, "../.."), environment({ PAUSEPOINT_DATA: folder }));

/** Nothing is left, all of it is listed once, and the log tells of each pause once. */
function isWhole(folder: string): void {
  for (const name of ["pausepoint.db", "pausepoint.db-wal"]) {
    const bytes = fileOrNothing(join(folder, name));
    expect([name, bytes.includes("secret question"), bytes.includes(NUMBER)]).toEqual([name, false, false]);
  }
  const listed = readErasures(join(folder, "erasures.jsonl")).flatMap(({ pause_ids }) => pause_ids);
  expect([listed.length, new Set(listed).size]).toEqual([PAUSES, PAUSES]);
  const database = openForReading(folder);
  const unfinished = database.prepare("SELECT count(*) FROM erasures WHERE finished_at IS NULL").pluck().get();
  const { fault } = verifyLive(database);
  database.close();
  expect([unfinished, fault]).toEqual([0, null]);
}

function fileOrNothing(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch {
    return Buffer.alloc(0);
  }
}

// 1: the installation is checked; 2: the erasure is noted; 3 and 4: its two units of work.
test.each(["2", "3", "4", "truncate"])(
  "an erasure that was killed at point %s is completed by the next start",
  async (where) => {
    const folder = await folderOfPauses();
    const script = ["test/privacy/killed-erase.ts", folder, NUMBER, where];
    expect((await erase(script, folder)).status).not.toBe(0);
    const app = await serve(folder);
    await app.stop();
    isWhole(folder);
    rmSync(folder, { recursive: true });
  },
  120_000,
);

test("an erasure that was killed is completed by the next one, of whomever", async () => {
  const folder = await folderOfPauses();
  await erase(["test/privacy/killed-erase.ts", folder, NUMBER, "3"], folder);
  const other = ["src/main.ts", "privacy", "erase", "--recipient", "someone@example.com", "--data", folder];
  const { status, stderr } = await erase(other, folder);
  expect([status, stderr]).toEqual([0, ""]);
  isWhole(folder);
  rmSync(folder, { recursive: true });
}, 120_000);
