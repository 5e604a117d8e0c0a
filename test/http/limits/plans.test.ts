import { afterEach, describe, expect, test } from "bun:test";
import type { LoadedConfig } from "../../../src/platform/config/load.ts";
import type { Plan } from "../../../src/platform/config/plans.ts";
import { type Appliance, question, restarted, startAppliance } from "../../support/appliance.ts";
import { DAY, HOUR, MINUTE } from "../../support/database.ts";

const anything: Plan = { pausesPerMonth: null, channels: null, maxTimeoutHours: null, webhooks: true };

let running: Appliance | null = null;
afterEach(async () => {
  await running?.stop();
  running = null;
});

/** An appliance with plans of its own beside those that are built in. */
async function started(
  plans: Record<string, Partial<Plan>> = {},
  change: (config: LoadedConfig) => Partial<LoadedConfig> = () => ({}),
): Promise<Appliance> {
  const own = Object.fromEntries(Object.entries(plans).map(([name, plan]) => [name, { ...anything, ...plan }]));
  running = await startAppliance((config) => ({
    ...config,
    plans: { ...config.plans, ...own },
    ...change(config),
  }));
  return running;
}

const create = (appliance: Appliance, key: string, wanted: Record<string, unknown> = {}, headers = {}) =>
  appliance.post("/v1/pause", key, question(wanted), headers);

/** Seconds that `RateLimit` and `Retry-After` name, from the appliance's clock on. */
const until = (appliance: Appliance, time: number) => (time - appliance.clock.now()) / 1000;

