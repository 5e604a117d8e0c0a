/** What each agent is told, byte for byte: the event as its makers document it goes in on stdin. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout } from "bun:test";
import { type BinaryServer, serveBinary } from "../../support/binary.ts";
import { asked, HookHome } from "../../support/hook.ts";
import { testNeeding } from "../../support/needs.ts";

const test = testNeeding("dist/pausepoint");
setDefaultTimeout(60_000);

let server: BinaryServer;
beforeAll(async () => {
  server = await serveBinary();
});
afterAll(async () => {
  await server?.stop();
});

interface Golden {
  readonly agent: string;
  readonly event: (command: string, cwd: string, id: string) => object;
  /** Nothing for what is left to the host. */
  readonly passed: string;
  readonly allowed: (reason: string) => string;
  readonly denied: (reason: string) => string;
}

const claude = (event: string) => (decision: string) => (reason: string) =>
  `{"hookSpecificOutput":{"hookEventName":"${event}","permissionDecision":"${decision}","permissionDecisionReason":"${reason}"}}\n`;
const prompt = {
  allowed: () => `{"hookSpecificOutput":{"hookEventName":"PermissionRequest","decision":{"behavior":"allow"}}}\n`,
  denied: (reason: string) =>
    `{"hookSpecificOutput":{"hookEventName":"PermissionRequest","decision":{"behavior":"deny","message":"${reason}"}}}\n`,
};
const shaped = (name: string, tool: string, more: object) => (command: string, cwd: string) => ({
  session_id: "s",
  transcript_path: null,
  cwd,
  hook_event_name: name,
  tool_name: tool,
  tool_input: { command },
  ...more,
});
const withId =
  (name: string, tool: string, more = {}) =>
  (command: string, cwd: string, id: string) =>
    shaped(name, tool, { tool_use_id: id, ...more })(command, cwd);

const goldens: Record<string, Golden> = {
  "Claude Code, PreToolUse": {
    agent: "claude-code",
    event: withId("PreToolUse", "Bash", { permission_mode: "default" }),
    passed: "",
    allowed: claude("PreToolUse")("allow"),
    denied: claude("PreToolUse")("deny"),
  },
  "Codex, PreToolUse": {
    agent: "codex",
    event: withId("PreToolUse", "Bash", { turn_id: "t", model: "m", permission_mode: "default" }),
    passed: "",
    allowed: () => "",
    denied: claude("PreToolUse")("deny"),
  },
  "Cursor, beforeShellExecution": {
    agent: "cursor",
    event: (command, cwd, id) => ({
      conversation_id: "c",
      generation_id: id,
      model: "m",
      session_id: "c",
      hook_event_name: "beforeShellExecution",
      cursor_version: "2",
      workspace_roots: [cwd],
      user_email: null,
      transcript_path: null,
      command,
      cwd,
      sandbox: false,
    }),
    passed: `{"permission":"allow"}\n`,
    allowed: () => `{"permission":"allow"}\n`,
    denied: (reason) => `{"permission":"deny","user_message":"${reason}","agent_message":"${reason}"}\n`,
  },
  "Gemini CLI, BeforeTool": {
    agent: "gemini",
    event: shaped("BeforeTool", "run_shell_command", { timestamp: "2026-11-23T14:00:00.000Z" }),
    passed: `{"decision":"allow"}\n`,
    allowed: () => `{"decision":"allow"}\n`,
    denied: (reason) => `{"decision":"deny","reason":"${reason}"}\n`,
  },
  "Copilot, PreToolUse": {
    agent: "copilot",
    event: withId("PreToolUse", "Bash", { timestamp: "2026-11-23T14:00:00.000Z" }),
    passed: "",
    allowed: (reason) => `{"permissionDecision":"allow","permissionDecisionReason":"${reason}"}\n`,
    denied: (reason) => `{"permissionDecision":"deny","permissionDecisionReason":"${reason}"}\n`,
  },
  "Copilot, preToolUse in its own shape": {
    agent: "copilot",
    event: (command, cwd) => ({
      sessionId: "s",
      timestamp: 1,
      cwd,
      toolName: "bash",
      toolArgs: JSON.stringify({ command }),
    }),
    passed: "",
    allowed: (reason) => `{"permissionDecision":"allow","permissionDecisionReason":"${reason}"}\n`,
    denied: (reason) => `{"permissionDecision":"deny","permissionDecisionReason":"${reason}"}\n`,
  },
  "VS Code, PreToolUse": {
    agent: "vscode",
    event: withId("PreToolUse", "run_in_terminal"),
    passed: "",
    allowed: claude("PreToolUse")("allow"),
    denied: claude("PreToolUse")("deny"),
  },
  "opencode, through its plugin": {
    agent: "opencode",
    event: (command, cwd, call) => ({
      event: "tool.execute.before",
      session: "s",
      call,
      cwd,
      tool: "bash",
      args: { command },
    }),
    passed: `{"decision":"pass","reason":""}\n`,
    allowed: (reason) => `{"decision":"allow","reason":"${reason}"}\n`,
    denied: (reason) => `{"decision":"deny","reason":"${reason}"}\n`,
  },
  "Codex, PermissionRequest": {
    agent: "codex",
    event: shaped("PermissionRequest", "Bash", { turn_id: "t", model: "m", permission_mode: "default" }),
    passed: "",
    ...prompt,
  },
  "Claude Code, PermissionRequest": {
    agent: "claude-code",
    event: shaped("PermissionRequest", "Bash", { prompt_id: "p" }),
    passed: "",
    ...prompt,
  },
  "Copilot, PermissionRequest": {
    agent: "copilot",
    event: shaped("PermissionRequest", "Bash", { timestamp: "x" }),
    passed: "",
    allowed: () => `{"behavior":"allow"}\n`,
    denied: (reason) => `{"behavior":"deny","message":"${reason}"}\n`,
  },
};

