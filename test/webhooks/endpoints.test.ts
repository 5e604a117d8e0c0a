import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { MOST_ENDPOINTS } from "../../src/webhooks/index.ts";
import { expectInvalid, expectProblem } from "../http/problem.ts";
import { chainFaults, DAY } from "../support/database.ts";
import { type Stage, startStage, URL_OF_RECEIVER, type Worlds } from "./stage.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await startStage();
});
afterAll(async () => {
  expect(stage.logged).toEqual([]);
  expect(chainFaults(stage.db.connection)).toEqual([]);
  await stage[Symbol.asyncDispose]();
});

/** The last entry of the log. */
const lastEntry = () => stage.db.log().at(-1);
const rowOf = (id: string) => stage.stored().find((row) => row.id === id);

describe("a webhook endpoint", () => {
  test("is created with its secret in the answer, and is in the log with its address committed to", async () => {
    const answer = await stage.call("POST", "/v1/webhooks", {
      url: URL_OF_RECEIVER,
      events: ["pause.timed_out", "pause.cancelled"],
      description: "the ledger",
    });
    expect(answer.status).toBe(201);
    const { id, secret } = answer.body;
    expect(answer.body).toEqual({
      id: expect.stringMatching(/^whk_[0-9a-z]{26}$/),
      object: "webhook",
      url: URL_OF_RECEIVER,
      events: ["pause.timed_out", "pause.cancelled"],
      description: "the ledger",
      status: "enabled",
      disabled_reason: null,
      secret: expect.stringMatching(/^whsec_/),
      created_at: "2026-11-23T14:00:00.000Z",
    });
    expect(answer.headers.get("location")).toBe(`/v1/webhooks/${id}`);
    expect(secret).toBe(stage.secrets.ofEndpoint(rowOf(id)!, stage.db.clock.now())[0]!);
    expect(lastEntry()).toMatchObject({
      type: "webhook.created",
      actor: { type: "developer", id: stage.keys.test.key.id },
      project: "default",
      mode: "test",
      pause_id: null,
      data: {
        webhook_id: id,
        events: ["pause.timed_out", "pause.cancelled"],
        url: { commitment: expect.any(String) },
        description: { commitment: expect.any(String) },
      },
    });
  });

  test("that names no events listens for all, and its address gets the one spelling of a URL", async () => {
    const made = await stage.create({ url: "HTTPS://Hooks.Example.com:443/a/../b?x=1#part" });
    expect(made).toMatchObject({ url: "https://hooks.example.com/b?x=1", events: null, description: null });
    expect(lastEntry()?.data).toEqual({ webhook_id: made.id, url: { commitment: expect.any(String) } });
  });

  test("is shown as it was created, without its secret", async () => {
    const { secret: _, ...made } = await stage.create();
    const { status, body } = await stage.call("GET", `/v1/webhooks/${made.id}`);
    expect([status, body]).toEqual([200, made]);
  });

  test("changes in what a PATCH names and in nothing else", async () => {
    const { secret: _, ...made } = await stage.create({ events: ["pause.cancelled"], description: "first" });
    const path = `/v1/webhooks/${made.id}`;
    let expected = { ...made };
    for (const change of [
      { url: "https://hooks.example.com/other" },
      { events: ["pause.responded"] as const },
      { description: "second" },
      { events: null, description: null },
    ]) {
      expected = { ...expected, ...change } as typeof expected;
      const { status, body } = await stage.call("PATCH", path, change);
      expect([status, body]).toEqual([200, expected]);
      expect((await stage.call("GET", path)).body).toEqual(expected);
    }
    expect(lastEntry()).toMatchObject({ type: "webhook.changed", data: { webhook_id: made.id, status: "enabled" } });
  });

  test("whose PATCH changes nothing leaves no entry in the log", async () => {
    const { secret: _, ...made } = await stage.create({ events: ["pause.cancelled"], description: "same" });
    const before = stage.db.log().length;
    const { url, events, description, status } = made;
    for (const change of [{}, { url, events, description, status }]) {
      const answer = await stage.call("PATCH", `/v1/webhooks/${made.id}`, change);
      expect([answer.status, answer.body]).toEqual([200, made]);
    }
    expect(stage.db.log().length).toBe(before);
  });

  test("is disabled and enabled again by a PATCH, and then starts afresh", async () => {
    const { id } = await stage.create();
    const path = `/v1/webhooks/${id}`;
    expect((await stage.call("PATCH", path, { status: "disabled" })).body).toMatchObject({
      status: "disabled",
      disabled_reason: "it was disabled by request",
    });
    stage.db.connection.prepare("UPDATE webhook_endpoints SET failing_since = 5 WHERE id = ?").run(id);
    expect((await stage.call("PATCH", path, { description: "still off" })).body.disabled_reason).toBe(
      "it was disabled by request",
    );
    expect(rowOf(id)?.failing_since).toBe(5);
    expect((await stage.call("PATCH", path, { status: "enabled" })).body).toMatchObject({
      status: "enabled",
      disabled_reason: null,
    });
    expect(rowOf(id)?.failing_since).toBeNull();
  });

  test("at another address has not failed there yet", async () => {
    const { id } = await stage.create();
    stage.db.connection.prepare("UPDATE webhook_endpoints SET failing_since = 5 WHERE id = ?").run(id);
    await stage.call("PATCH", `/v1/webhooks/${id}`, { url: "https://hooks.example.com/moved" });
    expect(rowOf(id)?.failing_since).toBeNull();
  });

  test("that is deleted is gone from every route at once, and its row stays for its deliveries", async () => {
    const { id } = await stage.create();
    const answer = await stage.call("DELETE", `/v1/webhooks/${id}`);
    expect([answer.status, answer.text]).toEqual([204, ""]);
    expect(lastEntry()).toMatchObject({ type: "webhook.deleted", data: { webhook_id: id } });
    for (const [method, path, body] of routesOf(id)) expectProblem(await stage.call(method, path, body), "not-found");
    expect(rowOf(id)).toBeUndefined();
    expect(stage.db.count("SELECT count(*) FROM webhook_endpoints WHERE id = ? AND deleted_at > 0", id)).toBe(1);
  });

  test("is tested by what sends, and a disabled one is not", async () => {
    const { id } = await stage.create();
    const { status, body } = await stage.call("POST", `/v1/webhooks/${id}/test`);
    expect([status, body]).toEqual([202, { delivery_id: "dlv_1" }]);
    expect(stage.sentTests).toEqual([{ project: "default", mode: "test", endpoint: rowOf(id)! }]);
    await stage.call("PATCH", `/v1/webhooks/${id}`, { status: "disabled" });
    expectProblem(await stage.call("POST", `/v1/webhooks/${id}/test`), "not-deliverable");
    expect(stage.sentTests.length).toBe(1);
  });
});

