/**
 * The hook under coding agents themselves, as their makers ship them, set up by `pausepoint hook install` and nothing
 * else. Only the model behind them is a script: it asks for one command.
 */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout } from "bun:test";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type BinaryServer, runBinary, serveBinary } from "../../support/binary.ts";
import { asked, HookHome, RULES } from "../../support/hook.ts";
import { scriptedModel } from "../../support/model.ts";
import { testNeeding } from "../../support/needs.ts";

const test = testNeeding("dist/pausepoint", "test/hook-peers/node_modules");
setDefaultTimeout(120_000);

const peer = (path: string) => join(import.meta.dir, "../../hook-peers/node_modules", path);
const arch = process.arch === "arm64" ? "arm64" : "x64";
const COMMAND = "unlink old.txt";

let server: BinaryServer;
beforeAll(async () => {
  server = await serveBinary();
});
afterAll(async () => {
  await server?.stop();
});

interface Agent {
  readonly name: string;
  command(modelUrl: string): string[];
  env(modelUrl: string): Record<string, string>;
  /** Written into the agent's home before it starts. */
  prepare?(home: HookHome, modelUrl: string): void;
}

const claudeCode: Agent = {
  name: "claude-code",
  command: () => [
    peer(`@anthropic-ai/claude-agent-sdk-linux-${arch}/claude`),
    ..."-p tidy --permission-mode bypassPermissions".split(" "),
  ],
  env: (url) => ({
    ANTHROPIC_BASE_URL: url,
    ANTHROPIC_API_KEY: "none",
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
    DISABLE_AUTOUPDATER: "1",
    IS_SANDBOX: "1",
  }),
};

const codex: Agent = {
  name: "codex",
  command: (url) => [
    peer(`@openai/codex-linux-${arch}/vendor/${arch === "x64" ? "x86_64" : "aarch64"}-unknown-linux-musl/bin/codex`),
    ..."exec --skip-git-repo-check --dangerously-bypass-hook-trust -s danger-full-access".split(" "),
    "-c",
    `model_providers.local={name="local",base_url="${url}/v1",wire_api="responses",env_key="LOCAL_KEY"}`,
    ..."-c model_provider=local -c model=scripted tidy".split(" "),
  ],
  env: () => ({ LOCAL_KEY: "none" }),
};

const opencode: Agent = {
  name: "opencode",
  command: () => [peer(`opencode-linux-${arch}/bin/opencode`), ..."run --model local/scripted tidy".split(" ")],
  env: () => ({
    OPENCODE_DISABLE_AUTOUPDATE: "1",
    OPENCODE_DISABLE_MODELS_FETCH: "1",
    XDG_CONFIG_HOME: "",
    XDG_DATA_HOME: "",
  }),
  prepare(home, url) {
    const provider = {
      npm: "@ai-sdk/anthropic",
      options: { baseURL: `${url}/v1`, apiKey: "none" },
      models: { scripted: { name: "scripted", tool_call: true } },
    };
    writeFileSync(
      join(home.cwd, "opencode.json"),
      JSON.stringify({ provider: { local: provider }, share: "disabled" }),
    );
  },
};

/** Without a login and without any other network: a model's address of one's own is enough. */
const copilot: Agent = {
  name: "copilot",
  command: () => [peer(`@github/copilot-linux-${arch}/copilot`), ..."-p tidy --allow-all-tools --no-color".split(" ")],
  env: (url) => ({
    COPILOT_OFFLINE: "true",
    COPILOT_AUTO_UPDATE: "false",
    COPILOT_PROVIDER_BASE_URL: url,
    COPILOT_PROVIDER_TYPE: "anthropic",
    COPILOT_PROVIDER_API_KEY: "none",
    COPILOT_MODEL: "scripted",
  }),
};

