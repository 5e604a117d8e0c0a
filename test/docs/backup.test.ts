import { expect, test } from "bun:test";
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { startApp } from "../../src/app.ts";
import type { Pause } from "../../src/pauses/index.ts";
import { loadConfig } from "../../src/platform/config/load.ts";
import { silentLog } from "../../src/platform/log.ts";
import { environment, folderWith, run } from "../support/binary.ts";
import { project } from "./documents.ts";

/** As docs/install.md tells it: stop, copy the whole folder, start again. */
test("a copy of the data folder, made while no server ran, serves the same pauses under the same key", async () => {
  const folder = folderWith();
  const serve = async (data: string) =>
    startApp({
      config: await loadConfig({ flags: { data: join(folder, data), port: "0" }, env: {}, cwd: folder }),
      log: silentLog,
    });
  try {
    const first = await serve("data");
    const headers = { authorization: `Bearer ${first.firstKey}`, "content-type": "application/json" };
    const body = JSON.stringify({ recipient: "+13128471928", channel: "sms", message: "Pay?" });
    const asked = (await (await fetch(`${first.url}/v1/pause`, { method: "POST", headers, body })).json()) as Pause;
    await first.stop();

    cpSync(join(folder, "data"), join(folder, "copy"), { recursive: true });
    const verified = await run(
      [process.execPath, "src/main.ts", "audit", "verify", "--data", join(folder, "copy")],
      project,
      environment(),
    );
    expect(verified.stderr).toBe("");
    const second = await serve("copy");
    try {
      const read = (await (await fetch(`${second.url}/v1/pause/${asked.pause_id}`, { headers })).json()) as Pause;
      expect([read.pause_id, read.message]).toEqual([asked.pause_id, "Pay?"]);
    } finally {
      await second.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
