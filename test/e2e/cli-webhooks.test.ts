import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Webhook } from "standardwebhooks";
import { type RunningServer, startServer } from "../crash/server.ts";
import { type ReceivedRequest, type Receiver, startReceiver } from "../peers/receiver.ts";
import { folderWith, type Ran, run } from "../support/binary.ts";
import { program } from "../support/program.ts";

/** Loopback as an operator's own network, and no retry: what fails has failed for good. */
const CONFIG = `import { defineConfig } from "pausepoint/config";
export default defineConfig({ webhooks: { allowNetworks: ["127.0.0.0/8"], retrySeconds: [] }, log: { level: "error" } });`;

/** A server with one receiver, and the commands of an operator beside it. */
class Operated implements AsyncDisposable {
  private constructor(
    readonly folder: string,
    readonly server: RunningServer,
    readonly receiver: Receiver,
  ) {}

  static async open(): Promise<Operated> {
    const folder = folderWith({ "pausepoint.config.ts": CONFIG });
    const config = `PAUSEPOINT_CONFIG=${join(folder, "pausepoint.config.ts")}`;
    const server = await startServer(["env", config, ...program], join(folder, "data"));
    return new Operated(folder, server, await startReceiver());
  }

  /** `pausepoint webhooks …` beside the server. */
  webhooks(...args: string[]): Promise<Ran> {
    return this.command("webhooks", ...args, "--data", "data");
  }

  /** What a command prints as JSON; it must succeed. */
  // biome-ignore lint/suspicious/noExplicitAny: a test says by its expectations what it takes the answer to be
  async json(...args: string[]): Promise<any> {
    const { status, stdout, stderr } = await this.webhooks(...args, "--json");
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    return JSON.parse(stdout);
  }

  command(...args: string[]): Promise<Ran> {
    return run([...program, ...args], this.folder);
  }

