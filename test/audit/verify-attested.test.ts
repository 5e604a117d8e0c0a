/** Whoever can write the database, but has no signing key, is found by what was signed before. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import type Database from "better-sqlite3";
import { withholdSigning } from "../../src/audit/key-queries.ts";
import { type ReceiptClaims, signReceipt } from "../../src/audit/receipt.ts";
import { Seal } from "../../src/audit/seal.ts";
import { readReceipt } from "../../src/audit/verify-receipt.ts";
import { answerPause } from "../../src/pauses/answer.ts";
import { signingKeyFrom } from "../../src/platform/ed25519.ts";
import { sha256 } from "../../src/platform/hash.ts";
import { ensureInstallation } from "../../src/storage/index.ts";
import { openTestDatabase, type TestDatabase } from "../support/database.ts";
import {
  editEntry,
  ORIGIN,
  relink,
  type Story,
  shift,
  verifyFolder,
  verifyTampered,
  writeStory,
} from "./verify-story.ts";

let story: Story;
beforeAll(async () => {
  story = await writeStory();
});
afterAll(() => rmSync(story.folder, { recursive: true, force: true }));

const paid = () => story.pauses.paid.n;
const responded = () => story.seq("pause.responded", story.pauses.paid.id);
const consumed = () => story.seq("receipt.consumed", story.pauses.paid.id);
const value = <T>(raw: Database.Database, sql: string, ...params: unknown[]): T =>
  raw
    .prepare(sql)
    .pluck()
    .get(...params) as T;
const run = (sql: string) => (raw: Database.Database) => {
  expect(raw.prepare(sql).run().changes).toBeGreaterThan(0);
};
const NEWEST = "(SELECT max(size) FROM checkpoints)";
const keyOf = (purpose: string, which: "min" | "max") =>
  `(SELECT ${which}(n) FROM signing_keys WHERE purpose = '${purpose}')`;

interface Tampering {
  readonly does: string;
  readonly tamper: (raw: Database.Database) => void;
  /** Which entry must be named; null where none tells of the row, left out where it does not matter. */
  readonly seq?: () => number | null;
  readonly says: string | RegExp;
}

function eachIsFound(list: readonly Tampering[]): void {
  for (const { does, tamper, seq, says } of list) {
    test(does, () => {
      const { fault } = verifyTampered(story.folder, tamper);
      expect(fault?.what).toMatch(says);
      if (seq !== undefined) expect(fault?.seq).toBe(seq());
    });
  }
}

/** The receipt of `paid` with other claims, signed by the very key that signed it: the folder's secret was stolen. */
function resigned(raw: Database.Database, change: Partial<ReceiptClaims>): void {
  const { kid, payload } = readReceipt(value<string>(raw, "SELECT receipt FROM pauses WHERE n = ?", paid()));
  const key = raw
    .prepare<[string], { sealed: Uint8Array; public_key: Uint8Array }>("SELECT * FROM signing_keys WHERE id = ?")
    .get(kid)!;
  const place = `receipt-live ${Buffer.from(key.public_key).toString("base64url")}`;
  const seed = new Seal(sha256(story.folder), "signing key v1").open(key.sealed, place)!;
  const receipt = signReceipt({ ...(payload as unknown as ReceiptClaims), ...change }, kid, signingKeyFrom(seed));
  raw.prepare("UPDATE pauses SET receipt = ? WHERE n = ?").run(receipt, paid());
}

/** The seq of the first entry of a type. */
const firstOf = (raw: Database.Database, type: string) =>
  value<number>(raw, "SELECT min(seq) FROM audit_entries WHERE json_extract(entry, '$.type') = ?", type);

