import { afterEach, describe, expect, test } from "bun:test";
import { newKeyText } from "../../../src/access/index.ts";
import type { LoadedConfig } from "../../../src/platform/config/load.ts";
import { systemRandom } from "../../../src/platform/random.ts";
import { type Appliance, question, restarted, startAppliance } from "../../support/appliance.ts";
import { HOUR, MINUTE } from "../../support/database.ts";

let running: Appliance | null = null;
afterEach(async () => {
  await running?.stop();
  running = null;
});

const asConfigured = {
  timeZone: "UTC",
  requestsPerSecond: 100,
  messagesPerHour: 20,
  unknownKeysPerMinute: 60,
} as const;

async function started(
  limits: Partial<LoadedConfig["limits"]> = {},
  trustProxy: readonly string[] = [],
): Promise<Appliance> {
  running = await startAppliance((config) => ({
    ...config,
    limits: { ...asConfigured, ...limits },
    listen: { ...config.listen, trustProxy },
    people: {
      cfo: { name: "The CFO", sms: "+13128471928", email: "cfo@example.com" },
      cto: { name: "The CTO", sms: "+13128471929", email: "cto@example.com" },
    },
  }));
  return running;
}

const list = (appliance: Appliance, key: string, count: number) =>
  Promise.all(Array.from({ length: count }, () => appliance.get("/v1/pause", key)));
const tally = (answers: readonly { status: number }[]) =>
  Object.fromEntries(
    Object.entries(Object.groupBy(answers, ({ status }) => status)).map(([status, group]) => [status, group?.length]),
  );

describe("a live key", () => {
  test("sends a hundred requests in a second, whichever they are; the next is told when to come again", async () => {
    const appliance = await started();
    expect(tally(await list(appliance, appliance.keys.live, 120))).toEqual({ 200: 100, 429: 20 });
    const refused = await appliance.post("/v1/pause", appliance.keys.live, question());
    expect(refused.status).toBe(429);
    expect(refused.body).toMatchObject({
      type: "/problems/rate-limited",
      detail: "A live key may send 100 requests a second.",
    });
    expect(refused.headers.get("retry-after")).toBe("1");
    expect(refused.headers.get("ratelimit-policy")).toBe('"second";q=100;w=1');
    expect(refused.headers.get("ratelimit")).toBe('"second";r=0;t=1');
    appliance.clock.turn(500);
    expect(tally(await list(appliance, appliance.keys.live, 60))).toEqual({ 200: 50, 429: 10 });
    appliance.clock.turn(HOUR);
    expect(tally(await list(appliance, appliance.keys.live, 120))).toEqual({ 200: 100, 429: 20 });
  });

  test("has its own hundred, and a test key has no end", async () => {
    const appliance = await started({ requestsPerSecond: 5 });
    const second = await appliance.newKey({ mode: "live" });
    expect(tally(await list(appliance, appliance.keys.live, 6))).toEqual({ 200: 5, 429: 1 });
    expect(tally(await list(appliance, second, 6))).toEqual({ 200: 5, 429: 1 });
    expect(tally(await list(appliance, appliance.keys.test, 200))).toEqual({ 200: 200 });
  });

  test("has no end where the configuration says null", async () => {
    const appliance = await started({ requestsPerSecond: null });
    expect(tally(await list(appliance, appliance.keys.live, 300))).toEqual({ 200: 300 });
  });

  test("a clock that is set back neither refills nor empties", async () => {
    const appliance = await started({ requestsPerSecond: 5 });
    expect(tally(await list(appliance, appliance.keys.live, 3))).toEqual({ 200: 3 });
    appliance.clock.turn(-HOUR);
    expect(tally(await list(appliance, appliance.keys.live, 3))).toEqual({ 200: 2, 429: 1 });
    appliance.clock.turn(1_000);
    expect(tally(await list(appliance, appliance.keys.live, 6))).toEqual({ 200: 5, 429: 1 });
  });
});

describe("requests without a valid key", () => {
  test("are 401 sixty times a minute from one address, then 429, and hold up no valid key from there", async () => {
    const appliance = await started();
    const wrong = () => appliance.get("/v1/pause", newKeyText("live", systemRandom()));
    const answers = await Promise.all(Array.from({ length: 80 }, wrong));
    expect(tally(answers)).toEqual({ 401: 60, 429: 20 });
    const refused = await appliance.call("/v1/pause");
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "1"]);
    expect((await appliance.get("/v1/pause", appliance.keys.live)).status).toBe(200);
    expect((await appliance.call("/healthz")).status).toBe(200);
    appliance.clock.turn(MINUTE);
    expect((await wrong()).status).toBe(401);
  });

  test("are counted by the address that a trusted proxy tells, and by no other", async () => {
    const from = (appliance: Appliance, address: string) =>
      appliance.call("/v1/pause", { headers: { "x-forwarded-for": address } });
    const trusted = await started({ unknownKeysPerMinute: 1 }, ["127.0.0.1/32"]);
    expect((await from(trusted, "203.0.113.1")).status).toBe(401);
    expect((await from(trusted, "203.0.113.1")).status).toBe(429);
    expect((await from(trusted, "203.0.113.2")).status).toBe(401);
    // Of an IPv6 network of 64 bits one machine has every address.
    expect((await from(trusted, "2001:db8:0:7::1")).status).toBe(401);
    expect((await from(trusted, "2001:db8:0:7:ffff:1:2:3")).status).toBe(429);
    expect((await from(trusted, "2001:db8:0:8::1")).status).toBe(401);
    expect((await from(trusted, "::ffff:203.0.113.3")).status).toBe(401);
    expect((await from(trusted, "::ffff:203.0.113.4")).status).toBe(401);
    await trusted.stop();
    const alone = await started({ unknownKeysPerMinute: 1 });
    expect((await from(alone, "203.0.113.1")).status).toBe(401);
    expect((await from(alone, "203.0.113.2")).status).toBe(429);
  });
});