describe("of a plan of 50 pauses a month", () => {
  test("exactly 50 of 200 creates at once get through, and the 201st does not either", async () => {
    const appliance = await started();
    const key = await appliance.newKey({ mode: "test", plan: "free" });
    const answers = await Promise.all(Array.from({ length: 200 }, () => create(appliance, key)));
    const made = answers.filter(({ status }) => status === 201);
    const refused = answers.filter(({ status }) => status === 429);
    expect([made.length, refused.length]).toEqual([50, 150]);
    expect(appliance.count("SELECT count(*) FROM pauses")).toBe(50);
    expect(appliance.count("SELECT pauses FROM key_months")).toBe(50);
    expect(new Set(made.map(({ headers }) => headers.get("ratelimit"))).size).toBe(50);
    expect(refused.every(({ body }) => body.type === "/problems/quota")).toBe(true);
    expect((await create(appliance, key)).status).toBe(429);
    expect(appliance.faultInLog()).toBeNull();
  });

  test("each answer says what is left, and the refusal when to come again", async () => {
    const appliance = await started({ small: { pausesPerMonth: 2 } });
    const key = await appliance.newKey({ mode: "live", plan: "small" });
    const december = Date.UTC(2026, 11, 1);
    const seconds = until(appliance, december);
    const policy = '"month";q=2;w=2592000';
    const first = await create(appliance, key);
    expect(first.headers.get("ratelimit-policy")).toBe(policy);
    expect(first.headers.get("ratelimit")).toBe(`"month";r=1;t=${seconds}`);
    appliance.clock.turn(MINUTE);
    expect((await create(appliance, key)).headers.get("ratelimit")).toBe(`"month";r=0;t=${seconds - 60}`);
    const { status, headers, body } = await create(appliance, key);
    expect(status).toBe(429);
    expect(headers.get("retry-after")).toBe(String(seconds - 60));
    expect(headers.get("ratelimit-policy")).toBe(policy);
    expect(headers.get("ratelimit")).toBe(`"month";r=0;t=${seconds - 60}`);
    expect(body).toMatchObject({
      type: "/problems/quota",
      detail: "The key's plan allows 2 pauses a month; the next month begins at 2026-12-01T00:00:00Z.",
    });
  });

  test("the next month gives all of them again, to the millisecond", async () => {
    const appliance = await started({ one: { pausesPerMonth: 1 } });
    const key = await appliance.newKey({ mode: "test", plan: "one" });
    await appliance.ask(key);
    appliance.clock.set(Date.UTC(2026, 11, 1) - 1);
    const last = await create(appliance, key);
    expect([last.status, last.headers.get("retry-after")]).toEqual([429, "1"]);
    appliance.clock.set(Date.UTC(2026, 11, 1));
    await appliance.ask(key);
    expect((await create(appliance, key)).status).toBe(429);
    // A clock that is set back finds the month as it was left.
    appliance.clock.set(Date.UTC(2026, 10, 30));
    expect((await create(appliance, key)).status).toBe(429);
    appliance.clock.set(Date.UTC(2026, 11, 2));
    expect((await create(appliance, key)).status).toBe(429);
  });

  test("a month begins where the operator's clock says so, also over a change to summer time", async () => {
    const appliance = await started({ one: { pausesPerMonth: 1 } }, ({ limits }) => ({
      limits: { ...limits, timeZone: "Europe/Berlin" },
    }));
    const key = await appliance.newKey({ mode: "test", plan: "one" });
    appliance.clock.set(Date.UTC(2027, 2, 1));
    const { headers } = await create(appliance, key);
    // March 2027 begins in Berlin at UTC+1 and ends at UTC+2: it is an hour short of its 31 days.
    expect(headers.get("ratelimit-policy")).toBe(`"month";q=1;w=${(31 * DAY - HOUR) / 1000}`);
    expect(headers.get("ratelimit")).toBe(`"month";r=0;t=${until(appliance, Date.UTC(2027, 2, 31, 22))}`);
    appliance.clock.set(Date.UTC(2027, 2, 31, 22) - 1);
    expect((await create(appliance, key)).status).toBe(429);
    appliance.clock.set(Date.UTC(2027, 2, 31, 22));
    await appliance.ask(key);
  });

  test("a replay counts in nothing, and is answered also when all is used up", async () => {
    const appliance = await started({ two: { pausesPerMonth: 2 } });
    const key = await appliance.newKey({ mode: "test", plan: "two" });
    const once = { "idempotency-key": "once" };
    const first = await create(appliance, key, {}, once);
    for (let times = 0; times < 3; times++) {
      const again = await create(appliance, key, {}, once);
      expect([again.status, again.headers.get("idempotent-replayed")]).toEqual([201, "true"]);
      expect(again.body.pause_id).toBe(first.body.pause_id);
      expect(again.headers.get("ratelimit")).toBeNull();
    }
    await appliance.ask(key);
    expect((await create(appliance, key)).status).toBe(429);
    expect((await create(appliance, key, {}, once)).body.pause_id).toBe(first.body.pause_id);
    // What was refused was not kept: its key is free, and the next month takes it.
    const refused = { "idempotency-key": "refused" };
    expect((await create(appliance, key, {}, refused)).status).toBe(429);
    appliance.clock.set(Date.UTC(2026, 11, 1));
    const later = await create(appliance, key, {}, refused);
    expect([later.status, later.headers.get("idempotent-replayed")]).toEqual([201, null]);
  });

  test("what was refused for another reason counts in nothing", async () => {
    const appliance = await started({ one: { pausesPerMonth: 1, maxTimeoutHours: 2 } });
    const key = await appliance.newKey({ mode: "test", plan: "one" });
    expect((await create(appliance, key, { recipient: "nobody" })).status).toBe(422);
    expect((await create(appliance, key, { timeout_hours: 3 })).status).toBe(403);
    await appliance.ask(key);
  });

  test("nor does what the ceiling of its recipient has refused", async () => {
    const appliance = await started({ two: { pausesPerMonth: 2 } }, ({ limits }) => ({
      limits: { ...limits, messagesPerHour: 1 },
    }));
    const key = await appliance.newKey({ mode: "live", plan: "two" });
    await appliance.ask(key);
    const again = await Promise.all(Array.from({ length: 20 }, () => create(appliance, key)));
    expect(new Set(again.map(({ body }) => body.type))).toEqual(new Set(["/problems/message-limit"]));
    await appliance.ask(key, { recipient: "+13128471929" });
    expect((await create(appliance, key, { recipient: "+13128471930" })).body.type).toBe("/problems/quota");
  });

  test("each key counts for itself, live and test alike, and over a restart", async () => {
    const appliance = await started({ one: { pausesPerMonth: 1 } });
    const first = await appliance.newKey({ mode: "test", plan: "one" });
    const second = await appliance.newKey({ mode: "test", plan: "one" });
    const live = await appliance.newKey({ mode: "live", plan: "one" });
    await appliance.ask(first);
    await appliance.ask(second);
    await appliance.ask(live);
    for (const key of [first, second, live]) expect((await create(appliance, key)).status).toBe(429);
    for (let times = 0; times < 60; times++) await appliance.ask(appliance.keys.test);
    await appliance.app.stop();
    running = await restarted(appliance);
    for (const key of [first, second, live]) expect((await create(running, key)).status).toBe(429);
  });
});

