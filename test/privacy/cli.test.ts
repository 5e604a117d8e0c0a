/** `pausepoint privacy …` in a process of its own, beside a server that goes on. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { openForReading } from "../../src/storage/index.ts";
import { project } from "../docs/documents.ts";
import { type Appliance, startAppliance } from "../support/appliance.ts";
import { environment, run } from "../support/binary.ts";

let appliance: Appliance;
beforeEach(async () => {
  appliance = await startAppliance();
});
afterEach(async () => {
  await appliance.stop();
});

const NUMBER = "+13128471928";
const privacy = (...args: string[]) =>
  run(
    [process.execPath, "src/main.ts", "privacy", ...args, "--data", appliance.config.dataDir],
    project,
    environment(),
  );
const file = (name: string) => join(appliance.config.dataDir, name);

test("erases beside a running server, which goes on and shows it, and leaves nothing in the write-ahead log", async () => {
  const pause = await appliance.ask(appliance.keys.test, {
    message: "the secret question",
    // The command goes by the machine's own clock.
    timeout_hours: 8_760,
  });
  await appliance.messages(pause);
  const dry = await privacy("erase", "--recipient", "(312) 847-1928", "--dry-run");
  expect(dry.stdout).toContain("Would erase 1 pause; 1 of them still wait and would be withdrawn.");
  const { status, stdout, stderr } = await privacy("erase", "--recipient", "(312) 847-1928", "--json");
  expect([status, stderr]).toEqual([0, ""]);
  expect(JSON.parse(stdout)).toMatchObject({ pauses: 1, withdrawn: 1, pause_ids: [pause.pause_id], complete: true });
  expect(await appliance.pause(appliance.keys.test, pause.pause_id)).toMatchObject({
    status: "cancelled",
    message: "[erased]",
  });
  for (const name of ["pausepoint.db", "pausepoint.db-wal"])
    expect(readFileSync(file(name)).includes("secret question")).toBe(false);
  expect((await appliance.ask(appliance.keys.test)).status).toBe("pending");
  expect(appliance.faultInLog()).toBeNull();
});

test("says plainly, with exit 1, that a reader keeps the write-ahead log, and completes it when asked again", async () => {
  await appliance.ask(appliance.keys.test, { message: "the secret question" });
  const reader = openForReading(appliance.config.dataDir);
  reader.exec("BEGIN");
  reader.prepare("SELECT count(*) FROM pauses").get();
  const refused = await privacy("erase", "--recipient", NUMBER);
  reader.exec("COMMIT");
  reader.close();
  expect(refused.status).toBe(1);
  expect(refused.stdout).toContain("Erased 1 pause");
  expect(refused.stderr).toContain(
    "somebody who reads the database keeps from being cut; run pausepoint privacy erase",
  );
  expect(appliance.count("SELECT count(*) FROM erasures WHERE finished_at IS NULL")).toBe(1);
  expect((await privacy("erase", "--recipient", NUMBER)).status).toBe(0);
  expect(appliance.count("SELECT count(*) FROM erasures WHERE finished_at IS NULL")).toBe(0);
  expect(statSync(file("pausepoint.db-wal")).size).toBeLessThan(100_000);
  expect(readFileSync(file("pausepoint.db-wal")).includes("secret question")).toBe(false);
}, 300_000);

test("a hold is set, refuses in plain words, is listed and released", async () => {
  await appliance.ask(appliance.keys.test);
  const set = await privacy("hold", "--recipient", NUMBER, "--reason", "case 12");
  expect(set.stdout).toMatch(/^hold_\w+ is set: this recipient can't be erased until it is released\.\n$/);
  const refused = await privacy("erase", "--recipient", NUMBER);
  expect([refused.status, refused.stdout]).toEqual([1, ""]);
  expect(refused.stderr).toContain("forbids to erase this recipient; release it first: pausepoint privacy release.");
  const admin = await appliance.newKey({ mode: "live", scopes: ["admin"] });
  const over = await appliance.post("/v1/privacy/erase", admin, { recipient: NUMBER });
  expect([over.status, over.body.type]).toEqual([409, "/problems/legal-hold"]);
  expect((await privacy("holds")).stdout).toContain("case 12");
  expect((await privacy("release", "--recipient", NUMBER)).status).toBe(0);
  expect((await privacy("release", "--recipient", NUMBER)).status).toBe(1);
  expect(JSON.parse((await privacy("holds", "--json")).stdout).data[0].released_at).not.toBeNull();
});

test("exports one JSON document, and refuses what can be no recipient as wrong usage", async () => {
  const pause = await appliance.ask(appliance.keys.test);
  const { stdout } = await privacy("export", "--recipient", NUMBER, "--json");
  expect(JSON.parse(stdout).pauses.map(({ pause_id }: { pause_id: string }) => pause_id)).toEqual([pause.pause_id]);
  const wrong = await privacy("erase", "--recipient", "no such (thing)");
  expect([wrong.status, wrong.stderr]).toEqual([
    2,
    "--recipient must be @name, a phone number, an email address, a Slack id or a topic\n",
  ]);
});
