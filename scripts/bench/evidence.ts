import { createHash } from "node:crypto";
import { createReadStream, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { type Figure, figure } from "./figures.ts";

const MEGABYTE = 1_048_576;
/** A hundred or a thousand times the entries: what may grow is the slack that the runtime's collector leaves itself. */
const MEMORY = { most: 3 };

/** A command's time, and the most memory that it took. */
interface Cost {
  readonly seconds: number;
  readonly peak: number;
  readonly stdout: ReadableStream<Uint8Array>;
}

/**
 * Exporting a whole log and verifying the file, by the executable: bytes a second beside plain SHA-256 over the same bytes,
 * and the memory of both beside that with few entries. Memory that grew with the log would show as a ratio far above 1.
 */
export async function evidence(executable: string, few: string, many: string, scratch: string): Promise<Figure[]> {
  const small = await exportAndVerify(executable, few, join(scratch, "few.jsonl"));
  const file = join(scratch, "many.jsonl");
  const large = await exportAndVerify(executable, many, file);
  const { bytes, entries } = large;
  const hashing = await hashTime(file);
  rmSync(file);
  const speed = (seconds: number) => bytes / seconds / MEGABYTE;
  const from = { entries, bytes, seconds: large.exported.seconds };
  return [
    figure("export of the log, MB a second ÷ SHA-256's", hashing / large.exported.seconds, "", null, from),
    figure("verifying it, MB a second ÷ SHA-256's", hashing / large.verified.seconds, "", null, {
      export_mb_a_second: speed(large.exported.seconds),
      verify_mb_a_second: speed(large.verified.seconds),
      sha256_mb_a_second: speed(hashing),
    }),
    figure("peak memory of the export ÷ that of few entries", large.exported.peak / small.exported.peak, "", MEMORY, {
      peaks: [small.exported.peak / MEGABYTE, large.exported.peak / MEGABYTE],
    }),
    figure("peak memory of verifying ÷ that of few entries", large.verified.peak / small.verified.peak, "", MEMORY, {
      peaks: [small.verified.peak / MEGABYTE, large.verified.peak / MEGABYTE],
    }),
  ];
}

async function exportAndVerify(executable: string, data: string, file: string) {
  const exported = await run([executable, "audit", "export", "--data", data, "--out", file]);
  const verified = await run([executable, "audit", "verify", file, "--json"]);
  const { entries } = JSON.parse(await new Response(verified.stdout).text()) as { entries: number };
  return { exported, verified, bytes: statSync(file).size, entries };
}

/** Runs a command to its end, watching the most memory that it ever had (VmHWM). */
async function run(command: readonly string[]): Promise<Cost> {
  const started = performance.now();
  const child = Bun.spawn([...command], { stdout: "pipe", stderr: "pipe" });
  let peak = 0;
  const watch = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
      peak = Math.max(peak, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024);
    } catch {
      // It has ended between two looks.
    }
  }, 5);
  const code = await child.exited;
  clearInterval(watch);
  const seconds = (performance.now() - started) / 1000;
  if (code !== 0)
    throw new Error(`${command.join(" ")} ended with ${code}: ${await new Response(child.stderr).text()}`);
  return { seconds, peak, stdout: child.stdout };
}

async function hashTime(file: string): Promise<number> {
  const started = performance.now();
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file, { highWaterMark: 262_144 })) hash.update(chunk as Buffer);
  hash.digest();
  return (performance.now() - started) / 1000;
}
