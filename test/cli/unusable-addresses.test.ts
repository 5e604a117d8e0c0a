import { expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { unusableAddressesOf } from "../../src/cli/unusable-addresses.ts";
import { loadConfig } from "../../src/platform/config/load.ts";
import { folderWith } from "../support/binary.ts";

test("an address of people that a channel can't use is found with its person and what it has to be", async () => {
  const folder = folderWith({
    "pausepoint.config.ts": `import { defineChannel, defineConfig } from "pausepoint/config";
      export default defineConfig({
        people: {
          cfo: { name: "CFO", addresses: { pager: "12-34" } },
          night: { name: "Night", addresses: { pager: "12-34-56" } },
        },
        channels: {
          pager: defineChannel({
            addressKind: "text",
            addressHint: "a pager number of six digits",
            normalizeAddress: (text) => /^\\d{6}$/.exec(text.replaceAll("-", ""))?.[0] ?? null,
            send: async () => ({ outcome: "sent" }),
          }),
        },
      });`,
  });
  const config = await loadConfig({ env: {}, cwd: folder });
  rmSync(folder, { recursive: true });
  expect(unusableAddressesOf(config)).toEqual([
    {
      setting: "people.cfo.addresses.pager",
      detail: "@cfo can't be reached over pager: the address must be a pager number of six digits",
    },
  ]);
});

test("a test message that is to be sent later shows when, and that the whole channel waits", () => {
  const folder = folderWith({
    "pausepoint.config.ts": `import { defineChannel, defineConfig } from "pausepoint/config";
      const send = async () => ({ outcome: "retry", error: "slow down", retryAfterMs: 5000, isChannelDown: true });
      export default defineConfig({ channels: { pager: defineChannel({ addressKind: "text", send }) } });`,
  });
  const main = join(import.meta.dir, "../../src/main.ts");
  const run = [process.execPath, main, "doctor", "--send-test", "123456", "--channel", "pager"];
  const { stdout, exitCode } = Bun.spawnSync(run, { cwd: folder, stderr: "pipe" });
  rmSync(folder, { recursive: true });
  const printed = stdout.toString();
  expect(exitCode).not.toBe(0);
  expect(printed).toContain("again     after 5000 ms, as the peer asked");
  expect(printed).toContain("channel   down: nothing else is sent over it");
});
