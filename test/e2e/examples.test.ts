/** The examples that the README shows, each run against the executable as a reader would run it. */
import { test as always, describe, expect, setDefaultTimeout } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { environment, run, serveBinary } from "../support/binary.ts";
import { type Part, pathOf, testNeeding } from "../support/needs.ts";

const folder = join(import.meta.dir, "../../examples");
setDefaultTimeout(60_000);

interface Example {
  readonly needs: readonly Part[];
  command(): readonly string[];
}

const examples: Readonly<Record<string, Example>> = {
  "curl.sh": { needs: ["jq"], command: () => ["bash"] },
  "python.py": { needs: ["python requests"], command: () => [pathOf("python requests")] },
  "javascript.mjs": { needs: [], command: () => [process.execPath] },
  "go.go": { needs: ["go"], command: () => ["go", "run"] },
  "ruby.rb": { needs: ["ruby"], command: () => ["ruby"] },
};

describe("the example", () => {
  for (const [name, { needs, command }] of Object.entries(examples)) {
    testNeeding("dist/pausepoint", ...needs)(`${name} asks, waits without polling, and prints the answer`, async () => {
      await using server = await serveBinary();
      const env = environment({ PAUSEPOINT_URL: server.url, PAUSEPOINT_API_KEY: server.key });
      const running = run([...command(), name], folder, env);
      let asked: { pause_id: string; message: string } | undefined;
      while (asked === undefined) {
        asked = (await server.call("/v1/pause")).body.data[0];
        await Bun.sleep(10); // the example's interpreter is still starting
      }
      expect(asked.message).toBe("Purge 14,000 records from staging?");
      expect((await server.choose(await server.link(asked.pause_id), "Purge")).status).toBe(303);
      expect(await running).toEqual({ status: 0, stdout: "Purge\n", stderr: "" });
    });

    testNeeding("dist/pausepoint", ...needs)(`${name} says what is wrong with its key, and fails`, async () => {
      await using server = await serveBinary();
      const env = environment({ PAUSEPOINT_URL: server.url, PAUSEPOINT_API_KEY: `${server.key}x` });
      const { status, stdout, stderr } = await run([...command(), name], folder, env);
      expect(status).not.toBe(0);
      expect(stdout + stderr).toContain("401");
    });

    testNeeding(...needs)(`${name} says in one line that it has no key, and asks nothing`, async () => {
      for (const none of [{}, { PAUSEPOINT_API_KEY: "" }]) {
        const env = environment({ ...none, PAUSEPOINT_URL: "http://127.0.0.1:1" });
        const { status, stdout, stderr } = await run([...command(), name], folder, env);
        expect({ failed: status !== 0, stdout }).toEqual({ failed: true, stdout: "" });
        // `go run` tells the status in a line of its own.
        expect(stderr.replace(/^exit status 1\n/m, "")).toMatch(/^[^\n]*PAUSEPOINT_API_KEY[^\n]*\n$/);
      }
    });
  }

  always("files are all run here", () => {
    const entries = readdirSync(folder, { withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile() && !entry.name.endsWith(".md")).map(({ name }) => name);
    expect(files.sort()).toEqual(Object.keys(examples).sort());
  });
});