test("a reload gives a key more or less, and what it has used stays used", async () => {
  const appliance = await started({ own: { pausesPerMonth: 2 } });
  const key = await appliance.newKey({ mode: "test", plan: "own" });
  const give = (pausesPerMonth: number) =>
    appliance.app.reload({
      ...appliance.config,
      plans: { ...appliance.config.plans, own: { ...anything, pausesPerMonth } },
    });
  await appliance.ask(key);
  await appliance.ask(key);
  expect((await create(appliance, key)).status).toBe(429);
  await give(3);
  expect((await create(appliance, key)).headers.get("ratelimit")).toStartWith('"month";r=0;');
  expect((await create(appliance, key)).status).toBe(429);
  await give(1);
  expect((await create(appliance, key)).headers.get("ratelimit")).toStartWith('"month";r=0;');
});

describe("what a plan does not have is a 403 with a pointer", () => {
  const refusal = async (key: string, wanted: Record<string, unknown>) => {
    const { status, body } = await create(running as Appliance, key, wanted);
    expect([status, body.type]).toEqual([403, "/problems/plan-limit"]);
    return body.errors;
  };

  test("another channel, a longer time, a webhook: each by name, all at once", async () => {
    const appliance = await started();
    const key = await appliance.newKey({ mode: "test", plan: "free" });
    const mail = { channel: "email", recipient: "cfo@example.com" };
    expect(await refusal(key, mail)).toEqual([{ pointer: "/channel", detail: "must be sms with this key's plan" }]);
    expect(await refusal(key, { timeout_hours: 24.5 })).toEqual([
      { pointer: "/timeout_hours", detail: "must be at most 24 with this key's plan" },
    ]);
    expect(await refusal(key, { webhook_url: "https://example.com/hook" })).toEqual([
      { pointer: "/webhook_url", detail: "must be null with this key's plan, which has no webhooks" },
    ]);
    const all = { ...mail, timeout_hours: 25, webhook_url: "https://example.com/hook" };
    expect(await refusal(key, all)).toHaveLength(3);
    await appliance.ask(key, { timeout_hours: 24 });

    const pro = await appliance.newKey({ mode: "test", plan: "pro" });
    for (const channel of ["sms", "email", "slack"])
      await appliance.ask(pro, { channel, recipient: channel === "sms" ? "+13128471928" : "cfo@example.com" });
    expect(await refusal(pro, { channel: "whatsapp" })).toEqual([
      { pointer: "/channel", detail: "must be sms or email or slack with this key's plan" },
    ]);
    expect(await refusal(pro, { timeout_hours: 720.01 })).toHaveLength(1);
    await appliance.ask(pro, { timeout_hours: 720, webhook_url: "https://example.com/hook" });
    // A key without a plan has no limit.
    await appliance.ask(appliance.keys.test, { timeout_hours: 8_760, channel: "whatsapp" });
  });

  test("a request that names no time gets the shorter of the configuration's and the plan's", async () => {
    const appliance = await started({ short: { maxTimeoutHours: 0.5 }, long: { maxTimeoutHours: 100 } });
    const short = await appliance.newKey({ mode: "test", plan: "short" });
    const long = await appliance.newKey({ mode: "test", plan: "long" });
    expect((await appliance.ask(short)).timeout_hours).toBe(0.5);
    expect((await appliance.ask(long)).timeout_hours).toBe(24);
  });

  test("a plan without webhooks makes and changes none, and may look at those there are", async () => {
    const appliance = await started();
    const key = await appliance.newKey({ mode: "test", plan: "free" });
    const { body: made } = await appliance.post("/v1/webhooks", appliance.keys.test, { url: "https://example.com/h" });
    const refused = await appliance.post("/v1/webhooks", key, { url: "https://example.com/other" });
    expect([refused.status, refused.body.errors[0].pointer]).toEqual([403, "/url"]);
    const change = { method: "PATCH", key, body: { description: "mine" } };
    expect((await appliance.call(`/v1/webhooks/${made.id}`, change)).status).toBe(403);
    expect((await appliance.get("/v1/webhooks", key)).body.data).toHaveLength(1);
  });

  test("a plan that the configuration has no more lets nothing through, and the rest goes on", async () => {
    const appliance = await started({ gone: {} });
    const key = await appliance.newKey({ mode: "test", plan: "gone" });
    const pause = await appliance.ask(key);
    await appliance.app.stop();
    running = await restarted({ ...appliance, config: { ...appliance.config, plans: {} } } as Appliance);
    const { status, body } = await create(running, key);
    expect([status, body.type]).toEqual([403, "/problems/plan-limit"]);
    expect(body.detail).toBe("The key's plan gone is not in the server's configuration.");
    expect((await running.pause(key, pause.pause_id)).status).toBe("pending");
    expect(running.logged.join("")).toMatch(/keys can create nothing: [^\n]* keys="key_\w+"/);
    // The plan is put back, and all is well.
    await running.app.reload({ ...running.config, plans: appliance.config.plans });
    await running.ask(key);
  });
});
