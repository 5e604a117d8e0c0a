import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { begun } from "../support/begun.ts";
import { environment, folderWith, type Ran, run } from "../support/binary.ts";
import { program } from "../support/program.ts";

/** Runs a command on the data folder in `folder`, with these variables. */
const command = (folder: string, env: Record<string, string>, ...args: string[]): Promise<Ran> =>
  run([...program, ...args, "--data", join(folder, "data")], folder, environment(env));
const SECRET = Buffer.alloc(32, 7).toString("base64url");
const CREATE = ["keys", "create", "--name", "agent"] as const;

describe("the folder's secret", () => {
  test("comes from PAUSEPOINT_SECRET where that is set, and then lies nowhere in the folder", async () => {
    const folder = folderWith();
    try {
      await begun(folder, ["--data", "data"], { PAUSEPOINT_SECRET: SECRET });
      expect((await command(folder, { PAUSEPOINT_SECRET: SECRET }, ...CREATE)).status).toBe(0);
      expect(existsSync(join(folder, "data/secret"))).toBe(false);
      expect((await command(folder, { PAUSEPOINT_SECRET: `${SECRET}=\n` }, ...CREATE)).status).toBe(0);

      const other = Buffer.alloc(32, 8).toString("base64url");
      const wrong = await command(folder, { PAUSEPOINT_SECRET: other }, ...CREATE);
      expect([wrong.status, wrong.stderr]).toEqual([1, expect.stringContaining("belongs to another secret")]);
      const verified = await command(folder, {}, "audit", "verify");
      expect(verified.status).toBe(0);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test("comes from the file that PAUSEPOINT_SECRET_FILE names, to which the folder's own can be moved", async () => {
    const folder = folderWith();
    try {
      await begun(folder, ["--data", "data"]);
      renameSync(join(folder, "data/secret"), join(folder, "credential"));
      const moved = await command(folder, { PAUSEPOINT_SECRET_FILE: "credential" }, ...CREATE);
      expect([moved.status, existsSync(join(folder, "data/secret"))]).toEqual([0, false]);
      const text = readFileSync(join(folder, "credential"), "utf8");
      expect((await command(folder, { PAUSEPOINT_SECRET: text }, ...CREATE)).status).toBe(0);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test("that is none stops every command, says where it stands, and is not repeated", async () => {
    const folder = folderWith();
    writeFileSync(join(folder, "short"), `${SECRET.slice(1)}\n`);
    // The last character has two bits to spare: another one there decodes to the same bytes.
    const spare = `${SECRET.slice(0, -1)}d`;
    const refusals: [Record<string, string>, string][] = [
      [{ PAUSEPOINT_SECRET: "hunter2" }, "Put a secret into PAUSEPOINT_SECRET: 32 random bytes"],
      [{ PAUSEPOINT_SECRET: `${SECRET}A` }, "Put a secret into PAUSEPOINT_SECRET"],
      [{ PAUSEPOINT_SECRET: spare }, "Put a secret into PAUSEPOINT_SECRET"],
      [{ PAUSEPOINT_SECRET_FILE: "short" }, "/short (PAUSEPOINT_SECRET_FILE): 32 random bytes"],
      [{ PAUSEPOINT_SECRET_FILE: "nowhere" }, "Name a file that can be read in PAUSEPOINT_SECRET_FILE"],
      [{ PAUSEPOINT_SECRET: SECRET, PAUSEPOINT_SECRET_FILE: "short" }, "PAUSEPOINT_SECRET_FILE, not both"],
    ];
    try {
      for (const [env, says] of refusals) {
        const { status, stderr } = await command(folder, env, "config", "check");
        expect([status, stderr]).toEqual([2, expect.stringContaining(says)]);
        expect(stderr).not.toContain("hunter2");
        expect(stderr).not.toContain(SECRET.slice(1));
      }
      expect(existsSync(join(folder, "data"))).toBe(false);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
