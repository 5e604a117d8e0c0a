import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { openDisclosure, verifyDisclosure } from "../../src/audit/disclosure.ts";
import type { Pause } from "../../src/pauses/index.ts";
import { type Appliance, startAppliance } from "../support/appliance.ts";
import { HOUR } from "../support/database.ts";
import { expectInvalid, expectProblem } from "./problem.ts";

let appliance: Appliance;
let key: string;
let first: Pause;
let second: Pause;
beforeAll(async () => {
  appliance = await startAppliance();
  key = appliance.keys.test;
  const recipient = ["+13128471928", "+13128471929"];
  first = await appliance.ask(key, {
    recipient,
    details: { To: "Meridian" },
    metadata: { po: 7 },
    allow_comment: true,
  });
  const [message] = await appliance.messages(first);
  appliance.clock.turn(HOUR);
  await appliance.call(message!.link);
  await appliance.choose(message!.link, "Approve", { comment: "fine" });
  await appliance.choose(message!.link, "Reject");
  appliance.clock.turn(HOUR);
  second = await appliance.ask(key);
  await appliance.messages(second);
  await appliance.post(`/v1/pause/${second.pause_id}/cancel`, key, { reason: "no need" });
});
afterAll(() => appliance.stop());

// biome-ignore lint/suspicious/noExplicitAny: what an entry holds is what these tests look at
type Entry = any;
const audit = (query = "", as = key) => appliance.get(`/v1/audit?limit=100${query}`, as);
const typesOf = ({ body }: { body: { data: Entry[] } }) => body.data.map(({ type }) => type);

const STORY = [
  "pause.created",
  "pause.delivered",
  "pause.delivered",
  "pause.opened",
  "pause.responded",
  "response.rejected",
];

describe("GET /v1/pause/{pause_id}/audit", () => {
  test("tells the pause's story in order, with actors, and nothing personal in the clear", async () => {
    const { status, body, text } = await appliance.get(`/v1/pause/${first.pause_id}/audit`, key);
    expect(status).toBe(200);
    expect(Object.keys(body)).toEqual(["data", "next_cursor"]);
    expect(typesOf({ body })).toEqual(STORY);
    expect(body.data.map(({ actor }: Entry) => actor.type)).toEqual([
      "developer",
      "system",
      "system",
      "human",
      "human",
      "human",
    ]);
    expect(body.data[4].actor.id).toBe(`${first.pause_id}/0`);
    expect(text).not.toMatch(/8471928|Pay the invoice|Meridian|"fine"|127\.0\.0\.1/);
    for (const entry of body.data) {
      expect(entry).toMatchObject({ v: 1, project: "default", mode: "test", pause_id: first.pause_id });
      expect(entry.nonce).toMatch(/^[A-Za-z0-9_-]{22}$/);
      expect([entry.hash, entry.prev_hash].join()).toMatch(/^[0-9a-f]{64},[0-9a-f]{64}$/);
    }
    expect(body.data[0].data.options).toEqual(["Approve", "Reject"]);
    expect(body.data[4].data).toMatchObject({ choice: "Approve", source: "human", via: "page", recipient: 0 });
    expect(body.data[5].data).toMatchObject({ choice: "Reject", why: "responded" });
  });

  test("disclose=true opens every commitment, and each disclosure verifies against its own", async () => {
    const { body } = await appliance.get(`/v1/pause/${first.pause_id}/audit?disclose=true`, key);
    const opened: Record<string, unknown> = {};
    for (const { seq, type, data } of body.data) {
      const commitments = committedIn(data);
      expect(Object.keys(body.disclosed[seq] ?? {}).toSorted()).toEqual(Object.keys(commitments).toSorted());
      for (const [pointer, disclosure] of Object.entries<string>(body.disclosed[seq] ?? {})) {
        expect(verifyDisclosure(disclosure, commitments[pointer]!)).toBe(true);
        opened[`${type}${pointer}`] = openDisclosure(disclosure).value;
      }
    }
    expect(opened).toMatchObject({
      "pause.created/message": first.message,
      "pause.created/details": { To: "Meridian" },
      "pause.created/recipients/0/address": "+13128471928",
      "pause.created/recipients/1/address": "+13128471929",
      "pause.opened/ip": "127.0.0.1",
      "pause.responded/comment": "fine",
      "response.rejected/ip": "127.0.0.1",
    });
    expect(opened["pause.created/metadata"]).toMatch(/^sha256:/);
  });
});

