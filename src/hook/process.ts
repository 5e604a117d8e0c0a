/** The hook as a process: its pipes, its signals, and its end. */
import { writeAll } from "../platform/write-all.ts";
import type { Host, Printed } from "./event.ts";
import { lingerMs, runHook } from "./run.ts";

/** Answers the host that has started this process, and ends the process. */
export async function answerHost(host: Host): Promise<never> {
  const stopping = new AbortController();
  let status = 2;
  const print = (printed: Printed) => {
    // Where nobody reads, the exit status speaks.
    writeAll(2, printed.stderr);
    writeAll(1, printed.stdout);
    status = printed.status;
  };
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
    process.on(signal, () => {
      stopping.abort();
      setTimeout(() => process.exit(status), lingerMs);
    });
  }
  const broken = (error: unknown) => {
    writeAll(2, `PausePoint: denied. The hook broke: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(2);
  };
  process.on("uncaughtException", broken);
  process.on("unhandledRejection", broken);
  await runHook({ host, env: process.env, stdin: Bun.stdin.stream(), print, stopped: stopping.signal });
  process.exit(status);
}
