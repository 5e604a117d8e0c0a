import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** Requests of one kind, to one path after the other. */
export interface Requests {
  readonly method: "GET" | "POST";
  readonly paths: readonly string[];
  /** Stop after the last path: each serves once. Otherwise the paths go round. */
  readonly once: boolean;
  readonly contentType?: string;
  readonly key?: string;
  readonly body?: string;
}

export interface Loaded {
  readonly requests: number;
  readonly seconds: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
}

/** How the rounds are driven. */
export interface Effort {
  readonly rounds: number;
  /** Length of a round. */
  readonly seconds: number;
  /** Requests a round at most; 0 for as many as fit. */
  readonly most: number;
}

/** Command words in front of a program that keep it on one processor, so that client and server do not share one. */
export function pinned(processor: number): string[] {
  return Bun.which("taskset") === null || navigator.hardwareConcurrency < 2 ? [] : ["taskset", "-c", String(processor)];
}

/** The processor of the servers, and that of the client. */
export const SERVER = 0;
export const CLIENT = 1;

/**
 * One round of wrk with a single thread over `connections`.
 *
 * @throws when the server refused or broke off anything: a rate of errors is no rate.
 */
export async function load(url: string, requests: Requests, connections: number, effort: Effort, folder: string) {
  if (requests.paths.length === 0) throw new Error(`no path is left to ask ${url} for`);
  const file = join(folder, "requests.txt");
  const { method, contentType = "", key = "", body = "", paths } = requests;
  writeFileSync(file, `${[method, contentType, key, body, ...paths].join("\n")}\n`);
  const script = join(import.meta.dir, "load.lua");
  const flags = ["-t1", `-c${connections}`, `-d${effort.seconds}s`, "--timeout", "10s", "-s", script, url];
  const tail = ["--", file, requests.once ? "once" : "round", String(effort.most)];
  const child = Bun.spawn([...pinned(CLIENT), "wrk", ...flags, ...tail], { stdout: "pipe", stderr: "pipe" });
  const [output, complaint] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  const last = output.trimEnd().split("\n").at(-1) ?? "";
  if ((await child.exited) !== 0 || !last.startsWith("{")) throw new Error(`wrk failed: ${complaint}${output}`);
  const result = JSON.parse(last) as Loaded & { refused: number; broken: number };
  if (result.refused + result.broken > 0)
    throw new Error(`${method} ${paths[0]}: ${result.refused} requests were refused, ${result.broken} broke off`);
  return result as Loaded;
}

export function perSecond({ requests, seconds }: Loaded): number {
  return requests / seconds;
}