/** Every route that names an endpoint, with a body that it takes. */
const routesOf = (id: string) =>
  [
    ["GET", `/v1/webhooks/${id}`, undefined],
    ["PATCH", `/v1/webhooks/${id}`, { description: "taken" }],
    ["DELETE", `/v1/webhooks/${id}`, undefined],
    ["POST", `/v1/webhooks/${id}/rotate-secret`, undefined],
    ["POST", `/v1/webhooks/${id}/test`, undefined],
  ] as const;

describe("another project, and the other mode", () => {
  test("see no endpoint that is not theirs, at any route, as if it were not there", async () => {
    const made = Object.fromEntries(
      await Promise.all(
        Object.entries(stage.keys).map(async ([name, key]) => [name, (await stage.create({}, key)).id]),
      ),
    ) as Record<keyof Worlds, string>;
    const before = stage.db.log().length;
    for (const [mine, key] of Object.entries(stage.keys)) {
      for (const [theirs, id] of Object.entries(made)) {
        if (theirs === mine) continue;
        for (const [index, [method, path, body]] of routesOf(id).entries()) {
          const answer = await stage.call(method, path, body, key);
          expectProblem(answer, "not-found");
          const [, missingPath] = routesOf("whk_00000000000000000000000000")[index]!;
          const missing = await stage.call(method, missingPath, body, key);
          expect({ ...answer.body, request_id: "" }).toEqual({ ...missing.body, request_id: "" });
        }
        expect((await stage.call("GET", "/v1/webhooks?limit=100", undefined, key)).text).not.toContain(id);
      }
    }
    expect(stage.db.log().length).toBe(before);
  });

  test("have default secrets of their own, which a rotation of another's leaves alone", async () => {
    const secretOf = async (key: Worlds["test"]) =>
      (await stage.call("GET", "/v1/webhooks/default-secret", undefined, key)).body.secret as string;
    const all = await Promise.all(Object.values(stage.keys).map(secretOf));
    expect(new Set(all).size).toBe(4);
    await stage.call("POST", "/v1/webhooks/default-secret/rotate", undefined, stage.keys.otherLive);
    const after = await Promise.all(Object.values(stage.keys).map(secretOf));
    expect(after.map((secret, index) => secret === all[index])).toEqual([true, true, true, false]);
  });

  test("need the scope webhooks:manage", async () => {
    const key = await stage.db.newKey("test", { scopes: ["pauses:read", "pauses:write", "audit:read", "admin"] });
    const { id } = await stage.create();
    const all = [
      ...routesOf(id),
      ["GET", "/v1/webhooks", undefined],
      ["POST", "/v1/webhooks", { url: URL_OF_RECEIVER }],
      ["GET", "/v1/webhooks/default-secret", undefined],
      ["POST", "/v1/webhooks/default-secret/rotate", undefined],
    ] as const;
    for (const [method, path, body] of all) expectProblem(await stage.call(method, path, body, key), "scope");
  });
});