describe("GET /v1/audit", () => {
  test("holds the key's own world in order of seq, and with admin the whole installation", async () => {
    const { body } = await audit();
    const seqs = body.data.map(({ seq }: Entry) => seq);
    expect(seqs).toEqual(seqs.toSorted((a: number, b: number) => a - b));
    expect(new Set(body.data.map(({ project, mode }: Entry) => `${project} ${mode}`))).toEqual(
      new Set(["default test"]),
    );
    const admin = await appliance.newKey({ mode: "live", project: "ops", scopes: ["audit:read", "admin"] });
    const all = (await audit("", admin)).body.data as Entry[];
    expect(all.map(({ seq }) => seq)).toEqual(all.map((_, index) => index + 1));
    expect(all.map(({ prev_hash }) => prev_hash)).toEqual([
      "0".repeat(64),
      ...all.slice(0, -1).map(({ hash }) => hash),
    ]);
    expect(all[0].project).toBeNull();
  });

  test("filters by type, actor and pause", async () => {
    expect(typesOf(await audit("&type=pause.cancelled"))).toEqual(["pause.cancelled"]);
    expect(new Set(typesOf(await audit("&actor=human")))).toEqual(
      new Set(["pause.opened", "pause.responded", "response.rejected"]),
    );
    expect(typesOf(await audit(`&actor=${first.pause_id}/1`))).toEqual([]);
    expect(typesOf(await audit(`&actor=${first.pause_id}/0&type=pause.opened`))).toEqual(["pause.opened"]);
    expect(typesOf(await audit(`&pause_id=${first.pause_id}`))).toEqual(STORY);
    const developer = (await audit("&actor=developer")).body.data[0].actor.id;
    expect(typesOf(await audit(`&actor=${developer}`))).toEqual(["pause.created", "pause.created", "pause.cancelled"]);
  });

  test("from includes its moment, to does not", async () => {
    const opened = (await audit("&type=pause.opened")).body.data[0].at;
    const answered = ["pause.opened", "pause.responded", "response.rejected"];
    expect(typesOf(await audit(`&from=${opened}&to=${second.created_at}`))).toEqual(answered);
    expect(typesOf(await audit(`&from=${second.created_at}`))).toEqual([
      "pause.created",
      "pause.delivered",
      "pause.cancelled",
    ]);
    expect(typesOf(await audit(`&to=${opened}&pause_id=${first.pause_id}`))).toEqual(STORY.slice(0, 3));
    expect(typesOf(await audit(`&from=${opened}&to=${opened}`))).toEqual([]);
  });

  test("its cursors go through everything once, also while more is written, and serve their filters alone", async () => {
    const whole = (await audit()).body.data.map(({ seq }: Entry) => seq);
    const found: number[] = [];
    let cursor: string | null = null;
    do {
      const at: string = cursor === null ? "" : `&cursor=${cursor}`;
      const { body } = await appliance.get(`/v1/audit?limit=4${at}`, key);
      found.push(...body.data.map(({ seq }: Entry) => seq));
      if (cursor === null) await appliance.ask(key);
      cursor = body.next_cursor;
      if (cursor !== null) expectInvalid(await audit(`&type=pause.created&cursor=${cursor}`), "cursor");
    } while (cursor !== null);
    expect(found.slice(0, whole.length)).toEqual(whole);
    expect(found.length).toBeGreaterThan(whole.length);
  });

  test("names what it can't read, and tells no pause of another world", async () => {
    for (const [query, parameter] of [
      ["type=pause.gone", "type"],
      ["from=noon", "from"],
      ["to=2026-99-01", "to"],
      ["disclose=yes", "disclose"],
      ["limit=0", "limit"],
      ["limit=101", "limit"],
      ["cursor=AAAA", "cursor"],
      ["seq=1", "seq"],
    ] as const)
      expectInvalid(await appliance.get(`/v1/audit?${query}`, key), parameter);
    expectProblem(await audit(`&pause_id=${first.pause_id}`, appliance.keys.live), "not-found");
    expectProblem(await audit(`&pause_id=${first.pause_id}`, appliance.keys.otherTest), "not-found");
  });
});

/** Commitments by pointer. */
function committedIn(value: Entry, pointer = ""): Record<string, string> {
  if (value === null || typeof value !== "object") return {};
  if (typeof value.commitment === "string") return { [pointer]: value.commitment };
  return Object.assign({}, ...Object.entries(value).map(([name, part]) => committedIn(part, `${pointer}/${name}`)));
}
