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
    .option("--permission-prompt", "also offer the tool that Claude Code's --permission-prompt-tool calls")
    .action(mcp);
}

async function mcp(options: { readonly permissionPrompt?: boolean }): Promise<void> {
  const { serverOf } = await import("./remote.ts");
  const api = serverOf(process.env);
  const { serveOverStdio } = await import("../mcp/stdio.ts");
  const more = options.permissionPrompt === true ? [await permissionPrompt()] : [];
  await serveOverStdio({ api, clock: systemClock, more }, stopSignal(), (text) =>
    printError(`pausepoint mcp: ${text}`),
  );
}

async function permissionPrompt() {
  const [{ permissionPromptTool }, { permissions }] = await Promise.all([
    import("../mcp/tools/permission-prompt.ts"),
    import("../hook/permission.ts"),
  ]);
  return permissionPromptTool(permissions(process.env, process.cwd()));
}
