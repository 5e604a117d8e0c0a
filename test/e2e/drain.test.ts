/** How the executable stops: what it goes on doing, what it refuses, and that nothing of it is lost or done twice. */
import { afterEach, describe, expect, setDefaultTimeout } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { verifyLive } from "../../src/audit/index.ts";
import { openForReading } from "../../src/storage/index.ts";
import { type GatewayPeer, startGateway } from "../peers/gateway.ts";
import { type BinaryServer, Started, serveBinary } from "../support/binary.ts";
import { eventually } from "../support/eventually.ts";
import { testNeeding } from "../support/needs.ts";

const test = testNeeding("dist/pausepoint");
setDefaultTimeout(60_000);

const peers: GatewayPeer[] = [];
afterEach(async () => {
  for (const peer of peers.splice(0)) await peer.stop();
});

interface Stage {
  readonly server: BinaryServer;
  readonly live: string;
  readonly gateway: GatewayPeer;
  /** Lets the gateway answer what it was asked, and from now on at once. */
  release(): void;
}

/** A server whose texts go to a gateway that says nothing until it is told to. */
async function withSlowGateway(shutdown: string): Promise<Stage> {
  const gateway = startGateway();
  peers.push(gateway);
  const gate = Promise.withResolvers<void>();
  gateway.answer = async () => {
    await gate.promise;
    return Response.json({ messages: [{ id: "msg-1" }] });
  };
  const config = `import { defineConfig, httpGateway } from "pausepoint/config";
    export default defineConfig({ ${shutdown} channels: { sms: httpGateway({
      url: "${gateway.url}/send", body: (m) => ({ to: m.to, text: m.text }) }) } });`;
  const server = await serveBinary({ files: { "pausepoint.config.ts": config } });
  const made = await server.run("keys", "create", "--name", "agent", "--mode", "live", "--json");
  return { server, live: JSON.parse(made.stdout).key, gateway, release: gate.resolve };
}

const taken = (gateway: GatewayPeer, count: number) =>
  eventually(
    () => gateway.requests.length,
    (length) => length >= count,
  );

/** Resolves once the server says that it is stopping. */
const stopping = (server: BinaryServer) =>
  eventually(
    async () => (await server.call("/readyz", { key: "" })).status,
    (status) => status === 503,
  );

const linkIn = (gateway: GatewayPeer, at = 0) => {
  const { text } = gateway.requests[at]!.body as { text: string };
  return new URL(/https?:\S+/.exec(text)?.[0] ?? "").pathname;
};

describe("a server that was told to stop while a text is being sent", () => {
  test("refuses new pauses with 503, serves everything else, tells who waits, and ends with 0 once the text is out", async () => {
    const { server, live, gateway, release } = await withSlowGateway("shutdown: { graceSeconds: 30 },");
    const first = await server.ask({}, live);
    await taken(gateway, 1);
    const waiting = server.call(`/v1/pause/${first.pause_id}?wait=60`, { key: live });
    const other = await server.ask({ message: "Deploy build 4712?" }, live);
    const unanswered = server.call(`/v1/pause/${other.pause_id}?wait=60`, { key: live });
    // A later request on another connection is answered: those before it have been taken.
    await server.call("/readyz", { key: "" });
    const ended = server.process.stop();
    await stopping(server);

    const refused = await server.call("/v1/pause", {
      key: live,
      json: { recipient: "+13128471928", channel: "sms", message: "x" },
    });
    expect(refused).toMatchObject({ status: 503, body: { type: "/problems/unavailable" } });
    expect(refused.headers.get("retry-after")).toBe("5");
    expect(refused.headers.get("content-type")).toBe("application/problem+json");
    expect((await server.call("/healthz", { key: "" })).status).toBe(200);
    expect((await server.call("/v1/pause", { key: live })).body.data).toHaveLength(2);
    const call = {
      jsonrpc: "2.0",
      id: 1,
      method: "tools/call",
      params: { name: "create_pause_request", arguments: { recipient: "+13128471928", channel: "sms", message: "x" } },
    };
    const accept = { accept: "application/json, text/event-stream" };
    const overMcp = await server.call("/mcp", { key: live, json: call, headers: accept });
    expect(JSON.stringify(overMcp.body)).toContain("stopping");

    // Whoever holds the phone decides meanwhile, and whoever waits for it hears of it.
    expect((await server.choose(linkIn(gateway), "Approve")).status).toBe(303);
    expect((await waiting).body).toMatchObject({ status: "responded", response_choice: "Approve" });
    release();
    expect(await ended).toBe(0);
    expect((await unanswered).body).toMatchObject({ status: "pending" });

    // The one text was sent once; the other was never handed over, or finished: neither is lost.
    const again = new Started(["serve", "--port", "0", "--json"], server.folder);
    await again.line();
    await taken(gateway, 2);
    expect(await again.stop()).toBe(0);
    const texts = gateway.requests.map(({ body }) => (body as { text: string }).text);
    expect(new Set(texts).size).toBe(texts.length);
    expect(texts).toHaveLength(2);
    rmSync(server.folder, { recursive: true, force: true });
  });

  test("is done within the time it was given, and what it cut off is due again", async () => {
    const { server, live, gateway, release } = await withSlowGateway("shutdown: { graceSeconds: 2 },");
    await server.ask({}, live);
    await taken(gateway, 1);
    const began = performance.now();
    expect(await server.process.stop()).toBe(0);
    const took = performance.now() - began;
    expect(took).toBeGreaterThan(1_000);
    expect(took).toBeLessThan(25_000);
    release();
    const again = new Started(["serve", "--port", "0", "--json"], server.folder);
    await again.line();
    await taken(gateway, 2);
    expect(await again.stop()).toBe(0);
    rmSync(server.folder, { recursive: true, force: true });
  });

  test("ends at once at a second signal", async () => {
    const { server, live, gateway } = await withSlowGateway("shutdown: { graceSeconds: 600 },");
    await server.ask({}, live);
    await taken(gateway, 1);
    const ended = server.process.stop();
    await stopping(server);
    process.kill(server.process.pid, "SIGTERM");
    expect(await ended).toBe(143);
    rmSync(server.folder, { recursive: true, force: true });
  });

  test("announces it for as long as it was told to, before it closes the door", async () => {
    await using server = await serveBinary({
      files: { "pausepoint.config.ts": "export default { shutdown: { graceSeconds: 4, announceSeconds: 2 } };" },
    });
    const began = performance.now();
    const ended = server.process.stop();
    await stopping(server);
    expect((await server.call("/healthz")).status).toBe(200);
    expect(await ended).toBe(0);
    expect(performance.now() - began).toBeGreaterThan(1_900);
  });
});

