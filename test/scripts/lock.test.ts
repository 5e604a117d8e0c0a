import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";

interface LockEntry {
  version?: string;
  integrity?: string;
  resolved?: string;
  gypfile?: boolean;
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}

const lock = JSON.parse(readFileSync(join(import.meta.dir, "../../package-lock.json"), "utf8"));
const root: LockEntry = lock.packages[""];
const packages = Object.entries<LockEntry>(lock.packages).filter(([folder]) => folder !== "");

/** Whether Node's way of looking for a package, from a folder upward, finds it in the lock file. */
function isLocked(name: string, from: string): boolean {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf("/node_modules/")))) {
    if (join(folder, "node_modules", name) in lock.packages) return true;
    if (folder === "") return false;
  }
}

describe("npm ci", () => {
  test("finds every package in the lock file, those for other platforms too", () => {
    const missing = [["", root] as const, ...packages].flatMap(([folder, entry]) =>
      Object.keys({ ...entry.dependencies, ...entry.optionalDependencies })
        .filter((name) => !isLocked(name, folder))
        .map((name) => `${name} of ${folder}`),
    );
    expect(missing).toEqual([]);
  });

  test("can check the hash of each", () => {
    expect(packages.filter(([, entry]) => !entry.version || !entry.integrity?.startsWith("sha512-"))).toEqual([]);
  });

  test("works with any registry, as the lock file names none", () => {
    expect(packages.filter(([, entry]) => entry.resolved !== undefined)).toEqual([]);
  });

  test("needs no compiler for SQLite (npm run lock writes what npm install leaves out)", () => {
    expect(lock.packages["node_modules/better-sqlite3"].gypfile).toBe(false);
  });
});
