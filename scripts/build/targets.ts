import { existsSync } from "node:fs";

/**
 * The platforms `npm run build -- --target NAME` can build for, and what each takes from npm: the Bun runtime that
 * becomes the executable, and the prebuilt SQLite addon that is embedded in it.
 */
export interface Target {
  readonly name: string;
  /** What Bun calls the platform; it decides the executable's file format. */
  readonly platform: Bun.Build.CompileTarget;
  /** npm package that holds the Bun runtime as `bin/bun`. Its version and SHA-512 stand in package-lock.json. */
  readonly runtimePackage: string;
  /** better-sqlite3 has one entry a platform. Only such an entry can be embedded; the main one looks for files on disk. */
  readonly sqliteEntry: string;
}

const targets: readonly Target[] = [
  // The baseline runtime asks for no AVX2, so it also runs on old servers and small virtual machines.
  target("linux-x64", "bun-linux-x64-baseline", "linux-x64"),
  target("linux-x64-modern", "bun-linux-x64", "linux-x64"),
  target("linux-arm64", "bun-linux-arm64", "linux-arm64"),
  target("linux-x64-musl", "bun-linux-x64-musl", "linuxmusl-x64"),
  target("linux-arm64-musl", "bun-linux-arm64-musl", "linuxmusl-arm64"),
  target("darwin-x64", "bun-darwin-x64", "darwin-x64"),
  target("darwin-arm64", "bun-darwin-arm64", "darwin-arm64"),
];

/** The target with that name. Throws an error that lists the known names. */
export function targetNamed(name: string): Target {
  const found = targets.find((target) => target.name === name);
  if (found !== undefined) return found;
  throw new Error(`There is no target "${name}". Known are: ${targets.map((target) => target.name).join(", ")}.`);
}

/** The target for the machine this runs on. Throws when there is none. */
export function ownTarget(): Target {
  const musl = existsSync("/etc/alpine-release") ? "-musl" : "";
  return targetNamed(`${process.platform}-${process.arch}${musl}`);
}

/** Whether an executable for the target runs on this machine. */
export function runsHere(target: Target): boolean {
  return target.sqliteEntry === ownTarget().sqliteEntry;
}

function target(name: string, platform: Bun.Build.CompileTarget, addon: string): Target {
  const runtimePackage = `@oven/${platform.replace("arm64", "aarch64")}`;
  return { name, platform, runtimePackage, sqliteEntry: `better-sqlite3/${addon}` };
}
