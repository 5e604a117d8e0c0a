import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import {
  createKey,
  defaultScopes,
  isScope,
  listKeys,
  newKeyText,
  noLimits,
  revokeKey,
} from "../../src/access/index.ts";
import { openDisclosure } from "../../src/audit/disclosure.ts";
import { systemRandom } from "../../src/platform/random.ts";
import { chainFaults, HOUR, openTestDatabase, START, type TestDatabase } from "../support/database.ts";

let db: Awaited<ReturnType<typeof openTestDatabase>>;
beforeEach(async () => {
  db = await openTestDatabase();
});
afterEach(() => db[Symbol.asyncDispose]());

const operator = { type: "operator", id: null } as const;
const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));
const revoke = (through: TestDatabase, id: string) =>
  through.writer.write((tx) => revokeKey(tx, through.context, id, operator));

describe("a key", () => {
  test("is kept as its SHA-256 alone: its text is nowhere in the file", async () => {
    const digests = db.connection.prepare("SELECT hash FROM api_keys ORDER BY n").pluck().all() as Uint8Array[];
    expect(digests.map((digest) => Buffer.from(digest).toString("hex"))).toEqual(
      [db.live, db.test].map(({ text }) => createHash("sha256").update(text).digest("hex")),
    );
    await db.writer.close();
    const file = Buffer.from(await Bun.file(`${db.folder}/pausepoint.db`).arrayBuffer());
    expect(file.includes(db.live.key.id)).toBe(true);
    expect(file.includes(db.live.text.slice(8, 40))).toBe(false);
  });

  test("is found by its text, with whose it is and what it may do", async () => {
    const limits = { recipients: ["@cfo"], minTimeoutMinutes: 15, noDefaultOnTimeout: true };
    const { key } = await db.newKey("live", { project: "finance", scopes: ["pauses:read", "admin"], limits });
    expect(key).toMatchObject({ world: { project: "finance", mode: "live" }, limits });
    expect([...key.scopes].sort()).toEqual(["admin", "pauses:read"]);
    expect([...db.live.key.scopes]).toEqual([...defaultScopes]);
  });

  test("belongs to one world: those of a project and mode share it, others do not", async () => {
    const again = await db.newKey("live");
    const other = await db.newKey("live", { project: "finance" });
    expect(again.key.world).toEqual(db.live.key.world);
    expect(new Set([db.live.key.world.n, db.test.key.world.n, other.key.world.n]).size).toBe(3);
    expect(db.count("SELECT count(*) FROM projects")).toBe(2);
  });

  test("is in the log when it is made and when it is revoked, with its limits but neither its name nor its text", async () => {
    const { key, text } = await db.newKey("test", {
      limits: { recipients: ["@cfo"], minTimeoutMinutes: 5, noDefaultOnTimeout: true },
    });
    db.clock.turn(HOUR);
    await revoke(db, key.id);
    const [created, revoked] = db.log().slice(-2);
    expect(created).toMatchObject({
      type: "key.created",
      actor: operator,
      project: "default",
      mode: "test",
      pause_id: null,
    });
    expect(created?.data).toEqual({
      key_id: key.id,
      key_hash: new Bun.CryptoHasher("sha256").update(text).digest("hex"),
      scopes: [...defaultScopes],
      min_timeout_minutes: 5,
      no_default_on_timeout: true,
      recipients_limited: true,
      name: { commitment: expect.any(String) },
      recipients: { commitment: expect.any(String) },
    });
    expect(revoked).toMatchObject({
      type: "key.revoked",
      at: new Date(START + HOUR).toISOString(),
      data: { key_id: key.id },
    });
    expect(JSON.stringify(db.log())).not.toContain(text.slice(8));
    const kept = db.connection.prepare("SELECT disclosed FROM audit_entries WHERE seq = ?").pluck().get(created?.seq);
    const disclosed = JSON.parse(String(kept)) as Record<string, string>;
    expect(openDisclosure(disclosed["/name"]!)).toMatchObject({ name: "name", value: "test key" });
    expect(openDisclosure(disclosed["/recipients"]!)).toMatchObject({ name: "recipients", value: ["@cfo"] });
    expect(chainFaults(db.connection)).toEqual([]);
  });

  test("stands in the list with its hint, and without its digest", () => {
    const [row] = db.writer.all(listKeys, {});
    expect(row).toMatchObject({
      id: db.live.key.id,
      name: "live key",
      mode: "live",
      project: "default",
      revoked_at: null,
    });
    expect(row?.hint).toBe(`pp_live_…${db.live.text.slice(-4)}`);
    expect(Object.keys(row ?? {})).not.toContain("hash");
  });
});