describe("a secret that is rotated", () => {
  test("of an endpoint is new in the answer, and the old one signs beside it for a day", async () => {
    const { secret: old, ...made } = await stage.create();
    stage.db.clock.turn(DAY);
    const { status, body } = await stage.call("POST", `/v1/webhooks/${made.id}/rotate-secret`);
    expect([status, { ...body, secret: "" }]).toEqual([200, { ...made, secret: "" }]);
    expect(body.secret).toMatch(/^whsec_/);
    expect(body.secret).not.toBe(old);
    const signing = () => stage.secrets.ofEndpoint(rowOf(made.id)!, stage.db.clock.now());
    expect(signing()).toEqual([body.secret, old]);
    stage.db.clock.turn(DAY - 1);
    expect(signing()).toEqual([body.secret, old]);
    stage.db.clock.turn(1);
    expect(signing()).toEqual([body.secret]);
    expect(lastEntry()).toMatchObject({ type: "webhook.secret_rotated", data: { webhook_id: made.id } });
  });

  test("of a world is shown again and again, with the time of its rotation", async () => {
    const first = (await stage.call("GET", "/v1/webhooks/default-secret")).body;
    expect(first).toEqual({
      object: "webhook_default_secret",
      secret: expect.stringMatching(/^whsec_/),
      rotated_at: null,
    });
    const { status, body } = await stage.call("POST", "/v1/webhooks/default-secret/rotate");
    expect([status, body]).toEqual([
      200,
      { ...first, secret: expect.any(String), rotated_at: new Date(stage.db.clock.now()).toISOString() },
    ]);
    expect(body.secret).not.toBe(first.secret);
    expect((await stage.call("GET", "/v1/webhooks/default-secret")).body).toEqual(body);
    expect(lastEntry()).toMatchObject({ type: "webhook.secret_rotated", mode: "test", project: "default", data: {} });
  });

  test("is never in a list, in what shows or changes an endpoint, in the database or in the log", async () => {
    const { id, secret } = await stage.create();
    const rotated = (await stage.call("POST", `/v1/webhooks/${id}/rotate-secret`)).body.secret as string;
    const answers = [
      await stage.call("GET", "/v1/webhooks?limit=100"),
      await stage.call("GET", `/v1/webhooks/${id}`),
      await stage.call("PATCH", `/v1/webhooks/${id}`, { description: "told" }),
      await stage.call("POST", `/v1/webhooks/${id}/test`),
      await stage.call("PATCH", `/v1/webhooks/${id}`, { secret: rotated }),
    ];
    for (const { text } of answers) expect(text).not.toContain("whsec_");
    const stored = JSON.stringify([stage.stored(), stage.db.connection.prepare("SELECT * FROM audit_entries").all()]);
    for (const part of [secret, rotated].map((text) => text.slice(6, 20))) {
      expect(stored).not.toContain(part);
      expect(stage.logged.join("")).not.toContain(part);
    }
  });
});

