/**
 * Starts a fresh executable the way a stranger would: alone, in an empty folder, with an empty environment. An
 * executable that quietly loads a file from this project's node_modules works here and nowhere else, so the project's
 * folders are hidden from it where the machine permits that, and its memory map is read in any case.
 */
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";

const patience = 30_000;

/** Throws unless `version` prints the version and `serve` opens its port, both without a file of the project. */
export async function smokeTest(executable: string, version: string, project: string): Promise<void> {
  // A checkout may share its node_modules with another one by a symbolic link.
  const root = realpathSync(project);
  const modules = realpathSync(join(project, "node_modules"));
  const folders = modules.startsWith(`${root}/`) ? [root] : [root, modules];
  const home = mkdtempSync(join(tmpdir(), "pausepoint-smoke-"));
  try {
    const alone = join(home, "pausepoint");
    copyFileSync(executable, alone);
    const empty = join(home, "empty");
    mkdirSync(empty);
    const prefix = hiding(folders);
    const place = { cwd: empty, env: { PATH: "/usr/bin:/bin", HOME: empty, TMPDIR: home } };
    await printsVersion([...prefix, alone, "version"], place, version);
    await serves([...prefix, alone, "serve", "--data", join(home, "data")], place, folders);
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

interface Place {
  readonly cwd: string;
  readonly env: Record<string, string>;
}

/** A command prefix that starts a program with empty folders in place of the project's, or nothing if not permitted. */
function hiding(folders: string[]): string[] {
  const script = 'while [ "$1" != -- ]; do mount -t tmpfs none "$1" || exit 1; shift; done; shift; exec "$@"';
  const prefix = ["unshare", "-rm", "sh", "-c", script, "hiding", ...folders, "--"];
  if (Bun.which("unshare") === null) return [];
  const tried = Bun.spawnSync([...prefix, "ls", "-A", ...folders], { cwd: "/" });
  return tried.exitCode === 0 && !tried.stdout.includes("package.json") ? prefix : [];
}

async function printsVersion(command: string[], place: Place, version: string): Promise<void> {
  const child = Bun.spawn(command, { ...place, stdin: "ignore", stdout: "pipe", stderr: "pipe", timeout: patience });
  const [code, out, err] = await Promise.all([
    child.exited,
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  if (code === 0 && out.includes(version)) return;
  throw new Error(`The executable does not run by itself: "version" ended with ${code}.\n${out}${err}`);
}

async function serves(command: string[], place: Place, folders: string[]): Promise<void> {
  const port = await freePort();
  const child = Bun.spawn([...command, "--host", "127.0.0.1", "--port", String(port)], {
    ...place,
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
  });
  const complaint = new Response(child.stderr).text();
  try {
    const deadline = performance.now() + patience;
    while (!(await accepts(port))) {
      if (child.exitCode !== null) throw new Error(`"serve" ended with ${child.exitCode}.\n${await complaint}`);
      if (performance.now() > deadline) throw new Error(`"serve" opened no port within ${patience / 1000} s.`);
      await wait(20);
    }
    const strays = mappedFiles(child.pid).filter((file) => folders.some((folder) => file.startsWith(`${folder}/`)));
    if (strays.length > 0) throw new Error(`The executable still needs files of the project: ${strays.join(", ")}`);
  } finally {
    child.kill("SIGTERM");
    const killer = setTimeout(() => child.kill("SIGKILL"), patience);
    await child.exited;
    clearTimeout(killer);
  }
  if (child.signalCode === "SIGKILL") throw new Error(`"serve" did not end on SIGTERM within ${patience / 1000} s.`);
}

/** Files a process has mapped into memory, native addons among them. Empty where the system has no /proc. */
function mappedFiles(pid: number): string[] {
  if (process.platform !== "linux") return [];
  const paths = readFileSync(`/proc/${pid}/maps`, "utf8").match(/\/.*$/gm) ?? [];
  return [...new Set(paths)];
}

async function freePort(): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const server = createServer().once("error", reject);
  server.listen(0, "127.0.0.1", () => {
    const address = server.address();
    server.close(() => (typeof address === "object" && address ? resolve(address.port) : reject(new Error("no port"))));
  });
  return promise;
}

async function accepts(port: number): Promise<boolean> {
  try {
    const socket = await Bun.connect({ hostname: "127.0.0.1", port, socket: { data() {} } });
    socket.end();
    return true;
  } catch {
    return false;
  }
}