describe.each(Object.entries(goldens))("%s", (name, { agent, event, passed, allowed, denied }) => {
  test("is told what a person decided, in its own words", async () => {
    const home = new HookHome(server);
    for (const [choice, written] of [
      ["Allow once", allowed],
      ["Deny", denied],
    ] as const) {
      const command = `git push ${choice.replace(" ", "-")} ${name.replaceAll(/\W/g, "")}`;
      const hook = home.start(agent, event(command, home.cwd, choice));
      const { pause_id } = await asked(server, command);
      await server.choose(await server.link(pause_id), choice);
      const reason =
        choice === "Deny"
          ? `PausePoint: denied. A person said no (${pause_id}).`
          : `Allowed once by a person (${pause_id}).`;
      expect(await hook.ended).toEqual({ status: 0, stderr: "", stdout: written(reason) });
    }
  });

  test("is told of no answer, and of no server, as a refusal", async () => {
    const home = new HookHome(server, { to: "+13128471928", minutes: 0.05 });
    const late = await home.run(agent, event("git push late", home.cwd, "late"));
    expect(late.stdout).toBe(
      denied(
        /Nobody answered in time \(pause_\w+\)/
          .exec(late.stdout)?.[0]
          .replace(/^/, "PausePoint: denied. ")
          .concat(".") ?? "",
      ),
    );
    const away = await home.run(agent, event("git push away", home.cwd, "away"), {
      PAUSEPOINT_URL: "http://127.0.0.1:9",
    });
    expect(away.status).toBe(0);
    expect(away.stdout).toMatch(/deny.*Nobody could be asked: http:\/\/127\.0\.0\.1:9 can't be reached/);
  });

  test("hears nothing it must act on about what is harmless, unless it would have asked itself", async () => {
    if (name.includes("PermissionRequest")) return;
    const home = new HookHome(server);
    expect(await home.run(agent, event("ls -la", home.cwd, "h"))).toEqual({ status: 0, stderr: "", stdout: passed });
  });
});

describe("held, for agents that can't wait", () => {
  const event = (command: string, cwd: string, id: string) => withId("PreToolUse", "Bash")(command, cwd, id);
  const reasonIn = (stdout: string) =>
    stdout === "" ? "" : JSON.parse(stdout).hookSpecificOutput.permissionDecisionReason;

  test("denies at once, and lets the identical command through once it is approved, even with two hooks at once", async () => {
    const made = await server.run(
      "keys",
      "create",
      "--name",
      "held",
      "--mode",
      "test",
      "--scopes",
      "pauses:write,pauses:read,receipts:consume",
      "--json",
    );
    const { key } = JSON.parse(made.stdout);
    const home = new HookHome({ url: server.url, key }, { to: "+13128471928", held: true, minutes: 600 });
    let id = 0;
    const run = (command = "make && git push", cwd = home.cwd) => home.run("codex", event(command, cwd, `h-${++id}`));
    const first = reasonIn((await run()).stdout);
    const [pauseId] = /pause_\w+/.exec(first) ?? [];
    expect(first).toContain("It is held until a person has decided");
    // The same question, whoever asks it meanwhile.
    expect(reasonIn((await run()).stdout)).toBe(first);
    await server.choose(await server.link(pauseId!), "Allow once");
    // Neither another command nor another folder may use it.
    expect(reasonIn((await run("make && git push -f")).stdout)).toContain("held until");
    expect(reasonIn((await run(undefined, `${home.cwd}/..`)).stdout)).toContain("held until");
    const both = await Promise.all([run(), run(), run()]);
    expect(both.filter(({ stdout }) => stdout === "")).toHaveLength(1);
    for (const { stdout } of both.filter(({ stdout }) => stdout !== ""))
      expect(reasonIn(stdout)).toContain("held until");
    expect(reasonIn((await run()).stdout)).toContain("held until");
  });

  test("asks nobody with a key that may not use the approval, and says which scope is missing", async () => {
    const home = new HookHome(server, { to: "+13128471928", held: true });
    const questions = async () => (await server.call("/v1/pause?limit=100")).body.data.length;
    const before = await questions();
    const reason = reasonIn((await home.run("codex", event("git push scope", home.cwd, "1"))).stdout);
    expect(reason).toStartWith("PausePoint: denied. Nobody could be asked: ");
    expect(reason).toContain("keys create --scopes pauses:write,pauses:read,receipts:consume");
    expect(await questions()).toBe(before);
  });
});