describe("the path of the default secret", () => {
  test("is no endpoint's: methods that only those have are 405 there", async () => {
    for (const method of ["PATCH", "DELETE"]) {
      const answer = await stage.call(method, "/v1/webhooks/default-secret", {});
      expectProblem(answer, "method-not-allowed");
      expect(answer.headers.get("allow")).toBe("GET, HEAD");
    }
  });
});

describe("the list of endpoints", () => {
  test("has the newest first, and its cursors go through all of them once, while some come and go", async () => {
    const key = await stage.db.newKey("test", { project: "listed" });
    const made: string[] = [];
    for (let count = 0; count < 7; count++) made.unshift((await stage.create({}, key)).id);
    const list = async (query: string) => (await stage.call("GET", `/v1/webhooks${query}`, undefined, key)).body;
    const idsOf = (page: { data: { id: string }[] }) => page.data.map(({ id }) => id);
    expect(await list("")).toMatchObject({ next_cursor: null });
    expect(idsOf(await list(""))).toEqual(made);
    for (const limit of [1, 3, 6, 7, 8]) {
      const found: string[] = [];
      for (let cursor: string | null = ""; cursor !== null; ) {
        const page = await list(`?limit=${limit}${cursor === "" ? "" : `&cursor=${cursor}`}`);
        found.push(...idsOf(page));
        cursor = page.next_cursor;
      }
      expect(found).toEqual(made);
    }
    expect((await list("?limit=7")).next_cursor).toBeNull();
    const first = await list("?limit=2");
    await stage.create({}, key);
    await stage.call("DELETE", `/v1/webhooks/${made[1]}`, undefined, key);
    expect(idsOf(await list(`?limit=2&cursor=${first.next_cursor}`))).toEqual(made.slice(2, 4));
    const elsewhere = await stage.call("GET", `/v1/webhooks?cursor=${first.next_cursor}`);
    expectInvalid(elsewhere, "cursor");
  });

  test("names a parameter that it can't read, does not know, or is given twice", async () => {
    for (const [query, parameter] of [
      ["limit=0", "limit"],
      ["limit=101", "limit"],
      ["limit=ten", "limit"],
      ["cursor=nonsense", "cursor"],
      [`cursor=${"A".repeat(501)}`, "cursor"],
      ["status=enabled", "status"],
      ["limit=1&limit=2", "limit"],
    ] as const)
      expectInvalid(await stage.call("GET", `/v1/webhooks?${query}`), parameter);
  });

  test("ends at fifty: one more is refused, also when many come at once, until one is deleted", async () => {
    const key = await stage.db.newKey("live", { project: "full" });
    const twin = await stage.db.newKey("test", { project: "full" });
    for (let count = 0; count < MOST_ENDPOINTS - 1; count++) await stage.create({}, key);
    const crowd = await Promise.all(
      Array.from({ length: 5 }, () => stage.call("POST", "/v1/webhooks", { url: URL_OF_RECEIVER }, key)),
    );
    expect(crowd.map(({ status }) => status).toSorted()).toEqual([201, 409, 409, 409, 409]);
    expectProblem(crowd.find(({ status }) => status === 409)!, "webhook-limit");
    expect(stage.stored(key).length).toBe(50);
    await stage.create({}, twin);
    await stage.call("DELETE", `/v1/webhooks/${stage.stored(key)[7]!.id}`, undefined, key);
    await stage.create({}, key);
    expect(stage.stored(key).length).toBe(50);
  });
});
