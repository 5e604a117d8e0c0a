/** The MCP tool that Claude Code calls where it would ask at a terminal, by the executable and under Claude Code itself. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout } from "bun:test";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Pipe } from "../../mcp/pipe.ts";
import { type BinaryServer, serveBinary } from "../../support/binary.ts";
import { asked, HookHome, RULES } from "../../support/hook.ts";
import { scriptedModel } from "../../support/model.ts";
import { pathOf, testNeeding } from "../../support/needs.ts";

const test = testNeeding("dist/pausepoint");
const agentTest = testNeeding("dist/pausepoint", "test/hook-peers/node_modules");
setDefaultTimeout(120_000);

let server: BinaryServer;
beforeAll(async () => {
  server = await serveBinary();
});
afterAll(async () => {
  await server?.stop();
});

const tap = async (id: string, choice: string) => server.choose(await server.link(id), choice);

describe("the permission prompt as a tool", () => {
  /** Asks about one command; `meanwhile` gets the question, or is null where nobody is asked. */
  async function ask(
    command: string,
    meanwhile: ((id: string) => Promise<unknown>) | null,
    rules: object | string = RULES,
    env: Record<string, string> = {},
  ) {
    const home = new HookHome(server, rules);
    const more = { options: ["--permission-prompt"], cwd: home.cwd };
    const pipe = new Pipe([pathOf("dist/pausepoint")], { ...home.env, ...env }, more);
    try {
      const input = { command, description: "Tidy up" };
      pipe.use(1, "permission_prompt", { tool_name: "Bash", input, tool_use_id: `toolu_${command}` });
      if (meanwhile !== null) {
        const pause = await asked(server, command);
        expect(pause.details.Folder).toBe(home.cwd);
        await meanwhile(pause.pause_id);
      }
      const { result } = await pipe.message();
      expect(result.content).toHaveLength(1);
      return JSON.parse(result.content[0].text);
    } finally {
      pipe.closeInput();
      await pipe.ended;
    }
  }

  test("allows with the arguments as they came, once a person has tapped", async () => {
    expect(await ask("unlink one.txt", (id) => tap(id, "Allow once"))).toEqual({
      behavior: "allow",
      updatedInput: { command: "unlink one.txt", description: "Tidy up" },
    });
  });

  test("denies when a person says no, when nobody answers and when the server is away", async () => {
    expect(await ask("unlink two.txt", (id) => tap(id, "Deny"))).toMatchObject({
      ...{ behavior: "deny", message: expect.stringContaining("A person said no") },
    });
    expect(await ask("unlink three.txt", null, { ...RULES, minutes: 0.05 })).toMatchObject({
      ...{ behavior: "deny", message: expect.stringContaining("Nobody answered in time") },
    });
    const away = { PAUSEPOINT_URL: "http://127.0.0.1:9" };
    expect(await ask("unlink four.txt", null, RULES, away)).toMatchObject({ behavior: "deny" });
    expect(await ask("unlink five.txt", null, "{")).toMatchObject({ behavior: "deny" });
  });

  test("keeps to the rules without asking anybody", async () => {
    const rules = { ...RULES, allow: ["git status"], deny: ["git push *"] };
    expect(await ask("git status", null, rules)).toMatchObject({ behavior: "allow" });
    expect(await ask("git push origin dev", null, rules)).toMatchObject({ behavior: "deny" });
  });

  test("is offered only where it is asked for, and withdraws its question when nobody waits any more", async () => {
    const plain = new Pipe([pathOf("dist/pausepoint")], { ...new HookHome(server).env });
    plain.ask(1, "tools/list");
    expect((await plain.message()).result.tools.map(({ name }: { name: string }) => name)).not.toContain(
      "permission_prompt",
    );
    plain.closeInput();
    const home = new HookHome(server);
    const pipe = new Pipe(
      [pathOf("dist/pausepoint")],
      { ...home.env },
      { options: ["--permission-prompt"], cwd: home.cwd },
    );
    pipe.use(1, "permission_prompt", { tool_name: "Bash", input: { command: "unlink six.txt" } });
    const { pause_id } = await asked(server, "unlink six.txt");
    pipe.kill("SIGTERM");
    await pipe.ended;
    expect((await server.pause(pause_id, 5)).status).toBe("cancelled");
  });
});

describe("Claude Code itself", () => {
  async function turn(choice: string) {
    const home = new HookHome(server);
    const command = `unlink ${choice === "Deny" ? "kept" : "old"}.txt`;
    const model = scriptedModel(command);
    try {
      const file = join(home.cwd, command.slice("unlink ".length));
      writeFileSync(file, "");
      const args = ["mcp", "--permission-prompt"];
      const config = { mcpServers: { pausepoint: { command: pathOf("dist/pausepoint"), args } } };
      writeFileSync(join(home.folder, "mcp.json"), JSON.stringify(config));
      const arch = process.arch === "arm64" ? "arm64" : "x64";
      const claude = join(
        import.meta.dir,
        `../../hook-peers/node_modules/@anthropic-ai/claude-agent-sdk-linux-${arch}/claude`,
      );
      const prompt = "--permission-prompt-tool mcp__pausepoint__permission_prompt --mcp-config";
      const child = Bun.spawn([claude, "-p", "tidy", ...prompt.split(" "), join(home.folder, "mcp.json")], {
        cwd: home.cwd,
        env: {
          ...home.env,
          PWD: home.cwd,
          ...{ ANTHROPIC_BASE_URL: model.url, ANTHROPIC_API_KEY: "none", IS_SANDBOX: "1" },
          ...{ CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1", DISABLE_AUTOUPDATER: "1" },
        },
        stdin: "ignore",
        stdout: "pipe",
        stderr: "pipe",
      });
      const output = Promise.all([child.stdout.text(), child.stderr.text()]);
      const { pause_id } = await asked(server, command, 6);
      expect(existsSync(file)).toBe(true);
      await tap(pause_id, choice);
      await child.exited;
      return { hasRun: !existsSync(file), told: model.results.join("\n"), output: (await output).join("\n") };
    } finally {
      await model.stop();
    }
  }

  agentTest("runs the command once a person has allowed it by the tool", async () => {
    const { hasRun, told, output } = await turn("Allow once");
    if (!hasRun) throw new Error(`it has not run: ${told} ${output}`);
  });

  agentTest("does not run it when the person said no", async () => {
    const { hasRun, told } = await turn("Deny");
    expect(hasRun).toBe(false);
    expect(told).toContain("A person said no");
  });
});
