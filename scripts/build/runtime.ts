/**
 * The Bun runtime of a target, always from the npm package whose SHA-512 package-lock.json holds. Bun itself would
 * fetch a missing one without checking what it got, so it is never left to do that.
 */
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Target } from "./targets.ts";

/** A package as package-lock.json pins it. `integrity` is in the form of W3C Subresource Integrity. */
export interface LockedPackage {
  readonly name: string;
  readonly version: string;
  readonly integrity: string;
}

/**
 * Path of the runtime's executable file. It is what `npm ci` installed when the package fits this machine; npm skips
 * packages for other processors, and those are fetched, checked and unpacked into `scratch`.
 */
export async function runtimeFor(target: Target, project: string, scratch: string): Promise<string> {
  const installed = join(project, "node_modules", target.runtimePackage);
  if (existsSync(join(installed, "bin/bun"))) return join(installed, "bin/bun");
  // A package without its file: the `bun` package's own installer moved it to where it starts from.
  const moved = join(project, "node_modules/bun/bin/bun.exe");
  if (existsSync(join(installed, "package.json")) && existsSync(moved)) return moved;

  const tarball = await fetchPackage(lockedPackage(project, target.runtimePackage), project);
  const folder = join(scratch, "runtime");
  mkdirSync(folder, { recursive: true });
  await run(["tar", "-xzf", tarball, "-C", folder], project);
  return join(folder, "package/bin/bun");
}

/** What package-lock.json says of a package. Throws when it does not hold the package with a hash. */
export function lockedPackage(project: string, name: string): LockedPackage {
  const lock: unknown = JSON.parse(readFileSync(join(project, "package-lock.json"), "utf8"));
  const entry = child(child(lock, "packages"), `node_modules/${name}`);
  const version = child(entry, "version");
  const integrity = child(entry, "integrity");
  if (typeof version === "string" && typeof integrity === "string") return { name, version, integrity };
  throw new Error(`package-lock.json has no version with an integrity hash for ${name}. Run npm install.`);
}

/**
 * The package's tarball, checked, from the project's cache or from the registry npm is set to use. A file that does
 * not have the locked hash is deleted and the build ends.
 */
export async function fetchPackage(pinned: LockedPackage, project: string): Promise<string> {
  const cache = join(project, "node_modules/.cache/pausepoint");
  const tarball = join(cache, `${pinned.name.replace("@", "").replace("/", "-")}-${pinned.version}.tgz`);
  if (!existsSync(tarball)) {
    mkdirSync(cache, { recursive: true });
    await run(["npm", "pack", `${pinned.name}@${pinned.version}`, "--silent", "--pack-destination", cache], cache);
  }
  try {
    checkIntegrity(readFileSync(tarball), pinned);
  } catch (error) {
    rmSync(tarball, { force: true });
    throw error;
  }
  return tarball;
}

/** Throws unless the bytes have the SHA-512 that the lock file holds for the package. */
export function checkIntegrity(bytes: Uint8Array, pinned: LockedPackage): void {
  const found = `sha512-${new Bun.CryptoHasher("sha512").update(bytes).digest("base64")}`;
  if (found === pinned.integrity) return;
  throw new Error(
    `${pinned.name}@${pinned.version} is not what package-lock.json pins: expected ${pinned.integrity}, got ${found}.`,
  );
}

async function run(command: string[], cwd: string): Promise<void> {
  const child = Bun.spawn(command, { cwd, stdout: "ignore", stderr: "pipe" });
  const [code, complaint] = await Promise.all([child.exited, new Response(child.stderr).text()]);
  if (code !== 0) throw new Error(`${command.slice(0, 3).join(" ")} ended with ${code}: ${complaint.trim()}`);
}

function child(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}
