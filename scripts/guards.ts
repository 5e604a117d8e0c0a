/**
 * `npm run guards`: takes out, one at a time, each line that guards something, in a copy of the project, and runs the
 * test that is to fail by it. A guard whose test still passes is none. docs/testing.md shows the same table.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Guard, guards } from "./guards/table.ts";

const project = join(import.meta.dir, "..");
const copy = mkdtempSync(join(tmpdir(), "pausepoint-guards-"));
const wanted = process.argv.slice(2);
const PATIENT = ["--timeout=60000"];

for (const part of [
  "src",
  "clients",
  "test",
  "migrations",
  "public",
  "scripts",
  "docs",
  "README.md",
  "CHANGELOG.md",
  "SECURITY.md",
  "package.json",
  "package-lock.json",
  "LICENSE",
  "tsconfig.json",
  "pausepoint.config.ts",
]) {
  cpSync(join(project, part), join(copy, part), {
    recursive: true,
    force: true,
    errorOnExist: false,
    dereference: true,
    filter: (path) => !path.endsWith("/node_modules"),
  });
}
symlinkSync(join(project, "node_modules"), join(copy, "node_modules"));

let useless = 0;
try {
  for (const guard of guards.filter(
    ({ guard: name }) => wanted.length === 0 || wanted.some((word) => name.includes(word)),
  )) {
    const verdict = tryGuard(guard);
    if (verdict !== null) useless++;
    console.log(`${verdict === null ? "fails as it must" : verdict.toUpperCase()}  ${guard.guard}  (${guard.test})`);
  }
} finally {
  rmSync(copy, { recursive: true, force: true });
}
console.log(`${guards.length - useless} guards hold, ${useless} do not`);
process.exitCode = useless === 0 ? 0 : 1;

/** Null when the test passes with the guard and fails without it; else what is wrong. */
function tryGuard(guard: Guard): string | null {
  const file = join(copy, guard.file);
  const source = readFileSync(file, "utf8");
  if (source.split(guard.line).length !== 2) return "the line is not there exactly once";
  // As patient as `npm test`, and asked once more: on a busy machine a test of real parts may need it.
  if (!passes(guard, PATIENT) && !passes(guard, PATIENT)) return "the test fails already";
  writeFileSync(
    file,
    source.replace(guard.line, () => guard.without),
  );
  try {
    // What hangs without the line need not hang for as long as a test may.
    return passes(guard, [], 60_000) ? "the test does not notice" : null;
  } finally {
    writeFileSync(file, source);
  }
}

/** `timeout`: milliseconds after which it has failed. */
function passes({ test, title }: Guard, more: readonly string[] = [], timeout?: number): boolean {
  const pattern = title.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const run = Bun.spawnSync([process.execPath, "test", test, "-t", pattern, ...more], {
    cwd: copy,
    stdout: "ignore",
    stderr: "pipe",
    killSignal: "SIGKILL",
    ...(timeout === undefined ? {} : { timeout }),
  });
  // A title that no test has would "fail" too.
  if (/\b0 pass/.test(run.stderr.toString()) && /\b0 fail/.test(run.stderr.toString())) {
    throw new Error(`${test} has no test named "${title}"`);
  }
  return run.exitCode === 0;
}
