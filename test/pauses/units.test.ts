import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { openDisclosure } from "../../src/audit/disclosure.ts";
import { canonicalize, type JsonValue } from "../../src/audit/index.ts";
import { asksOf } from "../../src/delivery/index.ts";
import { type AnswerPause, answerPause } from "../../src/pauses/answer.ts";
import { cancelPause } from "../../src/pauses/cancel.ts";
import { recordOpened } from "../../src/pauses/open.ts";
import { answersOf, pauseByNumber } from "../../src/pauses/queries.ts";
import { sha256Hex } from "../../src/platform/hash.ts";
import { chainFaults, HOUR, openTestDatabase, START, viewOf } from "../support/database.ts";

let db: Awaited<ReturnType<typeof openTestDatabase>>;
beforeEach(async () => {
  db = await openTestDatabase();
});
afterEach(async () => {
  expect(chainFaults(db.connection)).toEqual([]);
  expect(db.fatal).toEqual([]);
  await db[Symbol.asyncDispose]();
});

const at = (milliseconds: number) => new Date(milliseconds).toISOString();
const origin = { ip: "192.0.2.7", userAgent: "a phone" };
const commitment = { commitment: expect.stringMatching(/^[\w-]{43}$/) };
const types = (n: number) => db.log(n).map(({ type }) => type);
const row = (n: number) => db.writer.one(pauseByNumber, { n });
const statuses = (n: number) => db.writer.all(asksOf, { pause_n: n }).map(({ status }) => status);

function answer(n: number, part: Partial<AnswerPause> = {}) {
  const command: AnswerPause = {
    pauseN: n,
    position: 0,
    choice: "Approve",
    comment: null,
    via: "page",
    origin,
    ...part,
  };
  return db.writer.write((tx) => answerPause(tx, db.context, command));
}
const cancel = (pauseId: string, reason: string | null, key = db.live.key) =>
  db.writer.write((tx) => cancelPause(tx, db.context, { key, pauseId, reason }));

/** What the disclosures of an entry say, by pointer. */
function disclosed(seq: number): Record<string, unknown> {
  const kept = db.connection.prepare("SELECT disclosed FROM audit_entries WHERE seq = ?").pluck().get(seq);
  const texts = JSON.parse(String(kept)) as Record<string, string>;
  return Object.fromEntries(Object.entries(texts).map(([pointer, text]) => [pointer, openDisclosure(text).value]));
}

describe("creating a pause", () => {
  test("stores pause, recipients, queued messages and its entry, and shows it as pending", async () => {
    const { n, pause } = await db.ask(db.live.key, {
      recipient: ["+13128471928", "(312) 847-1999"],
      timeout_hours: 4,
      timeout_default: "Reject",
    });
    expect(pause).toMatchObject({
      object: "pause",
      mode: "live",
      status: "pending",
      recipient: ["+13128471928", "+13128471999"],
      created_at: at(START),
      expires_at: at(START + 4 * HOUR),
      timeout_hours: 4,
      reached: null,
      delivery: [
        { channel: "sms", recipient: "+13128471928", status: "queued", error: null },
        { channel: "sms", recipient: "+13128471999", status: "queued", error: null },
      ],
    });
    expect(statuses(n)).toEqual(["queued", "queued"]);
    expect(db.hinted).toEqual({ due: [START + 4 * HOUR], woken: ["outbox"], ended: [], told: 1 });
  });

  test("writes one entry with what was asked: options in the clear, message, people and metadata committed", async () => {
    const metadata = { z: 1, a: ["x", null] };
    const { n, pause } = await db.ask(db.test.key, {
      message: "Wire it?",
      details: { To: "ACME" },
      metadata,
      audience: "payments",
    });
    const [entry] = db.log(n);
    expect(db.log(n)).toHaveLength(1);
    expect(entry).toMatchObject({
      type: "pause.created",
      at: at(START),
      actor: { type: "developer", id: db.test.key.id },
      project: "default",
      mode: "test",
      pause_id: pause.pause_id,
    });
    expect(entry?.data).toEqual({
      channel: "sms",
      options: ["Approve", "Reject"],
      timeout_hours: 24,
      expires_at: at(START + 24 * HOUR),
      allow_comment: false,
      audience: "payments",
      policy: "first",
      message: commitment,
      details: commitment,
      metadata: commitment,
      recipients: [{ channel: "sms", address: commitment }],
    });
    expect(disclosed(entry!.seq)).toEqual({
      "/message": "Wire it?",
      "/details": { To: "ACME" },
      "/metadata": `sha256:${sha256Hex(canonicalize(metadata as JsonValue))}`,
      "/recipients/0/address": "+13128471928",
    });
  });
});

