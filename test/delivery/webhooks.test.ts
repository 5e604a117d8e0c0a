import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { Webhook } from "standardwebhooks";
import { selfSigned } from "../peers/certificates.ts";
import { type Behaviour, type ReceivedRequest, type Receiver, startReceiver } from "../peers/receiver.ts";
import { type Answer, type Appliance, startAppliance } from "../support/appliance.ts";
import { DAY, HOUR, MINUTE } from "../support/database.ts";
import { eventually } from "../support/eventually.ts";

const SECOND = 1_000;
/** `webhooks.retrySeconds` by default. */
const SCHEDULE = [5, 300, 1_800, 7_200, 18_000, 36_000, 36_000];

/** A webhook's delivery as the API shows it. */
interface Delivery {
  readonly id: string;
  readonly kind: string;
  readonly webhook_id: string | null;
  readonly type: string;
  readonly status: string;
  readonly attempts: readonly {
    readonly at: string;
    readonly status: number | null;
    readonly latency_ms: number | null;
    readonly error: string | null;
    readonly body: string | null;
  }[];
  readonly next_attempt_at: string | null;
}

let appliance: Appliance;
let receiver: Receiver;
let key: string;
beforeEach(async () => {
  appliance = await startAppliance();
  receiver = await startReceiver();
  key = appliance.keys.test;
});
afterEach(async () => {
  expect(appliance.faultInLog()).toBeNull();
  await receiver.stop();
  const stopped = appliance.stop();
  appliance.clock.turn(MINUTE);
  await stopped;
});

/** A pause that has ended; answers its id. */
async function end(wanted: object = {}, by = key): Promise<string> {
  const { pause_id } = await appliance.ask(by, { ...wanted });
  if (by === appliance.keys.live) await appliance.post(`/v1/pause/${pause_id}/cancel`, by);
  else await appliance.post(`/v1/test/pause/${pause_id}/respond`, by, { choice: "Approve" });
  return pause_id;
}

/** An ended pause whose own `webhook_url` is the receiver's. */
const endTelling = (url = receiver.url) => end({ webhook_url: url });

async function webhookOf(pauseId: string): Promise<Delivery | undefined> {
  const { body } = await appliance.get(`/v1/pause/${pauseId}/deliveries`, key);
  return (body.data as Delivery[]).find(({ kind }) => kind === "webhook");
}

/** The pause's webhook once it has had so many attempts and none is under way; not a moment passes meanwhile. */
async function after(attempts: number, pauseId: string): Promise<Delivery> {
  return until(
    pauseId,
    (one) => one.attempts.length === attempts && (one.status !== "pending" || one.next_attempt_at !== null),
  );
}

async function until(pauseId: string, holds: (one: Delivery) => boolean): Promise<Delivery> {
  const look = () => {
    appliance.clock.turn(0);
    return webhookOf(pauseId);
  };
  const found = await eventually(look, (one) => one !== undefined && holds(one));
  return found as Delivery;
}

/** Turns the clock to a delivery's next attempt, and answers the wait before it in seconds. */
function turnToNext({ attempts, next_attempt_at }: Delivery): number {
  const next = Date.parse(next_attempt_at ?? "");
  const last = Date.parse(attempts.at(-1)?.at ?? "");
  appliance.clock.turn(next - appliance.clock.now());
  return (next - last) / SECOND;
}

async function endpoint(body: object = {}): Promise<{ id: string; secret: string }> {
  return (await appliance.post("/v1/webhooks", key, { url: receiver.url, ...body })).body;
}

const shown = async (id: string) => (await appliance.get(`/v1/webhooks/${id}`, key)).body;
const redeliver = (id: string): Promise<Answer> => appliance.post(`/v1/deliveries/${id}/redeliver`, key);
const change = (id: string, body: object) => appliance.call(`/v1/webhooks/${id}`, { key, method: "PATCH", body });

/** Whether this secret has made one of a request's signatures, by the library of Standard Webhooks. */
function isSignedBy(secret: string, { headers, webhookId, body }: ReceivedRequest): boolean {
  const sentAt = new Date(Number(headers["webhook-timestamp"]) * SECOND);
  const signature = new Webhook(secret).sign(webhookId, sentAt, body.toString());
  return headers["webhook-signature"]?.split(" ").includes(signature) ?? false;
}

