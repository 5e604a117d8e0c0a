/**
 * The examples of the frameworks, each run with the framework itself and a scripted model, against the executable: the
 * person answers through the link, and what the agent does afterwards is looked at.
 */
import { test as always, describe, expect, setDefaultTimeout } from "bun:test";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
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
    effect: ["ledger.txt", "$8,400 to Meridian Supplies\n"],
  },
  {
    name: "openai-agents",
    start: ["start", "Clean up staging"],
    resume: ["resume"],
    message: "Let the cleanup agent run purge?",
    yes: "Purge",
    no: "Keep",
    effect: ["purged.txt", "14000\n"],
  },
  {
    name: "ai-sdk",
    start: ["Send the campaign"],
    message: "Send this campaign to 340 contacts?",
    yes: "Send",
    no: "Hold",
    effect: ["sent.txt", "340\n"],
  },
  {
    name: "langchain",
    start: ["Sign the contract"],
    message: "Sign and submit this contract?",
    yes: "Sign",
    no: "Decline",
    effect: ["signed.txt", "MSA-114\n"],
  },
  {
    name: "mastra",
    start: ["start"],
    resume: ["resume"],
    message: "Purge 14,000 records from staging?",
    yes: "Purge",
    no: "Keep",
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
  async function runSteps(server: BinaryServer, folder: string): Promise<number> {
    const PATH = `${join(pathOf("dist/pausepoint"), "..")}:${process.env.PATH}`;
    const own = {
      PAUSEPOINT_URL: server.url,
      PAUSEPOINT_API_KEY: server.key,
      RUN: "shop-1",
      GITHUB_SHA: "4f2a91c",
      PATH,
    };
    for (const step of steps) {
      const { status } = await run(["bash", "-eo", "pipefail", "-c", step.run], folder, environment(own));
      if (status !== 0) return status;
    }
    return 0;
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
      const asked = await firstPause(server);
      expect(asked.message).toBe("Deploy 4f2a91c to production?");
      await answer(server, asked.pause_id, choice);
      expect(await running).toBe(status);
      expect(existsSync(join(folder, "deployed.txt"))).toBe(status === 0);
      rmSync(folder, { recursive: true });
    });
  }

  always("holds back each step behind the question", () => {
    expect(steps.map(({ name }) => name)).toEqual(["Ask for the deployment", "Deploy"]);
    expect(text).not.toContain("continue-on-error");
  });
});

/** Runs an example in an empty folder, with what the person does once the question is there. */
async function play(example: Example, person: (server: BinaryServer, pauseId: string) => Promise<void>) {
  await using server = await serveBinary();
  const folder = folderWith();
  const file = join(examples, example.name, "agent.ts");
  const env = environment({ PAUSEPOINT_URL: server.url, PAUSEPOINT_API_KEY: server.key });
  const runs = (args: readonly string[]) => run([process.execPath, file, ...args], folder, env);
  const starting = runs(example.start);
  if (example.resume !== undefined) succeed(await starting);
  const { pause_id } = await firstPause(server, starting);
  const effectFile = join(folder, example.effect[0]);
  expect(existsSync(effectFile), "acted before the answer").toBe(false);
  if (example.resume === undefined) {
    await person(server, pause_id);
    succeed(await starting);
  } else {
    const resuming = runs(example.resume);
    await person(server, pause_id);
    succeed(await resuming);
  }
  const { data } = (await server.call("/v1/pause")).body;
  const done = existsSync(effectFile) ? readFileSync(effectFile, "utf8") : null;
  rmSync(folder, { recursive: true });
  return {
    done,
    pauses: data.map((pause: Record<string, unknown>) => ({
      message: pause.message,
      status: pause.status,
      choice: pause.response_choice,
      source: pause.response_source,
    })),
  };
}

function succeed(ran: Ran): void {
  if (ran.status !== 0) throw new Error(`the example ended with ${ran.status}: ${ran.stderr}`);
}

/** The question, once it is there; fails when the program ends without one. */
async function firstPause(
  server: BinaryServer,
  running?: Promise<Ran>,
): Promise<{ pause_id: string; message: string }> {
  let ended: Ran | undefined;
  void running?.then((ran) => {
    ended = ran;
  });
  for (;;) {
    const over = ended;
    const [asked] = (await server.call("/v1/pause")).body.data;
    if (asked !== undefined) return asked;
    if (over !== undefined) throw new Error(`the example ended without a question: ${over.stdout}${over.stderr}`);
    await Bun.sleep(10); // the example's interpreter is still starting
  }
}

async function answer(server: BinaryServer, pauseId: string, choice: string): Promise<void> {
  expect((await server.choose(await server.link(pauseId), choice)).status).toBe(303);
}
