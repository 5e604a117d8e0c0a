/**
 * Runs test files, each in a `bun test` of its own: fake clocks, process-wide state and crashes stay inside the file
 * that made them, and a file that ends without a report is known by name. A process starts in about 10 ms.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type Outcome, readReport } from "./junit.ts";

const minute = 60_000;

export interface FileResult extends Outcome {
  /** The path as it was given. */
  readonly file: string;
  readonly seconds: number;
  /** What Bun printed: the tests by name, and the reasons of those that failed. */
  readonly output: string;
}

export interface RunSettings {
  /** How many files run at the same time. */
  readonly jobs: number;
  readonly cwd: string;
  readonly onResult: (result: FileResult) => void;
}

/** Runs every file and resolves to their results in the order of the files. */
export async function runFiles(files: readonly string[], settings: RunSettings): Promise<FileResult[]> {
  const results: FileResult[] = [];
  const queue = files.entries();
  const worker = async () => {
    for (const [index, file] of queue) {
      const result = await runFile(file, settings.cwd);
      results[index] = result;
      settings.onResult(result);
    }
  };
  await Promise.all(Array.from({ length: settings.jobs }, worker));
  return results;
}

async function runFile(file: string, cwd: string): Promise<FileResult> {
  const started = performance.now();
  const folder = mkdtempSync(join(tmpdir(), "pausepoint-test-"));
  const report = join(folder, "report.xml");
  try {
    const child = Bun.spawn(
      // A slow machine must not fail a test, so the limits are there for tests that hang.
      [
        process.execPath,
        "test",
        `--timeout=${2 * minute}`,
        "--reporter=junit",
        `--reporter-outfile=${report}`,
        resolve(cwd, file),
      ],
      {
        cwd,
        env: environment(),
        stdin: "ignore",
        stdout: "pipe",
        stderr: "pipe",
        timeout: 30 * minute,
        killSignal: "SIGKILL",
      },
    );
    const [code, out, err] = await Promise.all([
      child.exited,
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
    ]);
    const outcome = judge(reportOf(report), child.signalCode ?? code);
    return { file, ...outcome, seconds: (performance.now() - started) / 1000, output: out + err };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Bun writes no report for a file that throws while it loads, holds no test, or ends the process, and exits with 0 in
 * the last two cases; it leaves errors between tests out of the report and exits with 1. Each is one failure here.
 */
function judge(report: Outcome | undefined, end: number | string): Outcome {
  const clean: Outcome = report ?? { passed: 0, failed: [], skipped: [] };
  if (clean.failed.length > 0) return clean;
  if (end !== 0) return { ...clean, failed: [`(the file ended with ${end})`] };
  if (clean.passed + clean.skipped.length === 0) return { ...clean, failed: ["(the file ended without a test)"] };
  return clean;
}

function reportOf(path: string): Outcome | undefined {
  try {
    return readReport(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}

/** The environment without the settings of a PausePoint that someone runs on the same machine. */
function environment(): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("PAUSEPOINT_")));
}
