import { z } from "zod";
import type { Clock } from "../platform/clock.ts";
import type { LoadedConfig } from "../platform/config/load.ts";
import { ownProgram } from "../platform/program.ts";

/** What a look at one thing came to, as `pausepoint doctor --json` prints it. */
const finding = z.object({
  check: z.string(),
  status: z.enum(["ok", "warn", "fail"]),
  found: z.string(),
  todo: z.string().nullable(),
});
export type HealthFinding = z.infer<typeof finding>;
const report = z.object({ checks: z.array(finding) });

/** What was found when, in milliseconds since the epoch. */
export interface Look {
  readonly at: number;
  readonly findings: readonly HealthFinding[];
}

/** The command line's own look gives up before this. */
const LATEST_MS = 30_000;
/** A page that is opened after so long has the server looked at anew. */
const STALE_MS = 600_000;

/**
 * What `pausepoint doctor` finds of this very server, for the console. It runs as a process of its own: its checks can't
 * be interrupted, and nobody's request should wait for them. One look at a time, however many ask for it.
 */
export class Health {
  readonly #clock: Clock;
  readonly #config: LoadedConfig;
  #last: Look | null = null;
  #looking: Promise<Look> | null = null;
  #child: { kill(signal: "SIGKILL"): void } | null = null;
  #isStopped = false;

  constructor(clock: Clock, config: LoadedConfig) {
    this.#clock = clock;
    this.#config = config;
  }

  /** The newest look; null before the first has come to an end. */
  get last(): Look | null {
    return this.#last;
  }

  /** How many things were found to have failed. */
  get failures(): number {
    return this.#last?.findings.filter(({ status }) => status === "fail").length ?? 0;
  }

  /** Begins a look where the newest is old, and waits for nothing. */
  freshen(): void {
    if (this.#last === null || this.#clock.now() - this.#last.at > STALE_MS) void this.look();
  }

  /** Looks, or joins who is looking. Never rejects: what keeps it from looking is a finding. */
  look(): Promise<Look> {
    this.#looking ??= this.#ask().then((findings) => {
      this.#looking = null;
      this.#last = { at: this.#clock.now(), findings };
      return this.#last;
    });
    return this.#looking;
  }

  stop(): void {
    this.#isStopped = true;
    this.#child?.kill("SIGKILL");
  }

  async #ask(): Promise<readonly HealthFinding[]> {
    if (this.#isStopped) return [notLooked("the server is stopping")];
    const { source, dataDir } = this.#config;
    try {
      const child = Bun.spawn(
        [
          ...ownProgram,
          ...["doctor", "--json", "--offline", "--data", dataDir],
          ...(source === null ? [] : ["--config", source]),
        ],
        { stdin: "ignore", stdout: "pipe", stderr: "pipe", timeout: LATEST_MS, killSignal: "SIGKILL" },
      );
      this.#child = child;
      const [text, told] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
      this.#child = null;
      const found = report.safeParse(jsonOf(text));
      return found.success ? found.data.checks : [notLooked(told.trim().split("\n").at(-1) || "it was cut off")];
    } catch (error) {
      return [notLooked((error as Error).message)];
    }
  }
}

function notLooked(why: string): HealthFinding {
  const todo = "Run pausepoint doctor on the machine, as the user that runs the server.";
  return { check: "doctor", status: "fail", found: `could not look: ${why}`, todo };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
