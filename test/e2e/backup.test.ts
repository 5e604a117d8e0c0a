import { expect } from "bun:test";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as after } from "node:timers/promises";
import { folderWith, runBinary, Started } from "../support/binary.ts";
import { testNeeding } from "../support/needs.ts";

testNeeding("dist/pausepoint")(
  "the executable makes backups of itself by the calendar, and restores them in a folder that holds nothing else",
  async () => {
    const folder = folderWith({
      "pausepoint.config.ts": `import { defineConfig } from "pausepoint/config";
        export default defineConfig({ dataDir: "data", backups: { folder: "saved", at: "* * * * * *", keep: 2, keyFile: "key" } });`,
      key: "nine green bottles\n",
      "elsewhere/key": "nine green bottles\n",
    });
    const server = new Started(["serve", "--port", "0", "--json"], folder);
    try {
      await server.line();
      while (!server.stderr.includes("backup made")) await after(20);
    } finally {
      expect(await server.stop()).toBe(0);
    }
    expect(server.stderr).not.toContain("backup failed");
    const [newest = ""] = readdirSync(join(folder, "saved"))
      .filter((name) => name.endsWith(".age"))
      .sort()
      .reverse();
    const elsewhere = join(folder, "elsewhere");
    const args = ["restore", join(folder, "saved", newest), "--key-file", "key", "--data", "data"];
    expect(await runBinary(args, elsewhere)).toMatchObject({ status: 0, stderr: "" });
    expect(await runBinary(["audit", "verify", "--data", "data"], elsewhere)).toMatchObject({ status: 0, stderr: "" });
    rmSync(folder, { recursive: true, force: true });
  },
  300_000,
);
