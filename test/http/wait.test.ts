import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Appliance, startAppliance } from "../support/appliance.ts";
import { HOUR } from "../support/database.ts";
import { expectInvalid, expectProblem } from "./problem.ts";

let appliance: Appliance;
let key: string;
beforeAll(async () => {
  appliance = await startAppliance();
  key = appliance.keys.test;
});
afterAll(() => appliance.stop());

const wait = (id: string, seconds: string | number) => appliance.get(`/v1/pause/${id}?wait=${seconds}`, key);

describe("GET /v1/pause/{pause_id}?wait=", () => {
  test("answers at once when the pause had ended", async () => {
    const { pause_id } = await appliance.ask(key);
    await appliance.post(`/v1/pause/${pause_id}/cancel`, key);
    expect((await wait(pause_id, 120)).body.status).toBe("cancelled");
  });

  test("answers on the tap, on a withdrawal and when the time is over", async () => {
    const endings = {
      responded: async (_: string, link: string) => appliance.choose(link, "Approve"),
      cancelled: async (id: string) => appliance.post(`/v1/pause/${id}/cancel`, key),
      timed_out: async () => appliance.clock.turn(60_000),
    };
    for (const [status, end] of Object.entries(endings)) {
      const pause = await appliance.ask(key, { timeout_hours: 1 / 60 });
      const [message] = await appliance.messages(pause);
      const [first, second] = [wait(pause.pause_id, 90), wait(pause.pause_id, "119.5")];
      await appliance.held(2);
      await end(pause.pause_id, message!.link);
      expect([(await first).body.status, (await second).body.status]).toEqual([status, status]);
      expect(appliance.app.waiting).toBe(0);
    }
  });

  test("answers with pending when the seconds are over, decimals counted", async () => {
    const { pause_id } = await appliance.ask(key);
    const held = wait(pause_id, 2.5);
    await appliance.held(1);
    appliance.clock.turn(2_499);
    expect(appliance.app.waiting).toBe(1);
    appliance.clock.turn(1);
    const { status, body } = await held;
    expect([status, body.status]).toEqual([200, "pending"]);
  });

  test("wait=0 and no wait at all answer at once", async () => {
    const { pause_id } = await appliance.ask(key);
    for (const seconds of ["0", "0.0"]) expect((await wait(pause_id, seconds)).body.status).toBe("pending");
  });

  test("names the parameter when it is no number of seconds from 0 to 120, or is given twice", async () => {
    const { pause_id } = await appliance.ask(key);
    for (const bad of ["120.1", "121", "-1", "ten", "", "1e2", "Infinity", "NaN", "0x10", " 5", "+5", "1&wait=2"])
      expectInvalid(await wait(pause_id, bad), "wait");
    expectInvalid(await appliance.get(`/v1/pause/${pause_id}?waits=5`, key), "waits");
  });

  test("who waits for a pause that is not there is told at once", async () => {
    expectProblem(await wait("pause_00000000000000000000000000", 120), "not-found");
    expectProblem(await wait("pause_no", 120), "not-found");
  });

  test("a client that leaves in the middle of a wait is waited for no more", async () => {
    const { pause_id } = await appliance.ask(key);
    const leaving = new AbortController();
    const held = Array.from({ length: 20 }, () =>
      fetch(`${appliance.url}/v1/pause/${pause_id}?wait=100`, {
        headers: { authorization: `Bearer ${key}` },
        signal: leaving.signal,
      }),
    );
    const gone = Promise.allSettled(held);
    await appliance.held(20);
    leaving.abort();
    expect((await gone).every(({ status }) => status === "rejected")).toBe(true);
    await appliance.held(0);
    expect((await wait(pause_id, 0)).body.status).toBe("pending");
  });
});

describe("an appliance that stops", () => {
  test("answers whoever waits with the pause as it is", async () => {
    const stopping = await startAppliance();
    const { pause_id } = await stopping.ask(stopping.keys.live);
    const held = stopping.get(`/v1/pause/${pause_id}?wait=120`, stopping.keys.live);
    await stopping.held(1);
    await stopping.stop();
    const { status, body } = await held;
    expect([status, body.pause_id, body.status]).toEqual([200, pause_id, "pending"]);
  });
});

describe("from expires_at on", () => {
  test("no answer shows the pause pending: neither get, list, cancel, link nor wait", async () => {
    const looks: Record<string, (id: string, link: string) => Promise<unknown>> = {
      get: async (id) => expect((await appliance.pause(key, id)).status).toBe("timed_out"),
      list: async (id) => {
        const { body } = await appliance.get("/v1/pause?limit=100", key);
        expect(body.data.find((pause: { pause_id: string }) => pause.pause_id === id).status).toBe("timed_out");
      },
      pendingOnly: async (id) => {
        const { body } = await appliance.get("/v1/pause?status=pending&limit=100", key);
        expect(body.data.some((pause: { pause_id: string }) => pause.pause_id === id)).toBe(false);
      },
      wait: async (id) => expect((await wait(id, 120)).body.status).toBe("timed_out"),
      cancel: async (id) => expectProblem(await appliance.post(`/v1/pause/${id}/cancel`, key), "already-ended"),
      respond: async (id) => {
        const answer = await appliance.post(`/v1/test/pause/${id}/respond`, key, { choice: "Approve" });
        expectProblem(answer, "already-ended");
      },
      tap: async (_, link) => expect((await appliance.choose(link, "Approve")).status).toBe(410),
      page: async (_, link) => expect((await appliance.call(link)).text).not.toContain("<button"),
    };
    for (const look of Object.values(looks)) {
      const pause = await appliance.ask(key, { timeout_hours: 2 });
      const [message] = await appliance.messages(pause);
      // Set, not turned: no timer has fired, so whoever looks first ends it.
      appliance.clock.set(Date.parse(pause.expires_at));
      await look(pause.pause_id, message!.link);
      const ended = await appliance.pause(key, pause.pause_id);
      expect([ended.status, ended.response_choice]).toEqual(["timed_out", null]);
      const types = (await appliance.log(key, pause.pause_id)).map(({ type }) => type);
      expect(types.filter((type) => type === "pause.timed_out")).toHaveLength(1);
    }
  });

  test("a millisecond before it, the answer still counts", async () => {
    const pause = await appliance.ask(key, { timeout_hours: 2 });
    const [message] = await appliance.messages(pause);
    appliance.clock.set(Date.parse(pause.expires_at) - 1);
    expect((await appliance.choose(message!.link, "Approve")).status).toBe(303);
  });

  test("with a default the pause ends responded, by the clock and by nobody", async () => {
    const { pause_id, expires_at } = await appliance.ask(key, { timeout_hours: 1, timeout_default: "Reject" });
    appliance.clock.turn(HOUR);
    expect(await appliance.pause(key, pause_id)).toMatchObject({
      status: "responded",
      response_choice: "Reject",
      response_source: "timeout_default",
      response_via: null,
      responded_by: null,
      responded_at: expires_at,
      response_comment: null,
    });
  });
});
