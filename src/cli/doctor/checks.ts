/** Everything that an operator would look at: each finding is ok, a warning or a failure, with what to do about it. */
import { accessSync, constants, existsSync, type Stats, statSync } from "node:fs";
import { join } from "node:path";
import ipaddr from "ipaddr.js";
import type { LoadedConfig } from "../../platform/config/load.ts";
import { inspectDatabase, isFolderServed } from "../../storage/index.ts";
import { CommandFailed, print, printJson } from "../output.ts";
import { unusableAddressesOf } from "../unusable-addresses.ts";
import { ofCertificate } from "./certificate.ts";
import { namesOf, ofChannels } from "./channels.ts";
import { ofClock } from "./clock.ts";
import { ofDisk } from "./disk.ts";
import { bad, type Finding, ok } from "./finding.ts";
import { ofNames } from "./names.ts";
import { inOwnProcess } from "./parts.ts";
import { ofProxy } from "./proxy.ts";
import { type Reached, reachBaseUrl } from "./reach.ts";

export interface CheckOptions {
  readonly json: boolean;
  /** Whether nobody is asked anything. */
  readonly offline: boolean;
  /** How long all of it may take. */
  readonly withinMs: number;
}

/** Prints every finding. @throws CommandFailed when one is a failure */
export async function check(config: LoadedConfig, options: CheckOptions): Promise<void> {
  const { json } = options;
  const findings = await look(config, options);
  const failed = findings.filter(({ status }) => status === "fail").length;
  if (json) printJson({ healthy: failed === 0, checks: findings });
  else printFindings(findings);
  if (failed > 0) throw new CommandFailed(failed === 1 ? "One check failed." : `${failed} checks failed.`);
}

/** Everything at once, and in the order in which one would mend it. */
async function look(config: LoadedConfig, { offline, withinMs }: CheckOptions): Promise<Finding[]> {
  const { dataDir, baseUrl, baseUrlConfigured } = config;
  const isServed = isFolderServed(dataDir);
  const database = ofDatabase(dataDir);
  // What is wrong with the head of the file is said already.
  const isReadable = existsSync(join(dataDir, "pausepoint.db")) && database.every(({ status }) => status !== "fail");
  // One after the other: the last of two that have the database open at once might not be the one that tidies up.
  const inOwn = async () => {
    if (!isReadable) return { backups: [], contents: [] };
    const began = performance.now();
    const backups = await inOwnProcess("backups", config, { offline, withinMs: withinMs / 2 });
    const leftMs = Math.max(withinMs / 2, withinMs - (performance.now() - began));
    return { backups, contents: await inOwnProcess("contents", config, { offline, withinMs: leftMs }) };
  };
  const probeMs = Math.min(LONGEST_PROBE_MS, withinMs / 2);
  const own = baseUrlConfigured ? [{ host: new URL(baseUrl).hostname, by: "the base URL" }] : [];
  const needed = offline ? [] : [...own, ...namesOf(config, process.env)];
  const [{ backups, contents }, channels, names, reached] = await Promise.all([
    inOwn(),
    ofChannels(config, { offline, isServed, withinMs: probeMs }),
    ofNames(needed, probeMs),
    offline || !baseUrlConfigured || !isReadable ? NOBODY_ASKED : reachBaseUrl(config, isServed, probeMs),
  ]);
  const clocks = [...channels.clocks, ...reached.clocks];
  return [
    ...ofConfiguration(config),
    await ofClock(Date.now(), clocks),
    ...ofFolder(dataDir),
    ofDisk(dataDir),
    ...database,
    ...contents,
    ...backups,
    ofServer(dataDir),
    ofBaseUrl(config),
    ...names,
    ...reached.findings,
    ...ofCertificate(config, Date.now()),
    ...ofProxy(config),
    ...channels.findings,
    ...ofPeople(config),
  ];
}

/** A peer that takes longer is as good as none. */
const LONGEST_PROBE_MS = 10_000;
const NOBODY_ASKED: Reached = { findings: [], clocks: [] };

function printFindings(findings: readonly Finding[]): void {
  const width = Math.max(...findings.map(({ check }) => check.length));
  for (const { status, check, found, todo, settings = {} } of findings) {
    print(`${status.padEnd(4)}  ${check.padEnd(width)}  ${found}`);
    const margin = " ".repeat(4 + 2 + width + 2);
    if (todo !== null) print(`${margin}${todo}`);
    const widest = Math.max(0, ...Object.keys(settings).map((name) => name.length));
    for (const [name, value] of Object.entries(settings)) print(`${margin}${name.padEnd(widest)}  ${value}`);
  }
}

function ofConfiguration({ source }: LoadedConfig): Finding[] {
  const name = "configuration";
  if (source === null) return [ok(name, "no file: everything local, messages go to the outbox")];
  const { mode } = statSync(source);
  if ((mode & 0o022) !== 0) {
    const found = `${source}, mode ${octal(mode)}: others may write it, and it is run as this program`;
    return [bad(name, "warn", found, `chmod go-w ${source}`)];
  }
  return [ok(name, source)];
}

