import { afterAll, expect, test } from "bun:test";
import { join } from "node:path";
import { Metrics } from "../../src/platform/metrics/index.ts";
import { startAppliance } from "../support/appliance.ts";
import { pathOf, testNeeding } from "../support/needs.ts";
import { documentAt, tableOf } from "./documents.ts";

const TOKEN = "0123456789abcdef-metrics";
const RULES = join(import.meta.dir, "../../examples/prometheus");
const appliance = await startAppliance((config) => ({ ...config, metrics: { token: TOKEN } }));
afterAll(() => appliance.stop());

test("docs/metrics.md has every metric with its type, labels and meaning, and no other", () => {
  const told = tableOf(documentAt("docs/metrics.md"), "metric").map((cells) => cells.join(" | "));
  const known = new Metrics().list().map(({ name, type, labels, help }) => {
    const named = labels.map((label) => `\`${label}\``).join(", ") || "none";
    return [`\`${name}\``, type, named, help].join(" | ");
  });
  expect(told).toEqual(known);
});

const promtoolTest = testNeeding("promtool");

promtoolTest("promtool finds nothing to say of what is shown", async () => {
  const { pause_id } = await appliance.ask(appliance.keys.test);
  await appliance.post(`/v1/test/pause/${pause_id}/respond`, appliance.keys.test, { choice: "Approve" });
  const { text } = await appliance.call("/metrics", { key: TOKEN });
  expect(text).toContain('pausepoint_pauses_ended_total{mode="test",end="answered"} 1\n');
  const { stdout, stderr, exitCode } = Bun.spawnSync([pathOf("promtool"), "check", "metrics"], {
    stdin: Buffer.from(text),
  });
  expect(`${stdout}${stderr}`).toBe("");
  expect(exitCode).toBe(0);
});

promtoolTest("the alerts fire when they should and only then, by promtool", async () => {
  for (const words of [
    ["check", "rules", "pausepoint.rules.yml"],
    ["test", "rules", "pausepoint.rules.test.yml"],
  ]) {
    const { stdout, stderr, exitCode } = Bun.spawnSync([pathOf("promtool"), ...words], { cwd: RULES });
    expect({ exitCode, said: exitCode === 0 ? "" : `${stdout}${stderr}` }).toEqual({ exitCode: 0, said: "" });
  }
});

test("the alerts name only metrics that there are", async () => {
  const rules = await Bun.file(join(RULES, "pausepoint.rules.yml")).text();
  const known = new Set<string>(new Metrics().list().map(({ name }) => name));
  const named = [...rules.matchAll(/pausepoint_[a-z_]+/g)].map(([name]) => name.replace(/_bucket$/, ""));
  expect(named.length).toBeGreaterThan(8);
  expect(named.filter((name) => !known.has(name))).toEqual([]);
});
