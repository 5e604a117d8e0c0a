import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import type { Clock } from "../platform/clock.ts";
import type { Log } from "../platform/log.ts";
import type { Metrics } from "../platform/metrics/index.ts";

const REST_OF_NAME = /^\d{8}T\d{6}Z\.tar\.gz(\.age)?(\.partial)?$/;

/** What backups that nobody asks for are made with. */
export interface ScheduleParts {
  readonly folder: string;
  /** How many of the newest are kept. */
  readonly keep: number;
  readonly keyFile: string | null;
  /** Whether a key is found there or in the environment: the name then says so. */
  readonly isEncrypted: boolean;
  readonly dataDir: string;
  /** The configuration file, or null. */
  readonly config: string | null;
  /** The installation's id. */
  readonly installation: string;
  /** How this program is started: its path, and what comes before its arguments. */
  readonly program: readonly string[];
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Pick<Metrics, "backups">;
}

/**
 * Backups that the server has made by itself. Each is made by a process of its own, this program's `backup` command:
 * copying and checking a large database would hold up everybody who asks meanwhile.
 */
export class ScheduledBackups {
  readonly #parts: ScheduleParts;
  #child: Bun.Subprocess<"ignore", "ignore", "pipe"> | null = null;
  #isStopped = false;
  #running: Promise<void> = Promise.resolve();

  constructor(parts: ScheduleParts) {
    this.#parts = parts;
  }

  /** Makes one, then removes the oldest beyond those that are kept. A failure goes to the log, and removes none. */
  run(): Promise<void> {
    this.#running = this.#run();
    return this.#running;
  }

  /** Resolves when none is being made. */
  get idle(): Promise<void> {
    return this.#running.catch(() => {});
  }

  async #run(): Promise<void> {
    const { folder, log, metrics } = this.#parts;
    const file = join(folder, this.#nameOf(this.#parts.clock.now()));
    const began = performance.now();
    const failure = await this.#make(file);
    if (this.#isStopped) return;
    metrics.backups.add(1, failure === null ? "made" : "failed");
    if (failure !== null) {
      log.error("backup failed; there is none newer than the last one that was told of here", { file, error: failure });
      return;
    }
    const removed = this.#removeOld(basename(file));
    log.info("backup made", { file, bytes: Bun.file(file).size, ms: Math.round(performance.now() - began), removed });
  }

  /** Ends one that is being made. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#child?.kill("SIGTERM");
    await this.#child?.exited;
  }

  /** Answers what went wrong, or null. */
  async #make(file: string): Promise<string | null> {
    const { folder, keyFile, dataDir, config, program } = this.#parts;
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const child = Bun.spawn(
        [
          ...program,
          ...["backup", file, "--data", dataDir],
          ...(config === null ? [] : ["--config", config]),
          ...(keyFile === null ? [] : ["--key-file", keyFile]),
        ],
        { stdin: "ignore", stdout: "ignore", stderr: "pipe" },
      );
      this.#child = child;
      const [told, status] = await Promise.all([child.stderr.text(), child.exited]);
      return status === 0 ? null : told.trim() || `the process ended with ${status}`;
    } catch (error) {
      return (error as Error).message;
    } finally {
      this.#child = null;
    }
  }

  /**
   * Answers how many were removed. Other installations' backups, and whatever else lies there, are not touched; nor is the
   * one that was just made and verified, where the clock was set back and the names of older ones sort behind its own.
   */
  #removeOld(made: string): number {
    const { folder, keep } = this.#parts;
    const mine = readdirSync(folder)
      .filter((name) => isBackupOf(this.#parts.installation, name))
      .sort();
    // One that was interrupted is no backup.
    const broken = mine.filter((name) => name.endsWith(".partial"));
    const others = mine.filter((name) => !name.endsWith(".partial") && name !== made);
    const old = [...broken, ...others.slice(0, Math.max(0, others.length - (keep - 1)))];
    for (const name of old) rmSync(join(folder, name));
    return old.length;
  }

  /** Names sort by their times. */
  #nameOf(at: number): string {
    const time = new Date(at).toISOString().replace(/[-:]|\.\d+/g, "");
    return `${prefixOf(this.#parts.installation)}${time}.tar.gz${this.#parts.isEncrypted ? ".age" : ""}`;
  }
}

/** A backup that was found where they are put. */
interface FoundBackup {
  /** Its path. */
  readonly file: string;
  /** When it was begun, in milliseconds. */
  readonly begunAt: number;
}

/** The newest whole backup of an installation in a folder, by the times in their names; null where there is none. */
export function newestBackup(folder: string, installation: string): FoundBackup | null {
  if (!existsSync(folder)) return null;
  const [newest] = readdirSync(folder)
    .filter((name) => isBackupOf(installation, name) && !name.endsWith(".partial"))
    .sort()
    .reverse();
  if (newest === undefined) return null;
  const [, year, month, day, hour, minute, second] = /(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z\.tar/.exec(newest) ?? [];
  const begunAt = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return { file: join(folder, newest), begunAt };
}

function isBackupOf(installation: string, name: string): boolean {
  const prefix = prefixOf(installation);
  return name.startsWith(prefix) && REST_OF_NAME.test(name.slice(prefix.length));
}

/** Two installations may save into one folder. */
function prefixOf(installation: string): string {
  return `pausepoint-${installation.slice(-8)}-`;
}
