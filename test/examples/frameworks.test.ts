/**
 * The examples of the frameworks, each run with the framework itself and a scripted model, against the executable: the
 * person answers through the link, and what the agent does afterwards is looked at.
 */
import { test as always, describe, expect, setDefaultTimeout } from "bun:test";
import { cpSync, existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { documentAt, tableOf } from "../docs/documents.ts";
import { type BinaryServer, environment, folderWith, type Ran, run, serveBinary } from "../support/binary.ts";
import { pathOf, testNeeding } from "../support/needs.ts";

setDefaultTimeout(60_000);
const examples = join(import.meta.dir, "../../examples");

interface Example {
  readonly name: "langgraph" | "openai-agents" | "ai-sdk" | "langchain" | "mastra";
  /** The process that asks, and the one that goes on after it has ended; the same where it waits itself. */
  readonly start: readonly string[];
  readonly resume?: readonly string[];
  readonly message: string;
  readonly yes: string;
  readonly no: string;
  /** An edit that leads the agent past the question. */
  readonly past: readonly [from: string, to: string];
  /** The file that the irreversible action leaves. */
  readonly effect: readonly [file: string, text: string];
}

const frameworks: readonly Example[] = [
  {
    name: "langgraph",
    start: ["start", "thread-1", "Pay Meridian"],
    resume: ["resume", "thread-1"],
    message: "Wire $8,400 to Meridian Supplies?",
    yes: "Approve",
    no: "Reject",
    past: ['.addEdge("plan", "ask")', '.addConditionalEdges("plan", () => "wire", ["wire", "ask"])'],
    effect: ["ledger.txt", "$8,400 to Meridian Supplies\n"],
  },
  {
    name: "openai-agents",
    start: ["start", "Clean up staging"],
    resume: ["resume"],
    message: "Let the cleanup agent run purge?",
    yes: "Purge",
    no: "Keep",
    past: ["needsApproval: true", "needsApproval: false"],
    effect: ["purged.txt", "14000\n"],
  },
  {
    name: "ai-sdk",
    start: ["Send the campaign"],
    message: "Send this campaign to 340 contacts?",
    yes: "Send",
    no: "Hold",
    past: ["toolApproval: {", "toolApprovals: {"],
    effect: ["sent.txt", "340\n"],
  },
  {
    name: "langchain",
    start: ["Sign the contract"],
    message: "Sign and submit this contract?",
    yes: "Sign",
    no: "Decline",
    past: ["interruptOn: { sign:", "interruptOn: { other:"],
    effect: ["signed.txt", "MSA-114\n"],
  },
  {
    name: "mastra",
    start: ["start"],
    resume: ["resume"],
    message: "Purge 14,000 records from staging?",
    yes: "Purge",
    no: "Keep",
    past: [
      "if (resumeData === undefined) {",
      "if (runId) return { ...inputData, approved: true };\n    if (resumeData === undefined) {",
    ],
    effect: ["purged.txt", "14000\n"],
  },
];

for (const example of frameworks) {
  const { name, message, yes, no, effect } = example;
  const test = testNeeding("dist/pausepoint", `examples/${name}/node_modules`);

  describe(`the example for ${name}`, () => {
    test("acts once after a person approved, and asked one question for it", async () => {
      const { done, pauses } = await play(example, (server, id) => answer(server, id, yes));
      expect(done).toBe(effect[1]);
      expect(pauses).toEqual([{ message, status: "responded", choice: yes, source: "human" }]);
    });

    test("does not act after a person refused", async () => {
      const { done, pauses } = await play(example, (server, id) => answer(server, id, no));
      expect(done).toBeNull();
      expect(pauses).toEqual([{ message, status: "responded", choice: no, source: "human" }]);
    });

    test("would fail here if it acted without a question", async () => {
      const nobody = async () => {};
      await expect(play(example, nobody, example.past)).rejects.toThrow(/^the example acted without a question/);
    });

    test("does not act when nobody answers", async () => {
      const { done, pauses } = await play(example, async (server, id) => {
        expect((await server.call(`/v1/test/pause/${id}/expire`, { method: "POST" })).status).toBe(200);
      });
      expect(done).toBeNull();
      expect(pauses).toEqual([{ message, status: "responded", choice: no, source: "timeout_default" }]);
    });
  });
}

describe("the deployment gate of GitHub Actions", () => {
  interface Workflow {
    readonly jobs: { readonly deploy: { readonly steps: readonly { readonly name: string; readonly run: string }[] } };
  }
  const text = readFileSync(join(examples, "github-actions/deploy.yml"), "utf8");
  const steps = (Bun.YAML.parse(text) as Workflow).jobs.deploy.steps;

  /** As a runner does it: each step by `bash -e`, none after one that failed. */
  async function runSteps(server: BinaryServer, folder: string): Promise<Ran> {
    const PATH = `${join(pathOf("dist/pausepoint"), "..")}:${process.env.PATH}`;
    const own = {
      PAUSEPOINT_URL: server.url,
      PAUSEPOINT_API_KEY: server.key,
      RUN: "shop-1",
      GITHUB_SHA: "4f2a91c",
      PATH,
    };
    for (const step of steps) {
      const ran = await run(["bash", "-eo", "pipefail", "-c", step.run], folder, environment(own));
      if (ran.status !== 0) return ran;
    }
    return { status: 0, stdout: "", stderr: "" };
  }

  const test = testNeeding("dist/pausepoint");
  for (const [choice, status] of [
    ["Deploy", 0],
    ["Abort", 3],
  ] as const) {
    test(`${status === 0 ? "deploys" : "does not deploy"} after ${choice}`, async () => {
      await using server = await serveBinary();
      const folder = folderWith();
      const running = runSteps(server, folder);
      const asked = await firstPause(server, running);
      expect(asked.message).toBe("Deploy 4f2a91c to production?");
      await answer(server, asked.pause_id, choice);
      expect((await running).status).toBe(status);
      expect(existsSync(join(folder, "deployed.txt"))).toBe(status === 0);
      rmSync(folder, { recursive: true });
    });
  }

  always("holds back each step behind the question", () => {
    expect(steps.map(({ name }) => name)).toEqual(["Ask for the deployment", "Deploy"]);
    expect(text).not.toContain("continue-on-error");
  });
});

/** Runs a copy of an example in a folder of its own, with what the person does once the question is there. */
async function play(
  example: Example,
  person: (server: BinaryServer, pauseId: string) => Promise<void>,
  edit?: Example["past"],
) {
  await using server = await serveBinary();
  const source = join(examples, example.name);
  const folder = folderWith();
  cpSync(source, folder, { recursive: true, filter: (path) => path !== join(source, "node_modules") });
  symlinkSync(join(source, "node_modules"), join(folder, "node_modules"));
  if (edit !== undefined) {
    const text = readFileSync(join(source, "agent.ts"), "utf8");
    expect(text.split(edit[0]).length, "the edit meets one place").toBe(2);
    writeFileSync(join(folder, "agent.ts"), text.replace(...edit));
  }
  const effect = join(folder, example.effect[0]);
  const env = environment({ PAUSEPOINT_URL: server.url, PAUSEPOINT_API_KEY: server.key });
  const runs = (args: readonly string[]) => run([process.execPath, "agent.ts", ...args], folder, env);
  try {
    const starting = runs(example.start);
    if (example.resume !== undefined) await starting;
    const asked = await firstPause(server, starting, effect);
    expect(existsSync(effect), "acted before the answer").toBe(false);
    if (example.resume !== undefined) succeed(await starting);
    const finishing = example.resume === undefined ? starting : runs(example.resume);
    await person(server, asked.pause_id);
    succeed(await finishing);
    const { data } = (await server.call("/v1/pause")).body;
    return {
      done: existsSync(effect) ? readFileSync(effect, "utf8") : null,
      pauses: data.map((pause: Record<string, unknown>) => ({
        message: pause.message,
        status: pause.status,
        choice: pause.response_choice,
        source: pause.response_source,
      })),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function succeed(ran: Ran): void {
  if (ran.status !== 0) throw new Error(`the example ended with ${ran.status}: ${ran.stderr}`);
}

/** The question, once it is there; fails when the program ends without one. */
async function firstPause(
  server: BinaryServer,
  running: Promise<Ran>,
  effect?: string,
): Promise<{ pause_id: string; message: string }> {
  let ended: Ran | undefined;
  void running.then((ran) => {
    ended = ran;
  });
  for (;;) {
    const over = ended;
    const [asked] = (await server.call("/v1/pause")).body.data;
    if (asked !== undefined) return asked;
    if (over !== undefined) {
      const acted = effect !== undefined && existsSync(effect);
      throw new Error(`the example ${acted ? "acted" : "ended"} without a question: ${over.stdout}${over.stderr}`);
    }
    await Bun.sleep(10); // the example's interpreter is still starting
  }
}

async function answer(server: BinaryServer, pauseId: string, choice: string): Promise<void> {
  expect((await server.choose(await server.link(pauseId), choice)).status).toBe(303);
}

describe("the table of frameworks", () => {
  for (const [framework, name, version] of tableOf(documentAt("docs/frameworks.md"), "framework")) {
    if (name === "none") continue;
    always(`has the version of ${name} that is run`, () => {
      const example = /\((.*)\.md\)/.exec(framework ?? "")?.[1] ?? "";
      const { dependencies } = JSON.parse(readFileSync(join(examples, example, "package.json"), "utf8"));
      expect(dependencies[name?.replaceAll("`", "") ?? ""]).toBe(version);
    });
  }

  always("names each example that is run", () => {
    const { text } = documentAt("docs/frameworks.md");
    for (const { name } of frameworks) expect(text).toContain(`(${name}.md)`);
  });
});
