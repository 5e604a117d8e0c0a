import type { Command } from "commander";
import { systemClock } from "../platform/clock.ts";
import { printError } from "./output.ts";
import { stopSignal } from "./stop-signal.ts";

/** `pausepoint mcp`: the MCP server on stdio, a client of a running server. */
export function addMcp(program: Command): void {
  program
    .command("mcp")
    .description(
      "serve MCP on stdio for an agent, as a client of the server at $PAUSEPOINT_URL with $PAUSEPOINT_API_KEY",
    )
    .action(mcp);
}

async function mcp(): Promise<void> {
  const { serverOf } = await import("./remote.ts");
  const api = serverOf(process.env);
  const { serveOverStdio } = await import("../mcp/stdio.ts");
  await serveOverStdio({ api, clock: systemClock }, stopSignal(), (text) => printError(`pausepoint mcp: ${text}`));
}
