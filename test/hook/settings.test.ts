import { afterEach, describe, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { hookDeadlineMs, hostLimitSeconds } from "../../src/hook/deadline.ts";
import type { HostName } from "../../src/hook/event.ts";
import { apply, installed, installing, uninstalling } from "../../src/hook/install.ts";
import { setups } from "../../src/hook/settings.ts";

const agents = Object.keys(setups) as HostName[];
let folders: string[] = [];
function place() {
  const home = mkdtempSync(join(tmpdir(), "pausepoint-hook-"));
  folders.push(home);
  return { home, project: join(home, "project") };
}
afterEach(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  folders = [];
});
const command = (host: HostName, minutes = 15) => ({ program: ["/opt/pause point/pausepoint"], host, minutes });

describe.each(agents)("the settings of %s", (host) => {
  test.each(["user", "project"] as const)("get the hook once, and lose it again, in the scope %s", (scope) => {
    const at = place();
    apply(installing(command(host), scope, at));
    const { file, found, faults } = installed(host, scope, at, 15);
    expect(file.startsWith(scope === "user" ? at.home : at.project)).toBe(true);
    expect(found.length).toBeGreaterThan(0);
    for (const { words } of found) expect(words).toEqual(["/opt/pause point/pausepoint", "hook", host]);
    expect(faults).toEqual([]);
    const again = installing(command(host), scope, at);
    expect(again.after).toBe(again.before);
    apply(uninstalling(host, scope, at));
    expect(existsSync(file)).toBe(false);
    const nothing = uninstalling(host, scope, at);
    expect([nothing.before, nothing.after]).toEqual([null, null]);
  });

  test("give the hook more time than it takes, however long that is", () => {
    for (const minutes of [0.05, 1, 15, 55]) {
      const at = place();
      apply(installing(command(host, minutes), "user", at));
      expect(installed(host, "user", at, minutes).faults).toEqual([]);
      // A longer wait than the settings were written for is found out.
      if (host !== "opencode")
        expect(installed(host, "user", at, minutes + 1).faults.join()).toContain("would let the call run");
    }
  });
});

test("a host's limit is 30 to 60 seconds behind the hook's own end", () => {
  for (const minutes of [0.05, 0.3, 15, 55]) {
    const spare = hostLimitSeconds(minutes) - hookDeadlineMs(minutes) / 1000;
    expect(spare).toBeGreaterThanOrEqual(30);
    expect(spare).toBeLessThanOrEqual(60);
  }
});

describe("what else stands in the settings", () => {
  const mine = {
    model: "opus",
    hooks: {
      PreToolUse: [{ matcher: "Bash", hooks: [{ type: "command", command: "mine hook codex-like" }] }],
      Notification: [],
    },
  };

  test("stays as it is, through an install, an update and an uninstall", () => {
    const at = place();
    const file = setups["claude-code"].file("user", at);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${JSON.stringify(mine, null, 2)}\n`);
    chmodSync(file, 0o600);
    apply(installing(command("claude-code"), "user", at));
    apply(installing(command("claude-code", 5), "user", at));
    const there = JSON.parse(readFileSync(file, "utf8"));
    expect(there.model).toBe("opus");
    expect(there.hooks.PreToolUse).toHaveLength(2);
    expect(there.hooks.PreToolUse[0]).toEqual(mine.hooks.PreToolUse[0]!);
    expect(there.hooks.PreToolUse[1].hooks[0]).toMatchObject({ timeout: hostLimitSeconds(5), onFailure: "block" });
    expect(lstatSync(file).mode & 0o777).toBe(0o600);
    apply(uninstalling("claude-code", "user", at));
    expect(JSON.parse(readFileSync(file, "utf8"))).toEqual(mine);
  });

  test("may be reached through a link, which stays one", () => {
    const at = place();
    const file = setups.gemini.file("user", at);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(join(at.home, "dotfile.json"), "{}");
    symlinkSync(join(at.home, "dotfile.json"), file);
    apply(installing(command("gemini"), "user", at));
    expect(lstatSync(file).isSymbolicLink()).toBe(true);
    expect(readFileSync(join(at.home, "dotfile.json"), "utf8")).toContain("hook gemini");
  });

  test.each(["{", "// a comment\n{}", "[]", '{"hooks":[]}', '{"hooks":{"PreToolUse":{}}}'])(
    "is not touched where it can't be read: %j",
    (text) => {
      const at = place();
      const file = setups["claude-code"].file("user", at);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
      expect(() => apply(installing(command("claude-code"), "user", at))).toThrow();
      expect(readFileSync(file, "utf8")).toBe(text);
    },
  );

  test("a missing switch is found out", () => {
    const at = place();
    apply(installing(command("cursor"), "user", at));
    const file = setups.cursor.file("user", at);
    writeFileSync(file, readFileSync(file, "utf8").replaceAll('"failClosed": true', '"failClosed": false'));
    expect(installed("cursor", "user", at, 15).faults.join()).toContain("the switch that fails closed is missing");
  });
});
