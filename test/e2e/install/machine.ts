import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

const WAIT_MS = 60_000;

/**
 * A machine in a folder: a fresh Debian made by debootstrap, booted with its own systemd as process 1, in namespaces of
 * its own for processes, mounts, network, IPC, names and control groups. It shares the kernel with this machine and
 * nothing else; its network is a loopback that leads nowhere.
 */
export class Machine {
  readonly root: string;
  /** systemd's number as this machine counts. */
  readonly #init: number;
  readonly #outer: Bun.Subprocess;

  private constructor(root: string, init: number, outer: Bun.Subprocess) {
    this.root = root;
    this.#init = init;
    this.#outer = outer;
  }

  /** Makes the root folder, with Debian's packages from where this machine gets its own. */
  static async install(root: string): Promise<void> {
    mkdirSync(root, { recursive: true });
    const { address, suite } = debianSource();
    // What any server has that somebody logs in to, and nothing else.
    const args = ["--variant=minbase", "--include=openssh-client,systemd", suite, root, address];
    const made = Bun.spawn(["debootstrap", ...args], { stdout: "pipe", stderr: "pipe" });
    const [status, out] = await Promise.all([made.exited, new Response(made.stdout).text()]);
    if (status !== 0) throw new Error(`debootstrap ended with ${status}: ${out.slice(-2000)}`);
    await Bun.write(join(root, "etc/hostname"), "server\n");
  }

  static async boot(root: string): Promise<Machine> {
    const words = [...namespaces, "sh", "-ec", boot, "boot", root];
    const outer = Bun.spawn(["sh", "-ec", apart, groups, ...words], {
      stdin: "ignore",
      stdout: "ignore",
      stderr: "pipe",
    });
    for (const end = Date.now() + WAIT_MS; Date.now() < end; ) {
      if (outer.exitCode !== null) throw new Error(`No machine: ${await new Response(outer.stderr).text()}`);
      const init = Number(readFileSync(`/proc/${outer.pid}/task/${outer.pid}/children`, "utf8"));
      if (init > 0) {
        const machine = new Machine(root, init, outer);
        const { output } = await machine.run("systemctl is-system-running");
        if (/^(running|degraded)$/m.test(output)) return machine;
      }
      await Bun.sleep(100);
    }
    throw new Error("The machine did not come up.");
  }

  /** A line for its shell, as root. What it prints is what both of its outputs print, in order. */
  run(line: string): Promise<{ status: number; output: string }> {
    return told([...this.#into("-m", "-u", "-i", "-n", "-p", "-C"), "/bin/sh", "-c", `exec 2>&1; cd /root; ${line}`]);
  }

  /** A line for the shell of this machine, whose tools it lacks (curl), in its network. */
  runBeside(line: string): Promise<{ status: number; output: string }> {
    return told([...this.#into("-n"), "/bin/sh", "-c", `exec 2>&1; ${line}`]);
  }

  /** A line for the shell in a root folder in which nothing runs: a chroot, as images are made in. */
  static async runIn(root: string, line: string): Promise<{ status: number; output: string }> {
    const enter = 'mount -t proc proc "$0/proc" && ip link set lo up && exec chroot "$0" /bin/sh -c "exec 2>&1; $1"';
    return await told(["unshare", "--mount", "--pid", "--fork", "--net", "sh", "-c", enter, root, line]);
  }

  async stop(): Promise<void> {
    if (this.#outer.exitCode !== null || this.#outer.signalCode !== null) return;
    process.kill(this.#init, "SIGKILL"); // and with process 1 every other in there
    await this.#outer.exited;
    for (const folder of controlGroups().filter((folder) => existsSync(folder)))
      Bun.spawnSync(["find", folder, "-depth", "-type", "d", "-exec", "rmdir", "{}", ";"]);
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }

  #into(...spaces: string[]): string[] {
    return ["nsenter", "-t", String(this.#init), ...spaces, "--"];
  }
}

const namespaces = ["unshare", "--mount", "--pid", "--fork", "--uts", "--ipc", "--net", "--cgroup"];

const groups = `pausepoint-${process.pid}`;

/** Where the machine's control groups may be: one for each hierarchy, or the only one. */
function controlGroups(): string[] {
  const top = "/sys/fs/cgroup";
  return [top, ...readdirSync(top).map((name) => join(top, name))].map((folder) => join(folder, groups));
}

/** Puts itself in a control group named $0 in each hierarchy that permits it, and becomes the command it is given. */
const apart = `
for hierarchy in /sys/fs/cgroup /sys/fs/cgroup/*; do
  if [ -f "$hierarchy/cgroup.procs" ] && [ ! -L "$hierarchy" ] && mkdir "$hierarchy/$0" 2>/dev/null; then
    { echo $$ >"$hierarchy/$0/cgroup.procs"; } 2>/dev/null || rmdir "$hierarchy/$0"
  fi
done
exec "$@"
`;

/** Makes $1 the root folder, with what a system needs mounted in it, and becomes systemd. */
const boot = `
root=$1
mount --make-rprivate /
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
if [ -f /sys/fs/cgroup/cgroup.controllers ]; then
  mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
else
  mount -t tmpfs tmpfs "$root/sys/fs/cgroup"
  mkdir "$root/sys/fs/cgroup/unified" "$root/sys/fs/cgroup/systemd"
  mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup/unified"
  mount -t cgroup -o none,name=systemd,xattr systemd "$root/sys/fs/cgroup/systemd"
fi
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/dev"
for device in null zero full random urandom tty; do cp -a "/dev/$device" "$root/dev/"; done
mkdir -p "$root/dev/pts" "$root/dev/shm" "$root/old"
mount -t tmpfs tmpfs "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
ip link set lo up
cd "$root"
pivot_root . old
umount -l /old
exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --log-target=journal
`;

/** Where apt of this machine gets Debian from, read now, since it is another place everywhere. */
function debianSource(): { address: string; suite: string } {
  const format = "$(REPO_URI) $(RELEASE) $(ORIGIN) $(COMPONENT)";
  const { stdout } = Bun.spawnSync(["apt-get", "indextargets", "--format", format, "Created-By: Packages"]);
  for (const line of stdout.toString().split("\n")) {
    const [address = "", suite = "", origin, component] = line.split(" ");
    if (origin === "Debian" && component === "main" && !suite.includes("-")) return { address, suite };
  }
  throw new Error("apt of this machine knows no Debian; run apt-get update.");
}

async function told(command: string[]): Promise<{ status: number; output: string }> {
  const env = { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C.UTF-8" };
  const child = Bun.spawn(command, { env, stdin: "ignore", stdout: "pipe", stderr: "pipe", timeout: 120_000 });
  const [output, complaint, status] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { status, output: output + complaint };
}
