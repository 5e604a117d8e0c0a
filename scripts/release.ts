/**
 * `npm run release -- --key FILE`: makes dist/release, the folder that install.sh installs from, signed with a key of
 * ssh-keygen's. Make one with `ssh-keygen -t ed25519 -f FILE`, and publish its fingerprint where users find it without
 * the release.
 *
 * `--target linux-x64 --target linux-arm64`: for which machines; for this one by default.
 * `--unsigned`: in place of --key, for a release that stays in the house.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ownTarget } from "./build/targets.ts";
import { isReleaseTarget, makeRelease, type ReleaseTarget } from "./packaging/release.ts";

const project = join(import.meta.dir, "..");

try {
  const { values } = parseArgs({
    options: {
      key: { type: "string" },
      unsigned: { type: "boolean", default: false },
      target: { type: "string", multiple: true },
    },
  });
  if ((values.key === undefined) !== values.unsigned) throw new Error("Give --key FILE, or --unsigned.");
  await release(values.key ?? null, values.target ?? [ownTarget().name]);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

async function release(key: string | null, targets: readonly string[]): Promise<void> {
  const executables: Partial<Record<ReleaseTarget, string>> = {};
  for (const target of targets) {
    if (!isReleaseTarget(target)) throw new Error(`A release is for linux-x64 and linux-arm64, not for ${target}.`);
    run([process.execPath, "scripts/build.ts", "--target", target]);
    executables[target] = join(project, `dist/pausepoint-${target}`);
  }
  const { version }: { version: string } = await Bun.file(join(project, "package.json")).json();
  const madeAt = Number(process.env.SOURCE_DATE_EPOCH ?? lastCommit());
  const out = join(project, "dist/release");
  const files = makeRelease({ project, version, executables, key, madeAt, out });
  console.log(`dist/release has PausePoint ${version}: ${files.join(", ")}`);
}

function run(command: string[]): void {
  const { exitCode } = Bun.spawnSync(command, { cwd: project, stdio: ["inherit", "inherit", "inherit"] });
  if (exitCode !== 0) throw new Error(`${command.slice(1).join(" ")} ended with ${exitCode}.`);
}

/** When the commit was made that this is, in seconds since 1970; outside a checkout, now. */
function lastCommit(): number {
  const { exitCode, stdout } = Bun.spawnSync(["git", "log", "-1", "--format=%ct"], { cwd: project, stderr: "ignore" });
  return exitCode === 0 ? Number(stdout.toString()) : Math.floor(Date.now() / 1000);
}
