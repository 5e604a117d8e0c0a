/**
 * The samples of the announcement, run as they stand but for host and key. They are read from the announcement itself,
 * which stands beside the checkout. Each runs against a server of its own, so that the one pause there is the sample's.
 */

import { describe, expect } from "bun:test";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type BinaryServer, environment, folderWith, type Ran, run, serveBinary } from "../support/binary.ts";
import { eventually } from "../support/eventually.ts";
import { pathOf, testNeeding } from "../support/needs.ts";

const file = join(import.meta.dir, "../../../shared/announcement.txt");
const text = existsSync(file) ? readFileSync(file, "utf8") : "";
const title = text === "" ? "the announcement's sample [needs shared/announcement.txt]" : "the announcement's sample";

describe.skipIf(text === "")(title, () => {
  testNeeding("dist/pausepoint")("in curl asks, and reads the pause", async () => {
    await using server = await serveBinary();
    const [asking = "", reading = ""] = sample(server, "curl -X POST", "import requests, time").split("\n# Then poll");
    const asked = await runSample(["bash"], "ask.sh", asking);
    const pause = JSON.parse(asked.stdout);
    expect(pause).toMatchObject(deployment);
    const read = await runSample(["bash"], "read.sh", `# ${reading}`, { PAUSE_ID: pause.pause_id });
    expect(JSON.parse(read.stdout)).toMatchObject({ ...deployment, pause_id: pause.pause_id });
  });

  testNeeding("dist/pausepoint", "python requests")("in Python, eight lines, gets a pause_id at once", async () => {
    for (const [last, timeout] of [
      ["Messages 14:07", 4],
      ["# PausePoint handles everything else.", 24],
    ] as const) {
      await using server = await serveBinary();
      const start = text.lastIndexOf("\nimport requests\n", text.indexOf(`\n${last}`));
      const code = sample(server, "import requests\n", last, start);
      const { stdout, stderr } = await runSample([pathOf("python requests")], "agent.py", `${code}\nprint(pause_id)\n`);
      expect(stderr).toBe("");
      const expected = { message: "Wire $8,400 to Meridian?", timeout_hours: timeout, timeout_default: "Reject" };
      expect(await server.pause(stdout.trim())).toMatchObject({ ...expected, status: "pending" });
    }
  });

  testNeeding("dist/pausepoint", "python requests")("in Python polls until a person or the clock answers", () =>
    pollsToItsEnd((server) => {
      const code = sample(server, "import requests, time", "const resp = await");
      return runSample([pathOf("python requests")], "agent.py", `${code}\nprint(decision)\n`);
    }),
  );

  testNeeding("dist/pausepoint")("in JavaScript polls until a person or the clock answers", () =>
    pollsToItsEnd((server) => {
      const code = sample(server, "const resp = await", "package main");
      const wrapped = `async function ask() {\n${code}\n}\nconsole.log(await ask());\n`;
      return runSample([process.execPath], "agent.mjs", wrapped);
    }),
  );

  testNeeding("dist/pausepoint", "go")("in Go asks", async () => {
    await using server = await serveBinary();
    const code = sample(server, "package main", 'require "net/http"').replace(
      "\nbody, _ :=",
      "\nfunc main() {\nbody, _ :=",
    );
    const { stderr, status } = await runSample(["go", "run"], "main.go", `${code}\n_ = resp\n}\n`);
    expect({ stderr, status }).toEqual({ stderr: "", status: 0 });
    expect(await onlyPause(server)).toMatchObject(deployment);
  });

  testNeeding("dist/pausepoint", "ruby")("in Ruby asks and takes the pause_id from the answer", async () => {
    await using server = await serveBinary();
    const code = sample(server, 'require "net/http"', "What you get").replace("use_ssl: true", "use_ssl: false");
    const { stdout, stderr } = await runSample(["ruby"], "agent.rb", `${code}\nputs pause_id\n`);
    expect(stderr).toBe("");
    expect(await server.pause(stdout.trim())).toMatchObject(deployment);
  });
});

const deployment = {
  recipient: "+13128471928",
  channel: "sms",
  message: "Deploy build #4712 to production?",
  options: ["Deploy", "Abort"],
  timeout_default: "Abort",
  status: "pending",
};

/** The announcement's lines from the one that starts with `first` to the one before `last`, for this server. */
function sample(server: BinaryServer, first: string, last: string, from = 0): string {
  const start = text.indexOf(`\n${first}`, from) + 1;
  const end = text.indexOf(`\n${last}`, start);
  if (start === 0 || end < 0) throw new Error(`the announcement has no lines from ${first} to ${last}`);
  const code = text.slice(start, end + 1);
  return code.replaceAll("https://api.pausepoint.dev", server.url).replaceAll("pp_live_...", server.key);
}

async function runSample(
  command: readonly string[],
  name: string,
  code: string,
  more: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  const folder = folderWith({ [name]: code });
  try {
    return await run([...command, name], folder, environment(more));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The one pause of a server, as soon as there is one. */
async function onlyPause(server: BinaryServer): Promise<{ pause_id: string }> {
  const [pause] = await eventually(
    async (): Promise<{ pause_id: string }[]> => (await server.call("/v1/pause")).body.data,
    ({ length }) => length > 0,
  );
  return pause!;
}

/** A polling sample ends with what the person chose, and, where nobody does, with the default. */
async function pollsToItsEnd(start: (server: BinaryServer) => Promise<Ran>): Promise<void> {
  const ends = [
    { decision: "Deploy", path: "respond", json: { choice: "Deploy" } },
    { decision: "Abort", path: "expire", json: {} },
  ];
  await Promise.all(
    ends.map(async ({ decision, path, json }) => {
      await using server = await serveBinary();
      const running = start(server);
      const { pause_id } = await onlyPause(server);
      expect((await server.call(`/v1/test/pause/${pause_id}/${path}`, { json })).status).toBe(200);
      expect(await running).toMatchObject({ stdout: `${decision}\n`, stderr: "", status: 0 });
    }),
  );
}