for (const agent of [claudeCode, codex, opencode, copilot]) {
  describe(`${agent.name} itself`, () => {
    /** Runs the agent once; `meanwhile` gets the question, or is null where none is expected. */
    async function turn(
      meanwhile: ((id: string) => Promise<unknown>) | null,
      rules: object = RULES,
      env: Record<string, string> = {},
    ) {
      const home = new HookHome(server, rules);
      const model = scriptedModel(COMMAND);
      try {
        agent.prepare?.(home, model.url);
        const installed = await runBinary(["hook", "install", agent.name], home.cwd, home.env);
        expect(installed).toMatchObject({ status: 0, stderr: "" });
        expect((await runBinary(["hook", "check", agent.name], home.cwd, home.env)).status).toBe(0);
        const file = join(home.cwd, "old.txt");
        writeFileSync(file, "");
        const child = Bun.spawn(agent.command(model.url), {
          cwd: home.cwd,
          env: { ...home.env, PWD: home.cwd, ...agent.env(model.url), ...env },
          stdin: "ignore",
          stdout: "pipe",
          stderr: "pipe",
        });
        const output = Promise.all([child.stdout.text(), child.stderr.text()]);
        if (meanwhile !== null) {
          const pause = await asked(server, COMMAND, 6);
          expect(existsSync(file)).toBe(true);
          expect(pause.details.Folder).toBe(home.cwd);
          await meanwhile(pause.pause_id);
        }
        await child.exited;
        return { hasRun: !existsSync(file), told: model.results.join("\n"), output: (await output).join("\n") };
      } finally {
        await model.stop();
      }
    }
    const tap = (choice: string) => async (id: string) => server.choose(await server.link(id), choice);

    test("runs the command once a person has allowed it", async () => {
      const { hasRun, told, output } = await turn(tap("Allow once"));
      if (!hasRun) throw new Error(`it has not run: ${told} ${output}`);
      expect(told).not.toContain("denied");
    });

    test("does not run it when a person said no, and tells the model", async () => {
      const { hasRun, told } = await turn(tap("Deny"));
      expect(hasRun).toBe(false);
      expect(told).toContain("PausePoint: denied. A person said no");
    });

    test("does not run it when nobody answers, nor when the server is away", async () => {
      const late = await turn(null, { ...RULES, minutes: 0.05 });
      expect(late.hasRun).toBe(false);
      expect(late.told).toContain("Nobody answered in time");
      const away = await turn(null, RULES, { PAUSEPOINT_URL: "http://127.0.0.1:9" });
      expect(away.hasRun).toBe(false);
      expect(away.told).toContain("can't be reached");
    });
  });
}

