import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { quietly, withFolder } from "../../src/cli/folder.ts";
import { verifyFile } from "../../src/evidence/index.ts";
import { pruneLog } from "../../src/privacy/index.ts";
import { type Appliance, startAppliance } from "../support/appliance.ts";
import { environment, run } from "../support/binary.ts";
import { DAY } from "../support/database.ts";
import { program } from "../support/program.ts";

/** Pruning beside a server that goes on, and what it answers then. */
let appliance: Appliance;
let files: string;
beforeEach(async () => {
  files = mkdtempSync(join(tmpdir(), "pausepoint-test-"));
  appliance = await startAppliance((config) => ({ ...config, retention: { contentDays: null, auditDays: 100 } }));
});
afterEach(async () => {
  await appliance.stop();
  rmSync(files, { recursive: true, force: true });
});

const verified = (text: string) => {
  writeFileSync(join(files, "file"), text);
  return verifyFile(join(files, "file"), { pinned: null, kept: [] });
};
const prune = () =>
  withFolder(appliance.config, (folder) =>
    pruneLog(folder.writer, { ...quietly(folder), clock: appliance.clock }, appliance.config.retention.auditDays),
  );

async function decide(): Promise<string> {
  const pause = await appliance.ask(appliance.keys.test);
  const [message] = await appliance.messages(pause);
  await appliance.choose(message!.link, "Approve");
  return pause.pause_id;
}

test("a server whose log is pruned beside it goes on to decide, list, prove and export", async () => {
  const admin = await appliance.newKey({ mode: "test", scopes: ["audit:read", "admin"] });
  const { test: key } = appliance.keys;
  const old: string[] = [];
  for (let i = 0; i < 100; i++) old.push(await decide());
  appliance.clock.turn(101 * DAY);
  const between = await decide();

  const { entries, pauses } = await prune();
  expect(entries).toBe(256);
  expect(pauses).toBeGreaterThan(50);
  expect((await appliance.get(`/v1/pause/${old[0]}`, key)).status).toBe(404);
  expect(appliance.faultInLog()).toBeNull();

  const after = await decide();
  for (const id of [between, after]) {
    const proof = await appliance.get(`/v1/pause/${id}/proof`, admin);
    expect(verified(proof.text)).toMatchObject({ fault: null, file: "proof" });
  }
  expect((await appliance.get("/v1/audit", admin)).body.data[0].seq).toBe(257);
  const whole = await appliance.get("/v1/audit/export", admin);
  expect(verified(whole.text)).toMatchObject({ fault: null, file: "export", firstSeq: 257 });
  expect(appliance.faultInLog()).toBeNull();

  const { status, stdout } = await run(
    [...program, "audit", "verify", "--data", appliance.config.dataDir],
    files,
    environment({}),
  );
  expect(status).toBe(0);
  expect(stdout).toContain("The log begins with entry 257; what stood before was pruned.");
}, 300_000);

test("less than six months is allowed, and warned of at the start and by config check", async () => {
  expect(appliance.logged.join("\n")).toContain("retention.auditDays: the log is kept for less than 183 days");
  const check = async (days: number) => {
    writeFileSync(join(files, "pausepoint.config.ts"), `export default { retention: { auditDays: ${days} } };\n`);
    return (await run([...program, "config", "check"], files, environment({}))).stdout;
  };
  expect(await check(182)).toContain("Note: retention.auditDays: the log is kept for less than 183 days");
  expect(await check(183)).not.toContain("Note:");
});
