import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { configFile, folderWith, removeFolders } from "./folder.ts";

afterAll(removeFolders);

describe("a compiled executable in a folder that has nothing but a configuration", () => {
  let executable = "";

  beforeAll(async () => {
    executable = join(await folderWith({}), "print-config");
    // The runtime is the one that runs this test, so nothing is downloaded.
    const built = await Bun.build({
      entrypoints: [join(import.meta.dir, "print-config.ts")],
      compile: { executablePath: process.execPath, outfile: executable, autoloadDotenv: false, autoloadBunfig: false },
    });
    expect(built.success).toBe(true);
  }, 300_000);

  async function run(files: Record<string, string>) {
    const cwd = await folderWith(files);
    const child = Bun.spawn([executable], {
      cwd,
      env: { TOKEN: "from the environment" },
      stdout: "pipe",
      stderr: "pipe",
    });
    const [stdout, stderr, status] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
    return { cwd, stdout, stderr, status };
  }

  test("runs the file, its neighbours and the makers inside the executable", async () => {
    const { cwd, stdout, stderr, status } = await run({
      "pausepoint.config.ts": `
        import { defineConfig, twilio } from "pausepoint/config";
        import type { Nobody } from "./types-only.ts";
        import { from } from "./sender.ts";
        enum Hours { short = 4 }
        const authToken: string | undefined = process.env.TOKEN;
        export default defineConfig({ timeoutHours: Hours.short, channels: { sms: twilio({ accountSid: "AC1", authToken, from }) } });
      `,
      "sender.ts": `export const from: string = "+13125550100";`,
    });
    expect({ stderr, status }).toEqual({ stderr: "", status: 0 });
    expect(JSON.parse(stdout)).toMatchObject({
      timeoutHours: 4,
      channels: { sms: { kind: "twilio", authToken: "from the environment", from: "+13125550100", concurrency: 8 } },
      dataDir: join(cwd, ".pausepoint"),
      source: join(cwd, "pausepoint.config.ts"),
      channelsConfigured: true,
    });
  });

  test("runs the functions of a channel that the file defines", async () => {
    const { stdout, stderr, status } = await run({
      "pausepoint.config.ts": `
        import { type ChannelResult, defineChannel, defineConfig } from "pausepoint/config";
        const send = async (): Promise<ChannelResult> => ({ outcome: "sent" });
        export default defineConfig({ channels: { pager: defineChannel({ addressKind: "text", secrets: ["s3cret"], send }) } });
      `,
    });
    expect({ stderr, status }).toEqual({ stderr: "", status: 0 });
    expect(JSON.parse(stdout).channels.pager).toMatchObject({ kind: "defined", addressKind: "text", concurrency: 4 });
  });

  test("explains what it refuses as a source checkout does", async () => {
    expect(await run(configFile("{ plan: { x: {} } }"))).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("  plan\n    found    an object with x, but this version has no such setting"),
    });
    expect((await run({ "pausepoint.config.ts": "export default {{" })).stderr).toMatch(
      /pausepoint\.config\.ts:1:\d+: /,
    );
    expect(
      (await run({ "pausepoint.config.ts": `import { pager } from "pausepoint/config"; export default pager;` }))
        .stderr,
    ).toContain("Take pager out of");
  });
});
