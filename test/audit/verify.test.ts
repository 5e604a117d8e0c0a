import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import type Database from "better-sqlite3";
import fc from "fast-check";
import { type Key, revokeKey } from "../../src/access/index.ts";
import { disclose } from "../../src/audit/disclosure.ts";
import { deliverToOutbox } from "../../src/delivery/outbox.ts";
import { answerPause, REJECTED_RECORDED } from "../../src/pauses/answer.ts";
import { cancelPause } from "../../src/pauses/cancel.ts";
import { expireDue, expireForTest } from "../../src/pauses/expire.ts";
import { recordOpened } from "../../src/pauses/open.ts";
import { sha256Hex } from "../../src/platform/hash.ts";
import { Problem } from "../../src/platform/problem.ts";
import { pauseOfLink } from "../../src/respond/queries.ts";
import { stateNow } from "../../src/respond/state.ts";
import { openTestDatabase, seededRandom, viewOf } from "../support/database.ts";
import {
  consume,
  editEntry,
  OPERATOR,
  ORIGIN,
  relink,
  type Story,
  shift,
  verifyFolder,
  verifyTampered,
  writeKeys,
  writeStory,
} from "./verify-story.ts";

let story: Story;
/** 300 entries: the tree has one stored node, and 44 leaves behind it. */
let tall: string;

beforeAll(async () => {
  story = await writeStory();
  tall = await writeKeys(300);
});
afterAll(() => {
  rmSync(story.folder, { recursive: true, force: true });
  rmSync(tall, { recursive: true, force: true });
});

describe("what was written by PausePoint alone", () => {
  test("a log with everything that can happen is found whole, and its head is the last entry's hash", () => {
    const result = verifyFolder(story.folder);
    expect(result.fault).toBeNull();
    expect(result).toMatchObject({
      entries: story.last,
      lastSeq: story.last,
      pauses: 9,
      receipts: 2,
      erasedDisclosures: 0,
    });
    expect(result.checkpoints).toBeGreaterThan(3);
    verifyTampered(story.folder, (raw) => {
      const last = raw.prepare("SELECT entry FROM audit_entries ORDER BY seq DESC LIMIT 1").pluck().get() as string;
      expect(result.headHash).toBe(sha256Hex(last));
    });
    expect(Buffer.from(result.root, "base64")).toHaveLength(32);
  });

  test("a log over the first stored level of the tree is found whole", () => {
    expect(verifyFolder(tall)).toMatchObject({ entries: 300, pauses: 0, fault: null });
  });

  test("a log without entries has the empty root and a head of zeros", async () => {
    await using db = await openTestDatabase("empty");
    db.connection.exec("DROP TRIGGER audit_entries_stay");
    for (const table of ["audit_entries", "api_keys"]) db.connection.exec(`DELETE FROM ${table}`);
    expect(verifyFolder(db.folder)).toEqual({
      entries: 0,
      firstSeq: 1,
      lastSeq: 0,
      headHash: "0".repeat(64),
      root: "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
      pauses: 0,
      pausesInPart: 0,
      checkpoints: 0,
      receipts: 0,
      erasedDisclosures: 0,
      fault: null,
    });
  });

  test("a disclosure that is gone, and no entry tells why, is a fault: test/privacy has those that were erased", () => {
    const result = verifyTampered(story.folder, (raw) => {
      const disclosed = raw.prepare("SELECT disclosed FROM audit_entries WHERE seq = ?").pluck().get(responded());
      const { "/ip": _, ...kept } = JSON.parse(disclosed as string) as Record<string, string>;
      raw.prepare("UPDATE audit_entries SET disclosed = ? WHERE seq = ?").run(JSON.stringify(kept), responded());
    });
    expect(result.fault).toEqual({
      seq: responded(),
      what: `disclosures of entry ${responded()} (pause.responded) are gone, but no entry tells that they were erased`,
    });
  });

  test("a flood of late answers and the entry that closes their list agree with the count", async () => {
    await using db = await openTestDatabase("flood");
    const { n } = await db.ask(db.live.key);
    const command = { pauseN: n, position: 0, choice: "Approve", comment: null, via: "page", origin: ORIGIN } as const;
    const answers = Array.from({ length: REJECTED_RECORDED + 5 }, () =>
      db.writer.write((tx) => answerPause(tx, db.context, command)),
    );
    await Promise.all(answers);
    expect(verifyFolder(db.folder)).toMatchObject({ pauses: 1, fault: null });
    db.connection.prepare("UPDATE pauses SET rejected_count = rejected_count - 1").run();
    expect(verifyFolder(db.folder).fault).toMatchObject({ seq: null, what: expect.stringContaining("rejected_count") });
  });

  test("a clock that was set back leaves a log that is whole", async () => {
    await using db = await openTestDatabase("back");
    db.clock.turn(60_000);
    const first = await db.ask(db.live.key);
    db.clock.set(db.clock.now() - 30_000);
    const { n, pause } = await db.ask(db.live.key);
    await db.writer.write((tx) =>
      recordOpened(tx, db.context, {
        pause: { n, id: pause.pause_id },
        world: db.live.key.world,
        position: 0,
        origin: ORIGIN,
        view: viewOf(db.clock.now()),
      }),
    );
    await db.writer.write((tx) =>
      cancelPause(tx, db.context, { key: db.live.key, pauseId: pause.pause_id, reason: null }),
    );
    expect(verifyFolder(db.folder).fault).toBeNull();
    // Only behind an entry of the same time may a row be older than its entry.
    db.connection.prepare("UPDATE pauses SET created_at = created_at - 1 WHERE n = ?").run(first.n);
    expect(verifyFolder(db.folder).fault?.what).toContain("created_at");
  });

  test("a server may go on writing, since the verification sees one moment", async () => {
    await using db = await openTestDatabase("beside");
    const writing = Array.from({ length: 40 }, () => db.ask(db.live.key));
    expect(verifyFolder(db.folder)).toMatchObject({ entries: 2, pauses: 0, fault: null });
    await Promise.all(writing);
    expect(verifyFolder(db.folder)).toMatchObject({ entries: 42, pauses: 40, fault: null });
  });
});

const paid = () => story.pauses.paid.n;
const created = () => story.seq("pause.created", story.pauses.paid.id);
const responded = () => story.seq("pause.responded", story.pauses.paid.id);
const of = (type: string, name: keyof Story["pauses"]) => story.seq(type, story.pauses[name].id);

