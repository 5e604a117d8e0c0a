import { readFileSync } from "node:fs";
import { join } from "node:path";

const DEFAULT = /^ {2}\/\/dataDir: .*$/m;

/** The manual of all settings as it is installed: the data is in the folder that the unit lets the server write to. */
export function installedConfiguration(project: string): string {
  const manual = readFileSync(join(project, "pausepoint.config.ts"), "utf8");
  if (!DEFAULT.test(manual)) throw new Error("pausepoint.config.ts has no line for dataDir.");
  return manual.replace(DEFAULT, '  dataDir: "/var/lib/pausepoint",');
}
