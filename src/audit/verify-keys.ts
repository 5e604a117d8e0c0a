import type { Reader } from "../storage/index.ts";
import { isArray, isObject } from "./read-entry.ts";
import * as queries from "./verify-queries.ts";
import { columnJson, RowCheck, type Told } from "./verify-row.ts";
import { Wrong } from "./wrong.ts";

const PAGE = 500;

/**
 * Compares the keys with the log while it is walked: each key has one `key.created`, and one `key.revoked` exactly when
 * it is revoked. Rows and entries of new keys are written together and in the same order, so the two lists are read side
 * by side. It holds one number for each revoked key.
 */
export class KeyCheck {
  readonly #reader: Reader;
  readonly #revoked = new Set<number>();
  #lastN = queries.BEFORE_ALL;

  constructor(reader: Reader) {
    this.#reader = reader;
  }

  /** Takes an entry that the chain has let through. @throws {Wrong} */
  take(told: Told, worldN: number | null): void {
    if (told.entry.type === "key.created") this.#created(told, worldN);
    if (told.entry.type === "key.revoked") this.#wasRevoked(told, worldN);
  }

  /** Once the log is over. @throws {Wrong} for a row that no entry tells of. */
  finish(): void {
    const unknown = this.#reader.one(queries.keyAfter, { n: this.#lastN });
    if (unknown !== undefined)
      throw new Wrong(null, `the key ${unknown.id} is there, but no entry tells of its making`);
    for (let after = queries.BEFORE_ALL; ; ) {
      const page = this.#reader.all(queries.revokedKeys, { after, limit: PAGE });
      const untold = page.find(({ n }) => !this.#revoked.has(n));
      if (untold !== undefined) throw new Wrong(null, `the key ${untold.id} is revoked, but no entry tells so`);
      const last = page.at(-1);
      if (last === undefined) return;
      after = last.n;
    }
  }

  #created(told: Told, worldN: number | null): void {
    const { seq, data } = told.entry;
    const key = this.#find(told, worldN);
    const next = this.#reader.one(queries.keyAfter, { n: this.#lastN });
    if (next === undefined || next.n > key.n)
      throw new Wrong(seq, `entry ${seq} tells of the making of ${key.id} a second time`);
    if (next.n < key.n) throw new Wrong(null, `the key ${next.id} is there, but no entry tells of its making`);
    this.#lastN = key.n;

    const name = `the key ${key.id}`;
    const check = new RowCheck(this.#reader, name, told);
    check.time("created_at", key.created_at);
    check.plain("key_hash", Buffer.from(key.hash).toString("hex"), "hash");
    check.committed("/name", key.name, "name");
    check.holds(isArray(data.scopes) && data.scopes.join(" ") === key.scopes, "scopes");
    const limits = columnJson(name, "limits", key.limits);
    if (!isObject(limits)) throw new Wrong(null, `the limits of ${name} are not an object`);
    const { recipients = null, minTimeoutMinutes = null, noDefaultOnTimeout = false } = limits;
    check.plain("min_timeout_minutes", minTimeoutMinutes, "limits");
    check.plain("no_default_on_timeout", noDefaultOnTimeout || null, "limits");
    check.plain("plan", key.plan, "plan");
    check.plain("recipients_limited", recipients === null ? null : true, "limits");
    // Whom a revoked key could ask may be erased, out of the list as well; the others stay in it.
    if (!check.isErased("/recipients")) check.committed("/recipients", recipients, "limits");
    else check.holds(key.revoked_at !== null, "limits");
  }

  #wasRevoked(told: Told, worldN: number | null): void {
    const { seq } = told.entry;
    const key = this.#find(told, worldN);
    if (key.n > this.#lastN) throw new Wrong(seq, `entry ${seq} revokes ${key.id} before it was made`);
    if (this.#revoked.has(key.n)) throw new Wrong(seq, `entry ${seq} revokes ${key.id} a second time`);
    this.#revoked.add(key.n);
    new RowCheck(this.#reader, `the key ${key.id}`, told).time("revoked_at", key.revoked_at);
  }

  #find(told: Told, worldN: number | null) {
    const { seq, data, type } = told.entry;
    const id = data.key_id;
    if (typeof id !== "string") throw new Wrong(seq, `entry ${seq} (${type}) names no key`);
    const key = this.#reader.one(queries.keyById, { id });
    if (key === undefined) throw new Wrong(seq, `the key ${id} of entry ${seq} (${type}) is not there any more`);
    if (key.world_n !== worldN)
      throw new Wrong(seq, `the key ${id} stands in another project or mode than entry ${seq} tells`);
    return key;
  }
}
