/**
 * A log of everything that can happen, written through the real units of work, and copies of its file to tamper with.
 */
import { cpSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { createKey, type Key, noLimits, revokeKey } from "../../src/access/index.ts";
import { leafHash } from "../../src/audit/merkle.ts";
import { type Verification, verifyLive } from "../../src/audit/verify.ts";
import type { Channel, SendResult } from "../../src/channels/channel.ts";
import { OUTBOX } from "../../src/channels/directory.ts";
import { MessageTraffic } from "../../src/delivery/messages.ts";
import { deliverToOutbox } from "../../src/delivery/outbox.ts";
import { takeReceipt } from "../../src/delivery/receipts.ts";
import { WebhookTraffic } from "../../src/delivery/webhooks.ts";
import { consumeReceipt } from "../../src/evidence/consume.ts";
import { answerPause } from "../../src/pauses/answer.ts";
import { cancelPause } from "../../src/pauses/cancel.ts";
import { createPause } from "../../src/pauses/create.ts";
import { expireDue, expireForTest } from "../../src/pauses/expire.ts";
import { recordOpened } from "../../src/pauses/open.ts";
import { createBody } from "../../src/pauses/request.ts";
import { sha256Hex } from "../../src/platform/hash.ts";
import { openForReading } from "../../src/storage/index.ts";
import { WebhookSecrets } from "../../src/webhooks/index.ts";
import { HOUR, openTestDatabase, type TestDatabase, temporaryFolder, viewOf } from "../support/database.ts";
import { withoutEnd } from "../support/rules.ts";

export const OPERATOR = { type: "operator", id: null } as const;
export const ORIGIN = { ip: "192.0.2.7", userAgent: "Mozilla/5.0" } as const;

/** Pauses by what became of them. */
export type PauseName =
  | "paid"
  | "withdrawn"
  | "silent"
  | "defaulted"
  | "forced"
  | "unreachable"
  | "sent"
  | "arrived"
  | "waiting";

/** Receivers of webhooks: one that takes them, one that fails. */
const HEARING = "https://hears.example.com";
const DEAF = "https://deaf.example.com";

const never = () => {
  throw new Error("nothing is sent here");
};
const UNUSED: Channel = { addressKind: "phone", send: never };
const stepsTo = (lane: string) => [{ channel: "sms", lane, addressKind: "phone", afterMs: 0 }] as const;

export interface Story {
  readonly folder: string;
  readonly pauses: Readonly<Record<PauseName, { readonly n: number; readonly id: string }>>;
  readonly keys: Readonly<Record<"live" | "revoked", string>>;
  /** The seq of the entry of this type, of a pause, a key, or nobody. */
  seq(type: string, subject: string): number;
  /** How many entries there are. */
  readonly last: number;
}

/** Writes the story into a folder and closes it, so that one file holds all of it. */
export async function writeStory(): Promise<Story> {
  const db = await openTestDatabase("story");
  const { writer, context, clock, live, test } = db;
  clock.turn(1_000);
  const limits = { recipients: ["@cfo", "*@example.com"], minTimeoutMinutes: 5, noDefaultOnTimeout: true };
  const other = await db.newKey("live", { project: "other", scopes: ["pauses:write", "audit:read"], limits });
  const answer = (n: number, position: number, choice: string, comment: string | null = null) =>
    writer.write((tx) =>
      answerPause(tx, context, { pauseN: n, position, choice, comment, via: "page", origin: ORIGIN }),
    );

  clock.turn(1_000);
  const paid = await askNamed(db, live.key);
  clock.turn(1_000);
  await writer.write((tx) => deliverToOutbox(tx, context, "outbox", 10));
  await open(db, live.key, paid, 1, { automated: true });
  clock.turn(500);
  await open(db, live.key, paid, 1);
  const { page } = viewOf(clock.now());
  clock.turn(1_000);
  const tapped = { choice: "Approve", comment: "Fine with me", via: "page", page } as const;
  await writer.write((tx) => answerPause(tx, context, { pauseN: paid.n, position: 1, ...tapped, origin: ORIGIN }));
  clock.turn(1_000);
  const written = { choice: "Reject", comment: null, via: "reply", text: "K7 reject" } as const;
  await writer.write((tx) => answerPause(tx, context, { pauseN: paid.n, position: 0, ...written, origin: ORIGIN }));
  clock.turn(1_000);
  await consume(db, live.key, paid.n);
  clock.turn(1_000);
  for (const purpose of ["log", "receipt-live"] as const)
    await writer.write((tx) => context.attestor.keys.rotate(tx, purpose, OPERATOR));

  const withdrawn = await ask(db, other.key, { recipient: "boss@example.com", channel: "email", timeout_hours: 100 });
  clock.turn(1_000);
  await writer.write((tx) =>
    cancelPause(tx, context, { key: other.key, pauseId: withdrawn.id, reason: "No longer needed" }),
  );
  clock.turn(1_000);
  await writer.write((tx) => revokeKey(tx, context, other.key.id, OPERATOR));

  const silent = await ask(db, live.key, { timeout_hours: 1, webhook_url: `${DEAF}/hook` });
  const defaulted = await ask(db, live.key, {
    timeout_hours: 2,
    timeout_default: "Reject",
    webhook_url: `${HEARING}/hook`,
  });
  const forced = await ask(db, test.key, {});
  await writer.write((tx) => expireForTest(tx, context, forced.n));
  clock.turn(3 * HOUR);
  await writer.write((tx) => expireDue(tx, context));
  await answer(silent.n, 0, "Approve");

  const unreachable = await ask(db, live.key, { message: "Anyone?" }, "sms");
  const sent = await ask(db, live.key, { message: "Hello?" }, "sms");
  const arrived = await ask(db, live.key, { message: "Here?" }, "sms");
  const texts = new MessageTraffic(UNUSED, { ask: never, notice: never }, context);
  const taken = { outcome: "sent", providerId: "SM123", status: 201, excerpt: null } as const;
  const refused = { outcome: "failed", error: "+13128471928 is unknown", status: 400, excerpt: null } as const;
  const results: readonly SendResult[] = [refused, taken, { ...taken, providerId: "SM124" }];
  const claimed = await writer.write((tx) => texts.claim(tx, "sms", 3, 60_000));
  clock.turn(500);
  for (const [index, message] of claimed.entries())
    await writer.write((tx) => texts.record(tx, message, results[index]!, clock.now() - 500));
  const receipt = { deliveryId: claimed[2]!.id, status: "delivered", error: null } as const;
  await writer.write((tx) => takeReceipt(tx, context, "sms", receipt));

  const webhooks = new WebhookTraffic({
    client: { post: never },
    secrets: new WebhookSecrets(new Uint8Array(32)),
    compose: never,
    retrySeconds: [],
    context,
  });
  for (const [lane, status] of [
    [HEARING, 200],
    [DEAF, 500],
  ] as const) {
    const [webhook] = await writer.write((tx) => webhooks.claim(tx, lane, 1, 60_000));
    clock.turn(250);
    const answered = { kind: "answered", status, retryAfterMs: null, excerpt: "", latencyMs: 3 } as const;
    await writer.write((tx) => webhooks.record(tx, webhook!, answered, clock.now()));
  }
  const waiting = await ask(db, live.key, { recipient: ["+13128471928", "+13128471929"], timeout_hours: 100 });

  const log = db.log();
  await writer.close();
  db.close();
  return {
    folder: db.folder,
    pauses: { paid, withdrawn, silent, defaulted, forced, unreachable, sent, arrived, waiting },
    keys: { live: live.key.id, revoked: other.key.id },
    last: log.length,
    seq(type, subject) {
      const found = log.find((entry) => entry.type === type && [entry.pause_id, entry.data.key_id].includes(subject));
      if (found === undefined) throw new Error(`no ${type} of ${subject}`);
      return found.seq;
    },
  };
}

/** Makes a copy of a closed folder, lets `tamper` at it with every guard of the database down, and verifies it. */
export function verifyTampered(folder: string, tamper: (raw: Database.Database) => void): Verification {
  const copy = temporaryFolder();
  try {
    mkdirSync(copy, { recursive: true });
    cpSync(join(folder, "pausepoint.db"), join(copy, "pausepoint.db"));
    const raw = new Database(join(copy, "pausepoint.db"));
    raw.pragma("foreign_keys = OFF");
    raw.pragma("ignore_check_constraints = ON");
    for (const name of raw.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'").pluck().all()) {
      raw.exec(`DROP TRIGGER ${String(name)}`);
    }
    tamper(raw);
    raw.close();
    return verifyFolder(copy);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

/** Verifies a folder as the command does: through a second connection that can only read. */
export function verifyFolder(folder: string): Verification {
  const connection = openForReading(folder);
  try {
    return verifyLive(connection);
  } finally {
    connection.close();
  }
}

/** Changes the text of an entry, and its leaf with it. */
export function editEntry(raw: Database.Database, seq: number, edit: (text: string) => string): void {
  const before = raw.prepare("SELECT entry FROM audit_entries WHERE seq = ?").pluck().get(seq) as string;
  const after = edit(before);
  if (after === before) throw new Error("the edit changes nothing");
  raw.prepare("UPDATE audit_entries SET entry = ?, leaf = ? WHERE seq = ?").run(after, leafHash(after), seq);
}

/** Forges the chain from `first` on: every entry gets its row's seq and a link to the one before, every leaf is right. */
export function relink(raw: Database.Database, first: number): void {
  const before = raw
    .prepare("SELECT entry FROM audit_entries WHERE seq = ?")
    .pluck()
    .get(first - 1);
  let previous = before === undefined ? "0".repeat(64) : sha256Hex(before as string);
  const rows = raw
    .prepare<[number], { seq: number; entry: string }>(
      "SELECT seq, entry FROM audit_entries WHERE seq >= ? ORDER BY seq",
    )
    .all(first);
  for (const { seq, entry } of rows) {
    const text = entry
      .replace(/"prev_hash":"[0-9a-f]{64}"/, `"prev_hash":"${previous}"`)
      .replace(/"seq":\d+,"type"/, `"seq":${seq},"type"`);
    raw.prepare("UPDATE audit_entries SET entry = ?, leaf = ? WHERE seq = ?").run(text, leafHash(text), seq);
    previous = sha256Hex(text);
  }
}

/** Moves every entry behind `seq`, with its disclosures and what names it, by `by` places. */
export function shift(raw: Database.Database, seq: number, by: number): void {
  raw.prepare("UPDATE audit_entries SET seq = -seq WHERE seq > ?").run(seq);
  raw.prepare("UPDATE audit_entries SET seq = -seq + ? WHERE seq < 0").run(by);
  raw.prepare("UPDATE signing_keys SET seq = seq + ? WHERE seq > ?").run(by, seq);
}

/** A pause with everything a request may hold: a named person and an address, details, metadata, a digest. */
async function askNamed(db: TestDatabase, key: Key): Promise<{ n: number; id: string }> {
  const request = createBody.parse({
    recipient: ["@cfo", "+13128471929"],
    channel: "sms",
    message: "Pay invoice 7?\nIt is due today.",
    options: ["Approve", "Reject", "Später"],
    timeout_default: "Reject",
    details: { Amount: "€ 4,200", "Paid to": "Acme" },
    allow_comment: true,
    metadata: { run: 7, nested: { z: 1, a: [true, null] } },
    action_digest: `sha256:${"ab".repeat(32)}`,
    audience: "billing",
  });
  const recipients = [
    { address: "@cfo", destinations: ["+13128471928"] as const },
    { address: "+13128471929", destinations: ["+13128471929"] as const },
  ];
  const created = await db.writer.write((tx) =>
    createPause(tx, db.context, {
      key,
      request,
      recipients,
      steps: stepsTo(OUTBOX),
      takesReplies: () => false,
      timeoutHours: 4.25,
      allowance: withoutEnd,
      idempotency: { key: "once", bodyHash: new Uint8Array(32) },
    }),
  );
  if (created.kind !== "created") throw new Error("a replay");
  return { n: db.numberOf(created.pause.pause_id), id: created.pause.pause_id };
}

/** A plain pause to one number, over a lane. */
async function ask(db: TestDatabase, key: Key, body: Readonly<Record<string, unknown>>, lane = OUTBOX) {
  const request = createBody.parse({ recipient: "+13128471928", channel: "sms", message: "Pay?", ...body });
  const asked = typeof request.recipient === "string" ? [request.recipient] : request.recipient;
  const recipients = asked.map((address) => ({ address, destinations: [address] as const }));
  const timeoutHours = request.timeout_hours ?? 24;
  const created = await db.writer.write((tx) =>
    createPause(tx, db.context, {
      key,
      request,
      recipients,
      steps: stepsTo(lane),
      takesReplies: () => false,
      timeoutHours,
      allowance: withoutEnd,
      idempotency: null,
    }),
  );
  if (created.kind !== "created") throw new Error("a replay");
  return { n: db.numberOf(created.pause.pause_id), id: created.pause.pause_id };
}

/** Takes the receipt of an answered pause. */
export async function consume(db: TestDatabase, key: Key, n: number): Promise<void> {
  const { receipt, action_digest } = db.connection
    .prepare<[number], { receipt: string; action_digest: string }>(
      "SELECT receipt, action_digest FROM pauses WHERE n = ?",
    )
    .get(n)!;
  await db.writer.write((tx) => consumeReceipt(tx, db.context, key, { receipt, action_digest }));
}

function open(
  db: TestDatabase,
  key: Key,
  pause: { n: number; id: string },
  position: number,
  wanted: Parameters<typeof viewOf>[1] = {},
): Promise<void> {
  const view = viewOf(db.clock.now(), wanted);
  return db.writer.write((tx) =>
    recordOpened(tx, db.context, { pause, world: key.world, position, origin: ORIGIN, view }),
  );
}

/** A closed folder whose log has `entries` entries, nearly all of them about keys. */
export async function writeKeys(entries: number): Promise<string> {
  const db = await openTestDatabase("keys");
  const wanted = { name: "one of many", mode: "live", project: "default", scopes: [], limits: noLimits } as const;
  const made = Array.from({ length: entries - 2 }, () =>
    db.writer.write((tx) => createKey(tx, db.context, wanted, OPERATOR)),
  );
  await Promise.all(made);
  await db.writer.close();
  db.close();
  return db.folder;
}