describe("a receipt in the table", () => {
  eachIsFound([
    {
      does: "is gone",
      tamper: (raw) => run(`UPDATE pauses SET receipt = NULL WHERE n = ${paid()}`)(raw),
      seq: responded,
      says: /the receipt of the pause pause_\w+ is gone/,
    },
    {
      does: "is another pause's, signed by a later key",
      tamper: (raw) =>
        run(
          `UPDATE pauses SET receipt = (SELECT receipt FROM pauses WHERE n = ${story.pauses.defaulted.n}) WHERE n = ${paid()}`,
        )(raw),
      seq: responded,
      says: "is by another key than signed then",
    },
    {
      does: "has another signature",
      tamper: (raw) => {
        const receipt = value<string>(raw, "SELECT receipt FROM pauses WHERE n = ?", paid());
        const at = receipt.lastIndexOf(".") + 9;
        const other = receipt[at] === "A" ? "B" : "A";
        const text = receipt.slice(0, at) + other + receipt.slice(at + 1);
        raw.prepare("UPDATE pauses SET receipt = ? WHERE n = ?").run(text, paid());
      },
      seq: responded,
      says: "the signature of the receipt",
    },
    {
      does: "is no receipt",
      tamper: (raw) => run(`UPDATE pauses SET receipt = 'approved' WHERE n = ${paid()}`)(raw),
      seq: responded,
      says: "is none: it is not a compact JWS",
    },
    ...(
      [
        ["choice", { choice: "Reject" }],
        ["aud", { aud: "shipping" }],
        ["action_digest", { action_digest: `sha256:${"00".repeat(32)}` }],
        ["by", { by: null }],
        ["question", { question: `sha256:${"00".repeat(32)}` }],
        ["entry_hash", { entry_hash: "00".repeat(32) }],
        ["asked_at", { asked_at: 1 }],
        ["exp", { exp: 1 }],
      ] as const
    ).map(([claim, change]) => ({
      does: `is signed anew by a thief, with another ${claim}`,
      tamper: (raw: Database.Database) => resigned(raw, change),
      seq: responded,
      says: new RegExp(`the ${claim} in the receipt of the pause pause_\\w+ is not what entry \\d+ tells`),
    })),
    {
      does: "is signed anew by a thief under another jti, which is not the one consumed",
      tamper: (raw) => resigned(raw, { jti: "AAAAAAAAAAAAAAAAAAAAAA" }),
      seq: consumed,
      says: "consumes another receipt",
    },
    {
      does: "was given to a question that was withdrawn",
      tamper: (raw) =>
        run(
          `UPDATE pauses SET receipt = (SELECT receipt FROM pauses WHERE n = ${paid()}) WHERE n = ${story.pauses.withdrawn.n}`,
        )(raw),
      seq: () => null,
      says: "has a receipt, though none was made",
    },
    {
      does: "is marked as consumed, which nobody did",
      tamper: (raw) =>
        run(`UPDATE pauses SET receipt_consumed_at = ended_at WHERE n = ${story.pauses.defaulted.n}`)(raw),
      seq: () => null,
      says: "is consumed, but no entry tells so",
    },
    {
      does: "is marked as not consumed, so that it could be again",
      tamper: (raw) => run(`UPDATE pauses SET receipt_consumed_at = NULL WHERE n = ${paid()}`)(raw),
      seq: consumed,
      says: "receipt_consumed_at of the pause",
    },
    {
      does: "is marked as consumed at another time",
      tamper: (raw) => run(`UPDATE pauses SET receipt_consumed_at = receipt_consumed_at + 1 WHERE n = ${paid()}`)(raw),
      seq: consumed,
      says: "receipt_consumed_at of the pause",
    },
    {
      does: "is consumed twice in the log",
      tamper: (raw) => {
        const seq = consumed();
        shift(raw, seq, 1);
        raw
          .prepare(
            "INSERT INTO audit_entries (seq, world_n, pause_n, entry, leaf, disclosed) SELECT seq + 1, world_n, pause_n, entry, leaf, disclosed FROM audit_entries WHERE seq = ?",
          )
          .run(seq);
        relink(raw, seq);
      },
      seq: () => consumed() + 1,
      says: "has its receipt consumed a second time",
    },
  ]);
});

describe("a signing key in the table", () => {
  eachIsFound([
    {
      does: "has another public key",
      tamper: (raw) => run(`UPDATE signing_keys SET public_key = randomblob(32) WHERE n = ${keyOf("log", "min")}`)(raw),
      says: "the public_key of the signing key",
    },
    {
      does: "is gone, though the log tells of it",
      tamper: (raw) => run(`DELETE FROM signing_keys WHERE n = ${keyOf("receipt-live", "max")}`)(raw),
      says: "is not in its place any more",
    },
    {
      does: "was put in, though nothing tells of it",
      tamper: run(
        `INSERT INTO signing_keys (id, purpose, name, public_key, sealed, created_at, seq)
         VALUES ('mine', 'receipt-live', NULL, zeroblob(32), x'', 1, 1)`,
      ),
      seq: () => null,
      says: "the signing key mine is there, but no entry tells of its making",
    },
    {
      does: "is of another purpose",
      tamper: (raw) =>
        run(`UPDATE signing_keys SET purpose = 'receipt-test' WHERE n = ${keyOf("receipt-live", "min")}`)(raw),
      says: "the purpose of the signing key",
    },
    {
      does: "was retired at another time",
      tamper: (raw) => run(`UPDATE signing_keys SET retired_at = retired_at + 1 WHERE n = ${keyOf("log", "min")}`)(raw),
      says: "the retired_at of the signing key",
    },
    {
      does: "is not retired any more, though another has followed it",
      tamper: (raw) => run(`UPDATE signing_keys SET retired_at = NULL WHERE n = ${keyOf("log", "min")}`)(raw),
      says: "the retired_at of the signing key",
    },
    {
      does: "is retired, though none has followed it",
      tamper: (raw) => run(`UPDATE signing_keys SET retired_at = 1 WHERE n = ${keyOf("log", "max")}`)(raw),
      seq: () => null,
      says: "is retired, but no entry tells so",
    },
    {
      does: "has another statement of the key before it",
      tamper: (raw) => run(`UPDATE signing_keys SET handover = randomblob(64) WHERE n = ${keyOf("log", "max")}`)(raw),
      says: "the handover of the signing key",
    },
    {
      does: "follows another that has not signed so, in the log too",
      tamper: (raw) => {
        const seq = firstOf(raw, "signing_key.rotated");
        const forged = Buffer.alloc(64, 7);
        editEntry(raw, seq, (text) =>
          text.replace(/"signature":"[^"]*"/, `"signature":"${forged.toString("base64url")}"`),
        );
        relink(raw, seq + 1);
        raw.prepare(`UPDATE signing_keys SET handover = ? WHERE n = ${keyOf("log", "max")}`).run(forged);
      },
      says: "which has not signed that",
    },
    {
      does: "has another log's name",
      tamper: (raw) => run(`UPDATE signing_keys SET name = 'another/log' WHERE purpose = 'log'`)(raw),
      says: "the id of the signing key",
    },
  ]);
});

