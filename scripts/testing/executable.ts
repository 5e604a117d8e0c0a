import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";

/** What dist/pausepoint is made from. */
const sources = [
  "src",
  "clients/typescript/src",
  "public",
  "migrations",
  "scripts/build",
  "scripts/build.ts",
  "package.json",
  "package-lock.json",
];

/** Whether dist/pausepoint is newer than everything it is made from. */
export function executableIsFresh(project: string): boolean {
  const executable = join(project, "dist/pausepoint");
  if (!existsSync(executable)) return false;
  const built = statSync(executable).mtimeMs;
  return sources.flatMap((name) => entries(join(project, name))).every((path) => statSync(path).mtimeMs <= built);
}

/** The file, or the folder with all in it; a folder's own time shows that a file was removed. */
function entries(path: string): string[] {
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return [path];
  return [path, ...readdirSync(path, { recursive: true, encoding: "utf8" }).map((name) => join(path, name))];
}
