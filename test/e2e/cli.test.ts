/** The executable's commands, started from a folder that holds nothing of ours. */
import { describe, expect, setDefaultTimeout } from "bun:test";
import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { createKey, defaultScopes, noLimits } from "../../src/access/index.ts";
import { withFolder } from "../../src/cli/folder.ts";
import { loadConfig } from "../../src/platform/config/load.ts";
import { begun } from "../support/begun.ts";
import { environment, folderWith, type Ran, run, runBinary, Started, serveBinary } from "../support/binary.ts";
import { pathOf, testNeeding } from "../support/needs.ts";

const test = testNeeding("dist/pausepoint");
setDefaultTimeout(60_000);

/** Runs one command in a fresh folder with these files. */
async function inFolder(files: Readonly<Record<string, string>>, ...args: string[]): Promise<Ran> {
  const folder = folderWith(files);
  try {
    return await runBinary(args, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe("the first start", () => {
  test("prints a key and a curl that asks a first question, and where its message can be read", async () => {
    const folder = folderWith();
    const server = new Started(["serve", "--port", "0"], folder);
    try {
      const lines: string[] = [];
      while (!lines.at(-1)?.startsWith("Then read the message: ")) lines.push(await server.line());
      const key = /^Your test key, shown once: (pp_test_\w+)$/m.exec(lines.join("\n"))?.[1];
      expect(key).toBeDefined();

      const curl = lines
        .slice(
          lines.findIndex((line) => line.startsWith("curl ")),
          -1,
        )
        .join("\n");
      const pause = JSON.parse((await run(["bash", "-c", curl], folder)).stdout);
      expect(pause).toMatchObject({ status: "pending", mode: "test", options: ["Deploy", "Abort"] });

      const reading = lines.at(-1)!.slice("Then read the message: ".length);
      const { data } = JSON.parse((await run(["bash", "-c", reading], folder)).stdout);
      expect(data).toMatchObject([{ pause_id: pause.pause_id, to: "+13128471928" }]);
      expect((await fetch(data[0].link)).status).toBe(200);
    } finally {
      expect(await server.stop()).toBe(0);
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test("puts everything in the data folder, readable by nobody else, and the key works after a restart", async () => {
    await using server = await serveBinary();
    expect(readdirSync(server.folder)).toEqual([".pausepoint"]);
    const data = join(server.folder, ".pausepoint");
    expect(statSync(data).mode & 0o077).toBe(0);
    for (const name of readdirSync(data)) {
      expect({ name, others: statSync(join(data, name)).mode & 0o077 }).toEqual({ name, others: 0 });
    }
    const { pause_id } = await server.ask();
    const link = await server.link(pause_id);
    await server.process.stop();

    const again = new Started(["serve", "--port", "0", "--json"], server.folder);
    try {
      const greeting = JSON.parse(await again.line());
      expect(greeting).not.toHaveProperty("test_key");
      const answer = await server.call(`${greeting.url}/v1/pause/${pause_id}`);
      expect(answer.body).toMatchObject({ pause_id, status: "pending" });
      expect((await server.choose(link.replace(server.url, greeting.url), "Approve")).status).toBe(303);
    } finally {
      await again.stop();
    }
  });

  test("of a second server on the same folder is refused with a sentence", async () => {
    await using server = await serveBinary();
    const second = await server.run("serve", "--port", "0");
    expect(second).toMatchObject({ status: 1, stdout: "" });
    expect(second.stderr).toMatch(/^[^\n]* server is using [^\n]*\.pausepoint; stop it, or [^\n]*\n$/);
    expect((await server.call("/healthz")).status).toBe(200);
  });

  test("on a port that is taken is refused with a sentence", async () => {
    await using server = await serveBinary();
    const second = await inFolder({}, "serve", "--port", new URL(server.url).port);
    expect(second).toMatchObject({ status: 1, stdout: "" });
    expect(second.stderr).toMatch(/^The address is in use [^\n]*\.\n$/);
  });

  test("on a port that is taken makes no key that nobody sees: the next start shows the first one", async () => {
    await using server = await serveBinary();
    const folder = folderWith();
    expect((await runBinary(["serve", "--port", new URL(server.url).port], folder)).status).toBe(1);
    const listed = await runBinary(["keys", "list", "--json"], folder);
    expect(JSON.parse(listed.stdout)).toEqual({ data: [] });
    rmSync(folder, { recursive: true, force: true });
  });
});

describe("a start that the system refuses", () => {
  test("says in one sentence what it could not use and which option names another", async () => {
    for (const [args, says] of [
      [["--data", "/proc/none"], /^The file or folder \/proc\/none can't be used \(ENOENT\); .* with --data\.\n$/],
      [
        ["--data", "/etc/passwd"],
        /^The file or folder \/etc\/passwd\/.* can't be used \(ENOTDIR\); .* with --data\.\n$/,
      ],
      // An address of TEST-NET-3 (RFC 5737), which no machine has.
      [["--host", "203.0.113.9"], /^The address can't be listened on, .* another --host\.\n$/],
    ] as const) {
      const refused = await inFolder({}, "serve", "--port", "0", ...args);
      expect(refused).toMatchObject({ status: 1, stdout: "" });
      expect(refused.stderr).toMatch(says);
    }
  });
});

describe("keys beside a running server", () => {
  test("are made, listed and revoked with effect on the next request", async () => {
    await using server = await serveBinary();
    const made = JSON.parse((await server.run("keys", "create", "--name", "agent", "--mode", "test", "--json")).stdout);
    expect(made.key).toMatch(/^pp_test_/);
    const { pause_id } = await server.ask({}, made.key);
    expect((await server.call(`/v1/pause/${pause_id}`, { key: made.key })).status).toBe(200);

    const listed = await server.run("keys", "list", "--json");
    expect(listed.stdout).not.toContain(made.key);
    const row = { id: made.id, name: "agent", mode: "test", project: "default", revoked_at: null };
    expect(JSON.parse(listed.stdout).data).toContainEqual(expect.objectContaining(row));

    expect(await server.run("keys", "revoke", made.id)).toMatchObject({
      status: 0,
      stdout: `${made.id} is revoked.\n`,
    });
    expect((await server.call(`/v1/pause/${pause_id}`, { key: made.key })).status).toBe(401);
    expect((await server.run("keys", "revoke", made.id)).stdout).toBe(`${made.id} was revoked before.\n`);
    expect((await server.run("keys", "list")).stdout).toMatch(new RegExp(`^${made.id} .* revoked$`, "m"));
  });

  test("print the key alone on stdout, so that a script can take it", async () => {
    await using server = await serveBinary();
    const { stdout } = await server.run("keys", "create", "--name", "agent", "--mode", "test");
    expect(stdout).toMatch(/^pp_test_\w+\n$/);
    await server.ask({}, stdout.trim());
  });

  test("hold an agent to whom it may ask and to what silence may do", async () => {
    await using server = await serveBinary({
      files: {
        "pausepoint.config.ts": `import { defineConfig } from "pausepoint/config";
          export default defineConfig({ people: { cfo: { name: "Chief Financial Officer", sms: "+13128471928" } } });`,
      },
    });
    const limits = ["--recipients", "@cfo", "--min-timeout-minutes", "60", "--no-default-on-timeout"];
    const key = (await server.run("keys", "create", "--name", "a", "--mode", "test", ...limits)).stdout.trim();
    expect((await server.ask({ recipient: "@cfo", timeout_hours: 2 }, key)).recipient).toBe("@cfo");
    for (const [pointer, wanted] of [
      ["/recipient", { recipient: "+14155550132" }],
      ["/timeout_hours", { timeout_hours: 0.5 }],
      ["/timeout_default", { timeout_default: "Approve" }],
    ] as const) {
      const json = { recipient: "@cfo", channel: "sms", message: "Pay?", timeout_hours: 2, ...wanted };
      const { status, body } = await server.call("/v1/pause", { key, json });
      expect({ status, pointer: body.errors?.[0]?.pointer }).toEqual({ status: 403, pointer });
    }
  });
});

describe("the list of keys", () => {
  test("has what each key is limited to", async () => {
    const folder = folderWith();
    await begun(folder);
    for (const [name, ...limits] of [
      ["free"],
      ["hurried", "--min-timeout-minutes", "1.5"],
      ["strict", "--recipients", "+1 312 847 1928,*@Example.com", "--no-default-on-timeout"],
      ["crowd", "--recipients", "a@x.org,b@x.org,c@x.org,d@x.org,e@x.org", "--min-timeout-minutes", "60"],
    ])
      expect((await runBinary(["keys", "create", "--name", `${name}`, ...limits], folder)).status).toBe(0);
    const { stdout } = await runBinary(["keys", "list"], folder);
    const [head = "", ...rows] = stdout.trimEnd().split("\n");
    const [start, end] = [head.indexOf("LIMITS"), head.indexOf("CREATED")];
    const made = rows.filter((row) => !row.includes(" first start "));
    expect(made.map((row) => row.slice(start, end).trimEnd()).sort()).toEqual([
      "asks +13128471928, *@example.com alone; no deciding default",
      "asks a@x.org, b@x.org, c@x.org and 2 more alone; gives at least 60 min",
      "gives at least 1.5 min",
      "none",
    ]);
    rmSync(folder, { recursive: true, force: true });
  });
});

describe("a wrong command line", () => {
  test("ends with 2, says why on stderr, and does nothing", async () => {
    for (const args of [
      ["frobnicate"],
      ["serve", "--no-such-option"],
      ["serve", "extra"],
      ["serve", "--port", "80a"],
      ["keys", "create"],
      ["keys", "create", "--name", "x", "--mode", "staging"],
      ["keys", "create", "--name", "x", "--scopes", "pauses:write,everything"],
      ["keys", "create", "--name", "x", "--recipients", "@nobody"],
      ["keys", "create", "--name", "x", "--recipients", ","],
      ["keys", "create", "--name", "x", "--min-timeout-minutes", "525601"],
      ["keys", "create", "--name", "x", "--min-timeout-minutes", ""],
      ["keys", "revoke"],
      ["demo", "--timeout-minutes", "soon"],
    ]) {
      const folder = folderWith();
      const { status, stdout, stderr } = await runBinary(args, folder);
      expect({ args, status, stdout }).toEqual({ args, status: 2, stdout: "" });
      expect(stderr).not.toBe("");
      expect(stderr).not.toMatch(/\n\s+at /);
      expect({ args, left: readdirSync(folder) }).toEqual({ args, left: [] });
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test("that names a key which does not exist ends with 1", async () => {
    const folder = folderWith();
    await begun(folder);
    const { status, stderr } = await runBinary(["keys", "revoke", "key_none"], folder);
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: "There is no key key_none; pausepoint keys list shows them.\n",
    });
    rmSync(folder, { recursive: true, force: true });
  });
});

describe("config check", () => {
  const config = (body: string) => ({
    "pausepoint.config.ts": `import { defineConfig } from "pausepoint/config";\nexport default defineConfig(${body});`,
  });

  test("says that a configuration would start, without starting", async () => {
    const body = `{ baseUrl: "https://approve.example.com", timeoutHours: 2 as number }`;
    const { status, stdout, stderr } = await inFolder(config(body), "config", "check", "--json");
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(JSON.parse(stdout)).toMatchObject({ valid: true, base_url: "https://approve.example.com" });
  });

  test("notes what an operator should know of a channel, also as JSON", async () => {
    const sms =
      'channels: { sms: httpGateway({ url: "http://10.0.0.9/send", method: "GET", query: { text: "{{text}}" } }) }';
    const file = `import { defineConfig, httpGateway } from "pausepoint/config";\nexport default defineConfig({ ${sms} });`;
    const files = { "pausepoint.config.ts": file };
    const note = "channels.sms: HTTP without TLS: texts, links and credentials can be read on the way";
    expect((await inFolder(files, "config", "check")).stdout).toEndWith(`Note: ${note}.\n`);
    expect(JSON.parse((await inFolder(files, "config", "check", "--json")).stdout).cautions).toEqual([note]);
  });

  test("stops at a wrong setting with its path, what was found and what is allowed; so does the start", async () => {
    for (const command of [["config", "check"], ["serve"]]) {
      const wrong = await inFolder(config(`{ listen: { prot: 80 }, timeoutHours: 9000 }`), ...command);
      expect(wrong).toMatchObject({ status: 2, stdout: "" });
      expect(wrong.stderr).toContain("  listen.prot\n    found    80, but this version");
      expect(wrong.stderr).toContain("did you mean port?");
      expect(wrong.stderr).toContain(
        "  timeoutHours\n    found    9000\n    allowed  a number above 0 and at most 8760",
      );
    }
  });

  test("says which file is not there", async () => {
    const missing = await inFolder({}, "config", "check", "--config", "other.ts");
    expect(missing).toMatchObject({ status: 2, stdout: "" });
    expect(missing.stderr).toMatch(/^Name an existing file in --config: there is no \/.*\/other\.ts\.\n$/);
  });
});

describe("the version", () => {
  test("is told by the command, by the option that every program has, and as JSON", async () => {
    const { stdout } = await inFolder({}, "version");
    expect(stdout).toMatch(/^pausepoint \d+\.\d+\.\d+( \([0-9a-f]+\+?\))?\n$/);
    expect(await inFolder({}, "--version")).toEqual({ status: 0, stdout, stderr: "" });
    expect(stdout).toStartWith(`pausepoint ${JSON.parse((await inFolder({}, "version", "--json")).stdout).version}`);
  });
});

describe("the demo", () => {
  test("prints a link, waits, and prints the pause that a tap decided; nothing of it stays", async () => {
    const folder = folderWith();
    const demo = new Started(["demo", "--json"], folder, environment({ TMPDIR: folder }));
    const { link } = JSON.parse(await demo.line());
    const body = new URLSearchParams({ choice: "Approve", comment: "Go." });
    expect((await fetch(link, { method: "POST", body, redirect: "manual" })).status).toBe(303);
    const pause = JSON.parse(await demo.line());
    expect(pause).toMatchObject({ status: "responded", response_choice: "Approve", response_comment: "Go." });
    expect(await demo.ended).toBe(0);
    // Bun keeps the database driver that it has unpacked, for the next start.
    expect(readdirSync(folder).filter((name) => !/^\..*\.node$/.test(name))).toEqual([]);
    rmSync(folder, { recursive: true, force: true });
  });
});

describe("output that is longer than a pipe holds", () => {
  const count = 400;

  async function folderOfManyKeys(): Promise<string> {
    const folder = folderWith();
    await begun(folder);
    const config = await loadConfig({ flags: {}, env: {}, cwd: folder });
    const wanted = { mode: "test", project: "default", scopes: defaultScopes, limits: noLimits } as const;
    await withFolder(config, ({ writer, context }) =>
      Promise.all(
        Array.from({ length: count }, (_, index) =>
          writer.write((tx) =>
            createKey(tx, context, { ...wanted, name: `${index}`.padEnd(100, ".") }, { type: "operator", id: null }),
          ),
        ),
      ),
    );
    return folder;
  }

  test("arrives whole, and a reader who leaves early is no error", async () => {
    const folder = await folderOfManyKeys();
    const { stdout, status } = await runBinary(["keys", "list", "--json"], folder);
    expect(status).toBe(0);
    expect(stdout.length).toBeGreaterThan(2 * 65_536);
    expect(JSON.parse(stdout).data).toHaveLength(count + 1); // and that of the first start

    const executable = pathOf("dist/pausepoint");
    const piped = await run(["bash", "-c", `set -o pipefail; '${executable}' keys list | head -n 1`], folder);
    expect(piped).toMatchObject({ status: 0, stderr: "" });
    expect(piped.stdout).toStartWith("ID ");
    rmSync(folder, { recursive: true, force: true });
  });
});

describe("a folder that someone else has furnished", () => {
  test("gives the executable no .env, no bunfig.toml, no tsconfig.json and no module of its own", async () => {
    const seize = `import { writeFileSync } from "node:fs"; writeFileSync("seized", "");`;
    const files = {
      ".env": "PAUSEPOINT_PORT=1\nPAUSEPOINT_DATA=elsewhere\n",
      ".env.production": "PAUSEPOINT_PORT=1\n",
      "bunfig.toml": 'preload = ["./seize.ts"]\n',
      "seize.ts": seize,
      "tsconfig.json": JSON.stringify({ compilerOptions: { paths: { "pausepoint/config": ["./seize.ts"] } } }),
      "node_modules/pausepoint/package.json": JSON.stringify({ name: "pausepoint", exports: { "./config": "./c.js" } }),
      "node_modules/pausepoint/c.js": `${seize} export const defineConfig = (c) => c;`,
      "node_modules/better-sqlite3/index.js": seize,
      "pausepoint.config.ts": `import { defineConfig } from "pausepoint/config";
        export default defineConfig({ listen: { port: 0 } });`,
    };
    await using server = await serveBinary({ files });
    const checked = JSON.parse((await server.run("config", "check", "--json")).stdout);
    expect(checked).toMatchObject({ listen: { port: 0 }, data: join(server.folder, ".pausepoint") });
    expect((await server.ask()).status).toBe("pending");
    expect(existsSync(join(server.folder, "seized"))).toBe(false);
    expect(existsSync(join(server.folder, "elsewhere"))).toBe(false);
  });
});
