import { expect } from "bun:test";
import { rmSync } from "node:fs";
import { folderWith, runBinary } from "../../support/binary.ts";
import { testNeeding } from "../../support/needs.ts";

const binaryTest = testNeeding("dist/pausepoint");

binaryTest("doctor and config check tell of a proxy that is not named, and doctor of one that is", async () => {
  for (const [trustProxy, status, found, cautions] of [
    ["[]", "warn", "it is not named", 1],
    [`["127.0.0.1"]`, "ok", "X-Forwarded-For is believed from 127.0.0.1/32", 0],
    [`["0.0.0.0/0"]`, "warn", "0.0.0.0/0 lets strangers", 1],
  ] as const) {
    const settings = `{ baseUrl: "https://approve.example.com", listen: { trustProxy: ${trustProxy} } }`;
    const folder = folderWith({ "pausepoint.config.ts": `export default ${settings};\n` });
    const { checks } = JSON.parse((await runBinary(["doctor", "--json", "--offline"], folder)).stdout);
    const [seen] = checks.filter(({ check }: { check: string }) => check === "reverse proxy");
    expect([seen.status, seen.found]).toEqual([status, expect.stringContaining(found)]);
    const noted = JSON.parse((await runBinary(["config", "check", "--json"], folder)).stdout).cautions;
    expect(noted.filter((note: string) => note.startsWith("listen.trustProxy: ")).length).toBe(cautions);
    rmSync(folder, { recursive: true });
  }
});
