/** What leaves the building: to peers on loopback, beside receivers that are dead. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Pause } from "../../src/pauses/index.ts";
import { noAiosmtpd, startAiosmtpd } from "../../test/peers/aiosmtpd.ts";
import { startDead } from "../../test/peers/dead.ts";
import { type Receiver, startReceiver } from "../../test/peers/receiver.ts";
import { startSlack } from "../../test/peers/slack.ts";
import { startTwilioPeer } from "../../test/peers/twilio.ts";
import { type Figure, figure, quantile } from "./figures.ts";
import { startProcess } from "./server.ts";

/** How much is done. */
export interface WebhookExtent {
  /** Messages over each channel, and rounds over the good receivers. */
  readonly times: number;
  /** Pauses that end together, each told to 50 endpoints of one receiver. */
  readonly ends: number;
}

const ENDPOINTS = 50;
const GOOD = 10;
const DEAD = 200;
const BOT = "xoxb-000000000000-bench";
const PERSON = { id: "U012AB3CD", email: "cfo@example.com", name: "Chief Financial Officer" };

/** Measures all of it on one server of `executable`, over a data folder of its own in `folder`. */
export async function* webhooks(executable: string, folder: string, extent: WebhookExtent): AsyncGenerator<Figure> {
  await using peers = await Peers.start();
  const server = await startServer(executable, folder, peers);
  try {
    const live = new Client(server.url, server.key("live", "default"));
    for (const { name, recipient, channel, accepted } of peers.channels(extent.times)) {
      const took: number[] = [];
      for (let time = 0; time < extent.times; time++) {
        const startedAt = performance.now();
        const at = accepted().then(() => performance.now());
        await live.ask({ recipient: recipient(time), channel });
        took.push((await at) - startedAt);
      }
      yield* quantiles(`create to ${name}'s acceptance`, took);
    }

    const [receiver] = peers.good;
    const burst = new Client(server.url, server.key("test", "burst"));
    yield await deliveriesPerSecond(burst, receiver as Receiver, extent.ends);

    const test = new Client(server.url, server.key("test", "default"));
    await endToReceiver(test, peers.good, 1);
    const alone = await endToReceiver(test, peers.good, extent.times);
    yield* quantiles("a pause's end to its webhook's receiver", alone);
    const dead = await startDead(DEAD);
    try {
      await Promise.all(dead.urls.flatMap((url) => [test.end(url), test.end(url), test.end(url)]));
      while (dead.hanging < dead.holding / 2) await Bun.sleep(5);
      const beside = await endToReceiver(test, peers.good, extent.times);
      for (const [share, name, target] of [
        [0.5, "p50", { most: 2 }],
        [0.99, "p99", null],
      ] as const) {
        const [with200, without] = [quantile(beside, share), quantile(alone, share)];
        const from = { beside_ms: with200, alone_ms: without };
        yield figure(`the same beside ${DEAD} dead receivers ÷ alone, ${name}`, with200 / without, "", target, from);
      }
    } finally {
      await dead.stop();
    }
  } finally {
    await server.stop();
  }
}

function quantiles(name: string, took: readonly number[]): Figure[] {
  return [figure(`${name}, p50`, quantile(took, 0.5), "ms"), figure(`${name}, p99`, quantile(took, 0.99), "ms")];
}

/** From the first end of many to the last arrival. */
async function deliveriesPerSecond(client: Client, receiver: Receiver, ends: number): Promise<Figure> {
  for (let index = 0; index < ENDPOINTS; index++) {
    await client.call("/v1/webhooks", { url: `${receiver.url}/${index}` });
  }
  const pauses = await Promise.all(Array.from({ length: ends }, () => client.ask({})));
  const wanted = receiver.requests.length + ends * ENDPOINTS;
  const startedAt = performance.now();
  await Promise.all(pauses.map(({ pause_id }) => client.call(`/v1/pause/${pause_id}/cancel`, {})));
  while (receiver.requests.length < wanted) await Bun.sleep(1);
  const seconds = (performance.now() - startedAt) / 1000;
  return figure("webhooks to one receiver", (ends * ENDPOINTS) / seconds, "per second", null, { seconds });
}

/** Milliseconds from the request that ends a pause to the whole webhook: one for each round and receiver. */
async function endToReceiver(client: Client, receivers: readonly Receiver[], rounds: number): Promise<number[]> {
  const took: number[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const receiver of receivers) {
      const { pause_id } = await client.ask({ webhook_url: receiver.url });
      const seen = receiver.requests.length;
      const startedAt = performance.now();
      await client.call(`/v1/pause/${pause_id}/cancel`, {});
      while (receiver.requests.length === seen) await new Promise((resolve) => setImmediate(resolve));
      took.push(performance.now() - startedAt);
    }
  }
  return took;
}

