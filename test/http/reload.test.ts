/** What a reload puts in force, part by part, and what it leaves alone. */
import { afterEach, describe, expect, test } from "bun:test";
import { reloadable } from "../../src/app/reload.ts";
import { httpGatewaySchema } from "../../src/platform/config/http-gateway.ts";
import type { LoadedConfig } from "../../src/platform/config/load.ts";
import { type GatewayPeer, startGateway } from "../peers/gateway.ts";
import { type Appliance, startAppliance } from "../support/appliance.ts";
import { HOUR } from "../support/database.ts";
import { eventually } from "../support/eventually.ts";
import { EventReader } from "./event-reader.ts";
import { expectInvalid, expectProblem } from "./problem.ts";

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

async function appliance(change?: (config: LoadedConfig) => LoadedConfig): Promise<Appliance> {
  const started = await startAppliance(change);
  stops.push(() => started.stop());
  return started;
}

/** Puts a changed configuration in force. */
const reload = (at: Appliance, change: Partial<LoadedConfig>) => at.app.reload({ ...at.config, ...change });

const claims = (receipt: string) => JSON.parse(Buffer.from(receipt.split(".")[1] ?? "", "base64url").toString());

function gateway(): GatewayPeer {
  const peer = startGateway();
  stops.push(() => peer.stop());
  return peer;
}

const smsTo = ({ url }: GatewayPeer) => ({
  channels: {
    sms: httpGatewaySchema.parse({
      kind: "httpGateway",
      url: `${url}/send`,
      body: (m: { to: string }) => ({ to: m.to }),
    }),
  } as LoadedConfig["channels"],
  channelsConfigured: true,
});

describe("a reload puts in force", () => {
  test("the time limit of new pauses, and leaves that of pending ones", async () => {
    const at = await appliance();
    const { pause_id } = await at.ask(at.keys.test);
    await reload(at, { timeoutHours: 1 });
    const shorter = await at.ask(at.keys.test);
    expect(Date.parse(shorter.expires_at) - at.clock.now()).toBe(HOUR);
    at.clock.turn(2 * HOUR);
    await eventually(
      async () => (await at.pause(at.keys.test, shorter.pause_id)).status,
      (status) => status === "timed_out",
    );
    expect((await at.pause(at.keys.test, pause_id)).status).toBe("pending");
  });

  test("how a project appears, on pages of questions from before too", async () => {
    const at = await appliance();
    const [message] = await at.messages(await at.ask(at.keys.test));
    const page = async () => (await at.call(message!.link)).text;
    expect(await page()).not.toContain("Meridian");
    const project = { displayName: "Meridian", logo: null, accent: null, timeZone: "UTC", retention: null };
    await reload(at, { projects: { default: project } });
    expect(await page()).toContain("Meridian");
  });

  test("how long a receipt holds", async () => {
    const at = await appliance();
    const answered = async () => {
      const { pause_id } = await at.ask(at.keys.test);
      const { body } = await at.post(`/v1/test/pause/${pause_id}/respond`, at.keys.test, { choice: "Approve" });
      const { iat, exp } = claims(body.receipt);
      return exp - iat;
    };
    expect(await answered()).toBe(24 * 3600);
    await reload(at, { receipts: { validHours: 2 } });
    expect(await answered()).toBe(2 * 3600);
  });

  test("which private networks webhooks may reach", async () => {
    const at = await appliance((config) => ({ ...config, webhooksConfigured: true }));
    const ask = () =>
      at.post("/v1/pause", at.keys.test, {
        ...{ recipient: "+13128471928", channel: "sms", message: "?" },
        webhook_url: "http://10.1.2.3/told",
      });
    expectInvalid(await ask(), "/webhook_url");
    await reload(at, { webhooks: { ...at.config.webhooks, allowNetworks: ["10.0.0.0/8"] }, webhooksConfigured: true });
    expect((await ask()).status).toBe(201);
  });

  test("what messages links start with, and the address under which MCP is reached", async () => {
    const at = await appliance();
    await reload(at, { baseUrl: "https://approve.example.com", baseUrlConfigured: true });
    const [message] = await at.messages(await at.ask(at.keys.test));
    expect(message!.link).toStartWith("https://approve.example.com/r/");
    const initialize = { jsonrpc: "2.0", id: 1, method: "ping" };
    const from = (host: string) =>
      at.post("/mcp", at.keys.test, initialize, {
        origin: `https://${host}`,
        accept: "application/json, text/event-stream",
      });
    expect((await from("approve.example.com")).status).not.toBe(403);
    expectProblem(await from("elsewhere.example.com"), "other-site");
  });

  test("a channel that was added, another address of one, and that one is gone", async () => {
    const [one, two] = [gateway(), gateway()];
    const at = await appliance();
    const sent = (peer: GatewayPeer, count: number) =>
      eventually(
        () => peer.requests.length,
        (length) => length === count,
      );
    await reload(at, smsTo(one));
    await at.ask(at.keys.live);
    await sent(one, 1);
    await reload(at, smsTo(two));
    await at.ask(at.keys.live);
    await sent(two, 1);
    expect(one.requests).toHaveLength(1);

    // What can be carried by nothing any more is told as failed, as a start tells it.
    two.answer = () => new Response("later", { status: 503 });
    const { pause_id } = await at.ask(at.keys.live);
    await sent(two, 2);
    await reload(at, { channels: {}, channelsConfigured: true });
    const { delivery } = await at.pause(at.keys.live, pause_id);
    expect(delivery[0]).toMatchObject({ status: "failed", error: "the channel sms is no longer configured" });
  });
});

