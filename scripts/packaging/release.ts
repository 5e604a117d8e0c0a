import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { makeDebianPackage } from "./debian.ts";

/** What the namespace of the signature is; a signature for anything else counts for nothing. */
const NAMESPACE = "pausepoint-release";

/** What `uname -m` is to us, to Debian. */
const architectures = { "linux-x64": "amd64", "linux-arm64": "arm64" } as const;

/** What the build puts beside an executable: its bill of materials, and the licences of all that is in it. */
const besides = ["cdx.json", "licenses.txt"];

export type ReleaseTarget = keyof typeof architectures;

export interface ReleaseRequest {
  readonly project: string;
  readonly version: string;
  /** The executables by the target they were built for. */
  readonly executables: Partial<Readonly<Record<ReleaseTarget, string>>>;
  /** A private key of ssh-keygen's, or the public half of one that the agent holds; null: not signed. */
  readonly key: string | null;
  /** When it was made, in seconds since 1970. */
  readonly madeAt: number;
  /** The folder to make; one that is there is replaced. */
  readonly out: string;
  /** Whether Debian packages are made beside. Default: where there is dpkg-deb. */
  readonly debian?: boolean;
}

export function isReleaseTarget(name: string): name is ReleaseTarget {
  return name in architectures;
}

/**
 * Makes a folder that install.sh installs from: what it installs, `SHA256SUMS` over all of it, and the signature of
 * that. The signature is OpenSSH's (`ssh-keygen -Y`, PROTOCOL.sshsig), since ssh-keygen is on every server that
 * somebody logs in to.
 *
 * @returns the names of its files
 */
export function makeRelease(request: ReleaseRequest): string[] {
  const { project, out, key } = request;
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  for (const file of ["install.sh", "pausepoint.config.ts", "LICENSE", "CHANGELOG.md"]) copy(project, file, out);
  for (const file of ["pausepoint.service", "pausepoint-admin"]) copy(join(project, "scripts/packaging"), file, out);
  for (const [target, executable] of Object.entries(request.executables)) {
    if (!isReleaseTarget(target)) throw new Error(`A release has nothing for ${target}.`);
    copyFileSync(executable, join(out, `pausepoint-${target}`));
    chmodSync(join(out, `pausepoint-${target}`), 0o755);
    for (const end of besides) {
      if (existsSync(`${executable}.${end}`))
        copyFileSync(`${executable}.${end}`, join(out, `pausepoint-${target}.${end}`));
    }
    if (request.debian ?? Bun.which("dpkg-deb") !== null)
      makeDebianPackage({ ...request, executable, architecture: architectures[target] });
  }
  if (key !== null) writeFileSync(join(out, "release-key.pub"), publicHalf(key));
  const listed = readdirSync(out).sort();
  writeFileSync(join(out, "SHA256SUMS"), listed.map((name) => `${sha256(join(out, name))}  ${name}\n`).join(""));
  if (key !== null) sign(key, join(out, "SHA256SUMS"));
  return readdirSync(out).sort();
}

function copy(from: string, file: string, to: string): void {
  copyFileSync(join(from, file), join(to, file));
}

function sha256(path: string): string {
  return new Bun.CryptoHasher("sha256").update(readFileSync(path)).digest("hex");
}

/** Kind and key alone: the comment behind them often is somebody's name. */
function publicHalf(key: string): string {
  const text = existsSync(`${key}.pub`) ? readFileSync(`${key}.pub`, "utf8") : keygen(["-y", "-f", key]);
  return `${text.trim().split(/\s+/).slice(0, 2).join(" ")}\n`;
}

function sign(key: string, file: string): void {
  rmSync(`${file}.sig`, { force: true });
  keygen(["-Y", "sign", "-f", key, "-n", NAMESPACE, file]);
}

function keygen(args: string[]): string {
  const { exitCode, stdout, stderr } = Bun.spawnSync(["ssh-keygen", ...args], { stdin: "inherit" });
  if (exitCode !== 0) throw new Error(`ssh-keygen ${args[0]} ended with ${exitCode}: ${stderr.toString().trim()}`);
  return stdout.toString();
}