function ofFolder(folder: string): Finding[] {
  const name = "data folder";
  const state = stateOf(folder);
  if (state === null) return [ok(name, `${folder} is not there yet; the first start makes it`)];
  if (!state.isDirectory())
    return [bad(name, "fail", `${folder} is no folder`, "Name a folder with --data, or in dataDir.")];
  if (!isWritable(folder)) {
    const todo = "Let the user that runs PausePoint write there; under systemd, see ReadWritePaths and StateDirectory.";
    return [bad(name, "fail", `${folder} can't be written by this user`, todo)];
  }
  const found = `${folder}, mode ${octal(state.mode)}`;
  const own = process.getuid?.();
  const folders =
    (state.mode & 0o077) !== 0
      ? bad(name, "warn", `${found}: others can look into it`, `chmod 700 ${folder}`)
      : own !== undefined && own !== 0 && state.uid !== own
        ? bad(name, "warn", `${found}: it belongs to another user`, `Run this as the user that runs the server.`)
        : ok(name, found);
  return [folders, ...ofSecret(join(folder, "secret")), ...ofFiles(folder)];
}

function ofSecret(file: string): Finding[] {
  const name = "secret";
  const state = stateOf(file);
  if (state === null) {
    const isNew = !existsSync(join(file, "../pausepoint.db"));
    if (isNew) return [ok(name, "is made at the first start")];
    return [bad(name, "fail", `${file} is missing`, "Restore it from the backup that the database is from.")];
  }
  if ((state.mode & 0o077) !== 0) {
    const found = `${file}, mode ${octal(state.mode)}: whoever reads it can make links to open questions`;
    return [bad(name, "fail", found, `chmod 600 ${file}`)];
  }
  return [ok(name, `${file}, mode ${octal(state.mode)}`)];
}

function ofFiles(folder: string): Finding[] {
  const open = ["pausepoint.db", "pausepoint.db-wal", "pausepoint.db-shm"]
    .map((name) => join(folder, name))
    .filter((file) => ((stateOf(file)?.mode ?? 0) & 0o077) !== 0);
  if (open.length === 0) return [];
  return [bad("database files", "fail", "others can read what was asked and answered", `chmod 600 ${open.join(" ")}`)];
}

function ofDatabase(folder: string): Finding[] {
  const { sqlite, isSafe, file } = inspectDatabase(folder);
  const library = isSafe
    ? ok("SQLite", sqlite)
    : bad("SQLite", "fail", `${sqlite} can corrupt its log`, "Take a build of PausePoint with a newer SQLite.");
  if (file === null) return [library, ok("database", "is made at the first start")];
  const name = "database";
  const moved = "Restore it from a backup, or name another folder with --data.";
  if (file.error !== null) return [library, bad(name, "fail", `can't be read: ${file.error}`, moved)];
  if (!file.isOurs) return [library, bad(name, "fail", "belongs to another program", moved)];
  const found = "journal_mode=WAL";
  if (!file.isWal) {
    const todo = "The next start sets it; if it does not stay, the disk can't hold it: take a local one.";
    return [library, bad(name, "warn", "not in journal_mode=WAL", todo)];
  }
  return [library, ok(name, `${found}; synchronous=FULL is set and read back at each start`)];
}

function ofServer(folder: string): Finding {
  const found = isFolderServed(folder) ? "is running on this folder" : "is not running on this folder";
  return ok("server", found);
}

function ofBaseUrl({ baseUrl, baseUrlConfigured, channelsConfigured }: LoadedConfig): Finding {
  const name = "base URL";
  if (!channelsConfigured) return ok(name, `${baseUrl}; nothing leaves this machine, so nobody else has to reach it`);
  const { protocol, hostname } = new URL(baseUrl);
  if (!baseUrlConfigured || isLoopback(hostname)) {
    const found = `${baseUrl}: links with it open on this machine alone`;
    return bad(name, "warn", found, "Set baseUrl to the address at which phones reach this server.");
  }
  if (protocol === "http:") {
    const found = `${baseUrl}: whoever is on the way can read links and answers`;
    return bad(
      name,
      "warn",
      found,
      "Put a proxy with https in front and set baseUrl to its address, or set listen.tls.",
    );
  }
  return ok(name, baseUrl);
}

function isLoopback(hostname: string): boolean {
  const bare = hostname.replace(/^\[|\]$/g, "");
  if (ipaddr.isValid(bare)) return ["loopback", "unspecified"].includes(ipaddr.process(bare).range());
  return /(^|\.)localhost\.?$/.test(bare);
}

function ofPeople(config: LoadedConfig): Finding[] {
  return unusableAddressesOf(config).map(({ setting, detail }) => bad("people", "warn", detail, `Correct ${setting}.`));
}

function stateOf(path: string): Stats | null {
  try {
    return statSync(path);
  } catch {
    return null;
  }
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function octal(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, "0");
}