describe("a reload leaves alone", () => {
  test("who waits, who listens, and the idempotency of what was asked before", async () => {
    const at = await appliance();
    const headers = { "idempotency-key": "once" };
    const asked = { recipient: "+13128471928", channel: "sms", message: "?" };
    const { body } = await at.post("/v1/pause", at.keys.test, asked, headers);
    const reader = await EventReader.open(at.url, at.keys.test);
    const waiting = at.get(`/v1/pause/${body.pause_id}?wait=60`, at.keys.test);
    await at.held(1);
    await reload(at, { timeoutHours: 1 });
    expect(at.app.waiting).toBe(1);
    expect(at.app.listening).toBe(1);
    const again = await at.post("/v1/pause", at.keys.test, asked, headers);
    expect(again.headers.get("idempotent-replayed")).toBe("true");
    await at.post(`/v1/test/pause/${body.pause_id}/respond`, at.keys.test, { choice: "Approve" });
    expect((await waiting).body.status).toBe("responded");
    expect((await reader.take(1))[0]).toMatchObject({ event: "pause.responded" });
    reader.cut();
    expect(at.faultInLog()).toBeNull();
  });

  test("a text that is on its way: it is not cut off, and not sent a second time", async () => {
    const peer = gateway();
    const gate = Promise.withResolvers<void>();
    peer.answer = async () => {
      await gate.promise;
      return Response.json({ id: "1" });
    };
    const at = await appliance((config) => ({ ...config, ...smsTo(peer) }));
    const { pause_id } = await at.ask(at.keys.live);
    await eventually(
      () => peer.requests.length,
      (length) => length === 1,
    );
    const reloading = reload(at, { ...smsTo(peer), timeoutHours: 1 });
    // Time enough for another queue to take it up, if there were one.
    for (let turn = 0; turn < 50; turn++) await at.get("/v1/pause", at.keys.live);
    gate.resolve();
    await reloading;
    expect((await at.pause(at.keys.live, pause_id)).delivery[0]).toMatchObject({ status: "sent" });
    expect(peer.requests).toHaveLength(1);
  });

  test("what takes a restart, which it names: and that is all of it", async () => {
    const at = await appliance();
    const { listen, log, dataDir } = at.config;
    const change = {
      listen: { ...listen, port: 9 },
      log: { ...log, level: "debug" as const },
      dataDir: `${dataDir}-2`,
    };
    expect(await reload(at, change)).toEqual({ restart: ["listen", "dataDir", "log"] });
    expect(await reload(at, {})).toEqual({ restart: [] });
    const { config } = reloadable(at.config, { ...at.config, ...change, timeoutHours: 7 });
    expect(config).toEqual({ ...at.config, timeoutHours: 7 });
  });

  test("everything, where the server is stopping", async () => {
    const at = await appliance();
    const stopped = at.app.stop();
    await expect(reload(at, { timeoutHours: 1 })).rejects.toThrow("stopping");
    await stopped;
    stops.length = 0;
  });
});
