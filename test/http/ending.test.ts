import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Appliance, startAppliance } from "../support/appliance.ts";
import { expectInvalid, expectProblem } from "./problem.ts";

let appliance: Appliance;
let key: string;
beforeAll(async () => {
  appliance = await startAppliance();
  key = appliance.keys.test;
});
afterAll(() => appliance.stop());

const cancel = (id: string, body?: unknown) =>
  appliance.call(`/v1/pause/${id}/cancel`, { key, method: "POST", ...(body === undefined ? {} : { body }) });
const respond = (id: string, body: unknown) => appliance.post(`/v1/test/pause/${id}/respond`, key, body);
const expire = (id: string) => appliance.call(`/v1/test/pause/${id}/expire`, { key, method: "POST" });
const typesOf = async (id: string) => (await appliance.log(key, id)).map(({ type }) => type);

describe("POST /v1/pause/{pause_id}/cancel", () => {
  test("withdraws with a reason, and again answers 200 with the first reason", async () => {
    const pause = await appliance.ask(key);
    await appliance.messages(pause);
    const first = await cancel(pause.pause_id, { reason: "Paid by card" });
    expect(first.status).toBe(200);
    expect(first.body).toMatchObject({
      status: "cancelled",
      cancel_reason: "Paid by card",
      cancelled_at: "2026-11-23T14:00:00.000Z",
      response_choice: null,
      responded_at: null,
    });
    const second = await cancel(pause.pause_id, { reason: "Something else" });
    expect([second.status, second.body]).toEqual([200, first.body]);
    expect((await typesOf(pause.pause_id)).filter((type) => type === "pause.cancelled")).toHaveLength(1);
  });

  test("needs no body at all, takes an empty object, and null for no reason", async () => {
    for (const body of [undefined, {}, { reason: null }, ""]) {
      const { status, body: pause } = await cancel((await appliance.ask(key)).pause_id, body);
      expect([status, pause.status, pause.cancel_reason]).toEqual([200, "cancelled", null]);
    }
  });

  test("refuses a reason over 500 characters and an unknown field, and withdraws nothing", async () => {
    const { pause_id } = await appliance.ask(key);
    expectInvalid(await cancel(pause_id, { reason: "é".repeat(501) }), "/reason");
    expectInvalid(await cancel(pause_id, { why: "x" }), "/why");
    expect((await appliance.pause(key, pause_id)).status).toBe("pending");
    expect((await cancel(pause_id, { reason: "😀".repeat(500) })).status).toBe(200);
  });

  test("is 409 once a person or the clock has ended it", async () => {
    const { pause_id: answered } = await appliance.ask(key);
    await respond(answered, { choice: "Approve" });
    expectProblem(await cancel(answered), "already-ended");
    const { pause_id: expired } = await appliance.ask(key);
    await expire(expired);
    expectProblem(await cancel(expired), "already-ended");
    expect((await appliance.pause(key, answered)).status).toBe("responded");
  });

  test("the page then says that it was withdrawn, and a tap is 410", async () => {
    const pause = await appliance.ask(key, { message: "Wire it?" });
    const [message] = await appliance.messages(pause);
    await cancel(pause.pause_id, { reason: "Not needed" });
    const page = await appliance.call(message!.link);
    expect(page.status).toBe(200);
    expect(page.text).toContain("Not needed");
    expect(page.text).not.toContain("<button");
    expect((await appliance.choose(message!.link, "Approve")).status).toBe(410);
    expect((await appliance.pause(key, pause.pause_id)).status).toBe("cancelled");
  });
});

describe("POST /v1/test/pause/{pause_id}/respond", () => {
  test("answers in the person's stead: 200 with the pause, by a human, via test", async () => {
    const { pause_id } = await appliance.ask(key, { options: ["Ship", "Hold"] });
    const { status, body } = await respond(pause_id, { choice: "Hold", comment: "Later" });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      status: "responded",
      response_choice: "Hold",
      response_source: "human",
      response_via: "test",
      response_comment: "Later",
      responded_at: "2026-11-23T14:00:00.000Z",
      responded_by: "+13128471928",
    });
  });

  test("takes an option exactly as it is spelled, and nothing else", async () => {
    const { pause_id } = await appliance.ask(key);
    for (const choice of ["approve", "Approve ", "", "Nope"])
      expectInvalid(await respond(pause_id, { choice }), "/choice");
    expectInvalid(await respond(pause_id, {}), "/choice");
    expectInvalid(await respond(pause_id, { choice: "Approve", comment: "x".repeat(2_001) }), "/comment");
    expectInvalid(await respond(pause_id, { choice: "Approve", by: "me" }), "/by");
    expect((await appliance.pause(key, pause_id)).status).toBe("pending");
  });

  test("is 409 when the pause has ended, and the late answer is recorded", async () => {
    const { pause_id } = await appliance.ask(key);
    await respond(pause_id, { choice: "Approve" });
    expectProblem(await respond(pause_id, { choice: "Reject" }), "already-ended");
    expect((await appliance.pause(key, pause_id)).response_choice).toBe("Approve");
    expect((await typesOf(pause_id)).filter((type) => type === "response.rejected")).toHaveLength(1);
  });
});

describe("POST /v1/test/pause/{pause_id}/expire", () => {
  test("lets the time be over now: timed_out, or the default by the clock", async () => {
    const without = await expire((await appliance.ask(key)).pause_id);
    expect([without.status, without.body.status, without.body.response_choice]).toEqual([200, "timed_out", null]);
    const { body } = await expire((await appliance.ask(key, { timeout_default: "Reject" })).pause_id);
    expect(body).toMatchObject({ status: "responded", response_choice: "Reject", response_source: "timeout_default" });
  });

  test("is 409 when the pause has ended", async () => {
    const { pause_id } = await appliance.ask(key);
    await expire(pause_id);
    expectProblem(await expire(pause_id), "already-ended");
  });
});

describe("GET /v1/test/messages", () => {
  test("shows what each recipient was sent: channel, address, text, link and time", async () => {
    const pause = await appliance.ask(key, { recipient: ["+13128471928", "+13128471929"], message: "Pay Ann?" });
    const messages = await appliance.messages(pause);
    expect(messages).toEqual(
      pause.delivery.map(({ recipient }) => ({
        pause_id: pause.pause_id,
        channel: "sms",
        to: recipient,
        text: expect.stringContaining("Pay Ann?"),
        link: expect.stringMatching(new RegExp(`^${appliance.url}/r/[A-Za-z0-9_-]{52}$`)),
        at: "2026-11-23T14:00:00.000Z",
      })),
    );
    for (const { text, link } of messages) expect(text).toContain(link);
  });

  test("without a pause the newest come first, of this project's test pauses alone", async () => {
    const mine = await appliance.ask(key, { message: "mine" });
    await appliance.messages(mine);
    await appliance.ask(appliance.keys.otherTest, { message: "another project's" });
    await appliance.ask(appliance.keys.live, { message: "a live one" });
    const { body } = await appliance.get("/v1/test/messages", key);
    expect(body.data[0].pause_id).toBe(mine.pause_id);
    expect(JSON.stringify(body)).not.toMatch(/another project's|a live one/);
    expectProblem(await appliance.get("/v1/test/messages", appliance.keys.live), "test-only");
    expectInvalid(await appliance.get("/v1/test/messages?pause=x", key), "pause");
  });
});
