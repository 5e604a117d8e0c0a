/** What carriers and receivers tell of an erased pause afterwards must not bring back what was erased. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { verifyLive } from "../../src/audit/index.ts";
import { takeReceipt } from "../../src/delivery/index.ts";
import { type ClaimedMessage, MessageTraffic } from "../../src/delivery/messages.ts";
import type { Pauses } from "../../src/pauses/index.ts";
import { Privacy } from "../../src/privacy/index.ts";
import { Inbound, Links } from "../../src/respond/index.ts";
import { openTestDatabase } from "../support/database.ts";

let db: Awaited<ReturnType<typeof openTestDatabase>>;
let traffic: MessageTraffic;
let privacy: Privacy;
const NUMBER = "+13128471928";
const unused = () => {
  throw new Error("nothing is sent here");
};

beforeEach(async () => {
  db = await openTestDatabase();
  const channel = { addressKind: "phone", segments: null, takesReplies: () => true, send: unused } as never;
  traffic = new MessageTraffic(channel, { ask: unused, notice: unused }, db.context);
  const directory = { people: {}, defaultRegion: "US" };
  privacy = new Privacy({ writer: db.writer, context: db.context, directory, dataDir: db.folder });
});
afterEach(async () => {
  expect(verifyLive(db.connection).fault).toBeNull();
  await db[Symbol.asyncDispose]();
});

const erase = () => privacy.erase(NUMBER, { actor: { type: "operator", id: null }, reason: null, dryRun: false });
const claim = () => db.writer.write((tx) => traffic.claim(tx, "outbox", 10, 1_000));
const rowsOf = (table: string) => JSON.stringify(db.connection.prepare(`SELECT * FROM ${table}`).all());
const disclosed = () =>
  db.connection
    .prepare<[], string>("SELECT disclosed FROM audit_entries WHERE disclosed IS NOT NULL AND pause_n IS NOT NULL")
    .pluck()
    .all()
    .flatMap((texts) => Object.values(JSON.parse(texts) as Record<string, string>))
    .map((text) => Buffer.from(text, "base64url").toString());

test("a message that was on its way is settled, and what its carrier answers is not kept", async () => {
  await db.ask(db.live.key, { recipient: NUMBER });
  const [message] = (await claim()) as [ClaimedMessage];
  await erase();
  const answer = { error: `no route to ${NUMBER}`, status: 400, excerpt: `{"to":"${NUMBER}"}`, retryAfterMs: null };
  await db.writer.write((tx) => traffic.record(tx, message, { outcome: "failed", ...answer }, db.clock.now()));
  expect(rowsOf("delivery_attempts")).toContain('"outcome":"failed"');
  for (const table of ["delivery_attempts", "deliveries"]) expect(rowsOf(table)).not.toMatch(/847\D?1928/);
  expect(disclosed().join()).not.toMatch(/847\D?1928/);
  expect(await claim()).toEqual([]);
});

test("a receipt that comes afterwards is taken without the carrier's own words", async () => {
  await db.ask(db.live.key, { recipient: NUMBER });
  const [message] = (await claim()) as [ClaimedMessage];
  const sent = { outcome: "sent", providerId: "SM1", status: 201, excerpt: null } as const;
  await db.writer.write((tx) => traffic.record(tx, message, sent, db.clock.now()));
  await erase();
  const receipt = { deliveryId: message.id, status: "failed", error: `${NUMBER} is unreachable` } as const;
  expect(await db.writer.write((tx) => takeReceipt(tx, db.context, "outbox", receipt))).toBe(true);
  expect(rowsOf("deliveries")).toContain("the carrier could not deliver it");
  expect(rowsOf("deliveries")).not.toMatch(/847\D?1928/);
});

test("a number that wanted no more texts gets none after an erasure either, though it is nowhere kept", async () => {
  const inbound = new Inbound({
    writer: db.writer,
    context: db.context,
    pauses: {} as Pauses,
    links: new Links(new Uint8Array(32)),
    projectName: "PausePoint",
  });
  await inbound.reporter("outbox", "off")({ kind: "reply", from: NUMBER, text: "STOP" });
  expect(rowsOf("audit_entries")).toContain("recipient.opted_out");
  const { pauses, entries } = await erase();
  expect([pauses, entries]).toEqual([0, 1]);
  const kept = ["opt_outs", "erasures", "audit_entries"].map(rowsOf).join();
  expect(kept).not.toMatch(/847\D?1928/);
  expect(kept).not.toContain(Buffer.from(NUMBER).toString("base64url").slice(2, 12));

  await db.ask(db.live.key, { recipient: NUMBER });
  expect(await claim()).toEqual([]);
  expect(rowsOf("deliveries")).toContain("this number has asked for no more texts");
  await inbound.reporter("outbox", "off")({ kind: "reply", from: NUMBER, text: "START" });
  await db.ask(db.live.key, { recipient: NUMBER });
  expect(await claim()).toHaveLength(1);
});
