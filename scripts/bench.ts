/**
 * `npm run bench`: what PausePoint costs, as ratios measured on this machine in one run, each beside its target. Prints
 * them and writes bench-results/bench.json. It compiles the product from the sources as they are and measures that
 * executable; the other side of each ratio is scripts/bench/echo.ts, compiled in the same way. Only the growth figures
 * run from source, in this process. Nothing here fails for being slow.
 *
 * `--quick`: everything once and briefly, to see that the benchmark runs. Its numbers mean nothing.
 * `--large`: 1,000,000 stored pauses in place of 100,000. `--rounds N`, `--seconds N`: five of two seconds unless said.
 * `--only load,growth`: some of load, latency, start, memory, webhooks, evidence, console, growth.
 *
 * Needs wrk (the Debian package) on the path.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { consoleViews } from "./bench/console.ts";
import { evidence } from "./bench/evidence.ts";
import { compile } from "./bench/executables.ts";
import { type Figure, lineOf } from "./bench/figures.ts";
import { growth } from "./bench/growth.ts";
import { tapToWait } from "./bench/latency.ts";
import { heldMemory, idleMemory } from "./bench/memory.ts";
import { seed } from "./bench/seed.ts";
import { startTime } from "./bench/start.ts";
import { throughput } from "./bench/throughput.ts";
import { webhooks } from "./bench/webhooks.ts";

const PARTS = ["load", "latency", "start", "memory", "webhooks", "evidence", "console", "growth"] as const;

const project = join(import.meta.dir, "..");
const results = join(project, "bench-results");
const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    large: { type: "boolean", default: false },
    rounds: { type: "string" },
    seconds: { type: "string" },
    only: { type: "string", default: PARTS.join(",") },
    out: { type: "string", default: join(results, "bench.json") },
  },
});

if (Bun.which("wrk") === null)
  console.log("Nothing was measured: the benchmark drives its load with wrk, which is not installed. [needs wrk]");
else await bench();

/** How much is done: of everything little with `--quick`. */
function extent() {
  const quick = values.quick;
  return {
    effort: {
      rounds: Number(values.rounds ?? (quick ? 1 : 5)),
      seconds: Number(values.seconds ?? (quick ? 1 : 2)),
      most: quick ? 300 : 0,
    },
    stored: quick ? 2_000 : values.large ? 1_000_000 : 100_000,
    taps: quick ? 5 : 200,
    starts: quick ? 2 : 15,
    restSeconds: quick ? 1 : 5,
    held: quick ? 200 : 10_000,
    webhooks: { times: quick ? 3 : 100, ends: quick ? 1 : 40 },
    viewRounds: quick ? 2 : 15,
    growthRounds: quick ? 1 : 9,
    growthUnits: quick ? 64 : 512,
  };
}

async function bench(): Promise<void> {
  const only = new Set(values.only.split(","));
  const unknown = [...only].find((part) => !(PARTS as readonly string[]).includes(part));
  if (unknown !== undefined) throw new Error(`--only knows no ${unknown}; it knows ${PARTS.join(", ")}`);
  const { effort, stored, taps, starts, restSeconds, held, growthRounds, growthUnits } = extent();
  const figures: Figure[] = [];
  const add = (...more: Figure[]) => {
    figures.push(...more);
    for (const each of more) console.log(lineOf(each));
  };
  mkdirSync(results, { recursive: true });
  const folder = mkdtempSync(join(results, ".run-"));
  try {
    const programs = await compile(project, folder);
    const empty = { folder: join(folder, "empty"), pauses: 0, key: "" };
    const few = { folder: join(folder, "few"), pauses: 1_000, key: "" };
    const many = { folder: join(folder, "many"), pauses: stored, key: "" };
    for (const each of [empty, few, many]) each.key = await seed(each.folder, each.pauses);

    if (only.has("load")) for await (const each of throughput(programs, folder, effort)) add(each);
    if (only.has("latency")) add(...(await tapToWait(programs.product, empty.folder, empty.key, taps)));
    if (only.has("start")) {
      add(await startTime("empty", programs.product, empty.folder, empty.key, starts));
      add(await startTime(`${stored} pauses`, programs.product, many.folder, many.key, starts));
    }
    if (only.has("memory")) {
      add(...(await idleMemory(programs.product, join(folder, "idle"), restSeconds)));
      add(await heldMemory(programs.product, many.folder, many.key, held));
    }
    if (only.has("webhooks")) for await (const each of webhooks(programs.product, folder, extent().webhooks)) add(each);
    if (only.has("evidence")) add(...(await evidence(programs.product, many.folder, folder)));
    if (only.has("console")) add(...(await consoleViews(programs.product, folder, stored, extent().viewRounds)));
    // Last: it leaves queued messages behind.
    if (only.has("growth")) add(...(await growth(few, many, growthRounds, growthUnits)));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  report(figures);
}

function report(figures: readonly Figure[]): void {
  const missed = figures.filter(({ pass }) => pass === false).length;
  const judged = figures.filter(({ pass }) => pass !== null).length;
  const { version }: { version: string } = JSON.parse(readFileSync(join(project, "package.json"), "utf8"));
  const machine = { processors: cpus().length, model: cpus()[0]?.model ?? "", memory_bytes: totalmem() };
  const written = { version, at: new Date().toISOString(), bun: Bun.version, machine, quick: values.quick, figures };
  writeFileSync(values.out, `${JSON.stringify(written, null, 2)}\n`);
  if (values.quick) console.log("\nA quick run: these numbers only show that the benchmark works.");
  console.log(
    `\n${judged - missed} of ${judged} targets reached. ${existsSync(values.out) ? values.out : ""}`.trimEnd(),
  );
}
