import { afterAll, beforeAll, expect, test } from "bun:test";
import { type Appliance, startAppliance, unhurried } from "../support/appliance.ts";

let appliance: Appliance;
let key: string;
beforeAll(async () => {
  appliance = await startAppliance(unhurried);
  key = appliance.keys.test;
});
afterAll(() => appliance.stop());

const TEN = Array.from({ length: 10 }, (_, n) => `+1312847192${n}`);
const count = (id: string, type: string) =>
  appliance.count(
    `SELECT count(*) FROM audit_entries JOIN pauses ON pauses.n = pause_n
     WHERE pauses.id = '${id}' AND json_extract(entry, '$.type') = '${type}'`,
  );

test("of a thousand taps at once, over ten links of one pause, exactly one counts and every other is recorded", async () => {
  const pause = await appliance.ask(key, { recipient: TEN, options: ["A", "B", "C"] });
  const messages = await appliance.messages(pause);
  const taps = await Promise.all(
    Array.from({ length: 1_000 }, async (_, n) => {
      const { link, to } = messages[n % 10]!;
      const choice = "ABC"[n % 3]!;
      return { to, choice, status: (await appliance.choose(link, choice)).status };
    }),
  );
  const counted = taps.filter(({ status }) => status === 303);
  expect(counted).toHaveLength(1);
  expect(taps.filter(({ status }) => status === 410)).toHaveLength(999);
  const ended = await appliance.pause(key, pause.pause_id);
  expect([ended.status, ended.response_choice, ended.responded_by]).toEqual([
    "responded",
    counted[0]!.choice,
    counted[0]!.to,
  ]);
  expect(count(pause.pause_id, "pause.responded")).toBe(1);
  expect(count(pause.pause_id, "response.rejected")).toBe(999);
  expect(appliance.count("SELECT count(*) FROM answers")).toBe(1);
}, 120_000);

test("a tap, a withdrawal and an expiry at once: one of them ends it, and all three are told the same ending", async () => {
  const endings = new Set<string>();
  for (let round = 0; round < 30; round++) {
    const pause = await appliance.ask(key);
    const [message] = await appliance.messages(pause);
    const moves = [
      () => appliance.choose(message!.link, "Approve"),
      () => appliance.post(`/v1/pause/${pause.pause_id}/cancel`, key),
      () => appliance.post(`/v1/test/pause/${pause.pause_id}/expire`, key),
    ];
    const turned = [...moves.slice(round % 3), ...moves.slice(0, round % 3)];
    const waiting = appliance.get(`/v1/pause/${pause.pause_id}?wait=60`, key);
    const statuses = (await Promise.all(turned.map((move) => move()))).map(({ status }) => status);
    expect(statuses.filter((status) => status < 400)).toHaveLength(1);
    const { status } = await appliance.pause(key, pause.pause_id);
    expect((await waiting).body.status).toBe(status);
    endings.add(status);
    const ends = ["pause.responded", "pause.cancelled", "pause.timed_out"].map((type) => count(pause.pause_id, type));
    expect(ends.toSorted()).toEqual([0, 0, 1]);
  }
  expect(endings.size).toBeGreaterThan(1);
});

test("creates at once stay whole, in order, and in one chain with everything above", async () => {
  const made = await Promise.all(
    Array.from({ length: 300 }, (_, n) => appliance.ask(n % 2 === 0 ? key : appliance.keys.otherLive)),
  );
  expect(new Set(made.map(({ pause_id }) => pause_id)).size).toBe(300);
  expect(appliance.faultInLog()).toBeNull();
  expect(appliance.logged).toEqual([]);
});
