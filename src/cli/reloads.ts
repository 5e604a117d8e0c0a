/** The server's half of reading the configuration anew: at SIGHUP, and when `pausepoint config reload` asks for it. */
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { App } from "../app.ts";
import type { LoadedConfig } from "../platform/config/load.ts";
import type { Log } from "../platform/log.ts";
import { ownProgram } from "../platform/program.ts";
import { writeWholeFile } from "../platform/whole-file.ts";
import { type CommonOptions, settingsOf } from "./settings.ts";

/** Two files in the data folder, so that no process has to know another's number: the question, and the answer to it. */
export const REQUEST = "reload.request";
export const RESULT = "reload.result";
const LOOK_MS = 250;
const CHECK_MS = 30_000;

/** What became of it. `asked` is what stood in the question. */
export type ReloadResult = { readonly asked: string } & ReloadOutcome;

type ReloadOutcome =
  | { readonly outcome: "applied"; readonly source: string | null; readonly restart: readonly string[] }
  /** The configuration is wrong, and what was in force stays so. */
  | { readonly outcome: "refused"; readonly why: string }
  /** It could not be put in force. */
  | { readonly outcome: "failed"; readonly why: string };

/** SIGHUP, from the first moment of a server on; before it can reload, one is kept for later. */
export class HangUps {
  #waiting = false;
  #act: (() => void) | null = null;

  constructor() {
    process.on("SIGHUP", () => {
      if (this.#act === null) this.#waiting = true;
      else this.#act();
    });
  }

  /** Calls this for each from now on, and for those before. */
  take(act: () => void): void {
    this.#act = act;
    if (this.#waiting) act();
    this.#waiting = false;
  }
}

/** Reads the configuration anew whenever that is asked for, one time after the other, until stopped. */
export class Reloads {
  readonly #parts: ReloadParts;
  readonly #timer: ReturnType<typeof setInterval>;
  #working: Promise<void> = Promise.resolve();

  constructor(parts: ReloadParts) {
    this.#parts = parts;
    for (const name of [REQUEST, RESULT]) rmSync(join(parts.dataDir, name), { force: true });
    parts.hangUps.take(() => this.#reload(null));
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
    this.#timer.unref();
  }

  /** Takes no further question. */
  stop(): void {
    clearInterval(this.#timer);
    this.#parts.hangUps.take(() => {});
  }

  #look(): void {
    const file = join(this.#parts.dataDir, REQUEST);
    if (!existsSync(file)) return;
    try {
      const asked = readFileSync(file, "utf8");
      rmSync(file);
      this.#reload(asked);
    } catch (error) {
      this.#parts.log.error("a question for a reload could not be read", { error: (error as Error).message });
    }
  }

  #reload(asked: string | null): void {
    const { log, dataDir } = this.#parts;
    this.#working = this.#working.then(async () => {
      const result = await this.#attempt();
      if (result.outcome === "applied") log.info("configuration reloaded", { restart: result.restart.join(", ") });
      else log.error("configuration not reloaded; what was in force stays so", { why: result.why });
      if (asked === null) return;
      try {
        writeWholeFile(join(dataDir, RESULT), JSON.stringify({ asked, ...result } satisfies ReloadResult));
      } catch (error) {
        log.error("the answer to a reload could not be written", { error: (error as Error).message });
      }
    });
  }

  async #attempt(): Promise<ReloadOutcome> {
    const { app, options } = this.#parts;
    let config: LoadedConfig;
    try {
      const refused = await wouldBeRefused(options);
      if (refused !== null) return { outcome: "refused", why: refused };
      config = await settingsOf(options);
    } catch (error) {
      return { outcome: "refused", why: (error as Error).message };
    }
    try {
      const { restart } = await app.reload(config);
      return { outcome: "applied", source: config.source, restart };
    } catch (error) {
      return { outcome: "failed", why: (error as Error).message };
    }
  }
}

interface ReloadParts {
  readonly app: Pick<App, "reload">;
  readonly log: Log;
  readonly options: CommonOptions & { readonly host?: string; readonly port?: string };
  readonly dataDir: string;
  readonly hangUps: HangUps;
}

/**
 * The file is a program, and one that throws can't be imported a second time by this process, nor stopped when it never
 * ends: a process of its own runs it first. Answers why it is refused, or null.
 */
async function wouldBeRefused({ config, data }: CommonOptions): Promise<string | null> {
  const child = Bun.spawn(
    [
      ...ownProgram,
      ...["config", "check", "--json"],
      ...(config === undefined ? [] : ["--config", config]),
      ...(data === undefined ? [] : ["--data", data]),
    ],
    { stdin: "ignore", stdout: "pipe", stderr: "pipe", timeout: CHECK_MS, killSignal: "SIGKILL" },
  );
  const [said, told, status] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  // A file that ends the process with 0 has not been found valid.
  if (status === 0 && said.startsWith('{"valid":true')) return null;
  if (child.signalCode !== null) return `The configuration was not read within ${CHECK_MS / 1000} seconds.`;
  return told.trim() || `The configuration ended its process with ${status}.`;
}
