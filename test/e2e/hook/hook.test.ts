/** `pausepoint hook`, as a coding agent starts it: the executable, a server of its own, and a person. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type BinaryServer, serveBinary } from "../../support/binary.ts";
import { openBrowser } from "../../support/browser.ts";
import { asked, HookHome, RULES } from "../../support/hook.ts";
import { testNeeding } from "../../support/needs.ts";

const test = testNeeding("dist/pausepoint");
setDefaultTimeout(60_000);

let server: BinaryServer;
let home: HookHome;
beforeAll(async () => {
  server = await serveBinary();
  home = new HookHome(server);
});
afterAll(async () => {
  await server?.stop();
});

let calls = 0;
const before = (command: string, more = {}) => ({
  session_id: "s-1",
  transcript_path: "/tmp/t.jsonl",
  cwd: home.cwd,
  permission_mode: "default",
  hook_event_name: "PreToolUse",
  tool_name: "Bash",
  tool_input: { command, description: "a harmless thing" },
  tool_use_id: `toolu_${++calls}`,
  ...more,
});
const prompted = (command: string, more = {}) => {
  const { tool_use_id: _, ...event } = before(command);
  return { ...event, hook_event_name: "PermissionRequest", prompt_id: "p-1", ...more };
};
const said = (stdout: string) => JSON.parse(stdout).hookSpecificOutput;
const count = async () => (await server.call("/v1/pause?limit=100")).body.data.length;
const tap = async (id: string, choice: string, more = {}) => server.choose(await server.link(id), choice, more);

describe("a question", () => {
  test("is not asked about what is harmless, and nothing is said", async () => {
    const asked = await count();
    // No server is there for it: what needs nobody needs no network.
    const ran = await home.run("claude-code", before("ls -la && grep -rn TODO src"), {
      PAUSEPOINT_URL: "http://127.0.0.1:9",
    });
    expect(ran).toEqual({ status: 0, stdout: "", stderr: "" });
    expect(await home.run("claude-code", { hook_event_name: "SessionStart", session_id: "s" })).toEqual({
      status: 0,
      stdout: "",
      stderr: "",
    });
    expect(await count()).toBe(asked);
  });

  test("shows the very command, where it would run, why, and its digest; the answer lets it through", async () => {
    const command = "git push --force origin main";
    const event = before(command);
    const hook = home.start("claude-code", event);
    const pause = await asked(server, command);
    expect(pause).toMatchObject({
      message: `Claude Code asks to run this command:\n\n${command}`,
      options: ["Allow once", "Deny"],
      timeout_default: null,
      details: {
        "Why you are asked": "It changes history, branches, remotes or what git runs.",
        Folder: home.cwd,
        Agent: "Claude Code",
        Session: "s-1",
        Digest: pause.action_digest,
      },
    });
    const { nonce, cwd, tool } = pause.metadata.hook;
    const digest = await server.run(
      "digest",
      JSON.stringify({ tool, command, cwd, nonce }),
      "--check",
      pause.action_digest,
    );
    expect(digest.status).toBe(0);
    await tap(pause.pause_id, "Allow once");
    expect(await hook.ended).toEqual({
      status: 0,
      stderr: "",
      stdout: `{"hookSpecificOutput":{"hookEventName":"PreToolUse","permissionDecision":"allow","permissionDecisionReason":"Allowed once by a person (${pause.pause_id})."}}\n`,
    });
    // The host runs the hook again for the same call: nobody is asked twice.
    const questions = await count();
    expect(said((await home.run("claude-code", event)).stdout).permissionDecision).toBe("allow");
    expect(await count()).toBe(questions);
  });

  test("that is answered no is denied, with what the person wrote", async () => {
    const hook = home.start("claude-code", prompted("terraform destroy"));
    const pause = await asked(server, "terraform destroy");
    await tap(pause.pause_id, "Deny", { comment: "not on a Friday" });
    expect(await hook.ended).toEqual({
      status: 0,
      stderr: "",
      stdout: `{"hookSpecificOutput":{"hookEventName":"PermissionRequest","decision":{"behavior":"deny","message":"PausePoint: denied. A person said no (${pause.pause_id}). They wrote: \\"not on a Friday\\""}}}\n`,
    });
  });

  test("about a prompt is answered once: the identical command in the same turn asks again", async () => {
    const first = home.start("claude-code", prompted("git push"));
    const pause = await asked(server, "git push");
    await tap(pause.pause_id, "Allow once");
    expect(said((await first.ended).stdout).decision).toEqual({ behavior: "allow" });
    const second = home.start("claude-code", prompted("git push"));
    const again = await asked(server, "git push");
    expect(again.pause_id).not.toBe(pause.pause_id);
    await tap(again.pause_id, "Deny");
    expect(said((await second.ended).stdout).decision.behavior).toBe("deny");
  });

  test("that two hooks have at once lets one of them through", async () => {
    const [one, two] = [
      home.start("claude-code", prompted("git clean -fd")),
      home.start("claude-code", prompted("git clean -fd")),
    ];
    const first = await asked(server, "git clean -fd");
    await tap(first.pause_id, "Allow once");
    const second = await asked(server, "git clean -fd");
    await tap(second.pause_id, "Deny");
    const behaviors = (await Promise.all([one.ended, two.ended])).map(({ stdout }) => said(stdout).decision.behavior);
    expect(behaviors.sort()).toEqual(["allow", "deny"]);
  });

  test("longer than a message stands in parts, whole; one that can't be shown whole is denied", async () => {
    const long = `psql -c "${Array.from({ length: 700 }, (_, n) => n).join(" ")}"`;
    const hook = home.start("claude-code", before(long));
    const [pause] = await (async () => {
      for (;;) {
        const { body } = await server.call("/v1/pause?status=pending");
        if (body.data.length > 0) return body.data;
      }
    })();
    const parts = Object.entries<string>(pause.details).filter(([label]) => label.startsWith("Part "));
    expect(parts.map(([, text]) => text).join("")).toBe(long);
    expect(pause.message).toContain(`${long.length} characters and stands below in ${parts.length} parts, whole`);
    await tap(pause.pause_id, "Deny");
    await hook.ended;
    const questions = await count();
    const { stdout } = await home.run("claude-code", before(`psql -c "${"x".repeat(6_000)}"`));
    expect(said(stdout)).toEqual({
      hookEventName: "PreToolUse",
      permissionDecision: "deny",
      permissionDecisionReason:
        "PausePoint: denied. It has 6010 characters, and a person can be shown at most 6000 of them whole. Make it shorter, or put it into a file that can be read first.",
    });
    expect(said((await home.run("claude-code", before("rm -rf \ud800"))).stdout).permissionDecisionReason).toContain(
      "no valid text",
    );
    expect(await count()).toBe(questions);
  });

  test("that was settled at the terminal is withdrawn from the phone", async () => {
    for (const ending of [
      { hook_event_name: "PostToolUse", tool_response: {}, tool_use_id: "toolu_x" },
      { hook_event_name: "PostToolUseFailure", error: "x" },
      { hook_event_name: "PermissionDenied", reason: "x" },
      { hook_event_name: "Stop", tool_name: undefined, tool_input: undefined },
    ]) {
      const hook = home.start("claude-code", prompted("kubectl delete pod x", { prompt_id: ending.hook_event_name }));
      const { pause_id } = await asked(server, "kubectl delete pod x");
      // Another command, and another session, settle nothing.
      await home.run("claude-code", { ...prompted("kubectl get pods"), hook_event_name: "PostToolUse" });
      await home.run("claude-code", {
        ...prompted("kubectl delete pod x", { session_id: "s-2" }),
        hook_event_name: "Stop",
      });
      expect((await server.pause(pause_id)).status).toBe("pending");
      const over = await home.run("claude-code", { ...prompted("kubectl delete pod x"), ...ending });
      expect(over).toEqual({ status: 0, stdout: "", stderr: "" });
      expect(await server.pause(pause_id)).toMatchObject({
        status: "cancelled",
        cancel_reason: "It was settled at the terminal.",
      });
      expect(said((await hook.ended).stdout).decision.behavior).toBe("deny");
    }
  });
});

describe("it is denied", () => {
  const refused = async (event: unknown, why: string, env: Record<string, string> = {}, from = home) => {
    const ran = await from.run("claude-code", event, env);
    expect(ran.status).toBe(0);
    expect(said(ran.stdout).permissionDecision).toBe("deny");
    expect(said(ran.stdout).permissionDecisionReason).toContain(why);
  };

  test("when nobody answers in time, before the host's limit", async () => {
    const quick = new HookHome(server, { ...RULES, minutes: 0.05 });
    const started = performance.now();
    await refused(before("rm -rf build"), "Nobody answered in time", {}, quick);
    expect(performance.now() - started).toBeLessThan(50_000);
  });

  test("when the server is away, answers nonsense, or refuses", async () => {
    await refused(before("rm -rf build"), "can't be reached", { PAUSEPOINT_URL: "http://127.0.0.1:9" });
    const unknown = `${server.key.slice(0, -1)}${server.key.endsWith("0") ? "1" : "0"}`;
    await refused(before("rm -rf build"), "Nobody could be asked", { PAUSEPOINT_API_KEY: unknown });
    await refused(before("rm -rf build"), "there is no key", { PAUSEPOINT_API_KEY: "" });
  });

  test("when another answers in the server's place: something else, another question's approval, or a default", async () => {
    const event = before("rm -rf build");
    const approval = {
      status: "responded",
      response_choice: "Allow once",
      response_source: "human",
      response_comment: null,
    };
    const bodies: ((sent: Record<string, unknown>) => unknown)[] = [
      () => ({ ok: true }),
      () => [],
      () => "allow",
      () => ({ ...approval }),
      () => ({ ...approval, pause_id: "pause_x" }),
      (sent) => ({ ...sent, ...approval, pause_id: "pause_x", action_digest: `sha256:${"0".repeat(64)}` }),
      (sent) => ({ ...sent, ...approval, pause_id: "pause_x", message: "Wire?" }),
      (sent) => ({ ...sent, ...approval, pause_id: "pause_x", response_source: "timeout_default" }),
      (sent) => ({ ...sent, ...approval, pause_id: "pause_x", response_choice: "allow once" }),
      (sent) => ({ ...sent, ...approval, pause_id: "pause_x", status: "cancelled" }),
      (sent) => ({ ...sent, ...approval, pause_id: "pause_x", status: "approved" }),
    ];
    let answer = bodies[0]!;
    const impostor = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: async (request) =>
        Response.json(answer((await request.json()) as Record<string, unknown>), { status: 201 }),
    });
    try {
      for (const body of bodies) {
        answer = body;
        await refused(event, "denied", { PAUSEPOINT_URL: impostor.url.href });
      }
      // The whole of it is let through, so that the refusals above are about what was wrong with each.
      answer = (sent) => ({ ...sent, ...approval, pause_id: "pause_x" });
      expect(
        said((await home.run("claude-code", event, { PAUSEPOINT_URL: impostor.url.href })).stdout).permissionDecision,
      ).toBe("allow");
    } finally {
      await impostor.stop(true);
    }
  });

  test("when no message got through, soon and with the reason, and the question is withdrawn", async () => {
    const unreachable = new HookHome(server, { ...RULES, to: "+1 500 555 0109", minutes: 30 });
    const started = performance.now();
    const why = /no message got through: sms to \+15005550109 failed \(.+\) \((pause_\w+)\)\.$/;
    const { stdout } = await unreachable.run("claude-code", before("rm -rf unreached"));
    expect(said(stdout)).toMatchObject({
      permissionDecision: "deny",
      permissionDecisionReason: expect.stringMatching(why),
    });
    expect(performance.now() - started).toBeLessThan(50_000);
    expect((await server.pause(why.exec(said(stdout).permissionDecisionReason)![1]!)).status).toBe("cancelled");
    // Retried by the agent, the same call still hears why.
    const again = before("rm -rf again");
    await unreachable.run("claude-code", again);
    expect(said((await unreachable.run("claude-code", again)).stdout).permissionDecisionReason).toMatch(
      /The question was withdrawn \(pause_\w+\), but no message got through/,
    );
  });

  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    test(`when the host stops the hook by ${signal}, and the question is withdrawn`, async () => {
      const hook = home.start("claude-code", before(`rm -rf ${signal}`));
      const { pause_id } = await asked(server, `rm -rf ${signal}`);
      hook.process.kill(signal);
      const ran = await hook.ended;
      expect(said(ran.stdout)).toMatchObject({
        permissionDecision: "deny",
        permissionDecisionReason: "PausePoint: denied. The hook was stopped before anybody had answered.",
      });
      expect((await server.pause(pause_id)).status).toBe("cancelled");
    });
  }

  for (const agent of ["claude-code", "codex", "cursor", "gemini", "copilot", "vscode", "opencode"]) {
    test(`for what is no event of ${agent}`, async () => {
      const events: [string, unknown][] = [
        ["not JSON", "{"],
        ["nothing", ""],
        ["a list", []],
        ["another shape", { hello: "world" }],
        ["a shell without a command", agent === "opencode" ? {} : before("x", { tool_input: {} })],
        ["no UTF-8", new Uint8Array([0x7b, 0xff, 0x7d])],
        ["50 MB", `{"hook_event_name":"PreToolUse","x":"${"a".repeat(50_000_000)}"}`],
      ];
      for (const [what, event] of events) {
        const { status, stdout, stderr } = await home.run(agent, event);
        const isRefused =
          (status === 2 && stdout === "" && stderr.startsWith("PausePoint: denied.")) ||
          (status === 0 && /"(permission|decision|permissionDecision)":"deny"/.test(stdout));
        expect([what, isRefused, stdout, stderr]).toEqual([what, true, stdout, stderr]);
      }
    });
  }

  test("when the rules can't be used, and says which file and what", async () => {
    for (const [rules, why] of [
      ["{", "is not JSON"],
      [{ ...RULES, allowed: ["ls"] }, "allowed is not known; there are to, channel"],
      [{ ...RULES, allow: ["ls && pwd"] }, "allow.0 must be plain words"],
      [{ ...RULES, minutes: 90 }, "minutes must be at most 55"],
      [{ ...RULES, to: [] }, "to must be a recipient"],
      [{ channel: "sms" }, "Nobody is named who could be asked"],
    ] as const)
      await refused(before("rm -rf build"), why, {}, new HookHome(server, rules));
  });

  test("when a project reaches for more than it may", async () => {
    const guarded = new HookHome(server, { ...RULES, minutes: 0.05 });
    mkdirSync(guarded.cwd, { recursive: true });
    const project = (rules: object) => writeFileSync(join(guarded.cwd, "pausepoint.hooks.json"), JSON.stringify(rules));
    const event = (command: string) => before(command, { cwd: join(guarded.cwd) });
    project({ url: "http://elsewhere.example" });
    await refused(event("ls"), "a project must not choose who gets your key", {}, guarded);
    // Its own allow rules count for nothing beside the user's, its stricter ones do.
    project({ allow: ["rm -rf build"], deny: ["make deploy *"] });
    await refused(event("rm -rf build"), "Nobody answered in time", {}, guarded);
    await refused(event("make deploy now"), 'is forbidden by the rule "make deploy *"', {}, guarded);
  });
});

testNeeding("dist/pausepoint", "chromium")("a person reads the command on the page and taps", async () => {
  const browser = await openBrowser();
  try {
    const command = 'psql "$PROD_URL" -c "DROP TABLE orders_old; -- 14,000 rows"';
    const hook = home.start("claude-code", before(command));
    const { pause_id, action_digest } = await asked(server, command);
    const context = await browser.context({
      viewport: { width: 390, height: 844 },
      isMobile: true,
      hasTouch: true,
      locale: "en-US",
    });
    const page = await context.newPage();
    await page.goto(await server.link(pause_id));
    expect(await page.locator("blockquote").innerText()).toBe(`Claude Code asks to run this command:\n\n${command}`);
    expect(await page.locator("table").innerText()).toContain(action_digest);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(390);
    if (process.env.SCREENSHOT) await page.screenshot({ path: process.env.SCREENSHOT, fullPage: true });
    await page.getByRole("button", { name: "Allow once" }).tap();
    await page.locator("h1").waitFor();
    expect(said((await hook.ended).stdout).permissionDecision).toBe("allow");
  } finally {
    await browser.close();
  }
});