describe("answering", () => {
  test("ends the pause with the choice, and takes back the messages that still wait", async () => {
    const { n, pause } = await db.ask(db.live.key, {
      recipient: ["+13128471928", "+13128471999"],
      allow_comment: true,
    });
    db.clock.turn(HOUR);
    expect(await answer(n, { position: 1, choice: "Reject", comment: "not today" })).toEqual({ accepted: true });
    expect(row(n)).toMatchObject({
      status: "responded",
      response_choice: "Reject",
      response_source: "human",
      response_via: "page",
      response_comment: "not today",
      responded_by: 1,
      ended_at: START + HOUR,
    });
    expect(db.writer.all(answersOf, { pause_n: n })).toEqual([
      { position: 1, choice: "Reject", comment: "not today", at: START + HOUR },
    ]);
    expect(statuses(n)).toEqual(["cancelled", "cancelled"]);
    expect(db.hinted.ended).toEqual([n]);
    const entry = db.log(n)[1];
    expect(entry).toMatchObject({
      type: "pause.responded",
      at: at(START + HOUR),
      actor: { type: "human", id: `${pause.pause_id}/1` },
    });
    expect(entry?.data).toEqual({
      choice: "Reject",
      source: "human",
      via: "page",
      recipient: 1,
      comment: commitment,
      ip: commitment,
      user_agent: commitment,
    });
    expect(disclosed(entry!.seq)).toEqual({ "/comment": "not today", "/ip": "192.0.2.7", "/user_agent": "a phone" });
  });

  test("with none of the options changes nothing and writes nothing", async () => {
    const { n } = await db.ask(db.live.key);
    expect(await answer(n, { choice: "approve" })).toEqual({ accepted: false, refusal: { because: "not_an_option" } });
    expect(types(n)).toEqual(["pause.created"]);
    expect(row(n)?.status).toBe("pending");
  });

  test("a second time is refused and recorded, and the first answer stays", async () => {
    const { n, pause } = await db.ask(db.live.key, { recipient: ["+13128471928", "+13128471999"] });
    await answer(n);
    expect(await answer(n, { position: 1, choice: "Reject" })).toEqual({
      accepted: false,
      refusal: { because: "ended", status: "responded" },
    });
    expect(await answer(n, { position: 1, choice: "<script>" })).toMatchObject({ accepted: false });
    expect(row(n)).toMatchObject({ response_choice: "Approve", responded_by: 0, rejected_count: 2 });
    expect(types(n)).toEqual(["pause.created", "pause.responded", "response.rejected", "response.rejected"]);
    expect(db.log(n)[2]).toMatchObject({ actor: { type: "human", id: `${pause.pause_id}/1` } });
    expect(db.log(n)[2]?.data).toEqual({
      why: "responded",
      choice: "Reject",
      via: "page",
      recipient: 1,
      ip: commitment,
      user_agent: commitment,
    });
    expect(Object.keys(db.log(n)[3]?.data ?? {})).not.toContain("choice");
  });

  test("too late lets the clock end the pause first, and is recorded as late", async () => {
    const { n } = await db.ask(db.live.key, { timeout_hours: 1 });
    db.clock.turn(HOUR);
    expect(await answer(n, { comment: "sorry" })).toEqual({
      accepted: false,
      refusal: { because: "ended", status: "timed_out" },
    });
    expect(row(n)).toMatchObject({
      status: "timed_out",
      response_choice: null,
      response_comment: null,
      responded_by: null,
    });
    expect(types(n)).toEqual(["pause.created", "pause.timed_out", "response.rejected"]);
    expect(db.log(n)[1]).toMatchObject({ actor: { type: "system", id: null }, data: {} });
    expect(db.log(n)[2]?.data).toMatchObject({ why: "timed_out", choice: "Approve" });
  });

  test("too late never passes for the default's own choice", async () => {
    const { n } = await db.ask(db.live.key, { timeout_hours: 1, timeout_default: "Reject" });
    db.clock.turn(HOUR);
    expect(await answer(n, { choice: "Reject" })).toMatchObject({ accepted: false });
    expect(row(n)).toMatchObject({
      status: "responded",
      response_choice: "Reject",
      response_source: "timeout_default",
      response_via: null,
      responded_by: null,
    });
    expect(db.writer.all(answersOf, { pause_n: n })).toEqual([
      { position: null, choice: "Reject", comment: null, at: START + HOUR },
    ]);
    expect(db.log(n)[1]).toMatchObject({
      type: "pause.responded",
      actor: { type: "system", id: null },
      data: { choice: "Reject", source: "timeout_default" },
    });
  });
});

