/** The hook as a process: its pipes, its signals, and its end. */
import { writeSync } from "node:fs";
import type { Host, Printed } from "./event.ts";
import { lingerMs, runHook } from "./run.ts";

/** Answers the host that has started this process, and ends the process. */
export async function answerHost(host: Host): Promise<never> {
  const stopping = new AbortController();
  let status = 2;
  const print = (printed: Printed) => {
    write(2, printed.stderr);
    write(1, printed.stdout);
    status = printed.status;
  };
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
    process.on(signal, () => {
      stopping.abort();
      setTimeout(() => process.exit(status), lingerMs);
    });
  }
  const broken = (error: unknown) => {
    write(2, `PausePoint: denied. The hook broke: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(2);
  };
  process.on("uncaughtException", broken);
  process.on("unhandledRejection", broken);
  await runHook({ host, env: process.env, stdin: Bun.stdin.stream(), print, stopped: stopping.signal });
  process.exit(status);
}

function write(descriptor: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let written = 0; written < bytes.length; ) {
    try {
      written += writeSync(descriptor, bytes, written);
    } catch (error) {
      const { code } = error as { code?: string };
      // Nobody reads: the exit status speaks.
      if (code === "EPIPE") return;
      if (code !== "EAGAIN") throw error;
    }
  }
}
