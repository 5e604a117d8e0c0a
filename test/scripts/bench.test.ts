/** That the benchmark runs and writes every figure. What the figures are is not for a test to say. */
import { expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { VIEWS } from "../../scripts/bench/console.ts";
import { noAiosmtpd } from "../peers/aiosmtpd.ts";

const project = join(import.meta.dir, "../..");
const withWrk = Bun.which("wrk") !== null;

interface Written {
  readonly quick: boolean;
  readonly figures: readonly {
    readonly name: string;
    readonly value: number | null;
    readonly target: object | null;
    readonly pass: boolean | null;
  }[];
}

test("without wrk the benchmark says what it needs, and that is no failure", async () => {
  const child = Bun.spawn([process.execPath, "scripts/bench.ts", "--quick"], {
    cwd: project,
    env: { ...process.env, PATH: "/nowhere" },
    stdout: "pipe",
    stderr: "inherit",
  });
  expect(await new Response(child.stdout).text()).toContain("[needs wrk]");
  expect(await child.exited).toBe(0);
});

const name = "a quick run measures everything and judges each figure that has a target";
(withWrk ? test : test.skip)(
  withWrk ? name : `${name} [needs wrk]`,
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "pausepoint-bench-"));
    try {
      const out = join(folder, "bench.json");
      const child = Bun.spawn([process.execPath, "scripts/bench.ts", "--quick", "--out", out], {
        cwd: project,
        stdout: "pipe",
        stderr: "inherit",
      });
      const printed = await new Response(child.stdout).text();
      expect(await child.exited).toBe(0);
      expect(printed).toContain(out);

      const { quick, figures } = JSON.parse(readFileSync(out, "utf8")) as Written;
      expect(quick).toBe(true);
      expect(figures.map((figure) => figure.name)).toEqual(everyFigure());
      for (const figure of figures) {
        // A number, not what became of NaN in JSON.
        expect(figure).toEqual({ ...figure, value: expect.any(Number) });
        expect(figure.pass === null).toBe(figure.target === null);
        expect(printed).toContain(figure.name);
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
  120_000,
);

function everyFigure(): string[] {
  const connections = [1, 32, 256];
  return [
    ...connections.flatMap((count) => [
      `create ÷ echo, ${count} conn.`,
      `outbox backlog after a create round, ${count} conn.`,
    ]),
    "create ÷ a bare Elysia and zod route, 256 conn.",
    ...["get", "answer"].flatMap((route) => connections.map((count) => `${route} ÷ echo, ${count} conn.`)),
    "tap to the held wait's return, p50",
    "tap to the held wait's return, p99",
    "start, exec to the first answer, empty",
    "start, exec to the first answer, 2000 pauses",
    "resident memory after start",
    "resident memory idle, after 1 s",
    "memory of one held long-poll, 200 at once",
    ...["Twilio", "Slack", ...(noAiosmtpd === null ? ["a mail relay"] : [])].flatMap((peer) => [
      `create to ${peer}'s acceptance, p50`,
      `create to ${peer}'s acceptance, p99`,
    ]),
    "webhooks to one receiver",
    "a pause's end to its webhook's receiver, p50",
    "a pause's end to its webhook's receiver, p99",
    "the same beside 200 dead receivers ÷ alone, p50",
    "the same beside 200 dead receivers ÷ alone, p99",
    "export of the log, MB a second ÷ SHA-256's",
    "verifying it, MB a second ÷ SHA-256's",
    "memory of the export, second half ÷ first",
    "memory of verifying, second half ÷ first",
    ...VIEWS.map(([view]) => `console, ${view}: 2000 stored ÷ 100`),
    "console, the slowest of these views, 2000 stored",
    ...["create", "answer", "answer to any, one by one", "answer to any, many at once", "due timeout"].map(
      (unit) => `${unit}: cost with 2000 stored ÷ 1000`,
    ),
  ];
}
