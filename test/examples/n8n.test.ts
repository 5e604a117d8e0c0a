/**
 * The n8n workflow, followed as its connections say: the requests of its HTTP Request nodes are sent, its expressions are
 * evaluated with what n8n hands to them, and its Wait node is a real server that PausePoint's webhook wakes up. What stands
 * for n8n here is this file.
 */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Appliance, startAppliance } from "../support/appliance.ts";
import { eventually } from "../support/eventually.ts";

setDefaultTimeout(30_000);

interface Node {
  readonly name: string;
  readonly type: string;
  readonly typeVersion: number;
  readonly id: string;
  // biome-ignore lint/suspicious/noExplicitAny: each type of node has its own
  readonly parameters: any;
}
interface Workflow {
  readonly nodes: readonly Node[];
  readonly connections: Readonly<Record<string, { main: { node: string }[][] }>>;
}
type Json = Record<string, unknown>;

const file = join(import.meta.dir, "../../examples/n8n/workflow.json");
const read = (): Workflow => JSON.parse(readFileSync(file, "utf8"));

let appliance: Appliance;
beforeAll(async () => {
  appliance = await startAppliance();
});
afterAll(() => appliance.stop());

/** One execution of a workflow. */
class Execution {
  readonly #workflow: Workflow;
  readonly #came: Record<string, Json> = {};
  readonly #id = crypto.randomUUID();
  readonly #server: Bun.Server<undefined>;
  readonly #woken = Promise.withResolvers<void>();
  /** The methods and bodies that the Wait node was woken with. */
  readonly webhooks: [string, Json][] = [];

