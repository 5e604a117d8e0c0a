/**
 * `npm run lock`: `npm install` for whoever changes a dependency, and what npm leaves out of package-lock.json.
 *
 * better-sqlite3 brings its addon along and says `"gypfile": false`, so that npm does not compile it. npm does not
 * write that into the lock file, and `npm ci` reads nothing else: it would call for Python and fail without it.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const project = join(import.meta.dir, "..");

const command = ["npm", "install", "--omit-lockfile-registry-resolved"];
const { exitCode } = Bun.spawnSync(command, { cwd: project, stdout: "inherit", stderr: "inherit" });
if (exitCode === 0) writeFileSync(join(project, "package-lock.json"), withGypfile());
else process.exitCode = exitCode;

/** The lock file, with `"gypfile": false` for the installed packages that say so of themselves. */
function withGypfile(): string {
  const lock: { packages: Record<string, { gypfile?: boolean }> } = read("package-lock.json");
  for (const [folder, entry] of Object.entries(lock.packages)) {
    if (folder !== "" && manifest(folder).gypfile === false) entry.gypfile = false;
  }
  return `${JSON.stringify(lock, null, 2)}\n`;
}

function manifest(folder: string): { gypfile?: boolean } {
  try {
    return read(join(folder, "package.json"));
  } catch {
    return {}; // a package for another platform, which is not installed
  }
}

function read<T>(path: string): T {
  return JSON.parse(readFileSync(join(project, path), "utf8"));
}
