import { afterAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { loadConfig } from "../../../src/platform/config/load.ts";
import { folderWith, removeFolders } from "./folder.ts";

afterAll(removeFolders);

const KEY = "auditor.example/w1+1f3048e7+BPrsqyJdtLdhen9jV5nfTK9QdqZ8T6dXhEpVTIEe1dJM";
const OF_A_LOG = "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx";

async function loaded(audit: object) {
  const cwd = await folderWith({ "pausepoint.config.ts": `export default { audit: ${JSON.stringify(audit)} };` });
  return { cwd, config: await loadConfig({ env: {}, cwd }) };
}

describe("what the configuration says of witnesses", () => {
  test("is filled in, and a folder for checkpoints counts from the file", async () => {
    const { cwd, config } = await loaded({ witnesses: [{ key: KEY, url: "http://10.0.0.7:8788/w/" }], drop: "kept" });
    expect(config.audit).toEqual({
      witnesses: [{ key: KEY, url: "http://10.0.0.7:8788/w", tls: {}, timeoutSeconds: 15 }],
      everyMinutes: 5,
      drop: join(cwd, "kept"),
    });
    expect((await loaded({ drop: "/mnt/worm" })).config.audit.drop).toBe("/mnt/worm");
  });

  test.each([
    ["the key of a log", { witnesses: [{ key: OF_A_LOG, url: "http://w" }] }, "audit.witnesses[0].key"],
    ["a key that was cut", { witnesses: [{ key: KEY.slice(0, -1), url: "http://w" }] }, "audit.witnesses[0].key"],
    [
      "a key of another name",
      { witnesses: [{ key: KEY.replace("w1", "w2"), url: "http://w" }] },
      "audit.witnesses[0].key",
    ],
    ["no key", { witnesses: [{ url: "http://w" }] }, "audit.witnesses[0].key"],
    ["no address", { witnesses: [{ key: KEY }] }, "audit.witnesses[0].url"],
    ["a witness twice", { witnesses: [1, 2].map(() => ({ key: KEY, url: "http://w" })) }, "audit.witnesses"],
    ["no time between", { everyMinutes: 0 }, "audit.everyMinutes"],
    ["an unknown setting", { quorum: 1 }, "audit.quorum"],
  ])("is refused with %s, by its path", async (_, audit, path) => {
    expect(loaded(audit)).rejects.toThrow(`${path}\n`);
  });
});