describe("a receiver in trouble", () => {
  const troubles: [string, Behaviour, number | null, string][] = [
    ["answers 500", { status: 500, body: "x".repeat(5_000) }, 500, "the receiver answered 500"],
    ["resets the connection", { trouble: "reset" }, null, "the connection was closed before a whole answer came"],
    ["sends headers without end", { trouble: "endless headers" }, null, "the head of the answer is longer than 16 kB"],
    ["breaks off in a success", { trouble: "cut body" }, null, "the connection was closed before a whole answer came"],
  ];
  for (const [what, behaviour, status, error] of troubles) {
    test(`that ${what} is tried again, and the log says why`, async () => {
      receiver.behave(behaviour);
      const pause = await endTelling();
      const failed = await after(1, pause);
      expect(failed).toMatchObject({ status: "pending", attempts: [{ status, error }] });
      expect(Buffer.byteLength(failed.attempts[0]?.body ?? "")).toBeLessThanOrEqual(1024);
      turnToNext(failed);
      expect(await after(2, pause)).toMatchObject({
        status: "delivered",
        attempts: [{}, { status: 204, error: null }],
      });
      const [first, second] = receiver.requests;
      expect(first?.webhookId).toBe(second?.webhookId ?? "");
      expect(JSON.parse(first?.body.toString() ?? "")).toEqual(JSON.parse(second?.body.toString() ?? ""));
    });
  }

  test("that hangs is given up after fifteen seconds", async () => {
    receiver.behave({ trouble: "hang" });
    const pause = await endTelling();
    await receiver.nextRequest();
    appliance.clock.turn(15 * SECOND - 1);
    expect((await webhookOf(pause))?.attempts).toEqual([]);
    appliance.clock.turn(1);
    expect(await after(1, pause)).toMatchObject({
      status: "pending",
      attempts: [{ status: null, latency_ms: 15_000, error: "no whole answer within 15 s", body: null }],
    });
  });

  test("that hangs now and then holds up no retry while there is room for one more", async () => {
    receiver.behave({ status: 500 });
    receiver.behave({ trouble: "hang" }, 5);
    const pause = await endTelling();
    const failed = await after(1, pause);
    for (let hanging = 1; hanging <= 5; hanging++) {
      await endTelling();
      while (receiver.requests.length <= hanging) await nextTurn();
    }
    turnToNext(failed);
    // Taken up at its own time, before anything else would have the queue look again.
    for (let turn = 0; turn < 20; turn++) await nextTurn();
    expect((await webhookOf(pause))?.next_attempt_at).toBeNull();
    expect((await after(2, pause)).status).toBe("delivered");
    expect(receiver.open).toBe(5);
  });

  test("that has a certificate nobody vouches for is not told, and the log says so", async () => {
    const secure = await startReceiver({ tls: selfSigned({ addresses: ["127.0.0.1"] }) });
    try {
      const failed = await after(1, await endTelling(secure.url));
      expect(failed.attempts).toMatchObject([
        { status: null, error: expect.stringContaining("certificate is not trusted") },
      ]);
      expect(secure.requests).toEqual([]);
    } finally {
      await secure.stop();
    }
  });

  test("that redirects to this very machine is not followed", async () => {
    const inside = await startReceiver();
    try {
      receiver.behave({ status: 307, headers: { Location: `http://localhost:${inside.port}/` } });
      const failed = await after(1, await endTelling());
      expect(failed.attempts).toMatchObject([
        { status: 307, error: "the receiver redirects (307), which is not followed" },
      ]);
      expect(inside.connections).toBe(0);
    } finally {
      await inside.stop();
    }
  });

  test("that answers with ten megabytes, two hundred times, costs no memory", async () => {
    receiver.behave({ trouble: "flood" }, 200);
    Bun.gc(true);
    const before = process.memoryUsage.rss();
    const pauses = await Promise.all(Array.from({ length: 200 }, () => endTelling()));
    const deliveries = await Promise.all(pauses.map((pause) => after(1, pause)));
    Bun.gc(true);
    for (const { status, attempts } of deliveries) {
      expect({ status, body: attempts[0]?.body }).toEqual({ status: "delivered", body: "a".repeat(1024) });
    }
    // Two gigabytes were offered; this much a process may well vary by.
    expect(process.memoryUsage.rss() - before).toBeLessThan(200 * 1024 * 1024);
  }, 120_000);
});

