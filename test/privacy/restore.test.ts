import { expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../../src/cli/program.ts";
import { startAppliance } from "../support/appliance.ts";

const WORDS = "Pay the surgeon of Mrs Abernathy?";
const NUMBER = "+13128471777";

/** Every byte that the files of a folder hold. */
function bytesOf(folder: string): string {
  return readdirSync(folder)
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
    .map((path) => readFileSync(path, "latin1"))
    .join("");
}

test("what was erased after a backup is erased again when that is restored, and the log still verifies", async () => {
  const appliance = await startAppliance();
  const pause = await appliance.ask(appliance.keys.live, { message: WORDS, recipient: NUMBER });
  await appliance.app.stop();
  const data = appliance.config.dataDir;
  const file = join(mkdtempSync(join(tmpdir(), "pausepoint-erased-")), "before.tar.gz");
  expect(await run(["backup", file, "--data", data])).toBe(0);
  expect(await run(["privacy", "erase", "--recipient", NUMBER, "--data", data])).toBe(0);
  expect(bytesOf(data).includes(WORDS)).toBe(false);

  expect(await run(["restore", file, "--data", data, "--force"])).toBe(0);
  expect(bytesOf(data).includes(WORDS)).toBe(false);
  expect(bytesOf(data).includes(NUMBER)).toBe(false);
  expect(await run(["audit", "verify", "--data", data])).toBe(0);

  // Elsewhere nothing tells of the erasure, so that the backup is what it was.
  const elsewhere = join(mkdtempSync(join(tmpdir(), "pausepoint-elsewhere-")), "data");
  expect(await run(["restore", file, "--data", elsewhere])).toBe(0);
  expect(bytesOf(elsewhere).includes(WORDS)).toBe(true);
  expect(pause.status).toBe("pending");
}, 300_000);
