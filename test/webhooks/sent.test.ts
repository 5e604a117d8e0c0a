import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Webhook } from "standardwebhooks";
import { type ReceivedRequest, type Receiver, startReceiver } from "../peers/receiver.ts";
import { type Appliance, startAppliance } from "../support/appliance.ts";

let appliance: Appliance;
let receiver: Receiver;
let key: string;
beforeAll(async () => {
  [appliance, receiver] = await Promise.all([startAppliance(), startReceiver()]);
  // The reference library compares a webhook's time with the machine's own.
  appliance.clock.set(Date.now());
  key = appliance.keys.test;
});
afterAll(async () => {
  await appliance.stop();
  await receiver.stop();
});

const endpointAt = async (path: string, more: Record<string, unknown> = {}, owner = key) =>
  (await appliance.post("/v1/webhooks", owner, { url: `${receiver.url}${path}`, ...more })).body as {
    id: string;
    secret: string;
  };

/** The next requests, by their path. */
async function nextByPath(count: number): Promise<Record<string, ReceivedRequest>> {
  const next = await Promise.all(Array.from({ length: count }, () => receiver.nextRequest()));
  return Object.fromEntries(next.map((request) => [request.path, request]));
}

/** What the reference library says that a request holds, or null where it refuses it. */
// biome-ignore lint/suspicious/noExplicitAny: a test says by its expectations what it takes the body to be
function verified(request: ReceivedRequest | undefined, secret: string): any {
  try {
    return request === undefined ? null : new Webhook(secret).verify(request.body, { ...request.headers });
  } catch {
    return null;
  }
}

describe("a pause that has ended", () => {
  test("is told to its webhook_url and to every endpoint that listens, each signed with its own secret", async () => {
    const all = await endpointAt("/all");
    const answers = await endpointAt("/answers", { events: ["pause.responded"] });
    await endpointAt("/timeouts", { events: ["pause.timed_out"] });
    await endpointAt("/live", {}, appliance.keys.live);
    await endpointAt("/other", {}, appliance.keys.otherTest);
    const own = (await appliance.get("/v1/webhooks/default-secret", key)).body.secret as string;

    const { pause_id } = await appliance.ask(key, { webhook_url: `${receiver.url}/own`, metadata: { run: "r-81" } });
    await appliance.post(`/v1/test/pause/${pause_id}/respond`, key, { choice: "Approve" });
    const told = await nextByPath(3);
    expect(Object.keys(told).toSorted()).toEqual(["/all", "/answers", "/own"]);
    const pause = await appliance.pause(key, pause_id);
    const secrets = { "/all": all.secret, "/answers": answers.secret, "/own": own };
    for (const [path, secret] of Object.entries(secrets)) {
      expect(verified(told[path], secret)).toEqual({
        type: "pause.responded",
        timestamp: pause.responded_at,
        data: pause,
      });
      for (const other of Object.values(secrets).filter((one) => one !== secret))
        expect(verified(told[path], other)).toBeNull();
    }

    const later = await appliance.ask(key);
    await appliance.post(`/v1/test/pause/${later.pause_id}/expire`, key);
    const told2 = await nextByPath(2);
    expect(Object.keys(told2).toSorted()).toEqual(["/all", "/timeouts"]);
    expect(verified(told2["/all"], all.secret)).toMatchObject({
      type: "pause.timed_out",
      data: { pause_id: later.pause_id },
    });
    expect(receiver.requests.length).toBe(5);
  });

  test("is told with both secrets for a day after a rotation", async () => {
    const owner = await appliance.newKey({ mode: "test", project: "rotating" });
    const { id, secret: old } = await endpointAt("/rotating", {}, owner);
    const fresh = (await appliance.post(`/v1/webhooks/${id}/rotate-secret`, owner)).body.secret as string;
    const { pause_id } = await appliance.ask(owner);
    await appliance.post(`/v1/pause/${pause_id}/cancel`, owner, {});
    const request = await receiver.nextRequest();
    expect(request.headers["webhook-signature"]).toMatch(/^v1,\S+ v1,\S+$/);
    for (const secret of [fresh, old])
      expect(verified(request, secret)).toMatchObject({ type: "pause.cancelled", data: { pause_id } });
  });
});

test("a test of an endpoint arrives there, whatever its events are", async () => {
  const { id, secret } = await endpointAt("/tested", { events: ["pause.cancelled"] });
  const answer = await appliance.post(`/v1/webhooks/${id}/test`, key);
  expect([answer.status, answer.body]).toEqual([202, { delivery_id: expect.stringMatching(/^dlv_/) }]);
  const request = await receiver.nextRequest();
  expect(request.path).toBe("/tested");
  expect(verified(request, secret)).toMatchObject({ type: "webhook.test", data: { webhook_id: id } });
});

test("no secret and no address of a receiver is in the log", () => {
  const logged = appliance.logged.join("");
  expect(logged).not.toContain("whsec_");
  expect(logged).not.toContain(`:${receiver.port}`);
});
