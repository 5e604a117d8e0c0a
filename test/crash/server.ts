/** The compiled executable as a server of its own, to be killed. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

export interface RunningServer {
  readonly url: string;
  /** The test key that the very first start prints. */
  readonly testKey: string | null;
  readonly pid: number;
  /** kill -9, and waits until the process is gone. */
  kill(): Promise<void>;
  /** Asks it to stop, and waits until it has; one that does not within ten seconds is killed. */
  stop(): Promise<void>;
}

/**
 * Starts `command serve` on a data folder and resolves once it answers. It has a process group of its own, and none of
 * the environment's PausePoint settings.
 */
export async function startServer(command: readonly string[], folder: string): Promise<RunningServer> {
  const [program = "", ...args] = [...command, "serve", "--data", folder, "--port", "0", "--json"];
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("PAUSEPOINT_")));
  const child = spawn(program, args, { env, stdio: ["ignore", "pipe", "inherit"], detached: true });
  const gone = once(child, "exit");
  const { pid } = child;
  if (pid === undefined) throw new Error(`${program} did not start`);
  const lines = createInterface({ input: child.stdout });
  const [line] = (await Promise.race([
    once(lines, "line"),
    gone.then(([code, signal]) => Promise.reject(new Error(`the server ended with ${code ?? signal}`))),
  ])) as [string];
  const greeting = JSON.parse(line) as { url: string; test_key?: string };
  const end = async (signal: NodeJS.Signals) => {
    // The whole group: under a tracer the server is its child.
    if (child.exitCode === null && child.signalCode === null) process.kill(-pid, signal);
    const kill = setTimeout(() => process.kill(-pid, "SIGKILL"), 10_000);
    await gone;
    clearTimeout(kill);
    lines.close();
  };
  return {
    url: greeting.url,
    testKey: greeting.test_key ?? null,
    pid,
    kill: () => end("SIGKILL"),
    stop: () => end("SIGTERM"),
  };
}
