import type { Command } from "commander";
import { modeOfKeyText } from "../access/index.ts";
import { systemClock } from "../platform/clock.ts";
import { printError, UsageError } from "./output.ts";
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
  const { url, apiKey } = settings(process.env);
  const [{ serveOverStdio }, { PausePoint }] = await Promise.all([
    import("../mcp/stdio.ts"),
    import("../../clients/typescript/src/index.ts"),
  ]);
  await serveOverStdio({ api: new PausePoint({ url, apiKey }), clock: systemClock }, stopSignal(), (text) =>
    printError(`pausepoint mcp: ${text}`),
  );
}

/** The server's address and the key. @throws UsageError that says what to set */
function settings(env: Readonly<Record<string, string | undefined>>): { url: string; apiKey: string } {
  const url = env.PAUSEPOINT_URL || "http://127.0.0.1:8787";
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw new UsageError("PAUSEPOINT_URL must be the server's address, such as https://approve.example.com.");
  const apiKey = env.PAUSEPOINT_API_KEY ?? "";
  if (modeOfKeyText(apiKey) === null)
    throw new UsageError(
      apiKey === ""
        ? "Set PAUSEPOINT_API_KEY to a key that `pausepoint keys create` has printed."
        : "PAUSEPOINT_API_KEY is no whole key: copy it again as `pausepoint keys create` printed it.",
    );
  return { url, apiKey };
}
