/**
 * The official conformance suite, exactly what each revision requires of a server. It asks for an example server with
 * tools, prompts and resources of its own making, by name. A check that fails is excused only where the suite's own
 * words say that it is for want of one of those; everything else has to pass.
 */
import { afterAll, beforeAll, expect } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Appliance, startAppliance } from "../support/appliance.ts";
import { packages, peerTest } from "./peers.ts";

interface Check {
  readonly id: string;
  readonly status: "SUCCESS" | "FAILURE" | "WARNING" | "SKIPPED" | "INFO";
  readonly errorMessage?: string;
}

let appliance: Appliance;
let proxy: Bun.Server<unknown>;
const folder = mkdtempSync(join(tmpdir(), "pausepoint-conformance-"));
beforeAll(async () => {
  appliance = await startAppliance();
  proxy = Bun.serve({ port: 0, hostname: "127.0.0.1", idleTimeout: 0, fetch: withKey });
});
afterAll(async () => {
  await proxy.stop(true);
  await appliance.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** The suite can't send a key, so this sends everything on with one, and as it came otherwise. */
async function withKey(request: Request): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  const headers = new Headers(request.headers);
  headers.set("authorization", `Bearer ${appliance.keys.test}`);
  const { method, signal } = request;
  const body = method === "POST" ? await request.arrayBuffer() : null;
  const answer = await fetch(`${appliance.url}${pathname}${search}`, { method, headers, body, signal });
  const isStream = answer.headers.get("content-type")?.includes("event-stream") === true;
  return new Response(isStream ? answer.body : await answer.arrayBuffer(), answer);
}

/** Why a check can't be made of this server, by what the suite says when it can't. */
const excuses: readonly (readonly [why: string, said: RegExp])[] = [
  [
    "the suite's own example tools are not served",
    /There is no tool "(?!create_|poll_|cancel_|list_|get_)|^Tool 'json_schema_2020_12_tool' not found/,
  ],
  ["the suite's own example tools are not served", /^Not testable: server does not list the diagnostic tool/],
  ["the suite's own example tools are not served", /^tools\/call for failing_job returned error code -32602/],
  ["prompts, resources, completion and logging are not offered", /Method not found/],
  ["no tool has arguments in headers", /^Not testable: server exposes no tool with x-mcp-header annotations/],
  [
    "no tool asks its client for anything (input_required)",
    /^Expected InputRequiredResult|^Prerequisite failed: could not get/,
  ],
  ["a step before it needed an example tool", /^Not testable: no task was created by the preceding step/],
  ["a step before it needed an example tool", /^routing-task fixture from Check 2 unavailable/],
];

/** How many checks of each scenario that applies have to pass. Those of other scenarios are excused whole. */
const applies: Record<string, Record<string, number>> = {
  "2025-11-25": { "server-initialize": 2, ping: 2, "tools-list": 3, "dns-rebinding-protection": 2 },
  "2026-07-28": {
    "server-stateless": 24,
    "tools-list": 4,
    caching: 4,
    "http-header-validation": 14,
    "dns-rebinding-protection": 2,
    "server-sse-multiple-streams": 1,
    "sep-2164-resource-not-found": 2,
    "input-required-result-unsupported-methods": 2,
    "input-required-result-ignore-extra-params": 1,
    "tasks-capability-negotiation": 3,
    "tasks-dispatch-and-envelope": 4,
  },
};

async function run(revision: string): Promise<Map<string, Check[]>> {
  const output = join(folder, revision);
  const suite = join(packages, "@modelcontextprotocol/conformance/dist/index.js");
  const url = `http://127.0.0.1:${proxy.port}/mcp`;
  const child = Bun.spawn(
    [process.execPath, suite, "server", "--url", url, "--requirements", revision, "--timeout", "10000", "-o", output],
    { stdout: "ignore", stderr: "ignore" },
  );
  await child.exited;
  const scenarios = new Map<string, Check[]>();
  for (const path of new Bun.Glob("**/checks.json").scanSync(output)) {
    const name =
      path
        .split("/")
        .at(-2)
        ?.replace(/^server-/, "")
        .replace(/-\d{4}-\d\d-\d\dT.*$/, "") ?? "";
    scenarios.set(name, await Bun.file(join(output, path)).json());
  }
  return scenarios;
}

for (const [revision, scenarios] of Object.entries(applies)) {
  peerTest(
    `finds nothing wrong in what revision ${revision} requires, but for what it needs an example server for`,
    async () => {
      const ran = await run(revision);
      const failed = [...ran].flatMap(([scenario, checks]) =>
        checks
          .filter(({ status }) => status === "FAILURE")
          .map(({ id, errorMessage = "" }) => ({ scenario, id, errorMessage })),
      );
      expect(failed.filter(({ errorMessage }) => !excuses.some(([, said]) => said.test(errorMessage)))).toEqual([]);
      const passed = Object.keys(scenarios).map((name) => [
        name,
        ran.get(name)?.filter(({ status }) => status === "SUCCESS").length,
      ]);
      expect(Object.fromEntries(passed)).toEqual(scenarios);
      expect(ran.size).toBeGreaterThan(30);
    },
    300_000,
  );
}
