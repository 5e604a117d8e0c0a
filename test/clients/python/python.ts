/** The Python client, driven from here: `driver.py` makes the calls and says what came of them. */
import { join } from "node:path";
import { environment } from "../../support/binary.ts";

const project = join(import.meta.dir, "../../..");
export const source = join(project, "clients/python/src");

/** The two clients, which must do the same. */
export const clients = ["PausePoint", "AsyncPausePoint"] as const;

export interface Call {
  /** Which client; left out, a function of the package. */
  readonly on?: (typeof clients)[number];
  readonly client?: Readonly<Record<string, unknown>>;
  readonly call: string;
  readonly args?: readonly unknown[];
  readonly kwargs?: Readonly<Record<string, unknown>>;
}

export interface Came {
  // biome-ignore lint/suspicious/noExplicitAny: a test says by its expectations what it takes the answer to be
  readonly gave?: any;
  readonly raised?: string;
  readonly said?: string;
  readonly status?: number;
  readonly fault?: string;
  readonly retry_after_seconds?: number | null;
}

/** A Python that makes these calls, one after the other. */
export class Python {
  readonly #child: Bun.Subprocess<"pipe", "pipe", "pipe">;
  readonly #ended: Promise<{ status: number; stdout: string; stderr: string }>;

  constructor(calls: readonly Call[], env: Readonly<Record<string, string>> = {}) {
    this.#child = Bun.spawn([Bun.which("python3") ?? "python3", join(import.meta.dir, "driver.py")], {
      env: environment({ ...env, PYTHONPATH: source, PYTHONDONTWRITEBYTECODE: "1" }),
      stdin: "pipe",
      stdout: "pipe",
      stderr: "pipe",
    });
    this.#child.stdin.write(calls.map((call) => `${JSON.stringify(call)}\n`).join(""));
    void this.#child.stdin.end();
    const { stdout, stderr, exited } = this.#child;
    this.#ended = Promise.all([stdout.text(), stderr.text(), exited]).then(([out, error, status]) => ({
      ...{ stdout: out, stderr: error, status },
    }));
  }

  /** Presses Ctrl-C, or sends another signal. Answers the exit status or signal, and the last line on stderr. */
  async interrupt(signal: "SIGINT" | "SIGTERM" = "SIGINT"): Promise<{ ended: number | string; last: string }> {
    this.#child.kill(signal);
    const { status, stderr } = await this.#ended;
    return { ended: this.#child.signalCode ?? status, last: stderr.trimEnd().split("\n").at(-1) ?? "" };
  }

  /** What came of each call. Throws what Python printed when it fell over. */
  async came(): Promise<Came[]> {
    const { status, stdout, stderr } = await this.#ended;
    if (status !== 0 || stderr !== "") throw new Error(`python ended with ${status}: ${stderr}`);
    return stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Came);
  }
}

/** What came of these calls. */
export const python = (...calls: readonly Call[]): Promise<Came[]> => new Python(calls).came();
