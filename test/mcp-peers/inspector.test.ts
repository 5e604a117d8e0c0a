import { afterAll, beforeAll, expect } from "bun:test";
import { join } from "node:path";
import { type Appliance, question, startAppliance } from "../support/appliance.ts";
import { type Ran, run } from "../support/binary.ts";
import { packages, peerTest } from "./peers.ts";

let appliance: Appliance;
beforeAll(async () => {
  appliance = await startAppliance();
});
afterAll(() => appliance.stop());

const root = join(import.meta.dir, "../..");
const launcher = join(packages, "@modelcontextprotocol/inspector/clients/launcher/build/index.js");

/** The inspector's command line, which wants a newer Node than the project; it runs on Bun as well. */
function inspect(over: "http" | "stdio", ...args: string[]): Promise<Ran> {
  const target =
    over === "http"
      ? [`${appliance.url}/mcp`, "--transport", "http", "--header", `Authorization: Bearer ${appliance.keys.test}`]
      : [
          "-e",
          `PAUSEPOINT_URL=${appliance.url}`,
          "-e",
          `PAUSEPOINT_API_KEY=${appliance.keys.test}`,
          process.execPath,
          join(root, "src/main.ts"),
          "mcp",
        ];
  return run([process.execPath, launcher, "--cli", ...target, ...args], root);
}

for (const over of ["http", "stdio"] as const) {
  peerTest(
    `the inspector lists the tools over ${over}, and finds their schemas fit for every client`,
    async () => {
      const { status, stdout, stderr } = await inspect(over, "--method", "tools/list", "--strict");
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      expect(JSON.parse(stdout).tools).toHaveLength(5);
    },
    120_000,
  );

  peerTest(
    `the inspector calls a tool over ${over}`,
    async () => {
      const { recipient, channel, message } = question() as Record<string, string>;
      const args = Object.entries({ recipient, channel, message }).flatMap(([name, value]) => [
        "--tool-arg",
        `${name}=${JSON.stringify(value)}`,
      ]);
      const { status, stdout } = await inspect(
        over,
        "--method",
        "tools/call",
        "--tool-name",
        "create_pause_request",
        ...args,
      );
      expect(status).toBe(0);
      expect(JSON.parse(stdout).structuredContent).toMatchObject({ status: "pending", channel });
    },
    120_000,
  );
}