describe("a checkpoint in the table", () => {
  eachIsFound([
    {
      does: "has another root",
      tamper: (raw) => run(`UPDATE checkpoints SET root = randomblob(32) WHERE size = ${NEWEST}`)(raw),
      says: /the checkpoint over \d+ entries has another root/,
    },
    {
      does: "has another signature",
      tamper: (raw) => run(`UPDATE checkpoints SET signature = randomblob(64) WHERE size = ${NEWEST}`)(raw),
      says: /the signature of the checkpoint over \d+ entries is forged/,
    },
    {
      does: "is by a key that did not sign then",
      tamper: (raw) => run(`UPDATE checkpoints SET key_n = ${keyOf("log", "min")} WHERE size = ${NEWEST}`)(raw),
      says: "is by another key than signed then",
    },
    {
      does: "stands over more entries than there are: the end was cut off",
      tamper: (raw) => run(`UPDATE checkpoints SET size = 10000 WHERE size = ${NEWEST}`)(raw),
      seq: () => story.last + 1,
      says: "a checkpoint was signed over 10000 entries",
    },
    {
      does: "stands over nothing",
      tamper: (raw) => run(`UPDATE checkpoints SET size = 0 WHERE size = ${NEWEST}`)(raw),
      says: "before the first entry",
    },
    {
      does: "and all after it are gone, though an answer was signed for",
      tamper: (raw) => run(`DELETE FROM checkpoints WHERE size > ${responded()}`)(raw),
      says: /no checkpoint stands over entry \d+/,
    },
    {
      does: "contradicts a log that was forged together with all its tables",
      tamper: (raw) => {
        editEntry(raw, responded(), (text) => text.replace('"choice":"Approve"', '"choice":"Reject"'));
        relink(raw, responded() + 1);
        run(`UPDATE pauses SET response_choice = 'Reject' WHERE n = ${paid()}`)(raw);
        run(`UPDATE answers SET choice = 'Reject' WHERE pause_n = ${paid()}`)(raw);
      },
      says: "has another root than they have: one was changed since",
    },
  ]);
});

async function answerFirst(db: TestDatabase, n: number): Promise<void> {
  const answer = { pauseN: n, position: 0, choice: "Approve", comment: null, via: "page", origin: ORIGIN } as const;
  await db.writer.write((tx) => answerPause(tx, db.context, answer));
}

test("an answer that was cut off, with every trace of it in the tables, is missed by the checkpoint over it", async () => {
  await using db = await openTestDatabase("cut");
  await db.writer.write((tx) => db.context.attestor.prepare(tx));
  const { n } = await db.ask(db.live.key);
  const before = db.log().length;
  await answerFirst(db, n);
  await db.writer.close();
  const { fault } = verifyTampered(db.folder, (raw) => {
    raw.prepare("DELETE FROM audit_entries WHERE seq > ?").run(before);
    raw.exec(`DELETE FROM answers; UPDATE deliveries SET status = 'queued', finished_at = NULL;
      UPDATE pauses SET status = 'pending', ended_at = NULL, response_choice = NULL, response_source = NULL,
        response_via = NULL, responded_by = NULL, receipt = NULL`);
  });
  expect(fault).toEqual({ seq: before + 1, what: expect.stringContaining("the end is cut off") });
});

test("an answer without a receipt is no fault where its entry tells that signing was withheld, and only there", async () => {
  await using db = await openTestDatabase("withheld");
  await db.writer.write((tx) => ensureInstallation(tx, sha256(db.folder), db.context));
  const signed = await db.ask(db.live.key);
  await answerFirst(db, signed.n);
  const beside = db.beside();
  await beside.writer.write(function* (tx) {
    yield* tx.run(withholdSigning, { why: "a backup was restored", size: null });
  });
  beside.close();
  const { n } = await db.ask(db.live.key);
  await answerFirst(db, n);
  expect(db.count("SELECT receipt IS NULL FROM pauses WHERE n = ?", n)).toBe(1);
  expect(db.log(n).at(-1)?.data).toMatchObject({ choice: "Approve", receipt_withheld: true });
  expect(verifyFolder(db.folder)).toMatchObject({ pauses: 2, receipts: 1, fault: null });

  // The reads of one turn share a snapshot, and what is written in it would wait for its end.
  await new Promise((resolve) => setImmediate(resolve));
  db.connection
    .prepare("UPDATE pauses SET receipt = (SELECT receipt FROM pauses WHERE n = ?) WHERE n = ?")
    .run(signed.n, n);
  expect(verifyFolder(db.folder).fault?.what).toContain("has a receipt, though none was made");
});
