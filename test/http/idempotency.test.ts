import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Appliance, question, startAppliance } from "../support/appliance.ts";
import { DAY, HOUR } from "../support/database.ts";
import { expectProblem } from "./problem.ts";

let appliance: Appliance;
beforeAll(async () => {
  appliance = await startAppliance();
});
afterAll(() => appliance.stop());

const create = (idempotencyKey: string, wanted: Record<string, unknown> = {}, key = appliance.keys.test) =>
  appliance.post("/v1/pause", key, question(wanted), { "idempotency-key": idempotencyKey });
const pauses = () => appliance.count("SELECT count(*) FROM pauses");

describe("Idempotency-Key", () => {
  test("a retry makes no second pause: 201 with the pause as it is now, and says that it is a replay", async () => {
    const first = await create("retry");
    expect(first.headers.has("idempotent-replayed")).toBe(false);
    await appliance.post(`/v1/test/pause/${first.body.pause_id}/respond`, appliance.keys.test, { choice: "Approve" });
    const before = pauses();
    const again = await create("retry");
    expect([again.status, again.headers.get("idempotent-replayed")]).toEqual([201, "true"]);
    expect(again.headers.get("location")).toBe(first.headers.get("location"));
    expect(again.body).toMatchObject({ pause_id: first.body.pause_id, response_choice: "Approve" });
    expect(pauses()).toBe(before);
  });

  test("the order of members and the spelling of numbers do not count; what the body says does", async () => {
    const plain = question({ timeout_hours: 2, metadata: { a: 1, b: [2] } });
    const turned = `{"metadata":{"b":[2e0],"a":1.0},"timeout_hours":0.2e1,${JSON.stringify(question()).slice(1)}`;
    const first = await appliance.post("/v1/pause", appliance.keys.test, plain, { "idempotency-key": "order" });
    const again = await appliance.post("/v1/pause", appliance.keys.test, turned, { "idempotency-key": "order" });
    expect(again.body.pause_id).toBe(first.body.pause_id);
    expectProblem(await create("order"), "idempotency-mismatch");
    expectProblem(await create("order", { timeout_hours: 2, metadata: { a: 1, b: [3] } }), "idempotency-mismatch");
  });

  test("what was refused is not kept: the corrected request may use the key", async () => {
    expect((await create("refused", { message: "" })).status).toBe(422);
    expect((await create("refused")).status).toBe(201);
  });

  test("a hundred at once make one pause; the others replay it, or are told to come back in a second", async () => {
    const before = pauses();
    const answers = await Promise.all(Array.from({ length: 100 }, () => create("storm")));
    expect(pauses()).toBe(before + 1);
    const fresh = answers.filter(({ status, headers }) => status === 201 && !headers.has("idempotent-replayed"));
    expect(fresh).toHaveLength(1);
    const running = answers.filter(({ status }) => status === 409);
    for (const answer of running) {
      expectProblem(answer, "idempotency-running");
      expect(answer.headers.get("retry-after")).toBe("1");
    }
    const replayed = answers.filter(({ headers }) => headers.get("idempotent-replayed") === "true");
    expect(fresh.length + running.length + replayed.length).toBe(100);
    expect(running.length).toBeGreaterThan(0);
  });

  test("belongs to a project and a mode: another world's same key is another", async () => {
    const { test: key, live, otherTest, otherLive } = appliance.keys;
    const ids = [];
    for (const world of [key, live, otherTest, otherLive]) ids.push((await create("worlds", {}, world)).body.pause_id);
    expect(new Set(ids).size).toBe(4);
  });

  test("belongs to the world, not to the key: a rotated API key replays what the old one made", async () => {
    const rotated = await appliance.newKey({ mode: "test" });
    const first = await create("rotated");
    expect((await create("rotated", {}, rotated)).body.pause_id).toBe(first.body.pause_id);
  });

  test("must be 1 to 255 printable ASCII characters", async () => {
    for (const bad of ["", "x".repeat(256), "schlüssel", "tab\tinside"])
      expectProblem(await create(bad), "bad-request");
    for (const good of ["x", "x".repeat(255), "a b ~!"]) expect((await create(good)).status).toBe(201);
  });

  test("is remembered for a day after the pause has ended", async () => {
    const { body } = await create("kept", { timeout_hours: 48 });
    appliance.clock.turn(48 * HOUR);
    expect((await appliance.pause(appliance.keys.test, body.pause_id)).status).toBe("timed_out");
    appliance.clock.turn(DAY - 1);
    expect((await create("kept", { timeout_hours: 48 })).body.pause_id).toBe(body.pause_id);
    appliance.clock.turn(1);
    expect((await create("kept", { timeout_hours: 48 })).body.pause_id).not.toBe(body.pause_id);
  });
});
