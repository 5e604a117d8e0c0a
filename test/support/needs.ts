/**
 * Parts of the machine that some tests run with. A test that cannot run for want of one is skipped and says so in its
 * name, which is how `npm test` can list every skip with its reason:
 *
 *     const chromiumTest = testNeeding("chromium");
 *     chromiumTest("the page fits a phone", async () => { … pathOf("chromium") … });
 */
import { test } from "bun:test";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const project = join(import.meta.dir, "../..");

const DENO = `${process.platform}-${process.arch}${process.platform === "linux" ? "-glibc" : ""}`;

/** Where each part is, or undefined when this machine has none. */
const parts = {
  chromium: () => process.env.CHROMIUM ?? Bun.which("chromium") ?? Bun.which("chromium-browser") ?? undefined,
  /** The command that opens what is encrypted in the age format. */
  age: () => Bun.which("age") ?? undefined,
  /** What makes the client's types: `npm ci --ignore-scripts` in test/client-peers, which `.ci/run` does. */
  "openapi-typescript": () => existing(join(project, "test/client-peers/node_modules/openapi-typescript")),
  /** The npm package of the same name: `npm ci --ignore-scripts` in test/client-peers, which `.ci/run` does. */
  deno: () => Bun.which("deno") ?? existing(join(project, `test/client-peers/node_modules/@deno/${DENO}/deno`)),
  /** `npm ci --ignore-scripts` in test/litestream-peers, which `.ci/run` does; for linux-x64. */
  litestream: () =>
    process.platform === "linux" && process.arch === "x64"
      ? existing(join(project, "test/litestream-peers/node_modules/@flydotio/litestream-linux-x64/litestream"))
      : undefined,
  go: () => Bun.which("go") ?? undefined,
  /** Debian's packages kannel and kannel-extras: bearerbox, smsbox and fakesmsc. */
  kannel: () =>
    Bun.which("bearerbox") !== null && Bun.which("smsbox") !== null
      ? existing("/usr/lib/kannel/test/fakesmsc")
      : undefined,
  caddy: () => Bun.which("caddy") ?? undefined,
  curl: () => Bun.which("curl") ?? undefined,
  /** Debian's package prometheus; the tests run a server of their own from it. */
  prometheus: () => Bun.which("prometheus") ?? undefined,
  /** The same package. */
  promtool: () => Bun.which("promtool") ?? undefined,
  nginx: () => Bun.which("nginx") ?? existing("/usr/sbin/nginx"),
  /** Command and options that run a program without a network: iproute2 and util-linux, and a kernel that permits it. */
  "network namespace": () =>
    ["unshare --net --", "unshare --map-root-user --net --"].find((words) => {
      if (Bun.which("unshare") === null || Bun.which("ip") === null) return false;
      return Bun.spawnSync([...words.split(" "), "ip", "link", "set", "lo", "up"]).exitCode === 0;
    }),
  /** Root, Debian's packages debootstrap and systemd, and a kernel that permits a machine in namespaces. */
  "a machine of its own": () => {
    if (process.getuid?.() !== 0 || ["debootstrap", "nsenter", "ip", "curl"].some((name) => Bun.which(name) === null))
      return;
    const spaces = ["--mount", "--pid", "--fork", "--uts", "--ipc", "--net", "--cgroup"];
    const tried = Bun.spawnSync(["unshare", ...spaces, "sh", "-c", "mount -t tmpfs tmpfs /mnt && ip link set lo up"]);
    return tried.exitCode === 0 ? "unshare" : undefined;
  },
  "dpkg-deb": () => Bun.which("dpkg-deb") ?? undefined,
  lintian: () => Bun.which("lintian") ?? undefined,
  shellcheck: () => Bun.which("shellcheck") ?? undefined,
  "ssh-keygen": () => Bun.which("ssh-keygen") ?? undefined,
  "systemd-analyze": () => Bun.which("systemd-analyze") ?? undefined,
  /** To be root of a machine that lets a file system be mounted: one of a few megabytes is filled up. */
  "leave to mount": () => {
    const folder = mkdtempSync(join(tmpdir(), "pausepoint-mount-"));
    const { exitCode } = Bun.spawnSync(["sh", "-c", 'mount -t tmpfs -o size=1m tmpfs "$0" && umount "$0"', folder]);
    rmSync(folder, { recursive: true });
    return exitCode === 0 ? "mount" : undefined;
  },
  jq: () => Bun.which("jq") ?? undefined,
  ruby: () => Bun.which("ruby") ?? undefined,
  strace: () => Bun.which("strace") ?? undefined,
  /** A Python that has the `requests` package. */
  "python requests": () =>
    ["python3", "/usr/bin/python3"].find((python) => {
      const path = Bun.which(python);
      return path !== null && Bun.spawnSync([path, "-c", "import requests"]).exitCode === 0;
    }),
  /** A Python that has Prometheus' client: Debian's python3-prometheus-client. */
  "python prometheus_client": () =>
    ["python3", "/usr/bin/python3"].find((python) => {
      const path = Bun.which(python);
      return path !== null && Bun.spawnSync([path, "-c", "import prometheus_client.openmetrics.parser"]).exitCode === 0;
    }),
  /** A Python that has pytest, too: Debian's python3-pytest. */
  "python pytest": () =>
    ["python3", "/usr/bin/python3"].find((python) => {
      const path = Bun.which(python);
      return path !== null && Bun.spawnSync([path, "-c", "import requests, pytest"]).exitCode === 0;
    }),
  /** A Python that makes wheels and environments: Debian's python3-pip, python3-setuptools, python3-venv and python3-wheel. */
  "python packaging": () =>
    ["python3", "/usr/bin/python3"].find((python) => {
      const path = Bun.which(python);
      return (
        path !== null && Bun.spawnSync([path, "-c", "import setuptools, wheel, venv, ensurepip, pip"]).exitCode === 0
      );
    }),
  /** Official MCP programs: `npm ci --ignore-scripts` in test/mcp-peers, which `.ci/run` does. */
  "test/mcp-peers/node_modules": () => existing(join(project, "test/mcp-peers/node_modules/@modelcontextprotocol/sdk")),
  /** The packages of an example and the built client that it links to: `npm run --prefix clients/typescript build` and
   * `npm ci --prefix examples/…`, which `.ci/run` does. */
  "examples/langgraph/node_modules": () => installed("langgraph"),
  "examples/openai-agents/node_modules": () => installed("openai-agents"),
  "examples/ai-sdk/node_modules": () => installed("ai-sdk"),
  "examples/langchain/node_modules": () => installed("langchain"),
  "examples/mastra/node_modules": () => installed("mastra"),
  "examples/use-cases/node_modules": () => installed("use-cases"),
  /** Coding agents as their makers ship them: `npm ci --ignore-scripts` in test/hook-peers, which `.ci/run` does. */
  "test/hook-peers/node_modules": () => existing(join(project, "test/hook-peers/node_modules/@google/gemini-cli-core")),
  /** The folder of test vectors that stands beside the checkout. */
  "shared/vectors": () => existing(join(project, "../shared/vectors")),
  /** The compiled executable; `npm test` builds it before the tests that run it. */
  "dist/pausepoint": () => existing(join(project, "dist/pausepoint")),
} as const satisfies Record<string, () => string | undefined>;

export type Part = keyof typeof parts;

type Test = (name: string, run: () => Promise<unknown> | undefined, timeoutMilliseconds?: number) => void;

/** `test`, or where one of the parts is missing, a `test.skip` whose name ends with ` [needs that part]`. */
export function testNeeding(...needed: Part[]): Test {
  const missing = needed.filter((part) => parts[part]() === undefined);
  if (missing.length === 0) return test;
  return (name, run) => test.skip(`${name} [needs ${missing.join(", ")}]`, run);
}

/** Path of a part, for a test made by `testNeeding` with that part. Throws when the machine has none. */
export function pathOf(part: Part): string {
  const path = parts[part]();
  if (path === undefined) throw new Error(`This machine has no ${part}.`);
  return path;
}

function installed(example: string): string | undefined {
  return existing(join(project, `examples/${example}/node_modules/@pausepoint/client/dist/index.js`));
}

function existing(path: string): string | undefined {
  return existsSync(path) ? path : undefined;
}
