import type { Command } from "commander";
import { UsageError } from "./output.ts";

/** `pausepoint hook`: the permission hook of a coding agent, and its place in the agent's settings. */
export function addHook(program: Command): void {
  program
    .command("hook")
    .description("a permission hook: a coding agent's dangerous command asks a phone")
    .argument("<agent>", "claude-code, codex, cursor, gemini, copilot, vscode or opencode")
    .addHelpText(
      "after",
      "\nReads the agent's event on stdin and prints what this agent understands. docs/permission-hooks.md",
    )
    .action(hook);
}

async function hook(name: string): Promise<void> {
  // From here on the host waits for an answer: until one is given, the end of this process is a no.
  const { hostNamed, hosts } = await import("../hook/hosts/index.ts");
  const host = hostNamed(name);
  if (host === null) throw new UsageError(`There is no agent ${name}; there are ${Object.keys(hosts).join(", ")}.`);
  const { answerHost } = await import("../hook/process.ts");
  await answerHost(host);
}
