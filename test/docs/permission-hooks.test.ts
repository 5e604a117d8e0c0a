import { expect, test } from "bun:test";
import { hostLimitSeconds, timeLimit } from "../../src/hook/deadline.ts";
import { hosts } from "../../src/hook/hosts/index.ts";
import { hookQuery } from "../../src/hook/query.ts";
import { longestAction } from "../../src/hook/question.ts";
import { parseRules, rulesSchema } from "../../src/hook/rules.ts";
import { documentAt, tableOf } from "./documents.ts";

const document = documentAt("docs/permission-hooks.md");
const sample = (detail: string) => document.fences.find(({ marker }) => marker?.detail === detail)?.text ?? "none";

test("the rules that the page shows are taken, and hold every setting but held", () => {
  const rules = parseRules(sample("hook-rules"), "the page");
  expect(Object.keys(rules).sort()).toEqual(
    Object.keys(rulesSchema.shape)
      .filter((name) => name !== "held")
      .sort(),
  );
  const named = tableOf(document, "setting").flatMap(([name = ""]) => name.split(", "));
  expect(named.map((name) => name.replaceAll("`", "")).sort()).toEqual(Object.keys(rulesSchema.shape).sort());
});

test("the address for an agent over HTTP is taken, and its limit is the one that an install writes", () => {
  const [hook] = JSON.parse(sample("hook-http")).hooks.PreToolUse[0].hooks;
  const { pathname, searchParams } = new URL(hook.url);
  expect(pathname).toBe("/v1/hooks/claude-code");
  expect(hookQuery.parse(Object.fromEntries(searchParams))).toMatchObject({ to: "@oncall", minutes: timeLimit.usual });
  expect([hook.timeout, hook.onFailure]).toEqual([hostLimitSeconds(timeLimit.usual), "block"]);
});

test("numbers and agents are those of the code", () => {
  expect(document.text).toContain(`${timeLimit.least} to ${timeLimit.most}, ${timeLimit.usual} if left out`);
  expect(document.text).toContain(`up to ${longestAction.toLocaleString("en")} characters`);
  for (const name of Object.keys(hosts)) expect(document.text).toContain(`\`${name}\``);
});
