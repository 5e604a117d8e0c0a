/** The plugin for opencode, which has no hooks that are programs: it runs the executable, and throws for anything but a yes. */
export function PLUGIN(program: readonly string[]): string {
  return `// Written by \`pausepoint hook install opencode\`; \`pausepoint hook uninstall opencode\` takes it away.
import { spawn } from "node:child_process";

const COMMAND = ${JSON.stringify([...program, "hook", "opencode"])};

/** What the executable says. It ends by itself; whatever is not a plain yes rejects, and so refuses the call. */
function ask(event: object): Promise<void> {
  return new Promise((resolve, reject) => {
    const [file = "", ...args] = COMMAND;
    const child = spawn(file, args, { stdio: ["pipe", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk) => (stdout += chunk));
    child.stderr.on("data", (chunk) => (stderr += chunk));
    child.stdin.on("error", () => {});
    child.on("error", () => reject(new Error("PausePoint: denied. The hook could not be started.")));
    child.on("close", (status) => {
      try {
        const { decision, reason } = JSON.parse(stdout);
        if (status === 0 && (decision === "allow" || decision === "pass")) return resolve();
        reject(new Error(typeof reason === "string" ? reason : "PausePoint: denied."));
      } catch {
        reject(new Error(stderr.trim() || "PausePoint: denied. The hook gave no answer."));
      }
    });
    child.stdin.end(JSON.stringify(event));
  });
}

export const PausePoint = async ({ directory }: { directory: string }) => ({
  "tool.execute.before": async (
    { tool, sessionID, callID }: { tool: string; sessionID: string; callID: string },
    { args }: { args: unknown },
  ) => {
    await ask({ event: "tool.execute.before", session: sessionID, call: callID, cwd: directory, tool, args });
  },
});
`;
}