describe("cancelling", () => {
  test("withdraws the pause with its reason", async () => {
    const { n, pause } = await db.ask(db.live.key);
    expect(await cancel(pause.pause_id, "no longer needed")).toEqual({ n, refusal: null });
    expect(row(n)).toMatchObject({ status: "cancelled", cancel_reason: "no longer needed", ended_at: START });
    expect(statuses(n)).toEqual(["cancelled"]);
    expect(db.log(n)[1]).toMatchObject({
      type: "pause.cancelled",
      actor: { type: "developer", id: db.live.key.id },
      data: { reason: commitment },
    });
    expect(db.hinted.ended).toEqual([n]);
  });

  test("twice keeps the first reason and writes one entry", async () => {
    const { n, pause } = await db.ask(db.live.key);
    await cancel(pause.pause_id, "first");
    expect(await cancel(pause.pause_id, "second")).toEqual({ n, refusal: { because: "ended", status: "cancelled" } });
    expect(row(n)?.cancel_reason).toBe("first");
    expect(types(n)).toEqual(["pause.created", "pause.cancelled"]);
  });

  test("is too late once it was answered, or its time is over, which then ends it", async () => {
    const answered = await db.ask(db.live.key);
    await answer(answered.n);
    expect(await cancel(answered.pause.pause_id, null)).toMatchObject({
      refusal: { because: "ended", status: "responded" },
    });
    const late = await db.ask(db.live.key, { timeout_hours: 1 });
    db.clock.turn(HOUR);
    expect(await cancel(late.pause.pause_id, "late")).toMatchObject({
      refusal: { because: "ended", status: "timed_out" },
    });
    expect(row(late.n)).toMatchObject({ status: "timed_out", cancel_reason: null });
    expect(types(late.n)).toEqual(["pause.created", "pause.timed_out"]);
  });

  test("does not see a pause of the other mode or of another project", async () => {
    const { n, pause } = await db.ask(db.live.key);
    const other = await db.newKey("live", { project: "other" });
    for (const key of [db.test.key, other.key]) expect(await cancel(pause.pause_id, null, key)).toBeUndefined();
    expect(row(n)?.status).toBe("pending");
  });
});

describe("opening a link", () => {
  test("is recorded the first time, for each recipient, and decides nothing", async () => {
    const { n, pause } = await db.ask(db.live.key, { recipient: ["+13128471928", "+13128471999"] });
    const open = (position: number) =>
      db.writer.write((tx) =>
        recordOpened(tx, db.context, {
          pause: { n, id: pause.pause_id },
          world: db.live.key.world,
          position,
          origin,
          view: viewOf(db.clock.now()),
        }),
      );
    await open(1);
    db.clock.turn(HOUR);
    await Promise.all([open(1), open(0), open(0)]);
    expect(types(n)).toEqual(["pause.created", "pause.opened", "pause.opened"]);
    expect(db.log(n)[1]).toMatchObject({
      actor: { type: "human", id: `${pause.pause_id}/1` },
      data: { recipient: 1, ip: commitment, user_agent: commitment },
    });
    expect(db.count("SELECT opened_at FROM recipients WHERE pause_n = ? AND position = 1", n)).toBe(START);
    expect(row(n)?.status).toBe("pending");
  });
});
