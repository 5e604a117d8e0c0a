/** The four use cases as agents, against the executable: what they do is looked at where it happens. */
import { Database } from "bun:sqlite";
import { describe, expect, setDefaultTimeout } from "bun:test";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { environment, folderWith, run, serveBinary } from "../support/binary.ts";
import { testNeeding } from "../support/needs.ts";

setDefaultTimeout(60_000);
const examples = join(import.meta.dir, "../../examples/use-cases");

const cases = [
  { name: "wire", message: "Wire $8,400 to Meridian Supplies?", yes: "Approve", no: "Reject", before: 0, after: 1 },
  { name: "campaign", message: "Send this campaign to 340 contacts?", yes: "Send", no: "Hold", before: 0, after: 340 },
  {
    name: "purge",
    message: "Purge 14,000 records from staging?",
    yes: "Purge",
    no: "Keep",
    before: 14_500,
    after: 500,
  },
  { name: "contract", message: "Sign and submit this contract?", yes: "Sign", no: "Decline", before: 0, after: 1 },
] as const;
type Case = (typeof cases)[number];

/** Runs an agent whose question gets this choice, or none, and answers what it printed, did and left on the server. */
async function play({ name, message, before }: Case, choice: string | null) {
  await using server = await serveBinary();
  const create = ["keys", "create", "--name", "executor", "--mode", "test", "--scopes", "receipts:consume", "--json"];
  const executor = JSON.parse((await server.run(...create)).stdout);
  const folder = folderWith({ "contract.txt": "We agree.\n" });
  const transfers: unknown[] = [];
  const bank = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: async (request) => {
      transfers.push(await request.json());
      return new Response();
    },
  });
  using staging = new Database(join(folder, "staging.db"));
  staging.run("CREATE TABLE records (id INTEGER PRIMARY KEY, stale INTEGER)");
  staging.run(
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 14500) INSERT INTO records SELECT i, i <= 14000 FROM n",
  );
  const did: Readonly<Record<Case["name"], () => number>> = {
    wire: () => transfers.length,
    campaign: () => (existsSync(join(folder, "outgoing")) ? readdirSync(join(folder, "outgoing")).length : 0),
    purge: () => staging.query<{ n: number }, []>("SELECT count(*) AS n FROM records").get()?.n ?? -1,
    contract: () => Number(existsSync(join(folder, "contract.sig"))),
  };
  try {
    const env = environment({
      PAUSEPOINT_URL: server.url,
      PAUSEPOINT_API_KEY: server.key,
      PAUSEPOINT_EXECUTOR_KEY: executor.key,
      PAUSEPOINT_MODE: "test",
      BANK_URL: bank.url.href,
    });
    const running = run([process.execPath, join(examples, `${name}.ts`)], folder, env);
    let isOver = false;
    void running.then(() => {
      isOver = true;
    });
    let asked: { pause_id: string; message: string } | undefined;
    while (asked === undefined) {
      const over = isOver;
      asked = (await server.call("/v1/pause")).body.data[0];
      if (over && asked === undefined) throw new Error(`it ended without a question: ${(await running).stderr}`);
      await Bun.sleep(10); // the example's interpreter is still starting
    }
    expect({ asked: asked.message, did: did[name]() }).toEqual({ asked: message, did: before });
    if (choice === null) await server.call(`/v1/test/pause/${asked.pause_id}/expire`, { method: "POST" });
    else expect((await server.choose(await server.link(asked.pause_id), choice)).status).toBe(303);
    const { stdout, stderr } = await running;
    const { data } = (await server.call(`/v1/audit?pause_id=${asked.pause_id}&type=receipt.consumed`)).body;
    return { said: stdout + stderr, did: did[name](), consumed: data.length };
  } finally {
    await bank.stop(true);
    rmSync(folder, { recursive: true });
  }
}

for (const one of cases) {
  const test = testNeeding("dist/pausepoint", "examples/use-cases/node_modules");
  describe(`the agent of the ${one.name}`, () => {
    test("acts on a person's approval, its receipt consumed", async () => {
      expect(await play(one, one.yes)).toEqual({ said: "done\n", did: one.after, consumed: 1 });
    });
    test("does not act on a refusal, nor on silence", async () => {
      for (const choice of [one.no, null])
        expect(await play(one, choice)).toEqual({ said: "not done\n", did: one.before, consumed: 0 });
    });
  });
}