interface Tampering {
  readonly does: string;
  readonly tamper: (raw: Database.Database) => void;
  /** Which entry must be named; null where no entry tells of the row. */
  readonly seq: () => number | null;
  /** What the sentence must hold. */
  readonly says: string | RegExp;
}

function eachIsFound(folder: () => string, list: readonly Tampering[]): void {
  for (const { does, tamper, seq, says } of list) {
    test(does, () => {
      const { fault } = verifyTampered(folder(), tamper);
      expect(fault).not.toBeNull();
      expect(fault!.seq).toBe(seq());
      expect(fault!.what).toMatch(says);
    });
  }
}

describe("who changes the chain is found", () => {
  eachIsFound(
    () => story.folder,
    [
      {
        does: "an entry was edited",
        tamper: (raw) =>
          void raw
            .prepare("UPDATE audit_entries SET entry = replace(entry, 'Approve', 'Reject') WHERE seq = ?")
            .run(responded()),
        seq: responded,
        says: "leaf of entry",
      },
      {
        does: "an entry was edited and its leaf with it: the next one does not link to it",
        tamper: (raw) => editEntry(raw, responded(), (text) => text.replace("Approve", "Reject")),
        seq: () => responded() + 1,
        says: /prev_hash of entry \d+ is not the hash of entry/,
      },
      {
        does: "an entry was edited, and the whole chain behind it forged: the tables contradict it",
        tamper: (raw) => {
          editEntry(raw, responded(), (text) => text.replace("Approve", "Reject"));
          relink(raw, responded() + 1);
        },
        seq: responded,
        says: "response_choice of the pause pause_",
      },
      {
        does: "an entry was written in another spelling of the same JSON",
        tamper: (raw) => {
          editEntry(raw, 4, (text) => text.replace(",", ", "));
          relink(raw, 5);
        },
        seq: () => 4,
        says: "canonical form",
      },
      {
        does: "an entry is not JSON",
        tamper: (raw) => editEntry(raw, 4, (text) => text.slice(1)),
        seq: () => 4,
        says: "not JSON",
      },
      {
        does: "an entry has another version",
        tamper: (raw) => editEntry(raw, 4, (text) => text.replace('"v":1}', '"v":2}')),
        seq: () => 4,
        says: "version",
      },
      {
        does: "an entry has a member more",
        tamper: (raw) => editEntry(raw, 4, (text) => text.replace('"v":1}', '"v":1,"w":1}')),
        seq: () => 4,
        says: "members",
      },
      {
        does: "an entry has another seq in its text",
        tamper: (raw) => editEntry(raw, 4, (text) => text.replace('"seq":4', '"seq":5')),
        seq: () => 4,
        says: "has the seq 5",
      },
      {
        does: "an entry is of a type that nobody knows",
        tamper: (raw) => editEntry(raw, 4, (text) => text.replace("pause.created", "pause.approved")),
        seq: () => 4,
        says: "unknown type",
      },
      {
        does: "a message stands in the clear",
        tamper: (raw) => editEntry(raw, 4, (text) => text.replace(/"message":\{[^}]*\}/, '"message":"Pay?"')),
        seq: () => 4,
        says: "/message of its data is not a commitment",
      },
      {
        does: "an entry tells more than its type may",
        tamper: (raw) => editEntry(raw, 4, (text) => text.replace('"data":{', '"data":{"aaa":1,')),
        seq: () => 4,
        says: '"aaa"',
      },
      {
        does: "a time goes back",
        tamper: (raw) => {
          editEntry(raw, responded(), (text) => text.replace(/"at":"2026-11/, '"at":"2026-10'));
          relink(raw, responded() + 1);
        },
        seq: responded,
        says: "older than entry",
      },
      {
        does: "an entry was removed from the middle",
        tamper: (raw) => void raw.prepare("DELETE FROM audit_entries WHERE seq = ?").run(responded()),
        seq: responded,
        says: "is missing",
      },
      {
        does: "an entry was removed, and the others moved up",
        tamper: (raw) => {
          raw.prepare("DELETE FROM audit_entries WHERE seq = ?").run(responded());
          shift(raw, responded(), -1);
        },
        seq: responded,
        says: "has the seq",
      },
      {
        does: "an ending was removed, and the chain behind it forged: its pause contradicts it",
        tamper: (raw) => {
          const seq = of("pause.timed_out", "silent");
          raw.prepare("DELETE FROM audit_entries WHERE seq = ?").run(seq);
          shift(raw, seq, -1);
          relink(raw, seq);
        },
        // What tells of the late answer then stands without an ending.
        seq: () => of("response.rejected", "silent") - 1,
        says: "rejects an answer",
      },
      {
        does: "two entries were swapped",
        tamper: (raw) => {
          raw.exec("UPDATE audit_entries SET seq = -6 WHERE seq = 6");
          raw.exec("UPDATE audit_entries SET seq = 6 WHERE seq = 7");
          raw.exec("UPDATE audit_entries SET seq = 7 WHERE seq = -6");
        },
        seq: () => 6,
        says: /has the seq 7|disclosure/,
      },
      {
        does: "an answer was put in, and the chain behind it forged: a pause ends once",
        tamper: (raw) => {
          const seq = responded();
          shift(raw, seq, 1);
          raw
            .prepare(
              "INSERT INTO audit_entries (seq, world_n, pause_n, entry, leaf, disclosed) SELECT seq + 1, world_n, pause_n, entry, leaf, disclosed FROM audit_entries WHERE seq = ?",
            )
            .run(seq);
          relink(raw, seq);
        },
        seq: () => responded() + 1,
        says: "ends a second time",
      },
      {
        does: "a forged entry was put in before the first",
        tamper: (raw) =>
          void raw.exec(
            "INSERT INTO audit_entries (seq, world_n, pause_n, entry, leaf, disclosed) SELECT 0, world_n, pause_n, entry, leaf, NULL FROM audit_entries WHERE seq = 1",
          ),
        seq: () => 0,
        says: "before the first",
      },
      {
        does: "the first entry was linked to something",
        tamper: (raw) => editEntry(raw, 1, (text) => text.replace("0".repeat(64), "1".repeat(64))),
        seq: () => 1,
        says: "64 zeros",
      },
      {
        does: "the log was cut behind its last ending, disclosures and all: its pause contradicts it",
        tamper: (raw) => {
          const seq = of("pause.responded", "defaulted");
          raw.prepare("DELETE FROM audit_entries WHERE seq >= ?").run(seq);
          raw.exec("DELETE FROM pauses WHERE n NOT IN (SELECT pause_n FROM audit_entries WHERE pause_n IS NOT NULL)");
          raw.exec("UPDATE pauses SET rejected_count = 0 WHERE status = 'timed_out'");
          raw.exec("UPDATE deliveries SET status = 'queued' WHERE kind = 'webhook'");
        },
        seq: () => null,
        says: /is responded, but no entry tells so/,
      },
      {
        does: "the last entry was cut off: its pause stands in no entry",
        tamper: (raw) => {
          raw.prepare("DELETE FROM audit_entries WHERE seq = ?").run(story.last);
        },
        seq: () => null,
        says: "no entry tells of it",
      },
      {
        does: "an entry was filed under another pause",
        tamper: (raw) =>
          void raw
            .prepare("UPDATE audit_entries SET pause_n = ? WHERE seq = ?")
            .run(story.pauses.silent.n, responded()),
        seq: responded,
        says: "under another pause",
      },
      {
        does: "an entry was filed under no pause",
        tamper: (raw) => void raw.prepare("UPDATE audit_entries SET pause_n = NULL WHERE seq = ?").run(responded()),
        seq: responded,
        says: "under another pause",
      },
      {
        does: "an entry was filed under the other mode",
        tamper: (raw) => void raw.prepare("UPDATE audit_entries SET world_n = 2 WHERE seq = ?").run(responded()),
        seq: responded,
        says: "project or mode",
      },
      {
        does: "a project was renamed",
        tamper: (raw) => void raw.exec("UPDATE projects SET name = 'main' WHERE name = 'default'"),
        seq: () => 1,
        says: "project or mode",
      },
      {
        does: "a leaf was changed",
        tamper: (raw) => void raw.prepare("UPDATE audit_entries SET leaf = zeroblob(32) WHERE seq = 5").run(),
        seq: () => 5,
        says: "stored leaf of entry 5",
      },
    ],
  );
});

/** An entry whose text was edited, its leaf with it, and the whole chain behind it. */
function forged(does: string, seq: () => number, from: string | RegExp, to: string, says: string, at = seq): Tampering {
  return {
    does,
    tamper: (raw) => {
      editEntry(raw, seq(), (text) => text.replace(from, to));
      relink(raw, seq() + 1);
    },
    seq: at,
    says,
  };
}

describe("who forges an entry and the chain behind it is found, when it is", () => {
  const pause = () => created();
  eachIsFound(
    () => story.folder,
    [
      forged("too long", pause, '"channel":"sms"', `"channel":"${"s".repeat(65_535)}"`, "longer than 65535 bytes"),
      forged("not Unicode", pause, '"channel":"sms"', '"channel":"\\ud800"', "no canonical form"),
      forged("without a seq", pause, /"seq":\d+/, '"seq":"4"', "seq is not a number"),
      forged("of a time in another spelling", pause, /\.\d+Z","data"/, 'Z","data"', "its time is not one"),
      forged("by an agent", pause, '"type":"developer"', '"type":"agent"', "its actor"),
      forged("of a third mode", pause, '"mode":"live"', '"mode":"prod"', "its mode"),
      forged("of a project without a mode", pause, '"mode":"live"', '"mode":null', "project and mode do not fit"),
      forged("of a pause without an id", pause, /"pause_id":"[^"]*"/, '"pause_id":7', "pause_id is not text"),
      forged("of no pause", pause, /"pause_id":"[^"]*"/, '"pause_id":null', "names no pause"),
      forged("with a short nonce", pause, /"nonce":"./, '"nonce":"', "nonce"),
      forged("without data", pause, /"data":.*,"mode"/, '"data":[],"mode"', "data is not an object"),
      forged(
        "without recipients",
        pause,
        /"recipients":.*,"timeout_def/,
        '"recipients":[],"timeout_def',
        "recipients are not well-formed",
      ),
      forged(
        "of another channel",
        pause,
        '"channel":"sms","details"',
        '"channel":"email","details"',
        "channel of the pause",
      ),
      forged(
        "of a recipient over another channel",
        pause,
        '"channel":"sms","name"',
        '"channel":"email","name"',
        "channel of recipient 0",
      ),
      forged("of a choice that was none", responded, '"Approve"', '"Whatever"', "as its question did not allow"),
      forged(
        "of a default that was another",
        () => of("pause.responded", "defaulted"),
        '"Reject"',
        '"Approve"',
        "as its question did not allow",
      ),
      forged(
        "of a question whose default was not taken",
        () => of("pause.created", "silent"),
        '"timeout_hours"',
        '"timeout_default":"Reject","timeout_hours"',
        "as its question did not allow",
        () => of("pause.timed_out", "silent"),
      ),
      forged(
        "of a link opened by another",
        () => of("pause.opened", "paid"),
        '/1","type"',
        '/0","type"',
        "another actor",
      ),
      forged("of an answer by another", responded, '/1","type"', '/0","type"', "another actor"),
      forged(
        "of a recipient who was not asked",
        () => of("pause.opened", "paid"),
        '"recipient":1',
        '"recipient":7',
        "a recipient that the pause has not",
      ),
      forged(
        "of a page by another template",
        () => of("pause.opened", "paid"),
        '"template":"sha256:7e',
        '"template":"sha256:7f',
        "template of page 0 of recipient 1",
      ),
      forged(
        "of a machine's look that was told as somebody's",
        () => of("pause.opened", "paid"),
        '"automated":true,',
        "",
        "automated of page 0 of recipient 1",
      ),
      forged(
        "of a page in a state that the question was not in",
        () => of("pause.viewed", "paid"),
        '"state":"open"',
        '"state":"answered"',
        "in a state that it was not in",
      ),
      forged(
        "of a further page before the first",
        () => of("pause.opened", "paid"),
        "pause.opened",
        "pause.viewed",
        "who has not opened it",
      ),
      forged(
        "of longer to read than there was",
        responded,
        '"view_ms":1000',
        '"view_ms":61000',
        "view_ms of the answer",
      ),
      forged(
        "of no time to read where there was some",
        () => of("pause.responded", "paid"),
        ',"view_ms":1000',
        "",
        "view_ms of the answer",
      ),
      forged(
        "of a page that a reply came from",
        responded,
        '"via":"page"',
        '"via":"reply"',
        "does not agree with itself on how the answer was given",
      ),
      forged(
        "of a reply's text behind a tap",
        () => of("response.rejected", "paid"),
        '"via":"reply"',
        '"via":"page"',
        "does not agree with itself on how the answer was given",
      ),
      forged(
        "of a page without its language",
        responded,
        '"language":"en",',
        "",
        "does not agree with itself on how the answer was given",
      ),
      forged("of a key without an id", () => 1, /"key_id":"[^"]*"/, '"key_id":7', "names no key"),
      forged(
        "of a key that was not limited",
        () => story.seq("key.created", story.keys.revoked),
        '"recipients_limited":true,',
        "",
        "limits of the key",
      ),
      ...(["pause.created", "pause.opened", "pause.delivered"] as const).map((type) => ({
        does: `told twice: ${type}`,
        tamper: (raw: Database.Database) => repeat(raw, of(type, "paid")),
        seq: () => of(type, "paid") + 1,
        says: "a second time",
      })),
      {
        does: "told before the pause was created",
        tamper: (raw) => move(raw, of("pause.opened", "paid"), created()),
        seq: () => created(),
        says: "before it was created",
      },
      {
        does: "told before the key was made",
        tamper: (raw) =>
          move(raw, story.seq("key.revoked", story.keys.revoked), story.seq("key.created", story.keys.revoked)),
        seq: () => story.seq("key.created", story.keys.revoked),
        says: "before it was made",
      },
    ],
  );
});

describe("who changes the stored tree is found", () => {
  eachIsFound(
    () => tall,
    [
      {
        does: "a node was changed",
        tamper: (raw) => void raw.exec("UPDATE merkle_nodes SET hash = zeroblob(32)"),
        seq: () => 256,
        says: "node 0 of level 8",
      },
      {
        does: "a node was removed",
        tamper: (raw) => void raw.exec("DELETE FROM merkle_nodes"),
        seq: () => 256,
        says: "lacks its node 0 of level 8",
      },
      ...[
        { level: 8, position: 1 },
        { level: 16, position: 0 },
        { level: 24, position: 0 },
        { level: 9, position: 0 },
        { level: 8, position: -1 },
      ].map(({ level, position }) => ({
        does: `a node was put in: ${position} of level ${level}`,
        tamper: (raw: Database.Database) =>
          void raw.prepare("INSERT INTO merkle_nodes VALUES (?, ?, zeroblob(32))").run(level, position),
        seq: () => null,
        says: `node ${position} of level ${level}`,
      })),
      {
        does: "the chain was forged from its middle on, leaves and all: the node over it is another",
        tamper: (raw) => {
          editEntry(raw, 100, (text) => text.replace(/"nonce":"."?/, '"nonce":"_'));
          relink(raw, 101);
        },
        seq: () => 256,
        says: "is not the hash of its entries",
      },
    ],
  );
});

/** Replaces one disclosure beside an entry. */
function redisclose(raw: Database.Database, seq: number, pointer: string, disclosure: string): void {
  raw
    .prepare("UPDATE audit_entries SET disclosed = json_set(disclosed, ?, ?) WHERE seq = ?")
    .run(`$."${pointer}"`, disclosure, seq);
}

describe("who changes a disclosure is found", () => {
  const another = (name: string, value: string) => disclose(seededRandom("another"), name, value).disclosure;
  eachIsFound(
    () => story.folder,
    [
      {
        does: "a message was given other words",
        tamper: (raw) => redisclose(raw, created(), "/message", another("message", "Pay invoice 8?")),
        seq: created,
        says: "disclosure at /message does not open",
      },
      {
        does: "a disclosure is not one",
        tamper: (raw) => redisclose(raw, created(), "/recipients/0/address", "no disclosure"),
        seq: created,
        says: "/recipients/0/address",
      },
      {
        does: "a disclosure was put where nothing is committed to",
        tamper: (raw) => redisclose(raw, created(), "/reason", another("reason", "Fraud")),
        seq: created,
        says: "/reason, where it commits to nothing",
      },
      {
        does: "a disclosure opens its commitment under another name",
        tamper: (raw) => {
          const { disclosure, commitment } = disclose(seededRandom("name"), "details", "Pay invoice 8?");
          editEntry(raw, created(), (text) =>
            text.replace(/"message":\{"commitment":"[^"]*"\}/, `"message":{"commitment":"${commitment}"}`),
          );
          relink(raw, created() + 1);
          redisclose(raw, created(), "/message", disclosure);
        },
        seq: created,
        says: "another name",
      },
      {
        does: "disclosures are not JSON",
        tamper: (raw) => void raw.prepare("UPDATE audit_entries SET disclosed = '{' WHERE seq = ?").run(created()),
        seq: created,
        says: "not JSON",
      },
      {
        does: "disclosures are a list",
        tamper: (raw) => void raw.prepare("UPDATE audit_entries SET disclosed = '[]' WHERE seq = ?").run(created()),
        seq: created,
        says: "not an object",
      },
    ],
  );
});

describe("who changes a table is found", () => {
  /** A column of a pause, and the entry that knows better. */
  const pauseColumn = (
    column: string,
    value: string,
    seq: () => number | null,
    name: keyof Story["pauses"] = "paid",
  ): Tampering => ({
    does: `the ${column} of a pause became ${value}`,
    tamper: (raw) => void raw.prepare(`UPDATE pauses SET ${column} = ${value} WHERE n = ?`).run(story.pauses[name].n),
    seq,
    says: new RegExp(`\\b${column}\\b.* pause_`),
  });
  const sql = (
    does: string,
    text: (n: number) => string,
    seq: () => number | null,
    says: string | RegExp,
  ): Tampering => ({
    does,
    tamper: (raw) => {
      expect(raw.prepare(text(paid())).run().changes).toBeGreaterThan(0);
    },
    seq,
    says,
  });
  const nobody = () => null;

  eachIsFound(
    () => story.folder,
    [
      pauseColumn("channel", "'email'", () => created()),
      pauseColumn("options", `'["Approve"]'`, () => created()),
      pauseColumn("options", "'Approve'", nobody),
      pauseColumn("message", "'Pay invoice 8?'", () => created()),
      pauseColumn("details", `'{"Amount":"€ 42,000","Paid to":"Acme"}'`, () => created()),
      pauseColumn("details", "'{}'", () => created()),
      pauseColumn("details", `'{"Amount":"€ 1"}'`, () => of("pause.created", "waiting"), "waiting"),
      pauseColumn("metadata", `'{"run":8}'`, () => created()),
      pauseColumn("metadata", `'{"run":8}'`, () => of("pause.created", "waiting"), "waiting"),
      pauseColumn("allow_comment", "0", () => created()),
      pauseColumn("action_digest", "NULL", () => created()),
      pauseColumn("audience", "'anyone'", () => created()),
      pauseColumn("webhook_url", "'https://evil.example.com/'", () => created()),
      pauseColumn("timeout_hours", "5.0", () => created()),
      pauseColumn("timeout_default", "'Approve'", () => created()),
      pauseColumn("policy", `'{"kind":"any"}'`, () => created()),
      pauseColumn("created_at", "created_at - 1", () => created()),
      // Made in the same millisecond as another: only the expiry tells when.
      pauseColumn("created_at", "created_at - 60000", () => of("pause.created", "sent"), "sent"),
      pauseColumn("expires_at", "expires_at + 3600000", () => created()),
      pauseColumn("next_due_at", "next_due_at + 3600000", () => created()),
      pauseColumn("recipient_form", "'one'", () => created()),
      pauseColumn("rejected_count", "0", nobody),
      pauseColumn("response_choice", "'Reject'", () => responded()),
      pauseColumn("response_source", "'timeout_default'", () => responded()),
      pauseColumn("response_via", "'reply'", () => responded()),
      pauseColumn("response_comment", "'Not at all fine'", () => responded()),
      pauseColumn("responded_by", "0", () => responded()),
      pauseColumn("ended_at", "ended_at + 1", () => responded()),
      pauseColumn("cancel_reason", "'No'", () => responded()),
      pauseColumn("cancel_reason", "NULL", () => of("pause.cancelled", "withdrawn"), "withdrawn"),
      pauseColumn("response_via", "'page'", () => of("pause.created", "waiting"), "waiting"),
      pauseColumn("status", "'cancelled'", () => of("pause.timed_out", "silent"), "silent"),
      pauseColumn("status", "'pending'", () => of("pause.timed_out", "forced"), "forced"),
      {
        does: "a pause that waits was approved in the table alone",
        tamper: (raw: Database.Database) =>
          void raw
            .prepare(
              "UPDATE pauses SET status = 'responded', response_choice = 'Approve', response_source = 'human', responded_by = 0, ended_at = created_at WHERE n = ?",
            )
            .run(story.pauses.waiting.n),
        seq: nobody,
        says: "is responded, but no entry tells so",
      },
      sql(
        "a pause was given to another key",
        (n) => `UPDATE pauses SET key_n = 2 WHERE n = ${n}`,
        () => created(),
        "key of the pause",
      ),
      sql(
        "a pause was moved into the other mode",
        (n) => `UPDATE pauses SET world_n = 2 WHERE n = ${n}`,
        () => created(),
        "project or mode",
      ),
      sql(
        "a pause was renamed",
        (n) => `UPDATE pauses SET id = 'pause_0' WHERE n = ${n}`,
        () => created(),
        "under another pause",
      ),
      sql(
        "a pause was removed",
        (n) => `DELETE FROM pauses WHERE n = ${n}`,
        () => created(),
        "is not there any more",
      ),
      sql(
        "a pause was put in",
        (n) =>
          `INSERT INTO pauses (n, id, world_n, key_n, status, channel, recipient_form, message, options, details, metadata, allow_comment, action_digest, audience, webhook_url, timeout_hours, timeout_default, policy, created_at, expires_at, next_due_at, ended_at, response_choice, response_source, response_via, response_comment, responded_by, cancel_reason, rejected_count) SELECT 99, 'pause_forged', world_n, key_n, status, channel, recipient_form, message, options, details, metadata, allow_comment, action_digest, audience, webhook_url, timeout_hours, timeout_default, policy, created_at, expires_at, next_due_at, ended_at, response_choice, response_source, response_via, response_comment, responded_by, cancel_reason, rejected_count FROM pauses WHERE n = ${n}`,
        nobody,
        "pause_forged is there, but no entry tells of it",
      ),
      sql(
        "a message goes elsewhere",
        (n) => `UPDATE recipients SET destination = '+15550100' WHERE pause_n = ${n} AND position = 0`,
        () => created(),
        "destination of recipient 0",
      ),
      sql(
        "a named recipient has another name",
        (n) => `UPDATE recipients SET address = '@ceo' WHERE pause_n = ${n} AND position = 0`,
        () => created(),
        "address of recipient 0",
      ),
      sql(
        "an address is shown as another",
        (n) => `UPDATE recipients SET address = '@ceo' WHERE pause_n = ${n} AND position = 1`,
        () => created(),
        "address of recipient 1",
      ),
      sql(
        "a recipient was removed",
        (n) => `DELETE FROM recipients WHERE pause_n = ${n} AND position = 1`,
        () => created(),
        "number of recipients",
      ),
      sql(
        "a recipient was put in",
        (n) => `INSERT INTO recipients VALUES (${n}, 2, '+15550100', '+15550100', NULL)`,
        () => created(),
        "number of recipients",
      ),
      sql(
        "a recipient has opened the link, says the table alone",
        (n) => `UPDATE recipients SET opened_at = 1 WHERE pause_n = ${n} AND position = 0`,
        nobody,
        /recipient 0 of .*no entry tells so/,
      ),
      sql(
        "a recipient has not opened the link, says the table",
        (n) => `UPDATE recipients SET opened_at = NULL WHERE pause_n = ${n} AND position = 1`,
        () => of("pause.opened", "paid"),
        "opened_at of recipient 1",
      ),
      ...(
        [
          ["language", "'fr'"],
          ["state", "'expired'"],
          ["at", "at + 1"],
          ["automated", "0"],
        ] as const
      ).map(([column, value]) =>
        sql(
          `the ${column} of a page became ${value}`,
          (n) => `UPDATE views SET ${column} = ${value} WHERE pause_n = ${n} AND ordinal = 0`,
          () => of("pause.opened", "paid"),
          `${column} of page 0 of recipient 1`,
        ),
      ),
      sql(
        "what a page looked like was changed",
        () => `UPDATE appearances SET appearance = replace(appearance, 'null', '"#ff0000"')`,
        nobody,
        "appearance of page 0 of recipient 1 of .* is not the one",
      ),
      sql(
        "what a page looked like was removed",
        () => "DELETE FROM appearances",
        nobody,
        "appearance of page 0 of recipient 1 of .* is not the one",
      ),
      sql(
        "a page is said to have looked otherwise",
        (n) => `UPDATE views SET appearance = zeroblob(32) WHERE pause_n = ${n} AND ordinal = 1`,
        () => of("pause.viewed", "paid"),
        "appearance of page 1",
      ),
      sql(
        "a page was shown, says the table alone",
        (n) =>
          `INSERT INTO views SELECT pause_n, position, 2, at, 'fr', state, appearance, 0 FROM views WHERE pause_n = ${n} AND ordinal = 1`,
        nobody,
        "page 2 of recipient 1 of .* no entry tells so",
      ),
      sql(
        "a page was not shown, says the table",
        (n) => `DELETE FROM views WHERE pause_n = ${n} AND ordinal = 1`,
        () => of("pause.viewed", "paid"),
        "is not there any more",
      ),
      sql(
        "a page belongs to no pause",
        () => "INSERT INTO views SELECT 999, 0, 0, at, language, state, appearance, 0 FROM views LIMIT 1",
        nobody,
        "pause number 999",
      ),
      sql(
        "an answer says something else",
        (n) => `UPDATE answers SET choice = 'Reject' WHERE pause_n = ${n}`,
        () => responded(),
        "choice of the answer",
      ),
      sql(
        "an answer has another comment",
        (n) => `UPDATE answers SET comment = 'No' WHERE pause_n = ${n}`,
        () => responded(),
        "comment of the answer",
      ),
      sql(
        "an answer is by another recipient",
        (n) => `UPDATE answers SET position = 0 WHERE pause_n = ${n}`,
        () => responded(),
        "position of the answer",
      ),
      sql(
        "an answer is of another time",
        (n) => `UPDATE answers SET at = at + 1 WHERE pause_n = ${n}`,
        () => responded(),
        "at of the answer",
      ),
      sql(
        "an answer was removed",
        (n) => `DELETE FROM answers WHERE pause_n = ${n}`,
        () => responded(),
        "is not there any more",
      ),
      sql(
        "a second answer was put in",
        (n) =>
          `INSERT INTO answers SELECT pause_n, 1, 0, choice, NULL, source, via, at FROM answers WHERE pause_n = ${n}`,
        nobody,
        "no entry tells of",
      ),
      sql(
        "an answer came by other means",
        (n) => `UPDATE answers SET via = 'reply' WHERE pause_n = ${n}`,
        () => responded(),
        "via of the answer",
      ),
      sql(
        "an answer is the clock's",
        (n) => `UPDATE answers SET source = 'timeout_default' WHERE pause_n = ${n}`,
        () => responded(),
        "source of the answer",
      ),
      sql(
        "recipients stand in other places",
        (n) => `UPDATE recipients SET position = 5 WHERE pause_n = ${n} AND position = 1`,
        () => created(),
        "position of recipient 1",
      ),
      sql(
        "an answer was put in where none was given",
        () =>
          `INSERT INTO answers SELECT ${story.pauses.waiting.n}, 0, 0, choice, NULL, source, via, at FROM answers WHERE pause_n = ${paid()}`,
        nobody,
        "no entry tells of",
      ),
      sql(
        "an answer belongs to no pause",
        () => "INSERT INTO answers VALUES (999, 0, 0, 'Approve', NULL, 'human', 'page', 1)",
        nobody,
        "pause number 999",
      ),
      sql(
        "a recipient belongs to no pause",
        () => "INSERT INTO recipients VALUES (999, 0, 'a', 'a', NULL)",
        nobody,
        "pause number 999",
      ),
      sql(
        "a delivery belongs to no pause",
        () =>
          "INSERT INTO deliveries (pause_n, ordinal, id, kind, lane, status, due_at, created_at) VALUES (999, 0, 'dlv_1', 'ask', 'sms', 'queued', 0, 0)",
        nobody,
        "pause number 999",
      ),
      sql(
        "a delivery failed, says the table",
        (n) => `UPDATE deliveries SET status = 'failed' WHERE pause_n = ${n} AND ordinal = 0`,
        () => of("pause.delivered", "paid"),
        "status of the delivery dlv_",
      ),
      sql(
        "a delivery was made, says the table alone",
        () => `UPDATE deliveries SET status = 'delivered' WHERE pause_n = ${story.pauses.waiting.n}`,
        nobody,
        "is delivered, but no entry tells so",
      ),
      sql(
        "a delivery was made at another time",
        (n) => `UPDATE deliveries SET finished_at = 1 WHERE pause_n = ${n}`,
        () => of("pause.delivered", "paid"),
        "finished_at",
      ),
      sql(
        "a delivery failed for another reason",
        () => `UPDATE deliveries SET error = 'no' WHERE pause_n = ${story.pauses.unreachable.n}`,
        () => of("pause.delivery_failed", "unreachable"),
        "error of the delivery",
      ),
      sql(
        "a delivery has another number at its carrier",
        () => `UPDATE deliveries SET provider_id = 'SM9' WHERE pause_n = ${story.pauses.sent.n}`,
        () => of("pause.sent", "sent"),
        "provider_id",
      ),
      sql(
        "a delivery was removed",
        (n) => `DELETE FROM deliveries WHERE pause_n = ${n} AND ordinal = 0`,
        () => of("pause.delivered", "paid"),
        "is not there any more",
      ),
      sql(
        "a message arrived, says the table, though it was only sent",
        () => `UPDATE deliveries SET status = 'delivered' WHERE pause_n = ${story.pauses.sent.n}`,
        () => of("pause.sent", "sent"),
        "status of the delivery dlv_",
      ),
      sql(
        "a message that arrived was only sent, says the table",
        () => `UPDATE deliveries SET status = 'sent' WHERE pause_n = ${story.pauses.arrived.n}`,
        () => of("pause.delivered", "arrived"),
        "status of the delivery dlv_",
      ),
      sql(
        "a message that arrived has another number at its carrier",
        () => `UPDATE deliveries SET provider_id = 'SM9' WHERE pause_n = ${story.pauses.arrived.n}`,
        () => of("pause.sent", "arrived"),
        "provider_id",
      ),
      sql(
        "a webhook failed, says the table",
        () =>
          `UPDATE deliveries SET status = 'failed' WHERE pause_n = ${story.pauses.defaulted.n} AND kind = 'webhook'`,
        () => of("pause.webhook_delivered", "defaulted"),
        "status of the delivery dlv_",
      ),
      sql(
        "a webhook arrived, says the table",
        () =>
          `UPDATE deliveries SET status = 'delivered' WHERE pause_n = ${story.pauses.silent.n} AND kind = 'webhook'`,
        () => of("pause.webhook_failed", "silent"),
        "status of the delivery dlv_",
      ),
      sql(
        "a webhook failed for another reason",
        () => `UPDATE deliveries SET error = 'no' WHERE pause_n = ${story.pauses.silent.n} AND kind = 'webhook'`,
        () => of("pause.webhook_failed", "silent"),
        "error of the delivery",
      ),
      sql(
        "a webhook arrived at another time",
        () => `UPDATE deliveries SET finished_at = 1 WHERE pause_n = ${story.pauses.defaulted.n} AND kind = 'webhook'`,
        () => of("pause.webhook_delivered", "defaulted"),
        "finished_at",
      ),
      sql(
        "a webhook was removed",
        () => `DELETE FROM deliveries WHERE pause_n = ${story.pauses.defaulted.n} AND kind = 'webhook'`,
        () => of("pause.webhook_delivered", "defaulted"),
        "is not there any more",
      ),
      sql(
        "a pause tells another program",
        () => `UPDATE pauses SET webhook_url = 'https://elsewhere.example.com/' WHERE n = ${story.pauses.silent.n}`,
        () => of("pause.created", "silent"),
        "webhook_url",
      ),
      sql(
        "a message that waits was removed",
        () => `DELETE FROM deliveries WHERE pause_n = ${story.pauses.waiting.n} AND ordinal = 1`,
        nobody,
        "recipient 1 of .* has no delivery",
      ),
      sql(
        "a delivery goes to nobody",
        () => `UPDATE deliveries SET position = 7 WHERE pause_n = ${story.pauses.waiting.n} AND ordinal = 1`,
        nobody,
        "a recipient that the pause has not",
      ),
    ].map((one) =>
      typeof one.says === "string" && one.says.includes(".*") ? { ...one, says: new RegExp(one.says) } : one,
    ),
  );
});

describe("who changes a key is found", () => {
  const update = (does: string, set: string, seq: () => number | null, says: string): Tampering => ({
    does,
    tamper: (raw) => void raw.prepare(`UPDATE api_keys SET ${set} WHERE id = ?`).run(story.keys.revoked),
    seq,
    says,
  });
  const made = () => story.seq("key.created", story.keys.revoked);
  const gone = () => story.seq("key.revoked", story.keys.revoked);

  eachIsFound(
    () => story.folder,
    [
      update("a revoked key was given back", "revoked_at = NULL", gone, "revoked_at of the key key_"),
      update("a key was revoked at another time", "revoked_at = revoked_at - 1", gone, "revoked_at of the key key_"),
      update("another key was put in its place", "hash = zeroblob(32)", made, "hash of the key"),
      update("a key may do more", "scopes = scopes || ' admin'", made, "scopes of the key"),
      update(
        "a key is limited less: recipients",
        "limits = json_set(limits, '$.recipients', NULL)",
        made,
        "limits of the key",
      ),
      update(
        "a key is limited less: one more domain",
        `limits = json_insert(limits, '$.recipients[#]', '*@evil.example')`,
        made,
        "limits of the key",
      ),
      update(
        "a key is limited less: the time",
        "limits = json_set(limits, '$.minTimeoutMinutes', 0)",
        made,
        "limits of the key",
      ),
      update(
        "a key is limited less: silence",
        "limits = json_set(limits, '$.noDefaultOnTimeout', json('false'))",
        made,
        "limits of the key",
      ),
      update("a key was given a plan", "plan = 'pro'", made, "plan of the key"),
      update("the limits of a key are not JSON", "limits = ''", nobodyTells, "limits of the key"),
      update("the limits of a key are nothing", "limits = 'null'", nobodyTells, "are not an object"),
      update("a key has another name", "name = 'Another'", made, "name of the key"),
      update("a key is older than it is", "created_at = created_at - 1", made, "created_at of the key"),
      update("a key was moved into another project", "world_n = 1", made, "another project or mode"),
      {
        does: "a key was removed",
        tamper: (raw) => void raw.prepare("DELETE FROM api_keys WHERE id = ?").run(story.keys.revoked),
        seq: made,
        says: "is not there any more",
      },
      {
        does: "a key was put in behind the others",
        tamper: (raw) => forgeKey(raw, 99),
        seq: nobodyTells,
        says: "key_forged is there, but no entry tells of its making",
      },
      {
        does: "a key was put in before the others",
        tamper: (raw) => forgeKey(raw, 0),
        seq: nobodyTells,
        says: "key_forged is there, but no entry tells of its making",
      },
      {
        does: "a key was revoked in the table alone",
        tamper: (raw) => void raw.prepare("UPDATE api_keys SET revoked_at = 1 WHERE id = ?").run(story.keys.live),
        seq: nobodyTells,
        says: "is revoked, but no entry tells so",
      },
      {
        does: "the making of a key was told again, and the chain behind it forged",
        tamper: (raw) => repeat(raw, made()),
        seq: () => made() + 1,
        says: "a second time",
      },
      {
        does: "the revoking of a key was told again, and the chain behind it forged",
        tamper: (raw) => repeat(raw, gone()),
        seq: () => gone() + 1,
        says: "a second time",
      },
    ],
  );
});

function nobodyTells(): null {
  return null;
}

function forgeKey(raw: Database.Database, n: number): void {
  raw
    .prepare(
      "INSERT INTO api_keys SELECT ?, 'key_forged', world_n, name, zeroblob(32), hint, scopes, limits, plan, created_at, NULL FROM api_keys LIMIT 1",
    )
    .run(n);
}

/** Puts a copy of an entry, with its disclosures, behind it. */
function repeat(raw: Database.Database, seq: number): void {
  shift(raw, seq, 1);
  raw
    .prepare(
      "INSERT INTO audit_entries (seq, world_n, pause_n, entry, leaf, disclosed) SELECT seq + 1, world_n, pause_n, entry, leaf, disclosed FROM audit_entries WHERE seq = ?",
    )
    .run(seq);
  relink(raw, seq);
}

/** Takes an entry from its place to an earlier one, as if it had been written then. */
function move(raw: Database.Database, from: number, to: number): void {
  const time = raw
    .prepare("SELECT json_extract(entry, '$.at') FROM audit_entries WHERE seq = ?")
    .pluck()
    .get(to) as string;
  const aside = 1_000_000;
  raw.prepare("UPDATE audit_entries SET seq = ? WHERE seq = ?").run(aside, from);
  shift(raw, from, -1);
  shift(raw, to - 1, 1);
  raw.prepare("UPDATE audit_entries SET seq = ? WHERE seq = ?").run(to, aside);
  editEntry(raw, to, (text) => text.replace(/"at":"[^"]*"/, `"at":"${time}"`));
  relink(raw, to);
}

describe("in any history", () => {
  test("what a fault says repeats no message, address, comment or reason", () => {
    const told = [
      "UPDATE pauses SET message = 'the secret word'",
      "UPDATE recipients SET destination = 'the secret word'",
      "UPDATE pauses SET cancel_reason = 'the secret word'",
      "UPDATE api_keys SET name = 'the secret word'",
      "UPDATE audit_entries SET disclosed = json_set(disclosed, '$.\"/message\"', 'the secret word')",
    ].map((sql) => verifyTampered(story.folder, (raw) => void raw.exec(sql)).fault?.what);
    for (const what of told) {
      expect(what).toBeString();
      expect(what).not.toContain("secret");
    }
  });

  test("one changed character in one entry is found, at that entry or the next", () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.constantFrom("0", "a", "Z", " ", '"', "ü"), (which, where, character) => {
        const seq = 1 + (which % story.last);
        const { fault } = verifyTampered(story.folder, (raw) =>
          editEntry(raw, seq, (text) => {
            const at = where % text.length;
            const changed = text.slice(0, at) + character + text.slice(at + 1);
            return changed === text ? text.replace('"nonce":"', '"nonce":"A') : changed;
          }),
        );
        // With its leaf forged too, the last entry is linked to by nothing: there only its tables can contradict it.
        if (seq < story.last) expect([seq, seq + 1]).toContain(fault?.seq ?? 0);
      }),
      { numRuns: 60 },
    );
  }, 300_000);

  test("whatever is done in whatever order, log and tables agree", async () => {
    const step = fc.oneof(
      fc.record({ do: fc.constantFrom("key", "revoke", "due", "deliver", "rotate"), on: fc.nat(3) }),
      fc.record({ do: fc.constant("turn"), by: fc.integer({ min: -20_000, max: 3_600_000 }) }),
      fc.record({
        do: fc.constant("ask"),
        on: fc.nat(3),
        options: fc.uniqueArray(fc.constantFrom("Approve", "Reject", "Später", "もう一度"), { minLength: 1 }),
        hours: fc.constantFrom(0.0001, 0.5, 1, 24),
        silence: fc.boolean(),
        metadata: fc.option(fc.dictionary(fc.string({ unit: "grapheme" }), fc.jsonValue(), { maxKeys: 3 }), {
          nil: undefined,
        }),
        details: fc.option(fc.constantFrom({}, { Amount: "1" }, { b: "2", a: "" }), { nil: undefined }),
        many: fc.boolean(),
      }),
      fc.record({
        do: fc.constantFrom("answer", "cancel", "force", "open", "consume"),
        on: fc.nat(5),
        position: fc.nat(1),
        text: fc.constantFrom(null, "", "Why not", "zü\u0000spät"),
      }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        await using db = await openTestDatabase("any history");
        const { writer, context, clock } = db;
        const keys: Key[] = [db.live.key, db.test.key];
        const pauses: { n: number; id: string; key: Key; options: readonly string[]; recipients: number }[] = [];
        for (const step of steps) {
          if (step.do === "turn") clock.set(clock.now() + (step as { by: number }).by);
          if (step.do === "key") keys.push((await db.newKey("live", { project: `p${keys.length}` })).key);
          if (step.do === "due") await writer.write((tx) => expireDue(tx, context));
          if (step.do === "rotate") {
            const purpose = (["log", "receipt-live", "receipt-test"] as const)[(step as { on: number }).on % 3]!;
            await writer.write((tx) => context.attestor.keys.rotate(tx, purpose, OPERATOR));
          }
          if (step.do === "deliver") await writer.write((tx) => deliverToOutbox(tx, context, "outbox", 3));
          if (!("on" in step)) continue;
          const key = keys[step.on % keys.length]!;
          if (step.do === "revoke") await writer.write((tx) => revokeKey(tx, context, key.id, OPERATOR));
          if ("options" in step) {
            const { options, hours, silence, metadata, details, many } = step;
            const { n, pause } = await db.ask(key, {
              options,
              timeout_hours: hours,
              action_digest: `sha256:${"cd".repeat(32)}`,
              timeout_default: silence ? options[0] : null,
              ...(metadata === undefined ? {} : { metadata }),
              ...(details === undefined ? {} : { details }),
              recipient: many ? ["+13128471928", "+13128471929"] : "+13128471928",
            });
            pauses.push({ n, id: pause.pause_id, key, options, recipients: many ? 2 : 1 });
          }
          const asked = pauses[step.on % pauses.length];
          if (!("position" in step) || asked === undefined) continue;
          const position = step.position % asked.recipients;
          const { text } = step;
          if (step.do === "cancel") {
            await writer.write((tx) => cancelPause(tx, context, { key: asked.key, pauseId: asked.id, reason: text }));
          }
          if (step.do === "force") await writer.write((tx) => expireForTest(tx, context, asked.n));
          if (step.do === "consume" && db.count("SELECT receipt IS NOT NULL FROM pauses WHERE n = ?", asked.n) === 1) {
            // Twice, or too late: then it is refused, and nothing is written.
            await consume(db, asked.key, asked.n).catch((error) => expect(error).toBeInstanceOf(Problem));
          }
          if (step.do === "open") {
            const state = stateNow(writer.one(pauseOfLink, { id: asked.id, position })!, position).kind;
            const language = text === null ? "en" : "de-AT";
            const view = viewOf(clock.now(), { state, language, automated: text === "" });
            await writer.write((tx) =>
              recordOpened(tx, context, { pause: asked, world: asked.key.world, position, origin: ORIGIN, view }),
            );
          }
          if (step.do === "answer") {
            const choice = asked.options[asked.options.length - 1] ?? "";
            await writer.write((tx) =>
              answerPause(tx, context, {
                pauseN: asked.n,
                position,
                choice,
                comment: text,
                via: "page",
                origin: ORIGIN,
              }),
            );
          }
        }
        expect(verifyFolder(db.folder)).toMatchObject({ pauses: pauses.length, fault: null });
      }),
      { numRuns: 40 },
    );
  }, 300_000);
});
