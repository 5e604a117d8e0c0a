/** A gateway that was reached and did not answer: nobody knows whether it took the text. */
import { afterEach, describe, expect, test } from "bun:test";
import { type AddressInfo, connect, createServer } from "node:net";
import type { OutgoingMessage } from "../../../src/channels/channel.ts";
import { createHttpGatewayChannel } from "../../../src/channels/http-gateway/index.ts";
import { createKannelChannel } from "../../../src/channels/kannel/index.ts";
import { createNtfyChannel } from "../../../src/channels/ntfy/index.ts";
import { type Clock, systemClock } from "../../../src/platform/clock.ts";
import { kannelSchema } from "../../../src/platform/config/kannel.ts";
import { ntfySchema } from "../../../src/platform/config/ntfy.ts";
import { message, settings } from "./stage.ts";

const running: { stop(): unknown }[] = [];
afterEach(async () => {
  for (const part of running.splice(0).reverse()) await part.stop();
});

/** Fifty times as fast as it is: a second's patience is over in a moment. */
const quick: Clock = { now: Date.now, after: (ms, callback) => systemClock.after(ms / 50, callback) };

/** Reads requests, and does to each connection what it is told to. */
async function startMute(then: "hang up" | "say nothing") {
  let requests = 0;
  const sockets = new Set<{ destroy(): void }>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("data", () => {
      requests++;
      if (then === "hang up") socket.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  running.push({
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get requests() {
      return requests;
    },
  };
}

const LISTENS = `
import socket, time
server = socket.socket()
server.bind(("127.0.0.1", 0))
server.listen(0)
print(server.getsockname()[1], flush=True)
time.sleep(600)
`;

/** A port whose queue of connections is full, so that the system lets every further one hang, as a firewall does. */
async function startFull(): Promise<string> {
  const child = Bun.spawn(["python3", "-c", LISTENS], { stdout: "pipe", stderr: "inherit" });
  const { value } = await child.stdout.getReader().read();
  const port = Number(new TextDecoder().decode(value));
  const fillers = Array.from({ length: 8 }, () => connect({ host: "127.0.0.1", port }).on("error", () => {}));
  await Promise.all(fillers.slice(0, 1).map((filler) => new Promise((resolve) => filler.once("connect", resolve))));
  running.push({
    async stop() {
      for (const filler of fillers) filler.destroy();
      child.kill("SIGKILL");
      await child.exited;
    },
  });
  return `http://127.0.0.1:${port}`;
}

const common = { timeoutSeconds: 2 };
const channels = {
  gateway: (url: string, more = {}) =>
    createHttpGatewayChannel(settings({ url, body: { json: { text: "{{text}}" } }, ...common, ...more }), {
      clock: quick,
    }),
  kannel: (url: string) =>
    createKannelChannel(kannelSchema.parse({ kind: "kannel", url, username: "pp", password: "secret", ...common }), {
      clock: quick,
    }),
  ntfy: (url: string) => createNtfyChannel(ntfySchema.parse({ kind: "ntfy", url, ...common }), { clock: quick }),
} as const;

const never = new AbortController().signal;
const text = (changes: Partial<OutgoingMessage> = {}): OutgoingMessage => ({ ...message, ...changes });

describe.each(["hang up", "say nothing"] as const)("peers that take a request and %s", (then) => {
  test.each(["gateway", "kannel", "ntfy"] as const)("get it once more, and never a third time: %s", async (kind) => {
    const peer = await startMute(then);
    const channel = channels[kind](peer.url);
    const first = await channel.send(text(), never);
    // A tenth of what the question has left: a peer that is being restarted comes back meanwhile.
    expect(first).toMatchObject({ outcome: "retry", retryAfterMs: 93_000 });
    expect(first).toHaveProperty(
      "error",
      expect.stringContaining("it may have taken the text, which is sent once more"),
    );
    expect(await channel.send(text(), never)).toMatchObject({
      outcome: "failed",
      error: expect.stringContaining("it may have arrived"),
    });
    expect(peer.requests).toBe(2);
    // Another text is another matter.
    expect(await channel.send(text({ deliveryId: "dlv_2" }), never)).toMatchObject({ outcome: "retry" });
  });
});

test("the wait before the second time is between half a minute and five", async () => {
  const peer = await startMute("hang up");
  const channel = channels.gateway(peer.url);
  const waits: unknown[] = [];
  for (const [deliveryId, validForSeconds] of [
    ["dlv_1", 60],
    ["dlv_2", 86_400],
    ["dlv_3", null],
  ] as const)
    waits.push(await channel.send(text({ deliveryId, validForSeconds }), never));
  expect(waits).toMatchObject([{ retryAfterMs: 30_000 }, { retryAfterMs: 300_000 }, { retryAfterMs: 300_000 }]);
});

test("a gateway that is given an id that it knows again is asked as long as the question lasts", async () => {
  const peer = await startMute("hang up");
  const channel = channels.gateway(peer.url, { idempotencyHeader: "Idempotency-Key" });
  for (let attempt = 1; attempt <= 4; attempt++)
    expect(await channel.send(text(), never)).toMatchObject({ outcome: "retry", retryAfterMs: null });
  expect(peer.requests).toBe(4);
});

test("a host that takes no connection has taken no text either, however often it is tried", async () => {
  const channel = channels.gateway(await startFull());
  for (let attempt = 1; attempt <= 3; attempt++) {
    const result = await channel.send(text(), never);
    expect(result).toMatchObject({ outcome: "retry", isChannelDown: true, error: "the gateway cannot be reached" });
  }
});

test("an attempt that is stopped raises no doubt that would give the text up", async () => {
  const peer = await startMute("say nothing");
  const channel = channels.gateway(peer.url, { timeoutSeconds: 120 });
  for (let attempt = 1; attempt <= 3; attempt++)
    expect(await channel.send(text(), AbortSignal.timeout(20))).toMatchObject({ outcome: "retry", retryAfterMs: null });
});
