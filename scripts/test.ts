/**
 * `npm test`: every test, after building dist/pausepoint if it is older than its sources. The last line is
 * `N passed, N failed`, and the exit status is 0 only when something passed and nothing failed.
 *
 * `npm test -- test/pauses test/http/auth.test.ts`: only those files and folders.
 * `--strict-skips`, or CI=true in the environment: a skipped test counts as failed.
 * `--jobs N`: how many files run at the same time; one for each processor by default.
 */
import { existsSync, statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { executableIsFresh } from "./testing/executable.ts";
import { type FileResult, runFiles } from "./testing/run.ts";

const project = join(import.meta.dir, "..");
/** Folders whose tests run dist/pausepoint. */
const testsOfExecutable = ["test/e2e/", "test/crash/"];
/** Benchmarks are measurements; `npm run bench` runs them. */
const notTests = ["test/bench/"];

const { values, positionals } = parseArgs({
  options: { "strict-skips": { type: "boolean", default: false }, jobs: { type: "string" } },
  allowPositionals: true,
});
const strict = values["strict-skips"] || ["true", "1"].includes(process.env.CI ?? "");
const jobs = Math.max(1, Number(values.jobs ?? availableParallelism()));

const files = testFiles(positionals);
const failures: string[] = [];
if (files.some((file) => testsOfExecutable.some((folder) => file.startsWith(folder)))) buildExecutable();
const results = await runFiles(files, { jobs, cwd: project, onResult: printResult });
report(results);

/** Test files under the given paths, or all of them, as paths relative to the project. */
function testFiles(paths: readonly string[]): string[] {
  const found = (paths.length > 0 ? paths : ["test"]).flatMap((path) => {
    const full = resolve(path);
    if (!existsSync(full)) return [relative(project, full)];
    if (!statSync(full).isDirectory()) return [relative(project, full)];
    const glob = new Bun.Glob("**/*.test.{ts,tsx}");
    return [...glob.scanSync({ cwd: full, absolute: true })].map((file) => relative(project, file));
  });
  // Some tests have packages of their own beside them, and packages bring tests along.
  const ours = found.filter((file) => !file.includes("node_modules/"));
  return [...new Set(ours)].filter((file) => !notTests.some((folder) => file.startsWith(folder))).sort();
}

function buildExecutable(): void {
  if (executableIsFresh(project)) return;
  const command = [process.execPath, "scripts/build.ts"];
  const { exitCode } = Bun.spawnSync(command, { cwd: project, stdout: "inherit", stderr: "inherit" });
  if (exitCode !== 0) failures.push("scripts/build.ts: dist/pausepoint could not be built");
}

function printResult({ file, passed, failed, skipped, seconds, output }: FileResult): void {
  const red = failed.length > 0;
  if (red) console.log(output.trimEnd());
  const counts = `${passed} passed, ${failed.length} failed, ${skipped.length} skipped`;
  console.log(`${red ? "FAIL" : "ok  "} ${file}: ${counts}, ${seconds.toFixed(1)} s`);
}

function report(all: readonly FileResult[]): void {
  const passed = all.reduce((sum, result) => sum + result.passed, 0);
  failures.push(...all.flatMap(({ file, failed }) => failed.map((name) => `${file}: ${name}`)));
  const skips = all.flatMap(({ file, skipped }) => skipped.map((name) => `${file}: ${withReason(name)}`));
  if (all.length === 0) failures.push("no test file was found");
  if (skips.length > 0)
    console.log(`\nSkipped${strict ? ", which counts as failed here" : ""}:\n  ${skips.join("\n  ")}`);
  if (failures.length > 0) console.log(`\nFailed:\n  ${failures.join("\n  ")}`);

  const failed = failures.length + (strict ? skips.length : 0);
  if (failed > 0 || passed === 0) process.exitCode = 1;
  console.log(`\n${passed} passed, ${failed} failed`);
}

/** A skipped test, or the group it is in, has in its name what it needs; see test/support/needs.ts. */
function withReason(name: string): string {
  return / \[needs [^\]]+\]/.test(name) ? name : `${name} (no reason given)`;
}