describe("a key that is none", () => {
  test("is refused: unknown though well spelled, mistyped, or empty", () => {
    expect(db.ring.find(newKeyText("live", systemRandom()))).toBeNull();
    expect(db.ring.find(`${db.live.text.slice(0, -1)}!`)).toBeNull();
    expect(db.ring.find("")).toBeNull();
    expect(db.ring.find(db.live.text)?.id).toBe(db.live.key.id);
  });

  test("is refused without a look-up when its checksum is wrong", () => {
    const ring = db.ring;
    const prepare = db.connection.prepare.bind(db.connection);
    let prepared = 0;
    db.connection.prepare = ((sql: string) => {
      prepared++;
      return prepare(sql);
    }) as typeof db.connection.prepare;
    db.close();
    expect(ring.find(`${db.live.text.slice(0, -1)}${db.live.text.endsWith("0") ? "1" : "0"}`)).toBeNull();
    expect(prepared).toBe(0);
  });
});

describe("a revoked key", () => {
  test("is refused from the next turn on when another process revoked it", async () => {
    const beside = db.beside();
    expect(db.ring.find(db.live.text)).not.toBeNull();
    expect(await revoke(beside, db.live.key.id)).toBe("revoked");
    await nextTurn();
    expect(db.ring.find(db.live.text)).toBeNull();
    expect(db.ring.find(db.test.text)).not.toBeNull();
    beside.close();
  });

  test("is refused from the next turn on when this process revoked it", async () => {
    expect(db.ring.find(db.live.text)).not.toBeNull();
    expect(await revoke(db, db.live.key.id)).toBe("revoked");
    await nextTurn();
    expect(db.ring.find(db.live.text)).toBeNull();
    expect(await revoke(db, db.test.key.id)).toBe("revoked");
    await nextTurn();
    expect(db.ring.find(db.test.text)).toBeNull();
  });

  test("stays revoked since the first time, and an unknown one is said to be unknown", async () => {
    expect(await revoke(db, db.live.key.id)).toBe("revoked");
    db.clock.turn(HOUR);
    expect(await revoke(db, db.live.key.id)).toBe("revoked before");
    expect(await revoke(db, "key_nobody")).toBe("unknown");
    expect(db.count("SELECT revoked_at FROM api_keys WHERE id = ?", db.live.key.id)).toBe(START);
    expect(db.log().filter(({ type }) => type === "key.revoked")).toHaveLength(1);
  });

  test("that another process made and revoked was never good here", async () => {
    const beside = db.beside();
    const { id, key } = await beside.writer.write((tx) =>
      createKey(
        tx,
        beside.context,
        { name: "n", mode: "live", project: "default", scopes: defaultScopes, limits: noLimits },
        operator,
      ),
    );
    await nextTurn();
    expect(db.ring.find(key)?.id).toBe(id);
    await revoke(beside, id);
    await nextTurn();
    expect(db.ring.find(key)).toBeNull();
    beside.close();
  });
});

describe("a scope", () => {
  test("is one of six names, exactly", () => {
    for (const name of ["pauses:write", "pauses:read", "audit:read", "webhooks:manage", "receipts:consume", "admin"])
      expect(isScope(name)).toBe(true);
    for (const name of ["Admin", "pauses", "pauses:write ", "*", "", "constructor"]) expect(isScope(name)).toBe(false);
    expect(defaultScopes).toEqual(["pauses:write", "pauses:read", "audit:read", "webhooks:manage"]);
  });
});
