/**
 * `npm run build`: makes dist/pausepoint, one executable for this machine, and runs it once by itself.
 * `npm run build -- --target NAME`: makes dist/pausepoint-NAME for another one (scripts/build/targets.ts lists them).
 * Beside each stands its SHA-256 in the form that `sha256sum --check` reads, the bill of what is in it (CycloneDX) and the
 * licences of all that; the executable has both inside, too.
 */
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { billOfMaterials, licenseTexts } from "./build/bill.ts";
import { account, bundle } from "./build/bundle.ts";
import { contentsOf } from "./build/contents.ts";
import { definesFor } from "./build/defines.ts";
import { runtimeFor } from "./build/runtime.ts";
import { smokeTest } from "./build/smoke.ts";
import { ownTarget, runsHere, targetNamed } from "./build/targets.ts";

const project = join(import.meta.dir, "..");

try {
  const { values } = parseArgs({ options: { target: { type: "string" } } });
  await build(values.target);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

async function build(targetName: string | undefined): Promise<void> {
  const started = performance.now();
  const target = targetName === undefined ? ownTarget() : targetNamed(targetName);
  const result = join(project, "dist", targetName === undefined ? "pausepoint" : `pausepoint-${target.name}`);
  mkdirSync(join(project, "dist"), { recursive: true });
  const scratch = mkdtempSync(join(project, "dist/.build-"));
  try {
    const runtime = await runtimeFor(target, project, scratch);
    const version = packageVersion();
    const outfile = join(scratch, "pausepoint");
    const define = definesFor(version, commit());
    const what = { project, entry: join(project, "src/main.ts"), target, define };
    const contents = contentsOf(await account(what), project);
    const sourceDateEpoch = process.env.SOURCE_DATE_EPOCH;
    const sbom = billOfMaterials({ project, target, version, contents, sourceDateEpoch });
    const licenses = licenseTexts({ project, contents });
    await bundle({ ...what, outfile, runtime, texts: { sbom, licenses } });
    if (runsHere(target)) await smokeTest(outfile, version, project);
    renameSync(outfile, result);
    writeFileSync(`${result}.cdx.json`, sbom);
    writeFileSync(`${result}.licenses.txt`, licenses);
    writeFileSync(`${result}.sha256`, `${await sha256(result)}  ${basename(result)}\n`);
  } catch (error) {
    // An older executable must not be taken for the result of this build.
    for (const end of ["", ".sha256", ".cdx.json", ".licenses.txt"]) rmSync(`${result}${end}`, { force: true });
    throw error;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  const megabytes = (statSync(result).size / 1e6).toFixed(0);
  const checked = runsHere(target) ? "ran by itself" : "not run here, it is for another machine";
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`dist/${basename(result)} for ${target.name}: ${megabytes} MB, ${checked}, in ${seconds} s`);
}

function packageVersion(): string {
  const { version }: { version: string } = JSON.parse(readFileSync(join(project, "package.json"), "utf8"));
  return version;
}

/** The commit this is built from, with a `+` when files differ from it; empty outside a git checkout. */
function commit(): string {
  const git = (...args: string[]) => {
    const { exitCode, stdout } = Bun.spawnSync(["git", ...args], { cwd: project, stderr: "ignore" });
    return exitCode === 0 ? stdout.toString().trim() : "";
  };
  if (Bun.which("git") === null) return "";
  const head = git("rev-parse", "--short=12", "HEAD");
  return head !== "" && git("status", "--porcelain") !== "" ? `${head}+` : head;
}

async function sha256(path: string): Promise<string> {
  const hasher = new Bun.CryptoHasher("sha256");
  for await (const chunk of Bun.file(path).stream()) hasher.update(chunk);
  return hasher.digest("hex");
}
