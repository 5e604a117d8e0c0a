import { createHash } from "node:crypto";
import { createReadStream, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { type Figure, figure } from "./figures.ts";

const MEGABYTE = 1_048_576;
/** Memory that grew with the log would be at twice as much at the end as half-way. */
const MEMORY = { most: 1.25 };

/** A command's time, and the most memory that it took in the first half of it and in the second, in bytes. */
interface Cost {
  readonly seconds: number;
  readonly peaks: readonly [number, number];
  readonly stdout: ReadableStream<Uint8Array>;
}

/**
 * Exporting a whole log and verifying the file, by the executable: bytes a second beside plain SHA-256 over the same bytes,
 * and whether the memory of both grows with what they have read: the most that each took in its second half, beside the
 * first. A short log would be no measure: it is over before the runtime's collector has run once.
 */
export async function evidence(executable: string, data: string, scratch: string): Promise<Figure[]> {
  const file = join(scratch, "export.jsonl");
  const { exported, verified, bytes, entries } = await exportAndVerify(executable, data, file);
  const hashing = await hashTime(file);
  rmSync(file);
  const speed = (seconds: number) => bytes / seconds / MEGABYTE;
  const from = { entries, bytes, seconds: exported.seconds };
  return [
    figure("export of the log, MB a second ÷ SHA-256's", hashing / exported.seconds, "", null, from),
    figure("verifying it, MB a second ÷ SHA-256's", hashing / verified.seconds, "", null, {
      export_mb_a_second: speed(exported.seconds),
      verify_mb_a_second: speed(verified.seconds),
      sha256_mb_a_second: speed(hashing),
    }),
    growth("memory of the export, second half ÷ first", exported),
    growth("memory of verifying, second half ÷ first", verified),
  ];
}

function growth(name: string, { peaks: [first, second] }: Cost): Figure {
  return figure(name, second / first, "", MEMORY, { peaks: [first / MEGABYTE, second / MEGABYTE] });
}

async function exportAndVerify(executable: string, data: string, file: string) {
  const exported = await run([executable, "audit", "export", "--data", data, "--out", file]);
  const verified = await run([executable, "audit", "verify", file, "--json"]);
  const { entries } = JSON.parse(await new Response(verified.stdout).text()) as { entries: number };
  return { exported, verified, bytes: statSync(file).size, entries };
}

/** Runs a command to its end, watching its resident memory. */
async function run(command: readonly string[]): Promise<Cost> {
  const started = performance.now();
  const child = Bun.spawn([...command], { stdout: "pipe", stderr: "pipe" });
  const seen: number[] = [];
  const watch = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
      seen.push(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024);
    } catch {
      // It has ended between two looks.
    }
  }, 5);
  const code = await child.exited;
  clearInterval(watch);
  const seconds = (performance.now() - started) / 1000;
  if (code !== 0)
    throw new Error(`${command.join(" ")} ended with ${code}: ${await new Response(child.stderr).text()}`);
  const half = Math.ceil(seen.length / 2);
  return { seconds, peaks: [Math.max(...seen.slice(0, half)), Math.max(...seen.slice(half))], stdout: child.stdout };
}

async function hashTime(file: string): Promise<number> {
  const started = performance.now();
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file, { highWaterMark: 262_144 })) hash.update(chunk as Buffer);
  hash.digest();
  return (performance.now() - started) / 1000;
}
