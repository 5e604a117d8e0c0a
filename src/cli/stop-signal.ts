import { onTerminal, printError } from "./output.ts";

/** Resolves at the first SIGTERM or SIGINT. Timers do not keep the process alive; a server does, until then. */
export function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      process.once(signal, () => {
        if (signal === "SIGINT" && onTerminal()) printError("Stopping.");
        resolve();
      });
    }
  });
}
