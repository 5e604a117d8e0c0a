import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Pause } from "../../src/pauses/index.ts";
import { type Appliance, question, startAppliance } from "../support/appliance.ts";
import { expectInvalid, expectProblem } from "./problem.ts";

let appliance: Appliance;
let key: string;
beforeAll(async () => {
  appliance = await startAppliance((config) => ({
    ...config,
    people: { cfo: { name: "Chief Financial Officer", sms: "+13128471928", email: "cfo@example.com" } },
  }));
  key = appliance.keys.test;
});
afterAll(() => appliance.stop());

const create = (wanted: Record<string, unknown>) => appliance.post("/v1/pause", key, question(wanted));

describe("POST /v1/pause", () => {
  test("answers 201 with the whole pause, every member of it, and where it is", async () => {
    const { status, headers, body } = await create({});
    expect(status).toBe(201);
    expect(headers.get("location")).toBe(`/v1/pause/${body.pause_id}`);
    expect(headers.get("content-type")).toBe("application/json");
    expect(body).toEqual({
      pause_id: expect.stringMatching(/^pause_[0-9a-hjkmnp-tv-z]{26}$/),
      object: "pause",
      mode: "test",
      status: "pending",
      channel: "sms",
      recipient: "+13128471928",
      message: "Pay the invoice?",
      options: ["Approve", "Reject"],
      timeout_hours: 24,
      timeout_default: null,
      created_at: "2026-11-23T14:00:00.000Z",
      expires_at: "2026-11-24T14:00:00.000Z",
      response_choice: null,
      response_source: null,
      response_via: null,
      response_comment: null,
      responded_at: null,
      responded_by: null,
      cancelled_at: null,
      cancel_reason: null,
      reached: null,
      delivery: [{ channel: "sms", recipient: "+13128471928", status: "queued", error: null }],
      details: {},
      metadata: {},
      action_digest: null,
      audience: null,
      receipt: null,
      erased_at: null,
    });
    await appliance.messages(body);
    const { status: found, body: now } = await appliance.get(headers.get("location")!, key);
    expect(found).toBe(200);
    expect(now).toEqual({ ...body, reached: true, delivery: [{ ...body.delivery[0], status: "delivered" }] });
  });

  test("gives back what was asked: options, details, metadata, digest and audience", async () => {
    const asked = {
      options: ["Ship it", "Hold", "Ask Ann again", "部分承認"],
      timeout_default: "Hold",
      details: { Amount: "$8,400.00", "": undefined, To: "Meridian Supplies", "10": "ten", "2": "two" },
      metadata: { n: 1.5, nested: { list: [null, true, "ü"], __proto__: undefined }, "": "empty name", "/~": 1e-7 },
      action_digest: `sha256:${"0123456789abcdef".repeat(4)}`,
      audience: "payments",
    };
    const { status, body } = await create(asked);
    expect(status).toBe(201);
    const { options, timeout_default, details, metadata, action_digest, audience } = body;
    expect({ options, timeout_default, details, metadata, action_digest, audience }).toEqual(
      JSON.parse(JSON.stringify(asked)),
    );
  });

  test("returns metadata byte for byte, a member called __proto__ and up to 16 kB included", async () => {
    const metadata = `{"__proto__":{"admin":true},"constructor":"x","filler":"${"x".repeat(16_384 - 65)}","z":1}`;
    expect(metadata.length).toBeLessThanOrEqual(16_384);
    expect(metadata.length).toBeGreaterThan(16_370);
    const body = JSON.stringify(question()).replace(/}$/, `,"metadata":${metadata}}`);
    const { status, text } = await appliance.post("/v1/pause", key, body);
    expect(status).toBe(201);
    expect(text).toContain(`"metadata":${metadata}`);
  });

  test("asks several: each gets a link of its own, and the shape stays a list", async () => {
    const { body } = await create({ recipient: ["+1 (312) 847-1928", "312-847-1929"] });
    expect(body.recipient).toEqual(["+13128471928", "+13128471929"]);
    expect(body.delivery.map(({ recipient }: { recipient: string }) => recipient)).toEqual(body.recipient);
    const messages = await appliance.messages(body);
    expect(messages.map(({ to }) => to)).toEqual(body.recipient);
    expect(new Set(messages.map(({ link }) => link)).size).toBe(2);
    const one = await create({ recipient: ["+13128471928"] });
    expect(one.body.recipient).toEqual(["+13128471928"]);
  });

  test("reaches a person by the name in the configuration, and never tells the asker where that leads", async () => {
    const { body, text } = await create({ recipient: "@cfo" });
    expect(body.recipient).toBe("@cfo");
    expect(text).not.toContain("+13128471928");
    expect((await appliance.messages(body))[0]?.to).toBe("+13128471928");
  });

  test("takes fractional hours, to the millisecond", async () => {
    for (const [hours, expires] of [
      [0.5, "2026-11-23T14:30:00.000Z"],
      [0.000001, "2026-11-23T14:00:00.004Z"],
      [1e-9, "2026-11-23T14:00:00.001Z"],
      [8760, "2027-11-23T14:00:00.000Z"],
    ] as const) {
      const { body } = await create({ timeout_hours: hours });
      expect([body.timeout_hours, body.expires_at]).toEqual([hours, expires]);
    }
    for (const hours of [0, -1, 8760.01, "4", null])
      expectInvalid(await create({ timeout_hours: hours }), "/timeout_hours");
  });

  test("counts characters as code points, at every limit", async () => {
    const face = "😀";
    expect((await create({ message: face.repeat(1600) })).status).toBe(201);
    expectInvalid(await create({ message: face.repeat(1601) }), "/message");
    expect((await create({ options: [face.repeat(60)] })).status).toBe(201);
    expectInvalid(await create({ options: ["Yes", face.repeat(61)] }), "/options/1");
    const label = face.repeat(60);
    expect((await create({ details: { [label]: face.repeat(500) } })).status).toBe(201);
    expectInvalid(await create({ details: { [label]: face.repeat(501) } }), `/details/${label}`);
    expectInvalid(await create({ details: { [`${label}x`]: "y" } }), `/details/${label}x`);
    const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`label ${n}`, "x"]));
    expect((await create({ details: many(20) })).status).toBe(201);
    expectInvalid(await create({ details: many(21) }), "/details");
    expect((await create({ options: [..."abcdefghij"] })).status).toBe(201);
    expectInvalid(await create({ options: [..."abcdefghijk"] }), "/options");
    expectInvalid(await create({ options: [] }), "/options");
  });

  test("a comment is kept where it was allowed, and left out where not", async () => {
    for (const allowed of [true, false]) {
      const pause = await appliance.ask(key, { allow_comment: allowed });
      const [message] = await appliance.messages(pause);
      expect((await appliance.choose(message!.link, "Reject", { comment: "Too much.\r\nAsk Bo." })).status).toBe(303);
      const ended = await appliance.pause(key, pause.pause_id);
      expect(ended.response_comment).toBe(allowed ? "Too much.\nAsk Bo." : null);
      expect([ended.response_choice, ended.response_via, ended.responded_by]).toEqual([
        "Reject",
        "page",
        "+13128471928",
      ]);
    }
  });

  test("names every field that is wrong at once", async () => {
    const answer = await create({
      recipient: 5,
      channel: "SMS!",
      message: 7,
      options: ["a", "a"],
      timeout_hours: "1",
      details: [],
      "un/known~": 1,
      "": 2,
    });
    expectProblem(answer, "invalid");
    const pointers = answer.body.errors.map(({ pointer }: { pointer: string }) => pointer);
    expect(pointers.toSorted()).toEqual(
      [
        "/",
        "/channel",
        "/details",
        "/message",
        "/options/1",
        "/recipient",
        "/timeout_hours",
        "/un~1known~0",
      ].toSorted(),
    );
  });

  test("tells at once what the schema refuses and what only the configuration does", async () => {
    for (const [wanted, pointers] of [
      [
        { recipient: "@nobody", message: "", timeout_default: "Maybe", webhook_url: "ftp://x" },
        ["/message", "/recipient", "/timeout_default", "/webhook_url"],
      ],
      // One of the wrong type keeps the schema from looking on.
      [
        { recipient: ["+13128471928", "nobody"], message: 5, timeout_default: "Maybe", webhook_url: "ftp://x" },
        ["/message", "/recipient/1", "/timeout_default", "/webhook_url"],
      ],
      [{ recipient: 5, channel: "pager", webhook_url: "ftp://x" }, ["/channel", "/recipient", "/webhook_url"]],
      [{ channel: "pager", webhook_url: "ftp://x" }, ["/channel", "/webhook_url"]],
      [{ recipient: "@nobody", webhook_url: "ftp://x" }, ["/recipient", "/webhook_url"]],
      [{ options: [], timeout_default: "Maybe" }, ["/options", "/timeout_default"]],
    ] as const) {
      const { status, body } = await appliance.post("/v1/pause", appliance.keys.test, question(wanted));
      expect(status).toBe(422);
      expect([wanted, body.errors.map(({ pointer }: { pointer: string }) => pointer).sort()]).toEqual([
        wanted,
        [...pointers],
      ]);
    }
  });

  test("a key's own limits are 403, with a pointer for each", async () => {
    const limits = { recipients: ["@cfo", "*@example.com"], minTimeoutMinutes: 30, noDefaultOnTimeout: true };
    const limited = await appliance.newKey({ mode: "test", limits });
    const wanted = { recipient: ["@cfo", "+13128471929"], timeout_hours: 0.4, timeout_default: "Approve" };
    const answer = await appliance.post("/v1/pause", limited, question(wanted));
    expectProblem(answer, "key-limit");
    const pointers = answer.body.errors.map(({ pointer }: { pointer: string }) => pointer);
    expect(pointers).toEqual(["/recipient/1", "/timeout_hours", "/timeout_default"]);
    expect((await appliance.post("/v1/pause", limited, question({ recipient: "@cfo" }))).status).toBe(201);
  });

  test("every channel that always exists can be asked over, in its own kind of address", async () => {
    for (const [channel, recipient] of [
      ["sms", "+13128471928"],
      ["whatsapp", "+13128471928"],
      ["email", "cfo@example.com"],
      ["slack", "U012AB3CD"],
    ]) {
      const { status, body } = (await create({ channel, recipient })) as { status: number; body: Pause };
      expect([status, body.channel, body.recipient]).toEqual([201, channel!, recipient!]);
    }
    expectInvalid(await create({ channel: "pigeon" }), "/channel");
    expectInvalid(await create({ recipient: "nobody" }), "/recipient");
    expectInvalid(await create({ recipient: "@nobody" }), "/recipient");
    expectInvalid(await create({ recipient: ["@cfo", "+1 312 847 1928"] }), "/recipient/1");
  });

  test("the link is in no answer to the one who asked", async () => {
    const pause = await appliance.ask(appliance.keys.live);
    for (const path of [`/v1/pause/${pause.pause_id}`, `/v1/pause/${pause.pause_id}/audit?disclose=true`, "/v1/pause"])
      expect((await appliance.get(path, appliance.keys.live)).text).not.toContain("/r/");
  });
});
