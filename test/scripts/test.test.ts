import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const project = join(import.meta.dir, "../..");

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "pausepoint-runner-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Runs `npm test`'s script over test files with these bodies, and gives its last line, its exit status and all it said. */
function run(files: Record<string, string>, { options = [], env = {} }: { options?: string[]; env?: object } = {}) {
  for (const [name, body] of Object.entries(files)) {
    writeFileSync(join(folder, `${name}.test.ts`), `import { describe, expect, test } from "bun:test";\n${body}\n`);
  }
  const child = Bun.spawnSync([process.execPath, join(project, "scripts/test.ts"), ...options, folder], {
    cwd: folder,
    env: { ...process.env, CI: "", ...env },
  });
  const output = child.stdout.toString();
  return { output, lastLine: output.trimEnd().split("\n").at(-1), status: child.exitCode };
}

const passing = 'test("adds", () => expect(1 + 1).toBe(2));';

describe("npm test", () => {
  test("adds up the tests of all files and succeeds when all pass", () => {
    const { lastLine, status } = run({ one: passing, two: `describe("two", () => { ${passing} ${passing} });` });
    expect([lastLine, status]).toEqual(["3 passed, 0 failed", 0]);
  });

  test("fails by name and shows why when a test fails", () => {
    const files = {
      one: passing,
      two: 'describe("the clock", () => test("is < \\"right\\"", () => expect(1).toBe(2)));',
    };
    const { output, lastLine, status } = run(files);
    expect([lastLine, status]).toEqual(["1 passed, 1 failed", 1]);
    expect(output).toContain('two.test.ts: the clock > is < "right"\n');
    expect(output).toContain("Expected: 2");
  });

  test.each([
    ["throws while it loads", `${passing} throw new Error("broken");`, "0 passed, 1 failed"],
    ["holds no test", "export {};", "0 passed, 1 failed"],
    ["ends the process as if all were well", 'test("leaves", () => process.exit(0));', "0 passed, 1 failed"],
    ["crashes", 'test("dies", () => process.kill(process.pid, "SIGKILL"));', "0 passed, 1 failed"],
    ["cannot be parsed", "test(", "0 passed, 1 failed"],
  ])("counts a file that %s as one failure", (_, body, expected) => {
    const { lastLine, status } = run({ bad: body });
    expect([lastLine, status]).toEqual([expected, 1]);
  });

  test("counts an error that Bun's report leaves out", () => {
    const body = `${passing} describe("a group", () => {
      test("passes", () => {});
      afterAll(() => void Promise.reject(new Error("nobody waits for this")));
    });`;
    const { lastLine, status } = run({ late: `import { afterAll } from "bun:test"; ${body}` });
    expect([lastLine, status]).toEqual(["2 passed, 1 failed", 1]);
  });

  test("fails when there is no test file at all", () => {
    const { lastLine, status } = run({});
    expect([lastLine, status]).toEqual(["0 passed, 1 failed", 1]);
  });

  test("fails when a file that was asked for is not there", () => {
    const { lastLine, status } = run({ one: passing }, { options: ["missing.test.ts"] });
    expect([lastLine, status]).toEqual(["1 passed, 1 failed", 1]);
  });

  const skipping = `${passing} test.skip("draws [needs a browser]", () => {}); test.skip("waits", () => {});`;

  test("lists skips with their reasons and leaves them out of the count", () => {
    const { output, lastLine, status } = run({ one: skipping });
    expect([lastLine, status]).toEqual(["1 passed, 0 failed", 0]);
    expect(output).toContain("one.test.ts: draws [needs a browser]\n");
    expect(output).toContain("one.test.ts: waits (no reason given)\n");
  });

  test.each([
    ["--strict-skips", { options: ["--strict-skips"] }],
    ["CI=true", { env: { CI: "true" } }],
  ])("counts skips as failed under %s", (_, how) => {
    const { lastLine, status } = run({ one: skipping }, how);
    expect([lastLine, status]).toEqual(["1 passed, 2 failed", 1]);
  });

  test("keeps one file's changes to the process from the others", () => {
    const marks = 'test("marks", () => { expect(globalThis.mark).toBeUndefined(); globalThis.mark = 1; });';
    const { lastLine } = run({ one: marks, two: marks }, { options: ["--jobs", "1"] });
    expect(lastLine).toBe("2 passed, 0 failed");
  });

  test("hides the settings of a PausePoint on the same machine from the tests", () => {
    const body = 'test("sees none", () => expect(process.env.PAUSEPOINT_DATA).toBeUndefined());';
    const { lastLine } = run({ one: body }, { env: { PAUSEPOINT_DATA: "/var/lib/pausepoint" } });
    expect(lastLine).toBe("1 passed, 0 failed");
  });
});
