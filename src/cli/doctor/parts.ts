/**
 * Looks that can't be interrupted, each in a process of its own that is ended when its time is over: then doctor ends
 * too, whatever hangs. Such a process prints one finding a line, as soon as it has it.
 */
import type { LoadedConfig } from "../../platform/config/load.ts";
import { ownProgram } from "../../platform/program.ts";
import { type Connection, isFolderServed, openToLook, StorageError } from "../../storage/index.ts";
import { printJson } from "../output.ts";
import { ofBackups } from "./backups.ts";
import { ofContents } from "./contents.ts";
import { bad, type Finding } from "./finding.ts";
import { type Needed, ofNames } from "./names.ts";

/** What a part is called on the command line, and in the list of findings when it comes to nothing. */
const PARTS = { contents: "contents", backups: "backup opens" } as const;
type Part = keyof typeof PARTS;

interface PartOptions {
  /** Whether nobody is asked anything. */
  readonly offline: boolean;
  /** How long all of it may take. */
  readonly withinMs: number;
}

const LONGEST_LOOKUP_MS = 5_000;

/** The other side of {@link inOwnProcess}. */
export async function lookAt(part: string, config: LoadedConfig, { offline, withinMs }: PartOptions): Promise<void> {
  const began = performance.now();
  let connection: Connection | null = null;
  try {
    connection = openToLook(config.dataDir);
    const now = Date.now();
    if (part === "backups") for await (const finding of ofBackups(config, connection, now)) printJson(finding);
    else {
      const isOver = () => performance.now() - began > withinMs / 2;
      const isServed = isFolderServed(config.dataDir);
      const names = (needed: readonly Needed[]) =>
        offline ? Promise.resolve([]) : ofNames(needed, Math.min(LONGEST_LOOKUP_MS, withinMs / 4));
      for await (const finding of ofContents({ connection, isServed, now, isOver, names })) printJson(finding);
    }
  } catch (error) {
    printJson(inWords(part, error as Error & { readonly code?: unknown }));
  } finally {
    connection?.close();
  }
}

/** What SQLite can't do, in its own words; what else goes wrong is thrown, and told by whoever started this. */
function inWords(part: string, error: Error & { readonly code?: unknown }): Finding {
  const name = part === "contents" ? "integrity" : "backup opens";
  if (error instanceof StorageError) return bad(name, "fail", error.message, "Do that first, then look again.");
  const code = String(error.code);
  if (!code.startsWith("SQLITE_")) throw error;
  if (/CANTOPEN|READONLY|PERM|AUTH/.test(code))
    return bad(name, "fail", `the database can't be opened (${code})`, "Run this as the user that runs the server.");
  const todo = "Stop the server, copy the folder as it is, and restore the newest backup; then look at the disk.";
  return bad(name, "fail", `the database can't be read: ${error.message}`, todo);
}

/** What a part finds, as far as it gets within that time. Never rejects. */
export async function inOwnProcess(
  part: Part,
  config: LoadedConfig,
  { offline, withinMs }: PartOptions,
): Promise<Finding[]> {
  const { source, dataDir } = config;
  const child = Bun.spawn(
    [
      ...ownProgram,
      ...["doctor", "--part", part, "--within", String(withinMs / 1000), "--data", dataDir],
      ...(source === null ? [] : ["--config", source]),
      ...(offline ? ["--offline"] : []),
    ],
    { stdin: "ignore", stdout: "pipe", stderr: "pipe" },
  );
  const findings: Finding[] = [];
  const reading = (async () => {
    const told = child.stderr.text();
    for await (const line of linesOf(child.stdout)) findings.push(JSON.parse(line) as Finding);
    return { status: await child.exited, told: (await told).trim() };
  })();
  reading.catch(() => {});
  const { promise: over, resolve } = Promise.withResolvers<null>();
  const timer = setTimeout(() => resolve(null), withinMs);
  const ended = await Promise.race([reading, over]).catch((error: Error) => ({ status: 1, told: error.message }));
  clearTimeout(timer);
  if (ended === null) {
    child.kill("SIGKILL");
    child.unref();
    const found = `not all could be looked at within ${withinMs / 1000} seconds`;
    return [...findings, bad(PARTS[part], "warn", found, "Give more time: pausepoint doctor --within 300.")];
  }
  if (ended.status === 0) return findings;
  const why = ended.told.split("\n").at(-1) || `the process ended with ${ended.status}`;
  return [
    ...findings,
    bad(PARTS[part], "fail", `can't be looked at: ${why}`, "Run this as the user that runs the server."),
  ];
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}
