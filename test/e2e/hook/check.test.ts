/** `pausepoint hook check`: what would make a person's answer worth nothing is found before anybody is asked. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout } from "bun:test";
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
      [{ channel: "sms" }, '"to" is in no rules file'],
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
});