describe("a phone is not buried", () => {
  const ask = (appliance: Appliance, key: string, wanted: Record<string, unknown> = {}) =>
    appliance.post("/v1/pause", key, question(wanted));

  test("one recipient gets twenty messages in an hour from all live keys together, and the next is refused by name", async () => {
    const appliance = await started();
    const { live, otherLive } = appliance.keys;
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) => ask(appliance, index % 2 === 0 ? live : otherLive)),
    );
    expect(tally(answers)).toEqual({ 201: 20, 429: 30 });
    const { body, headers } = await ask(appliance, live, { recipient: "+1 (312) 847-1928" });
    expect(body).toMatchObject({
      type: "/problems/message-limit",
      errors: [{ pointer: "/recipient", detail: "has had as many within the last hour, or would have with this" }],
    });
    expect(headers.get("retry-after")).toBe("3600");
    // Nothing of what was refused is there.
    expect(appliance.count("SELECT count(*) FROM pauses")).toBe(20);
    expect(appliance.count("SELECT count(*) FROM deliveries")).toBe(20);
    // Another person is asked all the same, and the test world has no ceiling.
    expect((await ask(appliance, live, { recipient: "+13128471929" })).status).toBe(201);
    for (let times = 0; times < 25; times++) await appliance.ask(appliance.keys.test);
  });

  test("whatever name, spelling or channel leads to it", async () => {
    const appliance = await started({ messagesPerHour: 3 });
    const { live } = appliance.keys;
    await appliance.ask(live, { recipient: "@cfo" });
    await appliance.ask(live, { recipient: "(312) 847-1928" });
    await appliance.ask(live, { recipient: "+13128471928", channel: "whatsapp" });
    expect((await ask(appliance, live, { recipient: "@cfo" })).body.errors[0].pointer).toBe("/recipient");
    // The mail address of the same person is another place.
    await appliance.ask(live, { recipient: "@cfo", channel: "email" });
  });

  test("of several recipients the one is named, and nobody's room is taken", async () => {
    const appliance = await started({ messagesPerHour: 1 });
    const { live } = appliance.keys;
    await appliance.ask(live, { recipient: ["@cfo"] });
    const { status, body } = await ask(appliance, live, { recipient: ["@cto", "@cfo"] });
    expect([status, body.errors]).toEqual([
      429,
      [{ pointer: "/recipient/1", detail: "has had as many within the last hour, or would have with this" }],
    ]);
    await appliance.ask(live, { recipient: "@cto" });
  });

  test("the hour slides: there is room again an hour after each message, and not before", async () => {
    const appliance = await started({ messagesPerHour: 2 });
    const { live } = appliance.keys;
    await appliance.ask(live);
    appliance.clock.turn(40 * MINUTE);
    await appliance.ask(live);
    const refused = await ask(appliance, live);
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "1200"]);
    appliance.clock.turn(20 * MINUTE - 1);
    expect((await ask(appliance, live)).headers.get("retry-after")).toBe("1");
    appliance.clock.turn(1);
    await appliance.ask(live);
    expect((await ask(appliance, live)).headers.get("retry-after")).toBe("2400");
  });

  test("is kept over a restart, and a replay takes no room", async () => {
    const appliance = await started({ messagesPerHour: 2 });
    const { live } = appliance.keys;
    const once = { "idempotency-key": "once" };
    for (let times = 0; times < 4; times++)
      expect((await appliance.post("/v1/pause", live, question(), once)).status).toBe(201);
    await appliance.ask(live);
    await appliance.app.stop();
    running = await restarted(appliance);
    expect((await ask(running, live)).status).toBe(429);
    expect((await running.post("/v1/pause", live, question(), once)).status).toBe(201);
  });

  test("no address stands in the table that counts", async () => {
    const appliance = await started();
    await appliance.ask(appliance.keys.live);
    expect(appliance.count("SELECT count(*) FROM recipient_messages")).toBe(1);
    expect(appliance.count("SELECT count(*) FROM recipient_messages WHERE n LIKE '%3128471928%'")).toBe(0);
  });
});