describe("the schedule", () => {
  test("waits as configured, a fifth more or less, and then the delivery has failed", async () => {
    receiver.behave({ status: 500 }, 100);
    const pause = await endTelling();
    for (const [index, seconds] of SCHEDULE.entries()) {
      const wait = turnToNext(await after(index + 1, pause));
      expect(wait).toBeGreaterThanOrEqual(seconds * 0.8);
      expect(wait).toBeLessThanOrEqual(seconds * 1.2);
    }
    expect(await after(SCHEDULE.length + 1, pause)).toMatchObject({ status: "failed", next_attempt_at: null });
    appliance.clock.turn(30 * DAY);
    await nextTurn();
    expect(receiver.requests).toHaveLength(SCHEDULE.length + 1);
    const told = (await appliance.log(key, pause)).filter(({ type }) => type.startsWith("pause.webhook"));
    expect(told).toMatchObject([{ type: "pause.webhook_failed", data: { attempts: SCHEDULE.length + 1 } }]);
  });

  test("is lengthened by Retry-After, never shortened, and to a day at most", async () => {
    for (const retryAfter of ["600", "1", "864000"])
      receiver.behave({ status: 503, headers: { "Retry-After": retryAfter } });
    const pause = await endTelling();
    expect(turnToNext(await after(1, pause))).toBe(600);
    expect(turnToNext(await after(2, pause))).toBeGreaterThanOrEqual(300 * 0.8);
    expect(turnToNext(await after(3, pause))).toBe(DAY / SECOND);
    expect((await after(4, pause)).status).toBe("delivered");
  });
});

describe("redelivery", () => {
  test("sends a failed one again, and a delivered one, each time with the same id, and keeps all attempts", async () => {
    receiver.behave({ status: 410 });
    const pause = await endTelling();
    const { id, status } = await after(1, pause);
    expect(status).toBe("failed");
    expect(await redeliver(id)).toMatchObject({ status: 202, body: { id, status: "pending" } });
    expect((await after(2, pause)).status).toBe("delivered");
    expect((await redeliver(id)).status).toBe(202);
    expect((await after(3, pause)).attempts.map((attempt) => attempt.status)).toEqual([410, 204, 204]);
    expect(new Set(receiver.requests.map(({ webhookId }) => webhookId)).size).toBe(1);
  });

  test("begins the schedule anew, and is refused for what still waits", async () => {
    receiver.behave({ status: 410 });
    receiver.behave({ status: 500 });
    const pause = await endTelling();
    const { id } = await after(1, pause);
    await redeliver(id);
    const failed = await after(2, pause);
    expect(await redeliver(id)).toMatchObject({
      status: 409,
      body: { detail: "It is still waiting to be delivered." },
    });
    expect(turnToNext(failed)).toBeLessThanOrEqual(SCHEDULE[0]! * 1.2);
    expect((await after(3, pause)).status).toBe("delivered");
  });
});

describe("an endpoint", () => {
  test("that answers 410 is disabled, and what waits for it is cancelled when its time comes", async () => {
    const { id } = await endpoint();
    receiver.behave({ status: 500 });
    receiver.behave({ status: 410 });
    const waiting = await end();
    const before = await after(1, waiting);
    const last = await end();
    expect((await after(1, last)).status).toBe("failed");
    expect(await shown(id)).toMatchObject({ status: "disabled", disabled_reason: "the receiver answered 410 Gone" });
    turnToNext(before);
    expect(await until(waiting, ({ status }) => status === "cancelled")).toMatchObject({ attempts: [{ status: 500 }] });
    expect(await redeliver(before.id)).toMatchObject({ status: 409 });
    await end();
    await nextTurn();
    expect(receiver.requests).toHaveLength(2);
    expect((await change(id, { status: "enabled" })).body.disabled_reason).toBeNull();
    expect((await redeliver(before.id)).status).toBe(202);
    expect((await after(2, waiting)).status).toBe("delivered");
  });

  test("that has only failed for five days is disabled, and says why; one success begins the count anew", async () => {
    const { id } = await endpoint();
    const failOne = async () => {
      receiver.behave({ status: 500 });
      await after(1, await end());
    };
    await failOne();
    appliance.clock.turn(4 * DAY);
    await after(1, await end());
    await failOne();
    appliance.clock.turn(5 * DAY - HOUR);
    receiver.behave({ status: 500 }, 100);
    await failOne();
    expect((await shown(id)).status).toBe("enabled");
    // Their retries fail too.
    appliance.clock.turn(2 * HOUR);
    while ((await shown(id)).status === "enabled") appliance.clock.turn(0);
    expect((await shown(id)).disabled_reason).toBe("everything sent there has failed for 5 days");
  });

  for (const [what, remove] of [
    ["deleted", (id: string) => appliance.call(`/v1/webhooks/${id}`, { key, method: "DELETE" })],
    ["disabled", (id: string) => change(id, { status: "disabled" })],
  ] as const) {
    test(`that is ${what} while deliveries wait is sent nothing more`, async () => {
      const { id } = await endpoint();
      receiver.behave({ status: 500 });
      const pause = await end();
      const failed = await after(1, pause);
      await remove(id);
      turnToNext(failed);
      await until(pause, ({ status }) => status === "cancelled");
      expect(receiver.requests).toHaveLength(1);
      expect(await redeliver(failed.id)).toMatchObject({ status: 409 });
    });
  }

  test("is sent a test whatever it listens for, and the test stands among its deliveries", async () => {
    const { id, secret } = await endpoint({ events: ["pause.cancelled"] });
    const { status, body } = await appliance.post(`/v1/webhooks/${id}/test`, key);
    expect(status).toBe(202);
    const request = await receiver.nextRequest();
    expect(JSON.parse(request.body.toString())).toMatchObject({ type: "webhook.test", data: { webhook_id: id } });
    expect(isSignedBy(secret, request)).toBe(true);
    const { data } = (await appliance.get(`/v1/webhooks/${id}/deliveries`, key)).body;
    expect(data).toMatchObject([{ id: body.delivery_id, pause_id: null, type: "webhook.test" }]);
    expect((await appliance.get(`/v1/webhooks/${id}/deliveries`, appliance.keys.live)).status).toBe(404);
  });
});

