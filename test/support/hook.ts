/** The compiled hook as a host runs it: an event on stdin, the answer on stdout, an exit status. */
import { join } from "node:path";
import { type BinaryServer, environment, folderWith, type Ran } from "./binary.ts";
import { eventually } from "./eventually.ts";
import { program } from "./program.ts";

export const RULES = { to: "+1 (312) 847-1928", channel: "sms", minutes: 2 };

export interface HookRun {
  readonly process: Bun.Subprocess<"pipe", "pipe", "pipe">;
  readonly ended: Promise<Ran>;
}

/** A home of its own with rules, in which hooks of one server run. */
export class HookHome {
  readonly folder: string;
  readonly env: Record<string, string | undefined>;

  constructor(
    readonly server: Pick<BinaryServer, "url" | "key">,
    rules: object | string = RULES,
  ) {
    const text = typeof rules === "string" ? rules : JSON.stringify(rules);
    this.folder = folderWith({ ".config/pausepoint/hooks.json": text, "project/readme.md": "" });
    this.env = environment({
      HOME: this.folder,
      XDG_CONFIG_HOME: "",
      XDG_STATE_HOME: "",
      PAUSEPOINT_URL: server.url,
      PAUSEPOINT_API_KEY: server.key,
    });
  }

  get cwd(): string {
    return join(this.folder, "project");
  }

  /** Starts a hook; what is no text goes in as JSON. */
  start(agent: string, event: unknown, env: Record<string, string> = {}): HookRun {
    const child = Bun.spawn([...program, "hook", agent], {
      cwd: this.cwd,
      env: { ...this.env, ...env },
      stdin: "pipe",
      stdout: "pipe",
      stderr: "pipe",
    });
    child.stdin.write(typeof event === "string" || event instanceof Uint8Array ? event : JSON.stringify(event));
    void child.stdin.end();
    const ended = Promise.all([child.stdout.text(), child.stderr.text(), child.exited]).then(
      ([stdout, stderr, status]) => ({ stdout, stderr, status }),
    );
    return { process: child, ended };
  }

  run(agent: string, event: unknown, env: Record<string, string> = {}): Promise<Ran> {
    return this.start(agent, event, env).ended;
  }
}

/** The question that a hook has asked and that is still open. A whole agent takes its time to start: it gets more tries. */
export async function asked(server: BinaryServer, command: string, tries = 1) {
  for (let left = tries; left > 1; left--) {
    const found = await look(server, command).catch(() => null);
    if (found !== null) return found;
  }
  return await look(server, command);
}

async function look(server: BinaryServer, command: string) {
  return await eventually(
    async () =>
      (await server.call("/v1/pause?status=pending&limit=100")).body.data.find(
        (one: { message: string; details: Record<string, string> }) =>
          one.message.endsWith(`\n\n${command}`) || Object.values(one.details).includes(command),
      ),
    (one) => one !== undefined,
  );
}
