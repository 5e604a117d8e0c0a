/** `pausepoint hook check`: what would make a person's answer worth nothing is found before anybody is asked. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout } from "bun:test";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type BinaryServer, runBinary, serveBinary } from "../../support/binary.ts";
import { HookHome } from "../../support/hook.ts";
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

const keyWith = async (scopes: string) =>
  (await server.run("keys", "create", "--name", "hook", "--mode", "test", "--scopes", scopes)).stdout.trim();

/** Installs the hook in a home of its own, and checks it. */
async function check(rules: object | string, key = server.key) {
  const home = new HookHome({ url: server.url, key }, rules);
  expect((await runBinary(["hook", "install", "claude-code"], home.cwd, home.env)).status).toBe(0);
  const ran = await runBinary(["hook", "check", "claude-code"], home.cwd, home.env);
  return { ...ran, home };
}

describe("hook check", () => {
  test("with held commands finds a key that may not use their approval, and says how to make one", async () => {
    const held = { to: "+13128471928", held: true };
    const poor = await check(held, await keyWith("pauses:write,pauses:read"));
    expect(poor.status).toBe(1);
    expect(poor.stdout).toMatch(/^FAIL {2}the key may use .*pauses:write,pauses:read,receipts:consume/m);
    const good = await check(held, await keyWith("pauses:write,pauses:read,receipts:consume"));
    expect(good.stdout).not.toContain("FAIL");
    expect(good.status).toBe(0);
    // Without held commands nobody needs the scope.
    expect((await check({ to: "+13128471928" }, await keyWith("pauses:write,pauses:read"))).status).toBe(0);
  });

  test("asks the server whether it knows whom the rules name, and asks nobody", async () => {
    const before = (await server.call("/v1/pause")).body.data.length;
    for (const [rules, fault] of [
      [{ to: "@oncall" }, "@oncall names nobody in the configuration's people"],
      [{ to: ["+13128471928", "@second"] }, "@second names nobody in the configuration's people"],
      [{ to: "+13128471928", channel: "pager" }, "the channel pager is not configured"],
      [{ to: "ops@example.com" }, "ops@example.com must be a phone number"],
    ] as const) {
      const { status, stdout } = await check(rules);
      expect(stdout).toContain(`FAIL  somebody to ask: ${fault}`);
      expect(stdout.match(/^FAIL/gm)).toHaveLength(1);
      expect(status).toBe(1);
    }
    const good = await check({ to: ["+13128471928", "+13128471929"] });
    expect(good.stdout).toContain("ok    somebody to ask\n");
    expect(good.status).toBe(0);
    expect((await server.call("/v1/pause")).body.data).toHaveLength(before);
  });

  test("names the very file in which nobody is named, as install and the hook's own no do", async () => {
    const home = new HookHome(server, {});
    const own = join(home.folder, ".config/pausepoint/hooks.json");
    const project = join(home.cwd, "pausepoint.hooks.json");
    const event = { session_id: "s", cwd: home.cwd, hook_event_name: "PreToolUse", tool_name: "Bash" };
    const told = async (env: Record<string, string> = {}) => {
      const all = { ...home.env, ...env };
      await runBinary(["hook", "uninstall", "claude-code"], home.cwd, all);
      const installed = await runBinary(["hook", "install", "claude-code"], home.cwd, all);
      const checked = await runBinary(["hook", "check", "claude-code"], home.cwd, all);
      const call = { ...event, tool_input: { command: "rm -rf build" }, tool_use_id: "t" };
      const denied = (await home.run("claude-code", call, env)).stdout;
      return [
        /into (\S+)\. Until then/.exec(installed.stdout)?.[1],
        /there is no "to" in (\S+)/.exec(checked.stdout)?.[1],
        /put \\"to\\" into (\S+)\.(?="})/.exec(denied)?.[1],
      ];
    };
    expect(await told()).toEqual([own, own, own]);
    // Also where it is not there yet, and where the environment names another, from here.
    rmSync(own);
    expect(await told()).toEqual([own, own, own]);
    writeFileSync(join(home.cwd, "mine.json"), "{}");
    const mine = join(home.cwd, "mine.json");
    expect(await told({ PAUSEPOINT_HOOKS: "mine.json" })).toEqual([mine, mine, mine]);
    // Without one of your own, the project's counts.
    writeFileSync(project, "{}");
    expect(await told()).toEqual([project, project, project]);
  });
});
