import { describe, expect } from "bun:test";
import { readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openNote, parseVerifierKey } from "../../src/audit/note.ts";
import { folderWith, runBinary, Started, serveBinary } from "../support/binary.ts";
import { eventually } from "../support/eventually.ts";
import { testNeeding } from "../support/needs.ts";

const e2e = testNeeding("dist/pausepoint");

/** What the command prints once it can: the server takes a moment to have asked. */
async function printed(ask: () => ReturnType<typeof runBinary>): Promise<string> {
  return (await eventually(ask, ({ status }) => status === 0)).stdout;
}

describe("the executable as a witness", () => {
  e2e(
    "is set up by two commands, and cosigns the log of another that names it in its configuration",
    async () => {
      const folder = folderWith();
      const init = await runBinary(["witness", "init", "--data", "w", "--name", "auditor.example/w1"], folder);
      expect(init).toMatchObject({ status: 0, stderr: "" });
      const vkey = init.stdout.trim();
      expect((await runBinary(["witness", "init", "--data", "w", "--name", "auditor.example/w1"], folder)).stdout).toBe(
        init.stdout,
      );
      expect(statSync(join(folder, "w/witness.key")).mode & 0o777).toBe(0o600);

      const first = await serveBinary();
      const logKey = (await first.run("audit", "checkpoint", "--public-key")).stdout.trim();
      expect(await first.process.stop()).toBe(0);
      writeFileSync(join(folder, "logs.txt"), `# the logs of our group\n${logKey}\n`);
      const args = ["witness", "serve", "--data", "w", "--log-file", "logs.txt", "--port", "0", "--json"];
      const witness = new Started(args, folder);
      const greeting = JSON.parse(await witness.line());
      expect(greeting).toMatchObject({ public_key: vkey, logs: [parseVerifierKey(logKey).name] });
      // One process a folder: two would each remember half.
      const second = await runBinary(args, folder);
      expect([second.status, second.stderr]).toEqual([1, expect.stringContaining("another PausePoint server")]);

      writeFileSync(
        join(first.folder, "pausepoint.config.ts"),
        `import { defineConfig } from "pausepoint/config";
         export default defineConfig({ audit: { witnesses: [{ key: "${vkey}", url: "${greeting.url}" }] } });`,
      );
      const server = new Started(["serve", "--port", "0", "--json"], first.folder);
      await server.line();
      const note = await printed(() => runBinary(["audit", "checkpoint", "--cosigned"], first.folder));
      expect(openNote(note, [logKey, vkey].map(parseVerifierKey)).signedBy).toHaveLength(2);
      writeFileSync(join(folder, "note"), note);
      writeFileSync(join(folder, "trust.txt"), `log ${logKey}\nwitness auditor ${vkey}\nquorum auditor\n`);
      const check = (...more: string[]) =>
        runBinary(["witness", "check", "note", "--policy", "trust.txt", ...more], folder);
      expect(await check()).toMatchObject({
        status: 0,
        stdout: expect.stringMatching(/entries, cosigned by auditor at /),
      });
      writeFileSync(join(folder, "note"), note.replace(/— auditor.*\n/, ""));
      const lacking = await check("--json");
      expect([lacking.status, JSON.parse(lacking.stdout).satisfied]).toEqual([1, false]);
      writeFileSync(join(folder, "trust.txt"), "quorum auditor\n");
      expect(await check()).toMatchObject({ status: 2, stderr: expect.stringContaining("Line 1 of the trust file") });
      expect([await server.stop(), await witness.stop()]).toEqual([0, 0]);
      expect(readFileSync(join(first.folder, ".pausepoint/published-head"), "utf8")).toContain("pausepoint/ins_");
      for (const used of [folder, first.folder]) rmSync(used, { recursive: true });
    },
    300_000,
  );

  e2e("says what is missing or wrong, and starts nothing", async () => {
    const folder = folderWith();
    const serve = (...args: string[]) => runBinary(["witness", "serve", "--data", "w", ...args], folder);
    const key = "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx";
    expect(await serve("--log", key)).toMatchObject({ status: 1, stderr: expect.stringContaining("witness init") });
    const { stdout } = await runBinary(["witness", "init", "--data", "w", "--name", "w1"], folder);
    for (const [args, words] of [
      [[], "name the logs to watch"],
      [["--log", "nonsense"], "not a verifier key"],
      [["--log", stdout.trim()], "the key of a witness, not of a log"],
      [["--log", key, "--port", "99999"], "--port"],
    ] as const)
      expect(await serve(...args)).toMatchObject({ status: 2, stderr: expect.stringContaining(words) });
    const named = await runBinary(["witness", "init", "--data", "v", "--name", "two words"], folder);
    expect([named.status, named.stderr]).toEqual([2, expect.stringContaining("can't be used")]);
    rmSync(folder, { recursive: true });
  });
});
