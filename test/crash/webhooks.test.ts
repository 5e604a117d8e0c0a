import { expect, test } from "bun:test";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as after } from "node:timers/promises";
import { Webhook } from "standardwebhooks";
import { openForReading } from "../../src/storage/index.ts";
import { type ReceivedRequest, type Receiver, startReceiver } from "../peers/receiver.ts";
import { run } from "../support/binary.ts";
import { temporaryFolder } from "../support/database.ts";
import { program } from "../support/program.ts";
import { chancesOf } from "./load.ts";
import { type RunningServer, startServer } from "./server.ts";

const PAUSES = 1_000;
const CLIENTS = 16;
const KILLS = 3;
const FAIL_SHARE = 0.3;
/** Attempts under way at one receiver: what a kill can cut there. */
const UNDER_WAY = 8;

/** A webhook's delivery as the API shows it. */
interface Delivery {
  readonly id: string;
  readonly webhook_id: string | null;
  readonly pause_id: string;
  readonly type: string;
  readonly status: string;
  readonly attempts: readonly {
    readonly at: string;
    readonly status: number | null;
    readonly latency_ms: number | null;
    readonly error: string | null;
    readonly body: string | null;
  }[];
}

test("a server killed thrice tells every receiver of every pause, and its log agrees with what they saw", async () => {
  const seed = Number(process.env.KILL_SEED ?? Math.floor(Math.random() * 2 ** 32));
  console.log(`seed ${seed}; again with KILL_SEED=${seed}`);
  await using fire = await Fire.light(seed);
  const ended = await fire.endPauses();
  await fire.quiet();
  expect(fire.kills).toBe(KILLS);

  const told = { own: 0, all: 0, some: 0 };
  let [attempts, cut] = [0, 0];
  const events = new Map<string, string>();
  const ofEndpoint = { all: await fire.deliveriesTo("all"), some: await fire.deliveriesTo("some") };
  for (const { id, type, hasUrl } of ended) {
    const expected = (["own", "all", "some"] as const).filter((name) => fire.hears(name, type, hasUrl));
    const deliveries = await fire.deliveriesOf(id);
    const seen = fire.seen(id);
    expect([...seen.keys()].sort()).toEqual([...expected].sort());
    expect(deliveries.map((delivery) => fire.receiverOf(delivery)).sort()).toEqual([...expected].sort());
    for (const delivery of deliveries) {
      const name = fire.receiverOf(delivery);
      if (name !== "own") expect(ofEndpoint[name].get(delivery.id)).toEqual(delivery);
      const requests = seen.get(name) ?? [];
      told[name]++;
      attempts += delivery.attempts.length;
      // Sent, and the server was dead before it could write down what came of it.
      const lost = requests.length - delivery.attempts.length;
      cut += lost;
      expect(lost).toBeWithin(0, KILLS + 1);
      expect(delivery).toMatchObject({ pause_id: id, type, status: "delivered" });
      expectAgreement(delivery, requests);
      for (const request of requests) {
        fire.verify(name, request);
        expect(JSON.parse(request.body.toString())).toMatchObject({ type, data: { pause_id: id } });
        // One event, one id, whoever hears of it and however often.
        expect(events.get(request.webhookId) ?? id).toBe(id);
        events.set(request.webhookId, id);
      }
    }
  }
  expect(events.size).toBe(ended.length);
  expect(fire.receivers.live.requests).toEqual([]);
  for (const name of ["all", "some"] as const) expect(ofEndpoint[name].size).toBe(told[name]);
  expect(cut).toBeLessThanOrEqual(KILLS * 3 * UNDER_WAY);
  expect(await fire.command("audit", "verify")).toMatchObject({ status: 0, stderr: "" });
  const deliveries = told.own + told.all + told.some;
  console.log(
    `${ended.length} pauses, ${deliveries} deliveries in ${attempts + cut} attempts, ${cut} of them cut by ${KILLS} kills`,
  );
}, 300_000);

/** Attempt by attempt, what the log says is what the receiver did; those cut by a kill are missing between them. */
function expectAgreement({ attempts }: Delivery, requests: readonly ReceivedRequest[]): void {
  let next = 0;
  for (const attempt of attempts) {
    while (next < requests.length && requests[next]?.status !== attempt.status) next++;
    // Not found: the log tells of something that the receiver never did.
    expect(next).toBeLessThan(requests.length);
    next++;
    expect(attempt.latency_ms).toBeGreaterThanOrEqual(0);
    expect(Buffer.byteLength(attempt.body ?? "")).toBeLessThanOrEqual(1024);
    const isSuccess = attempt.status === 204;
    expect(attempt.error === null).toBe(isSuccess);
    if (attempt.status === 500) expect(attempt.body).toBe("something broke");
    if (attempt.status === null) expect(attempt.body).toBeNull();
  }
  expect(attempts.at(-1)?.status).toBe(204);
}

