import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { type Appliance, startAppliance } from "../support/appliance.ts";
import { eventually } from "../support/eventually.ts";

let appliance: Appliance;
beforeEach(async () => {
  appliance = await startAppliance();
});
afterEach(() => appliance.stop());

const WHERE = "/v1/hooks/claude-code?to=%2B13128471928&minutes=2";
const event = (command: string, more = {}) => ({
  session_id: "s",
  cwd: "/home/dev/shop",
  hook_event_name: "PreToolUse",
  tool_name: "Bash",
  tool_input: { command },
  tool_use_id: "toolu_1",
  ...more,
});
const fire = (body: unknown, where = WHERE) =>
  appliance.call(where, { method: "POST", key: appliance.keys.test, body });
const pending = async () =>
  (await appliance.call("/v1/pause?status=pending", { key: appliance.keys.test })).body.data as {
    pause_id: string;
    message: string;
  }[];
const asked = async () => (await eventually(pending, (list) => list.length > 0))[0]!;
const respond = (id: string, choice: string) =>
  appliance.call(`/v1/test/pause/${id}/respond`, { method: "POST", key: appliance.keys.test, body: { choice } });

describe("the hook over HTTP", () => {
  test("lets what is harmless go on at once, and asks nobody", async () => {
    expect(await fire(event("ls"))).toMatchObject({ status: 200, body: {} });
    expect(await pending()).toEqual([]);
  });

  test("holds a dangerous command until a person has answered", async () => {
    for (const [choice, permissionDecision] of [
      ["Allow once", "allow"],
      ["Deny", "deny"],
    ] as const) {
      const answer = fire(event("git push", { tool_use_id: choice }));
      const { pause_id, message } = await asked();
      expect(message).toBe("Claude Code asks to run this command:\n\ngit push");
      await respond(pause_id, choice);
      expect((await answer).body.hookSpecificOutput).toMatchObject({ hookEventName: "PreToolUse", permissionDecision });
    }
  });

  test("lets an approved prompt through once", async () => {
    const prompt = { hook_event_name: "PermissionRequest", tool_use_id: undefined, prompt_id: "p" };
    const first = fire(event("make deploy", prompt));
    await respond((await asked()).pause_id, "Allow once");
    expect((await first).body.hookSpecificOutput.decision).toEqual({ behavior: "allow" });
    const second = fire(event("make deploy", prompt));
    await respond((await asked()).pause_id, "Deny");
    expect((await second).body.hookSpecificOutput.decision.behavior).toBe("deny");
  });

  test("denies when the time is over", async () => {
    const answer = fire(event("git push"));
    const { pause_id } = await asked();
    await appliance.call(`/v1/test/pause/${pause_id}/expire`, { method: "POST", key: appliance.keys.test });
    expect((await answer).body.hookSpecificOutput.permissionDecisionReason).toContain("Nobody answered in time");
  });

  test("withdraws what was settled at the terminal", async () => {
    const answer = fire(event("git push", { hook_event_name: "PermissionRequest", tool_use_id: undefined }));
    const { pause_id } = await asked();
    expect((await fire(event("git push", { hook_event_name: "PostToolUse" }))).body).toEqual({});
    expect((await appliance.call(`/v1/pause/${pause_id}`, { key: appliance.keys.test })).body.status).toBe("cancelled");
    expect((await answer).body.hookSpecificOutput.decision.behavior).toBe("deny");
  });

  test("refuses what it can't read, other agents, and a key that may not ask", async () => {
    expect((await fire([])).status).toBe(422);
    expect((await fire(event("ls", { tool_input: undefined }))).status).toBe(422);
    expect((await fire(event("ls"), "/v1/hooks/claude-code")).body.errors[0].parameter).toBe("to");
    expect((await fire(event("ls"), `${WHERE}00`)).body.errors[0].parameter).toBe("minutes");
    for (const twice of ["to=mallory", "to=%2B13128471928", "minutes=3"]) {
      const name = twice.replace(/=.*/, "");
      expect((await fire(event("git push"), `${WHERE}&${twice}`)).body.errors).toEqual([
        { parameter: name, detail: "is given more than once" },
      ]);
    }
    expect(await pending()).toEqual([]);
    expect((await fire(event("ls"), "/v1/hooks/codex?to=x")).status).toBe(404);
    expect((await appliance.call(WHERE, { method: "POST", body: event("ls") })).status).toBe(401);
    const nobody = await fire(event("git push"), "/v1/hooks/claude-code?to=nobody");
    expect(nobody.body.hookSpecificOutput.permissionDecision).toBe("deny");
  });

  test("does not hold up the end of the server", async () => {
    const answer = fire(event("git push")).catch(() => null);
    await asked();
    const started = performance.now();
    await appliance.stop();
    expect(performance.now() - started).toBeLessThan(30_000);
    const said = await answer;
    if (said !== null) expect(said.body.hookSpecificOutput?.permissionDecision ?? "deny").toBe("deny");
    appliance = await startAppliance();
  });
});