describe("a server that is told to stop under load, ten times", () => {
  test("loses nothing that it has acknowledged and sends no text twice", async () => {
    const gateway = startGateway();
    peers.push(gateway);
    gateway.answer = async () => {
      await Bun.sleep(5);
      return Response.json({ messages: [{ id: "msg-1" }] });
    };
    const config = `import { defineConfig, httpGateway } from "pausepoint/config";
      export default defineConfig({
        limits: { messagesPerHour: null, requestsPerSecond: null },
        channels: { sms: httpGateway({
          url: "${gateway.url}/send", body: (m) => ({ to: m.to, text: m.text }) }) } });`;
    const server = await serveBinary({ files: { "pausepoint.config.ts": config } });
    const made = await server.run("keys", "create", "--name", "agent", "--mode", "live", "--json");
    const live: string = JSON.parse(made.stdout).key;
    const acknowledged: string[] = [];
    const statuses = new Map<number | string, number>();
    let { process: running, url } = server;
    for (let round = 0; round < 10; round++) {
      const goal = acknowledged.length + 30;
      const client = async (name: number) => {
        for (let n = 0; ; n++) {
          const message = `Question ${round}.${name}.${n}`;
          const status = await fetch(`${url}/v1/pause`, {
            method: "POST",
            headers: { authorization: `Bearer ${live}`, "content-type": "application/json" },
            body: JSON.stringify({ recipient: "+13128471928", channel: "sms", message }),
          }).then(
            async (response) => {
              await response.arrayBuffer();
              return response.status;
            },
            () => "closed" as const,
          );
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
          if (status === "closed") return;
          if (status === 201) acknowledged.push(message);
        }
      };
      const clients = Array.from({ length: 4 }, (_, name) => client(name));
      await eventually(
        () => acknowledged.length,
        (count) => count >= goal,
      );
      expect(await running.stop()).toBe(0);
      await Promise.all(clients);
      running = new Started(["serve", "--port", "0", "--json"], server.folder);
      url = JSON.parse(await running.line()).url;
    }
    await taken(gateway, acknowledged.length);
    expect(await running.stop()).toBe(0);
    const texts = gateway.requests.map(({ body }) => /Question \S+/.exec((body as { text: string }).text)?.[0] ?? "");
    expect(texts.sort()).toEqual(acknowledged.sort());
    expect([...statuses.keys()].filter((status) => ![201, 503, "closed"].includes(status))).toEqual([]);
    const database = openForReading(join(server.folder, ".pausepoint"));
    expect(verifyLive(database).fault).toBeNull();
    database.close();
    console.log(`${acknowledged.length} acknowledged over ten stops, ${statuses.get(503) ?? 0} refused with 503`);
    rmSync(server.folder, { recursive: true, force: true });
  });
});