  constructor(workflow: Workflow) {
    this.#workflow = workflow;
    this.#server = Bun.serve({
      ...{ port: 0, hostname: "127.0.0.1" },
      fetch: async (request) => {
        const { pathname, searchParams } = new URL(request.url);
        // Later versions of n8n sign the URL: its query has to come back whole.
        if (pathname !== `/webhook-waiting/${this.#id}` || searchParams.get("signature") !== "s1g")
          return new Response("", { status: 404 });
        this.webhooks.push([request.method, (await request.json()) as Json]);
        this.#woken.resolve();
        return new Response("", { status: 200 });
      },
    });
  }

  get resumeUrl(): string {
    return `http://127.0.0.1:${this.#server.port}/webhook-waiting/${this.#id}?signature=s1g`;
  }

  /** The name of the node that it ended in. */
  async run(): Promise<string> {
    try {
      for (let name = this.#trigger(), json: Json = {}; ; ) {
        const node = this.#workflow.nodes.find((each) => each.name === name)!;
        const [output, next] = await this.#step(node, json);
        this.#came[name] = output;
        const following = this.#workflow.connections[name]?.main[next]?.[0]?.node;
        if (following === undefined) return name;
        [name, json] = [following, output];
      }
    } finally {
      await this.#server.stop(true);
    }
  }

  #trigger(): string {
    const [trigger] = this.#workflow.nodes.filter(({ type }) => type === "n8n-nodes-base.manualTrigger");
    return trigger!.name;
  }

  /** What comes out of a node, and by which of its outputs. */
  async #step({ type, parameters }: Node, json: Json): Promise<[Json, number]> {
    const value = (text: unknown) => this.#value(text, json);
    switch (type.replace("n8n-nodes-base.", "")) {
      case "set":
        return [
          Object.fromEntries(parameters.assignments.assignments.map((each: Json) => [each.name, value(each.value)])),
          0,
        ];
      case "httpRequest": {
        const { method = "GET", url, genericAuthType, headerParameters, jsonBody } = parameters;
        expect(genericAuthType).toBe("httpBearerAuth");
        const headers = Object.fromEntries(
          (headerParameters?.parameters ?? []).map((each: Json) => [each.name, value(each.value)]),
        );
        const answer = await fetch(String(value(url)), {
          method,
          headers: { authorization: `Bearer ${appliance.keys.test}`, "content-type": "application/json", ...headers },
          ...(jsonBody === undefined ? {} : { body: String(value(jsonBody)) }),
        });
        if (!answer.ok) throw new Error(`n8n stops: ${answer.status} ${await answer.text()}`);
        return [(await answer.json()) as Json, 0];
      }
      case "wait":
        expect(parameters).toMatchObject({ resume: "webhook", httpMethod: "POST", limitWaitTime: true });
        await this.#woken.promise;
        return [{ body: this.webhooks[0]![1] }, 0];
      case "if": {
        expect(parameters.conditions.combinator).toBe("and");
        const holds = parameters.conditions.conditions.every(
          (each: { leftValue: string; rightValue: string; operator: Json }) => {
            expect(each.operator).toEqual({ type: "string", operation: "equals" });
            return value(each.leftValue) === value(each.rightValue);
          },
        );
        return [json, holds ? 0 : 1];
      }
      default:
        for (const text of Object.values(parameters)) value(text);
        return [json, 0];
    }
  }

  /** An expression begins with `=`; what stands in double braces is JavaScript. Alone, it keeps its type. */
  #value(text: unknown, json: Json): unknown {
    if (typeof text !== "string" || !text.startsWith("=")) return text;
    const given = {
      ...{ $json: json, $execution: { id: this.#id, resumeUrl: this.resumeUrl }, $workflow: { id: "workflow-1" } },
      $: (name: string) => ({ item: { json: this.#came[name] } }),
    };
    const evaluate = (code: string) => new Function(...Object.keys(given), `return (${code})`)(...Object.values(given));
    const alone = /^=\{\{([\s\S]*)\}\}$/.exec(text)?.[1];
    if (alone !== undefined && !alone.includes("}}")) return evaluate(alone);
    return text.slice(1).replace(/\{\{([\s\S]*?)\}\}/g, (_, code: string) => String(evaluate(code)));
  }
}

/** The workflow as somebody has set it up. */
function setUp(change = (text: string) => text): Workflow {
  return JSON.parse(change(readFileSync(file, "utf8")).replace("http://127.0.0.1:8787", appliance.url));
}
const pending = async (): Promise<{ pause_id: string; recipient: string; message: string }[]> =>
  (await appliance.get("/v1/pause?status=pending", appliance.keys.test)).body.data;

/** Runs the workflow, and lets `answer` decide its question. */
async function tale(
  answer: (pause: { pause_id: string; recipient: string }, resumeUrl: string) => Promise<unknown>,
  workflow = setUp(),
) {
  const execution = new Execution(workflow);
  let ended = false;
  const running = execution.run().finally(() => {
    ended = true;
  });
  running.catch(() => {});
  const [pause] = await eventually(pending, ({ length }) => length > 0 || ended);
  if (pause === undefined) throw new Error(`it went its way without a question, to ${await running}`);
  expect(pause.message).toBe("Wire $8,400 to Meridian Supplies?");
  await answer(pause, execution.resumeUrl);
  const end = await running;
  for (const { pause_id } of await pending()) await withdraw({ pause_id });
  return { ended: end, webhooks: execution.webhooks };
}

const tap = (choice: string) => async (pause: { pause_id: string; recipient: string }) =>
  await appliance.choose((await appliance.messages(pause))[0]!.link, choice);
const expire = ({ pause_id }: { pause_id: string }) =>
  appliance.post(`/v1/test/pause/${pause_id}/expire`, appliance.keys.test);
const withdraw = ({ pause_id }: { pause_id: string }) =>
  appliance.post(`/v1/pause/${pause_id}/cancel`, appliance.keys.test, {});

describe("the n8n workflow", () => {
  test("goes on once a person has approved, woken by PausePoint's webhook", async () => {
    const { ended, webhooks } = await tale(tap("Approve"));
    expect(ended).toBe("Do it");
    expect(webhooks).toMatchObject([["POST", { type: "pause.responded", data: { response_choice: "Approve" } }]]);
  });

  test.each([
    ["a person has rejected", tap("Reject")],
    ["nobody has answered in time", expire],
    ["the question was withdrawn", withdraw],
  ])("stops when %s", async (_, answer) => {
    expect((await tale(answer)).ended).toBe("Leave it");
  });

  test("stops when the clock would approve", async () => {
    const workflow = setUp((text) => text.replace('timeout_default: \\"Reject\\"', 'timeout_default: \\"Approve\\"'));
    const { ended, webhooks } = await tale(expire, workflow);
    expect(webhooks[0]![1]).toMatchObject({ data: { response_choice: "Approve", response_source: "timeout_default" } });
    expect(ended).toBe("Leave it");
  });

  test("is decided by what PausePoint says, not by who wakes it up", async () => {
    const forged = tale(async (_, resumeUrl) => {
      // What anybody could send who knows the URL; the question is still open.
      const data = { response_choice: "Approve", response_source: "human" };
      await fetch(resumeUrl, { method: "POST", body: JSON.stringify({ type: "pause.responded", data }) });
    });
    expect((await forged).ended).toBe("Leave it");
  });

  test("is caught when it goes past the question", async () => {
    const workflow = setUp();
    const past = { ...workflow, connections: { ...workflow.connections, Settings: { main: [[{ node: "Do it" }]] } } };
    await expect(tale(tap("Approve"), past)).rejects.toThrow("it went its way without a question, to Do it");
  });

  test("names each node once, connects those that there are, and holds no key", () => {
    const { nodes, connections } = read();
    const names = nodes.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(new Set(nodes.map(({ id }) => id)).size).toBe(names.length);
    const ends = Object.values(connections).flatMap(({ main }) => main.flat().map(({ node }) => node));
    expect([...Object.keys(connections), ...ends].filter((name) => !names.includes(name))).toEqual([]);
    expect(names.filter((name) => name !== "Start" && !ends.includes(name))).toEqual([]);
    expect(readFileSync(file, "utf8")).not.toMatch(/pp_(live|test)_/);
  });

  test("says that it was not run with n8n itself", () => {
    expect(readFileSync(join(file, "../README.md"), "utf8")).toContain("not run against n8n itself");
  });
});
