/**
 * A folder with pauses in it, the commands as an operator types them, and a server on whatever folder a test restores.
 */
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type App, startApp } from "../../src/app.ts";
import { verifyLive } from "../../src/audit/index.ts";
import { loadConfig } from "../../src/platform/config/load.ts";
import { silentLog } from "../../src/platform/log.ts";
import { openForReading } from "../../src/storage/index.ts";
import { type Appliance, startAppliance } from "../support/appliance.ts";
import { environment, type Ran, run } from "../support/binary.ts";
import { TurnedClock, temporaryFolder } from "../support/database.ts";

/** The program, run from source. */
export const main = join(import.meta.dir, "../../src/main.ts");

export class Stage {
  readonly #apps: App[] = [];

  private constructor(
    /** Everything of this stage. */
    readonly folder: string,
    /** A running server with pauses. */
    readonly appliance: Appliance,
  ) {}

  static async start(): Promise<Stage> {
    return new Stage(temporaryFolder(), await startAppliance());
  }

  get data(): string {
    return this.appliance.config.dataDir;
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** One command of the program, run where no configuration is. */
  cli(args: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
    const empty = this.path("nowhere");
    mkdirSync(empty, { recursive: true });
    return run([process.execPath, main, ...args], empty, environment(env));
  }

  /** A backup that must succeed. */
  async backup(name: string, args: readonly string[] = [], env: Record<string, string> = {}) {
    const made = await this.cli(["backup", this.path(name), "--data", this.data, "--json", ...args], env);
    if (made.status !== 0) throw new Error(made.stderr);
    return JSON.parse(made.stdout);
  }

  restore(name: string, to: string, args: readonly string[] = [], env: Record<string, string> = {}): Promise<Ran> {
    return this.cli(["restore", this.path(name), "--data", this.path(to), ...args], env);
  }

  /** A server on a restored folder. */
  async serve(name: string, clock = new TurnedClock(Date.now())): Promise<App> {
    const config = await loadConfig({ flags: { data: this.path(name), port: "0" }, env: {}, cwd: this.folder });
    const app = await startApp({ config, log: silentLog, clock });
    this.#apps.push(app);
    return app;
  }

  async stop(): Promise<void> {
    for (const app of this.#apps) await app.stop();
    await this.appliance.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** What the log and the tables of a folder come to. */
export function verified(folder: string) {
  const connection = openForReading(folder);
  try {
    return verifyLive(connection);
  } finally {
    connection.close();
  }
}

/** The rows that `sql` finds in a folder. */
export function rowsIn<Row>(folder: string, sql: string): Row[] {
  const connection = openForReading(folder);
  try {
    return connection.prepare<[], Row>(sql).all();
  } finally {
    connection.close();
  }
}

export function linesOf(file: string): string[] {
  return readFileSync(file, "utf8").split("\n").filter(Boolean);
}
