/** The bridge from Dify's Human Input node to a person, against a server that answers as Dify's API reference says. */
import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { source } from "../clients/python/python.ts";
import { type Appliance, startAppliance } from "../support/appliance.ts";
import { environment, folderWith, type Ran, run } from "../support/binary.ts";
import { eventually } from "../support/eventually.ts";

setDefaultTimeout(30_000);
const bridge = join(import.meta.dir, "../../examples/dify/bridge.py");

let appliance: Appliance;
let dify: StandIn;
beforeAll(async () => {
  appliance = await startAppliance();
});
afterEach(() => dify.stop());
afterAll(() => appliance.stop());

/** Dify with one paused form. */
class StandIn {
  readonly token = `form-${crypto.randomUUID()}`;
  /** The bodies that were posted, by path. */
  readonly posted: [string, unknown][] = [];
  readonly #server: Bun.Server<undefined>;

  constructor(more: { actions?: readonly string[]; token?: null } = {}) {
    const { actions = ["approve", "reject"] } = more;
    const form_token = "token" in more ? null : this.token;
    const event = (name: string, data: object) =>
      `data: ${JSON.stringify({ event: name, task_id: "task-1", workflow_run_id: "run-1", data })}\n\n`;
    this.#server = Bun.serve({
      ...{ port: 0, hostname: "127.0.0.1" },
      fetch: async (request) => {
        const path = new URL(request.url).pathname;
        if (request.headers.get("authorization") !== "Bearer app-key") return new Response("{}", { status: 401 });
        if (request.method === "POST") this.posted.push([path, await request.json()]);
        if (path === "/v1/workflows/run") {
          const events = [
            event("workflow_started", { id: "run-1" }),
            "event: ping\n\n",
            event("human_input_required", { form_token, node_id: "1" }),
            event("workflow_paused", { paused_nodes: ["1"] }),
          ];
          return new Response(events.join(""), { headers: { "content-type": "text/event-stream" } });
        }
        if (path !== `/v1/form/human_input/${this.token}`) return new Response("{}", { status: 404 });
        if (request.method === "POST") return Response.json({});
        return Response.json({
          ...{ form_content: "Sign and submit MSA-114?", inputs: [], resolved_default_values: {} },
          user_actions: actions.map((id) => ({ id, title: id, button_style: "default" })),
          expiration_time: 1_800_000_000,
        });
      },
    });
  }

  async run(edit = (text: string) => text): Promise<Ran> {
    const env = environment({
      ...{ PAUSEPOINT_URL: appliance.url, PAUSEPOINT_API_KEY: appliance.keys.test, PYTHONDONTWRITEBYTECODE: "1" },
      ...{ DIFY_URL: `http://127.0.0.1:${this.#server.port}/v1`, DIFY_API_KEY: "app-key", PYTHONPATH: source },
    });
    const folder = folderWith({ "bridge.py": edit(readFileSync(bridge, "utf8")) });
    try {
      return await run(["python3", "bridge.py", '{"contract": "MSA-114"}'], folder, env);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  stop(): void {
    void this.#server.stop(true);
  }
}

const pausesNow = async (): Promise<{ pause_id: string; recipient: string; message: string }[]> =>
  (await appliance.get("/v1/pause?status=pending", appliance.keys.test)).body.data;

/** The question that the bridge asks; an error when it ends without one. */
async function asked(running: Promise<Ran>) {
  let ended = false;
  void running.finally(() => {
    ended = true;
  });
  const [pause] = await eventually(pausesNow, ({ length }) => length > 0 || ended);
  if (pause === undefined) throw new Error(`it went its way without a question: ${(await running).stdout}`);
  return pause;
}

test("is caught when the bridge hands in what nobody was asked", async () => {
  dify = new StandIn();
  const running = dify.run((text) =>
    text.replace("decision.by_person(", "str(").replace("pausepoint.ask(", "dict(message="),
  );
  await expect(asked(running)).rejects.toThrow("it went its way without a question: approve");
});

test.each([
  ["a person approves", "Approve", "approve"],
  ["a person rejects", "Reject", "reject"],
  ["nobody answers in time", null, "reject"],
])("hands in %s", async (_, choice, action) => {
  dify = new StandIn();
  const running = dify.run();
  const pause = await asked(running);
  expect(pause.message).toBe("Sign and submit MSA-114?");
  expect(dify.posted.map(([path]) => path)).toEqual(["/v1/workflows/run"]);
  if (choice === null) await appliance.post(`/v1/test/pause/${pause.pause_id}/expire`, appliance.keys.test);
  else await appliance.choose((await appliance.messages(pause))[0]!.link, choice);
  expect(await running).toEqual({ status: 0, stdout: `${action}\n`, stderr: "" });
  expect(dify.posted).toEqual([
    ["/v1/workflows/run", { inputs: { contract: "MSA-114" }, response_mode: "streaming", user: "pausepoint" }],
    [`/v1/form/human_input/${dify.token}`, { inputs: {}, action, user: "pausepoint" }],
  ]);
});

test("asks nobody about a form that it could not hand in", async () => {
  for (const [form, why] of [
    [new StandIn({ actions: ["yes", "reject"] }), "The Human Input node has no action approve.\n"],
    [new StandIn({ token: null }), "The node's delivery must be WebApp, not email.\n"],
  ] as const) {
    dify = form;
    expect(await form.run()).toEqual({ status: 1, stdout: "", stderr: why });
    expect(await pausesNow()).toEqual([]);
    expect(form.posted).toHaveLength(1);
    form.stop();
  }
});