/** `own`: the `webhook_url` of half of the pauses; `all`, `some`: endpoints; `live`: one of the other world. */
type Name = "own" | "all" | "some";

interface Ended {
  readonly id: string;
  readonly type: string;
  readonly hasUrl: boolean;
}

const SOME = ["pause.cancelled", "pause.timed_out"];

/** A server that is killed again and again, receivers that fail, and clients that go on until all is done. */
class Fire implements AsyncDisposable {
  kills = 0;
  readonly #chance;
  readonly #secrets = new Map<Name, Webhook>();
  readonly #endpoints = new Map<string, Name>();
  #server: Promise<RunningServer>;
  #key = "";
  #seen: Map<string, Map<Name, ReceivedRequest[]>> | null = null;

  private constructor(
    readonly folder: string,
    readonly receivers: Readonly<Record<Name | "live", Receiver>>,
    seed: number,
  ) {
    this.#chance = chancesOf(seed);
    this.#server = this.#start();
  }

  static async light(seed: number): Promise<Fire> {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "data"));
    // Enough attempts that chance alone leaves none failed for good.
    const retrySeconds = new Array(20).fill(1);
    const webhooks = { allowNetworks: ["127.0.0.0/8"], retrySeconds };
    const settings = JSON.stringify({ webhooks, log: { level: "error" } });
    const text = `import { defineConfig } from "pausepoint/config";\nexport default defineConfig(${settings});\n`;
    writeFileSync(join(folder, "pausepoint.config.ts"), text);
    const receiver = (more: number) => startReceiver({ failShare: FAIL_SHARE, seed: seed + more });
    const receivers = { own: await receiver(1), all: await receiver(2), some: await receiver(3) };
    const fire = new Fire(folder, { ...receivers, live: await startReceiver() }, seed);
    fire.#key = (await fire.#server).testKey ?? "";
    await fire.#addEndpoints();
    return fire;
  }

  /** Asks and ends a thousand pauses while the server is killed. */
  async endPauses(): Promise<Ended[]> {
    const ended: Ended[] = [];
    let asked = 0;
    const client = async () => {
      while (asked < PAUSES) ended.push(await this.#endOne(asked++));
    };
    await Promise.all([this.#killNowAndThen(), ...Array.from({ length: CLIENTS }, client)]);
    return ended;
  }

  /** Resolves once nothing waits to be sent; the limit of the test is the limit of that. */
  async quiet(): Promise<void> {
    const reading = openForReading(join(this.folder, "data"));
    const left = reading.prepare("SELECT count(*) FROM deliveries WHERE status IN ('queued', 'sending')").pluck();
    while (left.get() !== 0) await after(20);
    reading.close();
  }

  hears(name: Name, type: string, hasUrl: boolean): boolean {
    return name === "all" || (name === "own" ? hasUrl : SOME.includes(type));
  }

  receiverOf({ webhook_id }: Delivery): Name {
    return webhook_id === null ? "own" : (this.#endpoints.get(webhook_id) ?? "own");
  }

  /** What each receiver got of a pause, oldest first. */
  seen(pauseId: string): ReadonlyMap<Name, readonly ReceivedRequest[]> {
    this.#seen ??= this.#sorted();
    return this.#seen.get(pauseId) ?? new Map();
  }

  /** Throws unless the library of Standard Webhooks takes the request for genuine. */
  verify(name: Name, { body, headers }: ReceivedRequest): void {
    this.#secrets.get(name)?.verify(body.toString(), headers as Record<string, string>);
  }

  async deliveriesOf(pauseId: string): Promise<Delivery[]> {
    const { data } = (await this.#call(`/v1/pause/${pauseId}/deliveries`)).body;
    return data.filter(({ kind }: { kind: string }) => kind === "webhook");
  }

  /** All that was sent to an endpoint, by id. */
  async deliveriesTo(name: Name): Promise<Map<string, Delivery>> {
    const id = [...this.#endpoints].find(([, each]) => each === name)?.[0];
    const found = new Map<string, Delivery>();
    for (let cursor = ""; ; ) {
      const { body } = await this.#call(`/v1/webhooks/${id}/deliveries?limit=100${cursor}`);
      for (const delivery of body.data) found.set(delivery.id, delivery);
      if (body.next_cursor === null) return found;
      cursor = `&cursor=${body.next_cursor}`;
    }
  }

  /** Runs a command beside the server. */
  command(...args: string[]) {
    return run([...program, ...args, "--data", join(this.folder, "data")], this.folder);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#server).kill();
    await Promise.all(Object.values(this.receivers).map((receiver) => receiver.stop()));
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #addEndpoints(): Promise<void> {
    const add = async (url: string, events: readonly string[] | null, key = this.#key) =>
      (await this.#call("/v1/webhooks", { url, events }, key)).body;
    for (const [name, events] of [
      ["all", null],
      ["some", SOME],
    ] as const) {
      const { id, secret } = await add(this.receivers[name].url, events);
      this.#endpoints.set(id, name);
      this.#secrets.set(name, new Webhook(secret));
    }
    this.#secrets.set("own", new Webhook((await this.#call("/v1/webhooks/default-secret")).body.secret));
    const live = await this.command("keys", "create", "--name", "live", "--mode", "live");
    await add(this.receivers.live.url, null, live.stdout.trim());
  }

  /** One pause to its end, answered, cancelled, or by the clock. A request that a kill cut is made again. */
  async #endOne(number: number): Promise<Ended> {
    const hasUrl = number % 2 === 0;
    const body = {
      recipient: "+13128471928",
      channel: "sms",
      message: `Question ${number}`,
      ...(hasUrl ? { webhook_url: `${this.receivers.own.url}/hooks/${number}` } : {}),
    };
    const { pause_id: id } = (await this.#call("/v1/pause", body, this.#key, `key-${number}`)).body;
    const lot = this.#chance();
    if (lot < 0.4) await this.#call(`/v1/test/pause/${id}/respond`, { choice: "Approve" });
    else if (lot < 0.7) await this.#call(`/v1/pause/${id}/cancel`, {});
    else await this.#call(`/v1/test/pause/${id}/expire`, {});
    // The truth, also where the answer was lost with the server.
    const { status } = (await this.#call(`/v1/pause/${id}`)).body;
    expect(status).not.toBe("pending");
    return { id, type: `pause.${status}`, hasUrl };
  }

  /** Each time the receivers have seen so many requests as the seed says, in the midst of what is under way. */
  async #killNowAndThen(): Promise<void> {
    const { own, all, some } = this.receivers;
    for (let seen = 0; this.kills < KILLS; ) {
      seen += 50 + Math.floor(this.#chance() * 400);
      while (own.requests.length + all.requests.length + some.requests.length < seen) await after(1);
      const server = await this.#server;
      const killed = server.kill();
      this.#server = killed.then(() => this.#start());
      await this.#server;
      this.kills++;
    }
  }

  #start(): Promise<RunningServer> {
    const config = `PAUSEPOINT_CONFIG=${join(this.folder, "pausepoint.config.ts")}`;
    return startServer(["env", config, ...program], join(this.folder, "data"));
  }

  // biome-ignore lint/suspicious/noExplicitAny: a test says by its expectations what it takes the answer to be
  async #call(path: string, body?: object, key = this.#key, idempotencyKey?: string): Promise<{ body: any }> {
    for (;;) {
      const server = await this.#server;
      try {
        const response = await fetch(`${server.url}${path}`, {
          method: body === undefined ? "GET" : "POST",
          headers: {
            authorization: `Bearer ${key}`,
            "content-type": "application/json",
            ...(idempotencyKey === undefined ? {} : { "idempotency-key": idempotencyKey }),
          },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        });
        const answer = await response.json();
        // 409: the request before was cut, and had ended the pause.
        if (!response.ok && response.status !== 409) throw new Strange(JSON.stringify(answer));
        return { body: answer };
      } catch (error) {
        if (error instanceof Strange) throw error;
        await after(5);
      }
    }
  }

  #sorted(): Map<string, Map<Name, ReceivedRequest[]>> {
    const sorted = new Map<string, Map<Name, ReceivedRequest[]>>();
    for (const name of ["own", "all", "some"] as const) {
      for (const request of this.receivers[name].requests) {
        const id: string = JSON.parse(request.body.toString()).data.pause_id;
        const ofPause = sorted.get(id) ?? new Map<Name, ReceivedRequest[]>();
        ofPause.set(name, [...(ofPause.get(name) ?? []), request]);
        sorted.set(id, ofPause);
      }
    }
    return sorted;
  }
}

/** The server answered, but not as it should. */
class Strange extends Error {}