  // biome-ignore lint/suspicious/noExplicitAny: as above
  async call(path: string, body?: object, method = body === undefined ? "GET" : "POST"): Promise<any> {
    const response = await fetch(`${this.server.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${this.server.testKey}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return response.json();
  }

  endpoint(body: object = {}): Promise<{ id: string; secret: string }> {
    return this.call("/v1/webhooks", { url: `${this.receiver.url}/ledger`, ...body });
  }

  /** A pause that ends at once; answers what the receiver got of it. */
  async endOne(more: object = {}): Promise<ReceivedRequest> {
    const body = { recipient: "+13128471928", channel: "sms", message: "Pay?", ...more };
    const { pause_id } = await this.call("/v1/pause", body);
    await this.call(`/v1/test/pause/${pause_id}/respond`, { choice: "Approve" });
    return await this.receiver.nextRequest();
  }

  /** An end that the receiver fails; resolves once it is written down. */
  async failOne(more: object = {}): Promise<{ id: string; pause_id: string; request: ReceivedRequest }> {
    this.receiver.behave({ status: 500 });
    const request = await this.endOne(more);
    const { pause_id } = JSON.parse(request.body.toString()).data;
    return { ...(await this.settled(pause_id, "failed")), pause_id, request };
  }

  /** The webhook of a pause, once it has this status; the limit of the test is the limit of that. */
  async settled(pauseId: string, status: string): Promise<{ id: string }> {
    for (;;) {
      const { data } = await this.call(`/v1/pause/${pauseId}/deliveries`);
      const found = data.find(
        (one: { kind: string; status: string }) => one.kind === "webhook" && one.status === status,
      );
      if (found !== undefined) return found;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.stop();
    await this.receiver.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

let operated: Operated;
beforeEach(async () => {
  operated = await Operated.open();
});
afterEach(() => operated[Symbol.asyncDispose]());

describe("webhooks list", () => {
  test("shows the endpoints of every project and mode, or of those asked for, and no secret", async () => {
    const { id, secret } = await operated.endpoint({ events: ["pause.cancelled"] });
    const row = { id, project: "default", mode: "test", status: "enabled", events: ["pause.cancelled"] };
    expect((await operated.json("list")).data).toMatchObject([row]);
    expect((await operated.json("list", "--mode", "live")).data).toEqual([]);
    expect((await operated.json("list", "--project", "other")).data).toEqual([]);
    await operated.call(`/v1/webhooks/${id}`, { status: "disabled" }, "PATCH");
    const { stdout } = await operated.webhooks("list");
    expect(stdout).toMatch(new RegExp(`^ID .*\\n${id} .*/ledger .*pause\\.cancelled .*disabled: .+\\n$`));
    expect(stdout).not.toContain(secret);
  }, 120_000);
});

describe("webhooks deliveries", () => {
  test("shows what has failed first, with the last error, and each attempt as JSON", async () => {
    const { id } = await operated.endpoint();
    const failed = await operated.failOne();
    const later = JSON.parse((await operated.endOne()).body.toString()).data.pause_id;
    await operated.settled(later, "delivered");
    const { data } = await operated.json("deliveries");
    expect(data).toMatchObject([
      {
        id: failed.id,
        webhook_id: id,
        pause_id: failed.pause_id,
        type: "pause.responded",
        status: "failed",
        last_error: "the receiver answered 500",
        attempts: [{ status: 500 }],
      },
      { pause_id: later, status: "delivered", last_error: null, attempts: [{ status: 204, error: null }] },
    ]);
    const { stdout } = await operated.webhooks("deliveries", "--limit", "1");
    expect(stdout.split("\n").slice(1)).toEqual([
      expect.stringMatching(/^dlv_.* failed .* the receiver answered 500$/),
      "",
    ]);
    expect((await operated.json("deliveries", "--mode", "live")).data).toEqual([]);
  }, 120_000);

  test("of one endpoint leaves out the others", async () => {
    const { id } = await operated.endpoint({ events: ["pause.cancelled"] });
    await operated.failOne({ webhook_url: operated.receiver.url });
    expect((await operated.json("deliveries", "--webhook", id)).data).toEqual([]);
    expect((await operated.json("deliveries")).data).toMatchObject([{ webhook_id: null, status: "failed" }]);
  }, 120_000);
});

describe("webhooks redeliver", () => {
  test("has the running server send what had failed again, and what had arrived", async () => {
    const failed = await operated.failOne({ webhook_url: operated.receiver.url });
    expect(await operated.webhooks("redeliver", failed.id)).toEqual({
      status: 0,
      stdout: `${failed.id} is queued again.\n`,
      stderr: "",
    });
    const again = await operated.receiver.nextRequest();
    expect({ id: again.webhookId, status: again.status }).toEqual({ id: failed.request.webhookId, status: 204 });
    await operated.settled(failed.pause_id, "delivered");
    expect(await operated.json("redeliver", failed.id)).toEqual({ redelivered: [failed.id] });
    expect((await operated.receiver.nextRequest()).webhookId).toBe(failed.request.webhookId);
  }, 120_000);

  test("with --failed sends all that has failed at an endpoint, and nothing else", async () => {
    const { id } = await operated.endpoint();
    const failed = [await operated.failOne(), await operated.failOne()];
    await operated.endOne();
    const done = await operated.json("redeliver", "--failed", "--webhook", id);
    expect(done).toEqual({ redelivered: failed.map((each) => each.id) });
    const again = [await operated.receiver.nextRequest(), await operated.receiver.nextRequest()];
    expect(again.map(({ webhookId }) => webhookId).sort()).toEqual(
      failed.map(({ request }) => request.webhookId).sort(),
    );
    for (const { pause_id } of failed) await operated.settled(pause_id, "delivered");
    expect((await operated.webhooks("redeliver", "--failed", "--webhook", id)).stdout).toBe(
      "0 deliveries are queued again.\n",
    );
    expect(operated.receiver.requests).toHaveLength(5);
  }, 120_000);

  test("says why it can't, with status 1", async () => {
    const { id } = await operated.endpoint();
    const failed = await operated.failOne();
    await operated.call(`/v1/webhooks/${id}`, { status: "disabled" }, "PATCH");
    for (const [args, says] of [
      [["dlv_none"], "There is no delivery dlv_none of a webhook; pausepoint webhooks deliveries shows them.\n"],
      [[failed.id], `${failed.id} was not queued again. Its endpoint is disabled or deleted; enable it first.\n`],
      [["--failed", "--webhook", "whk_none"], "There is no webhook whk_none; pausepoint webhooks list shows them.\n"],
      [["--failed", "--webhook", id], `${id} is disabled (it was disabled by request); enable it first.\n`],
    ] as const) {
      expect(await operated.webhooks("redeliver", ...args)).toEqual({ status: 1, stdout: "", stderr: says });
    }
  }, 120_000);
});

describe("webhooks rotate-secret", () => {
  test("prints the new secret alone; what is sent from then on is signed with both, and the log tells of it", async () => {
    const { id, secret: old } = await operated.endpoint();
    const { stdout, status } = await operated.webhooks("rotate-secret", id);
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringMatching(/^whsec_\S+\n$/) });
    expect(stdout.trim()).not.toBe(old);
    await expectSignedBy(await operated.endOne(), [stdout.trim(), old]);
    const { data } = await operated.call("/v1/audit?type=webhook.secret_rotated");
    expect(data).toMatchObject([{ actor: { type: "operator", id: null }, data: { webhook_id: id } }]);
    expect(await operated.command("audit", "verify", "--data", "data")).toMatchObject({ status: 0 });
  }, 120_000);

  test("of a project's default secret holds for webhook_url, in the mode that is named", async () => {
    const before = await operated.call("/v1/webhooks/default-secret");
    const rotated = await operated.json("rotate-secret", "--default", "--mode", "test");
    expect(rotated).toEqual({ project: "default", mode: "test", secret: expect.stringMatching(/^whsec_/) });
    expect((await operated.call("/v1/webhooks/default-secret")).secret).toBe(rotated.secret);
    const request = await operated.endOne({ webhook_url: operated.receiver.url });
    await expectSignedBy(request, [rotated.secret, before.secret]);
    const unknown = await operated.webhooks("rotate-secret", "--default", "--mode", "test", "--project", "other");
    expect(unknown).toMatchObject({
      status: 1,
      stdout: "",
      stderr: expect.stringContaining("The project other has no"),
    });
  }, 120_000);
});

async function expectSignedBy({ headers, body }: ReceivedRequest, secrets: readonly string[]): Promise<void> {
  for (const secret of secrets) new Webhook(secret).verify(body.toString(), headers as Record<string, string>);
  expect(headers["webhook-signature"]?.split(" ")).toHaveLength(secrets.length);
}

test("a wrong command line ends with 2, and a folder without a database is told so and stays empty", async () => {
  for (const args of [
    ["redeliver"],
    ["redeliver", "--failed"],
    ["redeliver", "--webhook", "whk_x"],
    ["redeliver", "dlv_x", "--failed"],
    ["rotate-secret"],
    ["rotate-secret", "whk_x", "--default"],
    ["rotate-secret", "--default"],
    ["list", "--mode", "staging"],
    ["deliveries", "--limit", "0"],
    ["deliveries", "--limit", "many"],
  ]) {
    const { status, stdout, stderr } = await operated.webhooks(...args);
    expect({ args, status, stdout, stderr }).toEqual({
      args,
      status: 2,
      stdout: "",
      stderr: expect.stringMatching(/^.+\n/),
    });
  }
  const empty = folderWith();
  for (const args of [["list"], ["deliveries"], ["redeliver", "dlv_x"], ["rotate-secret", "whk_x"]]) {
    const refused = await run([...program, "webhooks", ...args], empty);
    expect(refused).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/^There is no PausePoint database in .*\.\n$/),
    });
  }
  expect(readdirSync(empty)).toEqual([]);
  rmSync(empty, { recursive: true, force: true });
}, 120_000);
