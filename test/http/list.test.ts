import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Pause } from "../../src/pauses/index.ts";
import { type Appliance, startAppliance } from "../support/appliance.ts";
import { MINUTE } from "../support/database.ts";
import { expectInvalid } from "./problem.ts";

let appliance: Appliance;
let key: string;
/** Twelve pauses, oldest first, three in each minute. */
const asked: Pause[] = [];

beforeAll(async () => {
  appliance = await startAppliance();
  key = appliance.keys.test;
  for (let minute = 0; minute < 4; minute++) {
    for (const channel of ["sms", "whatsapp", "sms"])
      asked.push(await appliance.ask(key, { channel, message: `${channel} of minute ${minute}` }));
    appliance.clock.turn(MINUTE);
  }
  await appliance.post(`/v1/test/pause/${asked[0]!.pause_id}/respond`, key, { choice: "Reject" });
  await appliance.post(`/v1/test/pause/${asked[1]!.pause_id}/expire`, key);
  await appliance.post(`/v1/pause/${asked[2]!.pause_id}/cancel`, key);
});
afterAll(() => appliance.stop());

const list = (query = "") => appliance.get(`/v1/pause${query}`, key);
const idsOf = ({ body }: { body: { data: Pause[] } }) => body.data.map(({ pause_id }) => pause_id);
const newestFirst = (pauses: readonly Pause[]) => pauses.map(({ pause_id }) => pause_id).reverse();

/** Every page of a list, by its cursors. */
async function pages(query: string, between: () => Promise<unknown> = async () => {}): Promise<string[][]> {
  const found: string[][] = [];
  for (let cursor: string | null = ""; cursor !== null; ) {
    const answer = await list(`?${query}${cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`}`);
    expect(answer.status).toBe(200);
    found.push(idsOf(answer));
    cursor = answer.body.next_cursor;
    await between();
  }
  return found;
}

describe("GET /v1/pause", () => {
  test("lists newest first, each as GET shows it, with nothing beside data and next_cursor", async () => {
    const { status, body } = await list();
    expect(status).toBe(200);
    expect(Object.keys(body)).toEqual(["data", "next_cursor"]);
    expect(body.next_cursor).toBeNull();
    expect(idsOf({ body })).toEqual(newestFirst(asked));
    expect(body.data[3]).toEqual(await appliance.pause(key, body.data[3].pause_id));
  });

  test("gives twenty unless asked for 1 to 100", async () => {
    const { otherTest } = appliance.keys;
    for (let count = 0; count < 25; count++) await appliance.ask(otherTest);
    expect((await appliance.get("/v1/pause", otherTest)).body.data).toHaveLength(20);
    expect((await appliance.get("/v1/pause?limit=100", otherTest)).body.data).toHaveLength(25);
    expect((await appliance.get("/v1/pause?limit=25", otherTest)).body.next_cursor).toBeNull();
    expect((await appliance.get("/v1/pause?limit=1", otherTest)).body.data).toHaveLength(1);
    for (const bad of ["0", "101", "-1", "1.5", "ten", "", "1e1", "%2020", "9007199254740993"])
      expectInvalid(await list(`?limit=${bad}`), "limit");
  });

  test("its cursors go through everything once, whatever the page's length", async () => {
    for (const limit of [1, 5, 11, 12, 13]) {
      const found = await pages(`limit=${limit}`);
      expect(found.flat()).toEqual(newestFirst(asked));
      expect(found.every((page, index) => page.length === limit || index === found.length - 1)).toBe(true);
    }
  });

  test("cursors are stable while new pauses come in", async () => {
    const added: Pause[] = [];
    const before = newestFirst(asked);
    const found = await pages("limit=5", async () => added.push(await appliance.ask(key)));
    expect(found.flat()).toEqual(before);
    expect(added).toHaveLength(3);
    asked.push(...added);
  });

  test("filters by status and by channel, also both, over pages", async () => {
    const by = (status: string) =>
      asked.slice(0, 3).filter((_, n) => ["responded", "timed_out", "cancelled"][n] === status);
    for (const status of ["responded", "timed_out", "cancelled"])
      expect((await pages(`status=${status}&limit=1`)).flat()).toEqual(newestFirst(by(status)));
    expect((await pages("status=pending&limit=4")).flat()).toEqual(newestFirst(asked.slice(3)));
    const whatsapp = asked.filter(({ channel }) => channel === "whatsapp");
    expect((await pages("channel=whatsapp&limit=2")).flat()).toEqual(newestFirst(whatsapp));
    const pending = whatsapp.filter((pause) => pause !== asked[1]);
    expect((await pages("channel=whatsapp&status=pending&limit=2")).flat()).toEqual(newestFirst(pending));
    expect((await list("?channel=pigeon")).body).toEqual({ data: [], next_cursor: null });
  });

  test("created_after includes its moment, created_before does not", async () => {
    const minute = (n: number) => asked.slice(3 * n, 3 * n + 3);
    const at = (n: number) => encodeURIComponent(minute(n)[0]!.created_at);
    expect(idsOf(await list(`?created_after=${at(1)}&created_before=${at(3)}`))).toEqual(
      newestFirst([...minute(1), ...minute(2)]),
    );
    expect(idsOf(await list(`?created_before=${at(1)}`))).toEqual(newestFirst(minute(0)));
    expect(idsOf(await list(`?created_after=${at(3)}&created_before=${at(3)}`))).toEqual([]);
    const zone = encodeURIComponent("2026-11-23T15:01:00+01:00");
    expect(idsOf(await list(`?created_after=${zone}&created_before=${at(2)}`))).toEqual(newestFirst(minute(1)));
    expect(idsOf(await list("?created_after=2026-11-24"))).toEqual([]);
    expect(idsOf(await list("?created_before=2026-11-24&limit=100"))).toEqual(newestFirst(asked));
  });

  test("names a filter that it can't read, does not know, or is given twice", async () => {
    for (const [query, parameter] of [
      ["status=done", "status"],
      ["status=", "status"],
      ["created_after=yesterday", "created_after"],
      ["created_before=2026-13-01T00:00:00Z", "created_before"],
      ["created_before=2026-11-23T14:00:00", "created_before"],
      ["created_after=1700000000", "created_after"],
      ["page=2", "page"],
      ["status=pending&status=responded", "status"],
      ["cursor=", "cursor"],
      ["cursor=nonsense", "cursor"],
      [`cursor=${"A".repeat(501)}`, "cursor"],
    ] as const)
      expectInvalid(await list(`?${query}`), parameter);
  });

  test("a cursor serves its own filters alone, and its own world", async () => {
    const { body } = await list("?status=pending&limit=2");
    const cursor = encodeURIComponent(body.next_cursor);
    expect((await list(`?status=pending&limit=9&cursor=${cursor}`)).status).toBe(200);
    expectInvalid(await list(`?limit=2&cursor=${cursor}`), "cursor");
    expectInvalid(await list(`?status=pending&channel=sms&cursor=${cursor}`), "cursor");
    const { otherTest, live } = appliance.keys;
    for (const other of [otherTest, live])
      expectInvalid(await appliance.get(`/v1/pause?status=pending&cursor=${cursor}`, other), "cursor");
  });
});
