import { expect, test } from "bun:test";
import { createLocalJWKSet, decodeJwt, type JSONWebKeySet, jwtVerify } from "jose";
import { EventReader } from "../http/event-reader.ts";
import { startReceiver } from "../peers/receiver.ts";
import { startAppliance } from "../support/appliance.ts";

test("the receipt stands wherever the answer is told: read, listed, waited for, in an event and in a webhook", async () => {
  const [appliance, receiver] = await Promise.all([startAppliance(), startReceiver()]);
  try {
    const key = appliance.keys.test;
    const events = await EventReader.open(appliance.url, key);
    const { pause_id } = await appliance.ask(key, { webhook_url: `${receiver.url}/hook` });
    const waiting = appliance.get(`/v1/pause/${pause_id}?wait=10`, key);
    await appliance.held(1);
    const { receipt } = (await appliance.post(`/v1/test/pause/${pause_id}/respond`, key, { choice: "Approve" })).body;
    const { body } = await appliance.call("/.well-known/pausepoint-keys.json?mode=test");
    const currentDate = new Date(appliance.clock.now());
    const { payload } = await jwtVerify(receipt, createLocalJWKSet(JSON.parse(body) as JSONWebKeySet), { currentDate });
    expect(payload).toMatchObject({ pause_id, choice: "Approve" });

    const told = [
      (await appliance.pause(key, pause_id)).receipt,
      (await appliance.get("/v1/pause", key)).body.data[0].receipt,
      (await waiting).body.receipt,
      (await events.take(2)).at(-1)!.data.data.receipt,
      JSON.parse(String((await receiver.nextRequest()).body)).data.receipt,
    ];
    events.cut();
    expect(told).toEqual(Array(5).fill(receipt));
  } finally {
    await appliance.stop();
    await receiver.stop();
  }
});

test("a receipt may be used for as long as the configuration says", async () => {
  const appliance = await startAppliance((config) => ({ ...config, receipts: { validHours: 0.5 } }));
  try {
    const { pause_id } = await appliance.ask(appliance.keys.test);
    const respond = `/v1/test/pause/${pause_id}/respond`;
    const { receipt } = (await appliance.post(respond, appliance.keys.test, { choice: "Approve" })).body;
    const { iat = 0, exp = 0 } = decodeJwt(receipt);
    expect(exp - iat).toBe(1_800);
  } finally {
    await appliance.stop();
  }
});