describe("Gemini CLI's own runner of hooks", () => {
  async function decided(event: object, home: HookHome, meanwhile: (id: string) => Promise<unknown> = async () => {}) {
    expect((await runBinary(["hook", "install", "gemini"], home.cwd, home.env)).status).toBe(0);
    const settings = JSON.parse(readFileSync(join(home.folder, ".gemini/settings.json"), "utf8"));
    const script = `
      const { HookRunner } = await import(${JSON.stringify(peer("@google/gemini-cli-core/dist/src/hooks/hookRunner.js"))});
      const { HookAggregator } = await import(${JSON.stringify(peer("@google/gemini-cli-core/dist/src/hooks/hookAggregator.js"))});
      const config = { isTrustedFolder: () => true, storage: { getPlansDir: () => "/tmp" }, sanitizationConfig: { allowedEnvironmentVariables: [], blockedEnvironmentVariables: [], enableEnvironmentVariableRedaction: false } };
      const { hook, event } = JSON.parse(process.argv[1]);
      const result = await new HookRunner(config).executeHook(hook, "BeforeTool", event);
      const { finalOutput } = new HookAggregator().aggregateResults([result], "BeforeTool");
      console.log("\\n" + JSON.stringify({ success: result.success, denies: finalOutput?.isBlockingDecision() ?? null, reason: finalOutput?.getEffectiveReason() ?? null }));
      process.exit(0);`;
    const given = JSON.stringify({ hook: settings.hooks.BeforeTool[0].hooks[0], event });
    const child = Bun.spawn(["node", "--input-type=module", "-e", script, given], {
      cwd: home.cwd,
      env: home.env,
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    const output = Promise.all([child.stdout.text(), child.stderr.text()]);
    const { command } = (event as { tool_input: { command: string } }).tool_input;
    if (command === COMMAND) await meanwhile((await asked(server, COMMAND)).pause_id);
    const [stdout, stderr] = await output;
    const line = stdout.trim().split("\n").at(-1) ?? "";
    if (!line.startsWith("{")) throw new Error(stderr);
    return JSON.parse(line);
  }
  const event = (home: HookHome, command: string) => ({
    session_id: "g-1",
    transcript_path: "",
    cwd: home.cwd,
    hook_event_name: "BeforeTool",
    timestamp: "2026-11-23T14:00:00.000Z",
    tool_name: "run_shell_command",
    tool_input: { command },
  });

  test("takes each of the hook's answers as it is meant", async () => {
    const home = new HookHome(server);
    const tap = (choice: string) => async (id: string) => server.choose(await server.link(id), choice);
    expect(await decided(event(home, "ls"), home)).toMatchObject({ success: true, denies: false });
    expect(await decided(event(home, COMMAND), home, tap("Allow once"))).toMatchObject({
      success: true,
      denies: false,
    });
    expect(await decided(event(home, COMMAND), home, tap("Deny"))).toMatchObject({
      denies: true,
      reason: expect.stringContaining("A person said no"),
    });
    const unread = { ...event(home, "ls"), tool_input: { command: 7 } };
    expect(await decided(unread, home)).toMatchObject({
      denies: true,
      reason: expect.stringContaining("can't be read"),
    });
  });
});

describe("Cursor's own handling of hooks", () => {
  /** A home in which the hook is installed for Cursor. */
  async function installed(rules: object = RULES): Promise<HookHome> {
    const home = new HookHome(server, rules);
    expect((await runBinary(["hook", "install", "cursor"], home.cwd, home.env)).status).toBe(0);
    return home;
  }

  /** What Cursor acts on: null where it has heard nothing and goes on. */
  async function decided(
    home: HookHome,
    call: { readonly step?: string; readonly event: object; readonly env?: Record<string, string> },
    meanwhile?: (id: string) => Promise<unknown>,
  ) {
    const { step = "beforeShellExecution", event, env = {} } = call;
    const told = { conversation_id: "c-1", generation_id: "g-1", model: "scripted", cwd: home.cwd, ...event };
    const script = join(import.meta.dir, "../../peers/cursor-hooks.mjs");
    const given = JSON.stringify({ workspace: home.cwd, step, event: told });
    const child = Bun.spawn(["node", script, peer("@cursor/sdk"), given], {
      cwd: home.cwd,
      env: { ...home.env, ...env },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    const output = Promise.all([child.stdout.text(), child.stderr.text()]);
    await meanwhile?.((await asked(server, COMMAND)).pause_id);
    const [stdout, stderr] = await output;
    if (!stdout.startsWith("{")) throw new Error(stderr);
    const { decision, warnings } = JSON.parse(stdout);
    expect(warnings).toEqual([]);
    return decision;
  }
  const tap = (choice: string) => async (id: string) => server.choose(await server.link(id), choice);
  const no = (why: string) => ({ permission: "deny", user_message: expect.stringContaining(why) });

  test("finds what was installed, and does as it is told", async () => {
    const home = await installed();
    expect(await decided(home, { event: { command: "ls" } })).toEqual({ permission: "allow" });
    const asks = { event: { command: COMMAND } };
    expect(await decided(home, asks, tap("Allow once"))).toEqual({ permission: "allow" });
    expect(await decided(home, asks, tap("Deny"))).toMatchObject(no("A person said no"));
    expect(await decided(home, { event: { command: 7 } })).toMatchObject(no("can't be read"));
  });

  test("lets nothing through when the server is away, nor when the hook breaks", async () => {
    const home = await installed({ ...RULES, ask: ["tool:mcp__delete_*"] });
    const env = { PAUSEPOINT_URL: "http://127.0.0.1:9" };
    expect(await decided(home, { event: { command: COMMAND }, env })).toMatchObject(no("can't be reached"));
    const tool = { step: "beforeMCPExecution", event: { tool_name: "delete_branch", tool_input: "{}" }, env };
    expect(await decided(home, tool)).toMatchObject(no("can't be reached"));
    const file = join(home.folder, ".cursor/hooks.json");
    const settings = readFileSync(file, "utf8");
    writeFileSync(file, settings.replaceAll(/"command": "[^"]+"/g, '"command": "exit 1"'));
    expect(await decided(home, { event: { command: "ls" } })).toMatchObject(no("fail closed"));
    // What `failClosed` in the settings is for.
    writeFileSync(file, readFileSync(file, "utf8").replaceAll('"failClosed": true', '"failClosed": false'));
    expect(await decided(home, { event: { command: "ls" } })).toBeNull();
  });
});

describe("claude-code with the server itself as its hook", () => {
  for (const [choice, runs] of [
    ["Allow once", true],
    ["Deny", false],
  ] as const)
    test(`does as the person said: ${choice}`, async () => {
      const home = new HookHome(server);
      const model = scriptedModel(COMMAND);
      const hook = {
        type: "http",
        url: `${server.url}/v1/hooks/claude-code?to=%2B13128471928&minutes=2`,
        headers: { authorization: "Bearer $PAUSEPOINT_API_KEY" },
        allowedEnvVars: ["PAUSEPOINT_API_KEY"],
        timeout: 180,
        onFailure: "block",
      };
      const settings = { hooks: { PreToolUse: [{ matcher: "Bash", hooks: [hook] }] } };
      mkdirSync(join(home.folder, ".claude"));
      writeFileSync(join(home.folder, ".claude/settings.json"), JSON.stringify(settings));
      const file = join(home.cwd, "old.txt");
      writeFileSync(file, "");
      try {
        const env = { ...home.env, PWD: home.cwd, ...claudeCode.env(model.url) };
        const child = Bun.spawn(claudeCode.command(model.url), {
          cwd: home.cwd,
          env,
          stdin: "ignore",
          stdout: "ignore",
          stderr: "ignore",
        });
        const { pause_id } = await asked(server, COMMAND, 6);
        await server.choose(await server.link(pause_id), choice);
        await child.exited;
        expect(existsSync(file)).toBe(!runs);
      } finally {
        await model.stop();
      }
    });
});
