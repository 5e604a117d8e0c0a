import type { Command } from "commander";
import { listenUrl } from "../platform/config/listen.ts";
import { CommandFailed, print, printJson } from "./output.ts";
import { type CommonOptions, settingsOf, withCommonOptions } from "./settings.ts";

const PATIENCE_MS = 5_000;

/**
 * `pausepoint healthcheck`: asks the server of this configuration, on this machine, whether it is ready (`/readyz`). For
 * supervisors, containers and installers, which need neither curl nor to know its port. Status 0 when it is, else 1.
 */
export function addHealthcheck(program: Command): void {
  withCommonOptions(program.command("healthcheck").description("ask the server on this machine whether it is ready"))
    .option("--host <host>", "the address that it listens on (default: the configuration's)")
    .option("--port <port>", "the port that it listens on (default: the configuration's)")
    .action(healthcheck);
}

async function healthcheck(options: CommonOptions & { host?: string; port?: string }): Promise<void> {
  const { listen } = await settingsOf(options);
  const url = `${listenUrl(listen)}/readyz`;
  const status = await statusAt(url);
  if (status !== 200)
    throw new CommandFailed(
      `The server at ${url} is not ready: ${status === null ? "no answer" : `status ${status}`}.`,
    );
  if (options.json) printJson({ ready: true, url });
  else print(`The server at ${url} is ready.`);
}

/** Of one GET, or null where nobody answers in time. */
async function statusAt(url: string): Promise<number | null> {
  try {
    // Nothing secret is sent or believed, and its certificate is for another name than this machine's own address.
    const tls = { rejectUnauthorized: false };
    const answer = await fetch(url, { redirect: "manual", signal: AbortSignal.timeout(PATIENCE_MS), tls });
    await answer.body?.cancel();
    return answer.status;
  } catch {
    return null;
  }
}
