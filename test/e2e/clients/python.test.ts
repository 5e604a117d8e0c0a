/** The Python client as a stranger gets it: made into a wheel, installed from it without a network, run by each Python here. */
import { afterAll, test as always, beforeAll, describe, expect, setDefaultTimeout } from "bun:test";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { type BinaryServer, environment, run, Started, serveBinary } from "../../support/binary.ts";
import { eventually } from "../../support/eventually.ts";
import { pathOf, testNeeding } from "../../support/needs.ts";

const test = testNeeding("dist/pausepoint", "python packaging");
setDefaultTimeout(120_000);

const project = join(import.meta.dir, "../../..");
const source = join(project, "clients/python");
const question = `"Purge 14,000 records?", recipient="+13128471928", channel="sms", options=["Purge", "Keep"], cancel_on_interrupt=True`;
const tell = "print(decision.choice, decision.is_human, decision.pause['pause_id'], flush=True)";
const programs = {
  "ask.py": `import pausepoint\n\ndecision = pausepoint.ask(${question})\n${tell}\n`,
  "ask_async.py": `import asyncio\nimport pausepoint\n
async def main():
    decision = await pausepoint.AsyncPausePoint().ask(${question})
    ${tell}\n
asyncio.run(main())\n`,
};

let folder: string;
let wheel: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "pausepoint-client-"));
  for (const [name, text] of Object.entries(programs)) writeFileSync(join(folder, name), text);
  let python: string;
  try {
    python = pathOf("python packaging");
  } catch {
    return; // the tests say so
  }
  const must = async (command: string[], cwd: string) => {
    const env = environment({ HOME: folder, PIP_CONFIG_FILE: "/dev/null", PIP_DISABLE_PIP_VERSION_CHECK: "1" });
    const ran = await run(command, cwd, env);
    if (ran.status !== 0) throw new Error(`${command.join(" ")}: ${ran.stdout}${ran.stderr}`);
  };
  cpSync(source, join(folder, "source"), { recursive: true, dereference: true });
  const make = ["-m", "pip", "wheel", "--no-index", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, "."];
  await must([python, ...make], join(folder, "source"));
  wheel = join(folder, readdirSync(folder).find((name) => name.endsWith(".whl")) ?? "no wheel");
  await must([python, "-m", "venv", join(folder, "venv")], folder);
  const install = ["-m", "pip", "install", "--no-index", "--no-deps"];
  await must([join(folder, "venv/bin/python"), ...install, wheel], folder);
  // For Pythons of other versions, which need not have pip.
  await must([python, ...install, "--target", join(folder, "installed"), wheel], folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The other Pythons of this machine that the client is written for. */
const others = [
  ...[9, 10, 11, 12, 13, 14].map((minor) => Bun.which(`python3.${minor}`)),
  ...(existsSync(join(homedir(), ".pyenv/versions"))
    ? readdirSync(join(homedir(), ".pyenv/versions")).map((name) =>
        join(homedir(), ".pyenv/versions", name, "bin/python3"),
      )
    : []),
].flatMap((path) => {
  if (path === null || !existsSync(path)) return [];
  const asked = Bun.spawnSync([path, "-c", "import sys; print('.'.join(map(str, sys.version_info[:2])))"]);
  const version = asked.stdout.toString().trim();
  return asked.exitCode === 0 && Number(version.split(".")[1]) >= 9 && version.startsWith("3.")
    ? [{ version, path }]
    : [];
});
const versions = new Map(others.map(({ version, path }) => [version, path]));

const envOf = (server: BinaryServer, more: Record<string, string> = {}) =>
  environment({ PAUSEPOINT_URL: server.url, PAUSEPOINT_API_KEY: server.key, PYTHONDONTWRITEBYTECODE: "1", ...more });

/** The pause that is asked, and the link that its one message holds. */
async function asked(server: BinaryServer): Promise<{ pause_id: string; link: string }> {
  const [pause] = await eventually(
    async () => (await server.call("/v1/pause")).body.data as { pause_id: string }[],
    (pauses) => pauses.length === 1,
  );
  return { pause_id: pause!.pause_id, link: await server.link(pause!.pause_id) };
}

describe("the Python client from its wheel", () => {
  for (const program of ["ask.py", "ask_async.py"] as const) {
    test(`has its answer after the server was restarted in the middle of the wait, with one text sent: ${program}`, async () => {
      await using server = await serveBinary();
      const asking = run([join(folder, "venv/bin/python"), program], folder, envOf(server));
      const { pause_id, link } = await asked(server);
      await server.process.stop();
      const again = new Started(["serve", "--port", new URL(server.url).port, "--json"], server.folder);
      try {
        await again.line();
        expect((await server.choose(link, "Purge")).status).toBe(303);
        expect(await asking).toEqual({ status: 0, stdout: `Purge True ${pause_id}\n`, stderr: "" });
        expect((await server.call("/v1/test/messages")).body.data).toHaveLength(1);
      } finally {
        await again.stop();
      }
    });

    test(`withdraws its question on Ctrl-C: ${program}`, async () => {
      await using server = await serveBinary();
      const command = [join(folder, "venv/bin/python"), program];
      const child = Bun.spawn(command, { cwd: folder, env: envOf(server), stdout: "pipe", stderr: "pipe" });
      const { pause_id, link } = await asked(server);
      child.kill("SIGINT");
      await child.exited;
      expect(child.signalCode).toBe("SIGINT");
      expect((await child.stderr.text()).trimEnd()).toEndWith("KeyboardInterrupt");
      expect((await server.pause(pause_id)).status).toBe("cancelled");
      expect((await server.choose(link, "Purge")).status).toBe(410);
    });

    for (const [version, python] of versions) {
      test(`asks in Python ${version}: ${program}`, async () => {
        await using server = await serveBinary();
        const env = envOf(server, { PYTHONPATH: join(folder, "installed") });
        const asking = run([python, "-W", "error", program], folder, env);
        const { pause_id, link } = await asked(server);
        expect((await server.choose(link, "Keep")).status).toBe(303);
        expect(await asking).toEqual({ status: 0, stdout: `Keep True ${pause_id}\n`, stderr: "" });
      });
    }
  }

  test("lets a task of asyncio be cancelled at once, and withdraws what it asked", async () => {
    await using server = await serveBinary();
    writeFileSync(
      join(folder, "cancelled.py"),
      `import asyncio, sys, time\nimport pausepoint\n
async def main():
    client = pausepoint.AsyncPausePoint()
    asking = asyncio.ensure_future(client.ask(${question}))
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    asking.cancel()
    started = time.monotonic()
    try:
        await asking
    except asyncio.CancelledError:
        print("cancelled", time.monotonic() - started < 5)\n
asyncio.run(main())\n`,
    );
    for (const python of [join(folder, "venv/bin/python"), ...versions.values()]) {
      const env = envOf(server, { PYTHONPATH: join(folder, "installed") });
      const child = Bun.spawn([python, "-W", "error", "cancelled.py"], {
        ...{ cwd: folder, env, stdin: "pipe", stdout: "pipe", stderr: "pipe" },
      });
      const pending = async () => (await server.call("/v1/pause?status=pending")).body.data as { pause_id: string }[];
      const [pause] = await eventually(pending, ({ length }) => length === 1);
      child.stdin.write("go\n");
      void child.stdin.end();
      expect({ out: await child.stdout.text(), error: await child.stderr.text() }).toEqual({
        out: "cancelled True\n",
        error: "",
      });
      expect((await server.pause(pause!.pause_id)).status).toBe("cancelled");
    }
  });

  test("says in one line what it needs when there is no key", async () => {
    const env = environment({ PAUSEPOINT_URL: "http://127.0.0.1:9" });
    const { status, stderr } = await run([join(folder, "venv/bin/python"), "ask.py"], folder, env);
    expect(status).toBe(1);
    expect(stderr.trimEnd()).toEndWith("There is no API key: set PAUSEPOINT_API_KEY to one that pausepoint printed.");
  });

  test("has its types and its licence with it, no other package, and the version of the server", async () => {
    const list = "import sys, zipfile; print('\\n'.join(zipfile.ZipFile(sys.argv[1]).namelist()))";
    const { stdout } = await run([join(folder, "venv/bin/python"), "-c", list, wheel], folder);
    const names = stdout.trim().split("\n");
    const { version } = JSON.parse(readFileSync(join(project, "package.json"), "utf8"));
    expect(wheel).toEndWith(`pausepoint-${version}-py3-none-any.whl`);
    const expected = readdirSync(join(source, "src/pausepoint")).filter((name) => /\.(py|pyi|typed)$/.test(name));
    const inside = names
      .filter((name) => name.startsWith("pausepoint/"))
      .map((name) => name.slice("pausepoint/".length));
    expect(inside.sort()).toEqual(expected.sort());
    expect(inside).toContain("py.typed");
    expect(names.filter((name) => name.endsWith("/LICENSE"))).toHaveLength(1);
    const metadata = readFileSync(join(folder, "installed", `pausepoint-${version}.dist-info`, "METADATA"), "utf8");
    expect(metadata).not.toContain("Requires-Dist");
    expect(metadata).toContain("Requires-Python: >=3.9");
  });
});

always(
  "the Python client is written in Python 3.9, and says the type of everything that it takes and gives",
  async () => {
    const program = `
import ast, pathlib, sys
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.py")):
    tree = ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 9))
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and path.name != "_reader.py":
            given = node.args
            named = [*given.posonlyargs, *given.args, *given.kwonlyargs, *filter(None, [given.vararg, given.kwarg])]
            bare = [each.arg for each in named if each.annotation is None and each.arg != "self"]
            if bare or node.returns is None:
                print(path.name, node.name, bare)
print("read", len(list(pathlib.Path(sys.argv[1]).glob("*.py"))))
`;
    const { stdout, stderr } = await run(["python3", "-c", program, join(source, "src/pausepoint")], project);
    expect({ stdout, stderr }).toEqual({
      stdout: expect.stringMatching(/^read 1[0-9]\n$/) as unknown as string,
      stderr: "",
    });
  },
);
