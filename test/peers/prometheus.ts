/**
 * The Prometheus server of Debian's package, a process of its own on a loopback port with a folder of its own: it scrapes
 * as anybody's does, and is asked by its own API.
 *
 *     const prometheus = await startPrometheus({ scrape_configs: [ … ] });
 *     await prometheus.value('pausepoint_pauses_pending{mode="live"}');
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "../support/eventually.ts";
import { pathOf } from "../support/needs.ts";
import { freePorts } from "./ports.ts";

/** One series of an answer: its labels, the metric's name left out, and its value. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Prometheus {
  /** What a PromQL expression is now, by labels in the order of their names. */
  query(expression: string): Promise<Sample[]>;
  /** The one value of an expression; undefined where there is no series. */
  value(expression: string): Promise<number | undefined>;
  /** `data` of one of the API's answers: https://prometheus.io/docs/prometheus/latest/querying/api/ */
  // biome-ignore lint/suspicious/noExplicitAny: a test says by its expectations what it takes the answer to be
  api(path: string): Promise<any>;
  /** Resolves once every job that is up has been scraped after this moment. */
  scraped(jobs: readonly string[]): Promise<void>;
  stop(): Promise<void>;
}

/** Starts one with that configuration, which is written as JSON, and so as YAML; `files` are put beside it. */
export async function startPrometheus(
  config: object,
  files: Readonly<Record<string, string>> = {},
): Promise<Prometheus> {
  const folder = mkdtempSync(join(tmpdir(), "pausepoint-prometheus-"));
  for (const [name, text] of Object.entries({ ...files, "prometheus.yml": JSON.stringify(config) }))
    writeFileSync(join(folder, name), text, { mode: 0o600 });
  const [port = 0] = await freePorts(1);
  const child = Bun.spawn(
    [
      pathOf("prometheus"),
      `--config.file=${join(folder, "prometheus.yml")}`,
      `--storage.tsdb.path=${join(folder, "tsdb")}`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--log.level=warn",
    ],
    { cwd: folder, stdin: "ignore", stdout: "ignore", stderr: "pipe" },
  );
  const said = child.stderr.text();
  const at = `http://127.0.0.1:${port}`;
  const api = async (path: string) => {
    const answer = (await (await fetch(`${at}/api/v1/${path}`)).json()) as { status: string; data: unknown };
    if (answer.status !== "success") throw new Error(`Prometheus refuses ${path}: ${JSON.stringify(answer)}`);
    // biome-ignore lint/suspicious/noExplicitAny: as above
    return answer.data as any;
  };
  const query = async (expression: string): Promise<Sample[]> => {
    const { result } = await api(`query?query=${encodeURIComponent(expression)}`);
    const samples = (result as { metric: Record<string, string>; value: [number, string] }[]).map(
      ({ metric: { __name__: _, ...labels }, value: [, value] }) => ({ labels, value: Number(value) }),
    );
    const keyOf = ({ labels }: Sample) => JSON.stringify(Object.entries(labels).sort());
    return samples.sort((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1));
  };
  const prometheus: Prometheus = {
    api,
    query,
    value: async (expression) => (await query(expression))[0]?.value,
    async scraped(jobs) {
      const now = Date.now() / 1000;
      for (const job of jobs)
        await eventually(
          async () => (await prometheus.value(`timestamp(up{job="${job}"})`)) ?? 0,
          (time) => time > now,
        );
    },
    async stop() {
      child.kill("SIGTERM");
      await child.exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
  const isReady = async () => {
    if (child.exitCode !== null) throw new Error(`Prometheus has ended with ${child.exitCode}: ${await said}`);
    return fetch(`${at}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  };
  await eventually(isReady, (ready) => ready);
  return prometheus;
}