describe("the guard on addresses", () => {
  const strict = async (allowNetworks: string[]) => {
    const stopped = appliance.stop();
    appliance.clock.turn(MINUTE);
    await stopped;
    appliance = await startAppliance((config) => ({
      ...config,
      webhooksConfigured: true,
      webhooks: { ...config.webhooks, allowNetworks },
    }));
    key = appliance.keys.test;
  };

  test("refuses a webhook_url into a private network at the create, with its reason", async () => {
    await strict([]);
    for (const [url, reason] of [
      ["http://10.0.0.1/", "leads to a private network address (10.0.0.1)"],
      ["http://169.254.169.254/latest/meta-data", "169.254.169.254"],
      ["http://[::ffff:127.0.0.1]/", "loopback"],
      ["http://localhost:8787/", "leads to this machine itself"],
    ] as const) {
      const { status, body } = await appliance.post("/v1/pause", key, {
        recipient: "+13128471928",
        channel: "sms",
        message: "Pay?",
        webhook_url: url,
      });
      expect({ url, status, errors: body.errors }).toEqual({
        url,
        status: 422,
        errors: [{ pointer: "/webhook_url", detail: expect.stringContaining(reason) }],
      });
    }
  });

  test("refuses the connection where a name leads to such an address, and nothing arrives there", async () => {
    await strict(["10.0.0.0/8"]);
    const failed = await after(1, await endTelling(`http://localhost:${receiver.port}/`));
    expect(failed.attempts).toMatchObject([{ status: null, error: "the name leads to a loopback address" }]);
    expect(receiver.connections).toBe(0);
  });
});

describe("signatures", () => {
  test("are two for a day while a secret is rotated, by the new one and the one before", async () => {
    const { id, secret: old } = await endpoint();
    const { secret } = (await appliance.post(`/v1/webhooks/${id}/rotate-secret`, key)).body;
    await end();
    const during = await receiver.nextRequest();
    expect([isSignedBy(secret, during), isSignedBy(old, during)]).toEqual([true, true]);
    appliance.clock.turn(DAY);
    await end();
    const later = await receiver.nextRequest();
    expect([isSignedBy(secret, later), isSignedBy(old, later)]).toEqual([true, false]);
  });

  test("of a test pause are made by the test world's secret, of a live one by the live world's", async () => {
    const secretOf = async (by: string) => (await appliance.get("/v1/webhooks/default-secret", by)).body.secret;
    const { test, live } = appliance.keys;
    const secrets = [await secretOf(test), await secretOf(live)];
    await end({ webhook_url: receiver.url }, test);
    const ofTest = await receiver.nextRequest();
    await end({ webhook_url: receiver.url }, live);
    const ofLive = await receiver.nextRequest();
    expect(secrets.map((secret) => isSignedBy(secret, ofTest))).toEqual([true, false]);
    expect(secrets.map((secret) => isSignedBy(secret, ofLive))).toEqual([false, true]);
    expect(JSON.parse(ofTest.body.toString()).data.mode).toBe("test");
  });
});