class Client {
  constructor(
    readonly url: string,
    readonly key: string,
  ) {}

  async call(path: string, body: object): Promise<unknown> {
    const headers = { authorization: `Bearer ${this.key}`, "content-type": "application/json" };
    const response = await fetch(`${this.url}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`${response.status} to ${path}: ${await response.text()}`);
    return await response.json();
  }

  async ask(wanted: object): Promise<Pause> {
    const body = { recipient: "+13128471928", channel: "sms", message: "Wire $48,200?", timeout_hours: 1, ...wanted };
    return (await this.call("/v1/pause", body)) as Pause;
  }

  /** A pause that ends at once, told to `url`. */
  async end(url: string): Promise<void> {
    const { pause_id } = await this.ask({ webhook_url: url });
    await this.call(`/v1/pause/${pause_id}/cancel`, {});
  }
}

/** Everybody that the server talks to. */
class Peers implements AsyncDisposable {
  private constructor(
    readonly twilio: Awaited<ReturnType<typeof startTwilioPeer>>,
    readonly slack: Awaited<ReturnType<typeof startSlack>>,
    /** Null where Python has no aiosmtpd. */
    readonly relay: Awaited<ReturnType<typeof startAiosmtpd>> | null,
    readonly good: readonly Receiver[],
  ) {}

  static async start(): Promise<Peers> {
    return new Peers(
      await startTwilioPeer(),
      await startSlack({ botToken: BOT, users: [PERSON], channels: [] }),
      noAiosmtpd === null ? await startAiosmtpd() : null,
      await Promise.all(Array.from({ length: GOOD }, () => startReceiver())),
    );
  }

  /** Each channel: whom the nth message goes to, and when it was taken. */
  channels(times: number) {
    const { twilio, slack, relay } = this;
    const number = (n: number) => `+1312847${String(1_000 + (n % (8_999 - times))).padStart(4, "0")}`;
    return [
      { name: "Twilio", channel: "sms", recipient: number, accepted: () => twilio.nextMessage() as Promise<unknown> },
      { name: "Slack", channel: "slack", recipient: () => PERSON.id, accepted: () => slack.nextMessage() },
      ...(relay === null
        ? []
        : [
            {
              name: "a mail relay",
              channel: "email",
              recipient: (n: number) => `person${n}@example.com`,
              accepted: () => relay.nextMail(),
            },
          ]),
    ];
  }

  /** The configuration that leads to them. */
  get config(): string {
    const { twilio, slack, relay } = this;
    const { accountSid, authToken, url: apiBase } = twilio;
    const channels = [
      `sms: twilio(${JSON.stringify({ accountSid, authToken, from: "+15005550006", apiBase })})`,
      `slack: slack(${JSON.stringify({ botToken: BOT, signingSecret: "0".repeat(32), apiBase: slack.apiBase })})`,
      ...(relay === null
        ? []
        : [`email: smtp(${JSON.stringify({ url: `smtp://127.0.0.1:${relay.port}`, from: "approve@example.com" })})`]),
    ];
    return `import { defineConfig, slack, smtp, twilio } from "pausepoint/config";
export default defineConfig({
  channels: { ${channels.join(", ")} },
  webhooks: { allowNetworks: ["127.0.0.0/8"] },
  // The same few addresses are asked all the time.
  limits: { messagesPerHour: null, requestsPerSecond: null },
  log: { level: "error" },
});
`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.twilio, this.slack, this.relay, ...this.good].map((peer) => peer?.stop()));
  }
}

async function startServer(executable: string, folder: string, peers: Peers) {
  const own = join(folder, "webhooks");
  mkdirSync(own, { recursive: true });
  const config = join(own, "pausepoint.config.ts");
  writeFileSync(config, peers.config);
  const where = ["--config", config, "--data", join(own, "data")];
  const server = await startProcess([executable, "serve", ...where, "--port", "0", "--json"]);
  return {
    url: server.url,
    stop: () => server.stop(),
    /** A new key, made beside the server. */
    key(mode: "live" | "test", project: string): string {
      const wanted = ["--name", "bench", "--mode", mode, "--project", project];
      const made = Bun.spawnSync([executable, "keys", "create", ...wanted, ...where], { stderr: "pipe" });
      if (made.exitCode !== 0) throw new Error(made.stderr.toString());
      return made.stdout.toString().trim();
    },
  };
}
