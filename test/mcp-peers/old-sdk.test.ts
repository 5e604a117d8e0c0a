import { afterAll, beforeAll, describe, expect } from "bun:test";
import { join } from "node:path";
import { type Appliance, question, startAppliance } from "../support/appliance.ts";
import { environment } from "../support/binary.ts";
import { pathOf } from "../support/needs.ts";
import { type OldClient, oldClient, oldHttp, oldStdio, peerTest, type TaskMessage } from "./peers.ts";

const source = [process.execPath, join(import.meta.dir, "../../src/main.ts")];
const programs = { source: () => source, executable: () => [pathOf("dist/pausepoint")] };

let appliance: Appliance;
beforeAll(async () => {
  appliance = await startAppliance();
});
afterAll(() => appliance.stop());

const transports = {
  HTTP: () => oldHttp(appliance.url, appliance.keys.test),
  stdio: () => stdio(programs.source()),
  "stdio, of the executable": () => stdio(programs.executable()),
};

function stdio(program: readonly string[]): Promise<object> {
  const env = environment({ PAUSEPOINT_URL: appliance.url, PAUSEPOINT_API_KEY: appliance.keys.test });
  return oldStdio(program, env as Record<string, string>);
}

/** The structured result, which the SDK has held against the schema that the tool lists. */
async function use(client: OldClient, name: string, args: Record<string, unknown> = {}) {
  const { isError, structuredContent } = await client.callTool({ name, arguments: args });
  expect(isError).not.toBe(true);
  // biome-ignore lint/suspicious/noExplicitAny: what is expected of it says what it is
  return structuredContent as any;
}

async function tap(pauseId: string, choice: string) {
  const [message] = await appliance.messages({ pause_id: pauseId, recipient: "" });
  expect((await appliance.choose(message!.link, choice)).status).toBe(303);
}

describe.each(Object.entries(transports))("the SDK of 2025-11-25 over %s", (_, transport) => {
  peerTest("uses all five tools", async () => {
    const client = await oldClient(await transport());
    const { tools } = await client.listTools();
    expect(tools.map(({ execution }) => execution?.taskSupport)).toEqual(["optional", ...Array(4).fill(undefined)]);
    const asked = await use(client, "create_pause_request", question());
    const waiting = use(client, "poll_pause_request", { pause_id: asked.pause_id });
    await tap(asked.pause_id, "Approve");
    expect(await waiting).toMatchObject({ response_choice: "Approve", response_source: "human" });
    const { pause_id } = await use(client, "create_pause_request", question());
    expect(await use(client, "cancel_pause_request", { pause_id })).toMatchObject({ status: "cancelled" });
    const listed = await use(client, "list_pause_requests", { limit: 2 });
    expect(listed.data.map((pause: { status: string }) => pause.status)).toEqual(["cancelled", "responded"]);
    expect((await use(client, "get_audit_log", { pause_id })).data[0].type).toBe("pause.created");
    await client.close();
  });

  peerTest(
    "asks as a task, whose id is the pause's and whose result is the answer",
    async () => {
      const client = await oldClient(await transport());
      const seen: TaskMessage[] = [];
      let pauseId = "";
      const params = { name: "create_pause_request", arguments: question() };
      for await (const message of client.experimental.tasks.callToolStream(params, undefined, { task: {} })) {
        seen.push(message);
        if (message.type !== "taskCreated") continue;
        pauseId = message.task.taskId;
        expect(message.task).toMatchObject({ status: "working" });
        await tap(pauseId, "Reject");
      }
      const last = seen.at(-1);
      expect(last?.type === "result" && last.result.structuredContent).toMatchObject({
        pause_id: pauseId,
        response_choice: "Reject",
      });
      expect(await client.experimental.tasks.getTask(pauseId)).toMatchObject({ status: "completed", ttl: null });
      await expect(client.experimental.tasks.cancelTask(pauseId)).rejects.toThrow("ended before");
      await client.close();
    },
    120_000,
  );

  peerTest("withdraws the question with the task", async () => {
    const client = await oldClient(await transport());
    const { pause_id } = await use(client, "create_pause_request", question());
    expect(await client.experimental.tasks.getTask(pause_id)).toMatchObject({ taskId: pause_id, status: "working" });
    expect(await client.experimental.tasks.cancelTask(pause_id)).toMatchObject({ status: "cancelled" });
    expect((await appliance.pause(appliance.keys.test, pause_id)).status).toBe("cancelled");
    await expect(client.experimental.tasks.getTask("pause_1")).rejects.toThrow("not-found");
    await client.close();
  });
});
