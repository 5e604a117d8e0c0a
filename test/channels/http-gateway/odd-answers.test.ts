/** What no gateway should answer, and some do: it ends in plain words, is kept within bounds, and the next text goes out. */
import { afterEach, describe, expect, test } from "bun:test";
import { createHttpGatewayChannel } from "../../../src/channels/http-gateway/index.ts";
import { createKannelChannel } from "../../../src/channels/kannel/index.ts";
import { createNtfyChannel } from "../../../src/channels/ntfy/index.ts";
import { systemClock } from "../../../src/platform/clock.ts";
import { kannelSchema } from "../../../src/platform/config/kannel.ts";
import { ntfySchema } from "../../../src/platform/config/ntfy.ts";
import { message, settings, untilStopped } from "./stage.ts";

const running: { stop(): unknown }[] = [];
afterEach(async () => {
  for (const part of running.splice(0).reverse()) await part.stop();
});

function answering(answer: () => Response | Promise<Response>) {
  const asked: string[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    async fetch(request) {
      asked.push(new URL(request.url).pathname);
      await request.text();
      return await answer();
    },
  });
  running.push({ stop: () => server.stop(true) });
  return { url: `http://127.0.0.1:${server.port}`, asked };
}

const JSON_BODY = { json: { text: "{{text}}" } };
const channels = {
  gateway: (url: string, more = {}) => createHttpGatewayChannel(settings({ url, body: JSON_BODY, ...more })),
  kannel: (url: string) =>
    createKannelChannel(
      kannelSchema.parse({ kind: "kannel", url: `${url}/sendsms`, username: "pp", password: "secret" }),
    ),
  ntfy: (url: string) => createNtfyChannel(ntfySchema.parse({ kind: "ntfy", url }), { clock: systemClock }),
} as const;
type Kind = keyof typeof channels;

const question = {
  ...{ project: "PausePoint", message: "Refund?", options: ["Approve", "Reject"], details: [] },
  ...{ expiresAt: 1_900_000_000_000, timeoutDefault: null, timeZone: "UTC", isTest: false },
};
const send = (kind: Kind, url: string) =>
  channels[kind](url).send({ ...message, to: kind === "ntfy" ? "topic-1" : message.to, question }, untilStopped);

const PAGE = "\n<!DOCTYPE html>\n<html><title>Sign in to the network</title></html>";
const page = () => new Response(PAGE, { headers: { "content-type": "text/html; charset=utf-8" } });
const MEGABYTE = 1_000_000;

/** A body of that many bytes, made as it is read. */
function long(bytes: number) {
  const chunk = new Uint8Array(50_000).fill(0x61);
  const state = { made: 0 };
  const body = () =>
    new ReadableStream({
      async pull(controller) {
        if (state.made >= bytes) controller.close();
        else controller.enqueue(chunk);
        state.made += chunk.length;
        await new Promise((resolve) => setImmediate(resolve));
      },
    });
  return { state, answer: () => new Response(body(), { status: 200 }) };
}

describe("an answer", () => {
  test.each([
    ["gateway", "sent"],
    ["kannel", "failed"],
  ] as const)("of 200 and nothing else: %s", async (kind, outcome) => {
    const { url } = answering(() => new Response(null, { status: 200 }));
    expect(await send(kind, url)).toMatchObject({ outcome, status: 200, excerpt: null });
  });

  test.each([
    ["gateway", "a web page answers in the gateway's place (HTTP 200); check `url`"],
    ["kannel", "the answer (HTTP 200) is none of Kannel's; check `url`"],
  ] as const)("that is a web page is no success, and is not sent again: %s", async (kind, words) => {
    const { url } = answering(page);
    expect(await send(kind, url)).toMatchObject({ outcome: "failed", error: expect.stringContaining(words) });
  });

  test("that is a web page is one where the operator has named it so", async () => {
    const { url } = answering(page);
    const told = (success: object) => channels.gateway(url, { success }).send(message, untilStopped);
    expect(await told({ status: [200] })).toMatchObject({ outcome: "sent" });
    expect(await told({ bodyMatches: "Sign in" })).toMatchObject({ outcome: "sent" });
    expect(await told({ bodyMatches: "^OK" })).toMatchObject({ outcome: "failed" });
  });

  test.each(["gateway", "kannel", "ntfy"] as const)("that leads elsewhere is not followed: %s", async (kind) => {
    const { url, asked } = answering(() => new Response(null, { status: 307, headers: { location: "/elsewhere" } }));
    const words = kind === "ntfy" ? "something other than an ntfy server answered (HTTP 307)" : "redirect (HTTP 307)";
    expect(await send(kind, url)).toMatchObject({ outcome: "retry", error: expect.stringContaining(words) });
    expect(asked).toHaveLength(1);
    expect(asked).not.toContain("/elsewhere");
  });

  test.each(["gateway", "kannel", "ntfy"] as const)("of 10 MB is left after its first 64 kB: %s", async (kind) => {
    const { state, answer } = long(10 * MEGABYTE);
    const { url } = answering(answer);
    const { excerpt } = await send(kind, url);
    expect((excerpt ?? "").length).toBeLessThanOrEqual(300);
    // What was on its way when it was left fills the sockets' buffers.
    expect(state.made).toBeLessThan(9 * MEGABYTE);
  });

  test("of 10 MB, fifty times, leaves the memory flat", async () => {
    const { url } = answering(() => long(10 * MEGABYTE).answer());
    const channel = channels.gateway(url);
    const memory: number[] = [];
    for (let round = 0; round < 50; round++) {
      await channel.send(message, untilStopped);
      Bun.gc(true);
      memory.push(process.memoryUsage().rss);
    }
    expect(memory.at(-1)! - memory[9]!).toBeLessThan(60 * MEGABYTE);
  }, 120_000);

  test("that unpacks to a thousand times its size is left as well", async () => {
    const bomb = Bun.gzipSync(new Uint8Array(100 * MEGABYTE));
    const { url } = answering(() => new Response(bomb, { headers: { "content-encoding": "gzip" } }));
    const before = process.memoryUsage().rss;
    expect(await send("gateway", url)).toMatchObject({ outcome: "sent" });
    expect(process.memoryUsage().rss - before).toBeLessThan(60 * MEGABYTE);
  });

  test("whose body never ends is judged by its head, in time", async () => {
    const body = () =>
      new ReadableStream({
        start: (controller) => controller.enqueue(new TextEncoder().encode("0: Acc")),
      });
    const { url } = answering(() => new Response(body(), { status: 202 }));
    const timeoutSeconds = 1;
    expect(await channels.gateway(url, { timeoutSeconds }).send(message, untilStopped)).toMatchObject({
      outcome: "sent",
      status: 202,
      excerpt: null,
    });
  });
});
