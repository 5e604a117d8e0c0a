/** Fires synthetic events through what is installed: what is harmless must pass, and what can't be read must be denied. */

import { InvalidRequestError, type PausePoint, PausePointError } from "../../clients/typescript/src/index.ts";
import type { HostName } from "./event.ts";
import type { Found } from "./settings.ts";

export interface Fired {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs an installed hook with an event on its stdin. Null when it can't be started. */
export async function fire({ words }: Found, event: string, cwd: string): Promise<Fired | null> {
  try {
    const child = Bun.spawn([...words], { cwd, stdin: Buffer.from(event), stdout: "pipe", stderr: "pipe" });
    const [stdout, stderr, status] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
    return { status, stdout, stderr };
  } catch {
    return null;
  }
}

/** What became of a call, as any of the hosts is told it. */
export function told({ status, stdout }: Fired): "denied" | "allowed" | "passed" {
  if (status !== 0 || /"(permission|decision|permissionDecision|behavior)":"deny"/.test(stdout)) return "denied";
  return /"(permission|decision|permissionDecision|behavior)":"allow"/.test(stdout) ? "allowed" : "passed";
}

/** An event of a host about a shell command. */
export function syntheticEvent(host: HostName, command: string, cwd: string, id: string): object {
  const session_id = "pausepoint-hook-check";
  switch (host) {
    case "cursor":
      return { hook_event_name: "beforeShellExecution", conversation_id: session_id, generation_id: id, cwd, command };
    case "opencode":
      return { event: "tool.execute.before", session: session_id, call: id, cwd, tool: "bash", args: { command } };
    case "gemini":
      return {
        hook_event_name: "BeforeTool",
        session_id,
        cwd,
        tool_name: "run_shell_command",
        tool_input: { command },
        turn_id: id,
      };
    default: {
      const tool_name = host === "vscode" ? "run_in_terminal" : "Bash";
      return { hook_event_name: "PreToolUse", session_id, cwd, tool_name, tool_input: { command }, tool_use_id: id };
    }
  }
}

/** Never a webhook's address, so that a question with it is refused, and nobody is asked. */
const NOT_ASKED = "hook check: nobody is to be asked";

/**
 * What the server says against whom the rules name and how they are to be asked; null where it would ask them. It names
 * everything that is wrong with a question at once: the one asked here has a fault of its own, which keeps it from going out.
 *
 * @throws PausePointError where the server can't be asked
 */
export async function refusedRecipients(
  api: PausePoint,
  { to, channel }: { readonly to: string | readonly string[]; readonly channel: string },
): Promise<string | null> {
  const recipient = typeof to === "string" ? to : [...to];
  try {
    await api.createPause({ recipient, channel, message: "hook check", webhook_url: NOT_ASKED });
  } catch (error) {
    if (!(error instanceof InvalidRequestError)) throw error;
    const faults = error.errors.filter(({ pointer }) => pointer !== "/webhook_url");
    if (faults.length === 0) return null;
    const named = (pointer = "") =>
      pointer.startsWith("/channel")
        ? `the channel ${channel}`
        : ([to].flat()[Number(pointer.split("/")[2] ?? 0)] ?? "it");
    return faults.map(({ pointer, detail }) => `${named(pointer)} ${detail}`).join("; ");
  }
  throw new PausePointError("what answered is not PausePoint: it took a question that can't be asked");
}
