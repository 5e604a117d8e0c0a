/** A data folder as the first start of a server leaves it. */
import { environment, linesOf } from "./binary.ts";
import { program } from "./program.ts";

/** Starts a server in that folder, from a configuration or none, and stops it again. */
export async function begun(
  folder: string,
  options: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const child = Bun.spawn([...program, "serve", "--port", "0", "--json", ...options], {
    cwd: folder,
    env: environment(env),
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const told = child.stderr.text();
  const { done } = await linesOf(child.stdout).next();
  child.kill("SIGTERM");
  const status = await child.exited;
  if (done || status !== 0) throw new Error(`the server did not start and stop: ${status}, ${await told}`);
}
