import type { KeyPurpose, Reader, RowOf } from "../storage/index.ts";
import { isHandover, keyId } from "./handovers.ts";
import { signingKeys } from "./key-queries.ts";
import { hasHadName } from "./origin.ts";
import { RowCheck, type Told } from "./verify-row.ts";
import { Wrong } from "./wrong.ts";

type KeyRow = RowOf<typeof signingKeys>;

/** A key, and the entry from which on it signed. */
interface KnownKey {
  readonly row: KeyRow;
  readonly since: number;
}

/**
 * Compares the signing keys with the log while it is walked: each key has one `signing_key.created`, if it is the first of
 * its purpose, or one `signing_key.rotated` with the statement of the key before it. Rows and entries are written together
 * and in the same order. There are a few of them, so all are held.
 */
export class SigningKeyCheck {
  readonly #reader: Reader;
  readonly #rows: readonly KeyRow[];
  readonly #known: KnownKey[] = [];

  constructor(reader: Reader) {
    this.#reader = reader;
    this.#rows = reader.all(signingKeys, {});
  }

  /** Takes an entry that the chain has let through. @throws {Wrong} */
  take(told: Told): void {
    const { type, seq, data } = told.entry;
    if (type !== "signing_key.created" && type !== "signing_key.rotated") return;
    const row = this.#rows[this.#known.length];
    if (row === undefined || row.id !== data.key_id)
      throw new Wrong(
        seq,
        `the signing key ${String(data.key_id)} of entry ${seq} (${type}) is not in its place any more`,
      );
    this.#asTold(told, row);
    const before = this.#newest(row.purpose);
    if (type === "signing_key.rotated") this.#follows(told, row, before);
    else if (before !== undefined)
      throw new Wrong(seq, `entry ${seq} makes a first key for ${row.purpose}, which has one`);
    this.#known.push({ row, since: seq });
  }

  /** Once the log is over. @throws {Wrong} for a row that no entry tells of. */
  finish(): void {
    const untold = this.#rows[this.#known.length];
    if (untold !== undefined)
      throw new Wrong(null, `the signing key ${untold.id} is there, but no entry tells of its making`);
    for (const { row } of this.#known)
      if (row.retired_at !== null && this.#newest(row.purpose)?.row === row)
        throw new Wrong(null, `the signing key ${row.id} is retired, but no entry tells so`);
  }

  /** The key that signed for a purpose at an entry. One that was made for a first signature stands behind its cause. */
  at(purpose: KeyPurpose, seq: number): KeyRow | undefined {
    const all = this.#known.filter(({ row }) => row.purpose === purpose);
    return (all.findLast(({ since }) => since <= seq) ?? all[0])?.row;
  }

  #newest(purpose: KeyPurpose): KnownKey | undefined {
    return this.#known.findLast(({ row }) => row.purpose === purpose);
  }

  #asTold(told: Told, row: KeyRow): void {
    const check = new RowCheck(this.#reader, `the signing key ${row.id}`, told);
    check.plain("purpose", row.purpose);
    check.plain("public_key", Buffer.from(row.public_key).toString("base64url"));
    check.plain(
      "signature",
      row.handover === null ? null : Buffer.from(row.handover).toString("base64url"),
      "handover",
    );
    check.holds(keyId(row.purpose, row.name ?? "", row.public_key) === row.id, "id");
    // A log keeps its name, or goes on under a later one of its own once something that was signed is lost.
    const before = this.#newest(row.purpose)?.row;
    check.holds(before === undefined || hasHadName(row.name ?? "", before.name ?? ""), "name");
    check.holds(row.seq === told.entry.seq, "seq");
    check.time("created_at", row.created_at);
  }

  #follows(told: Told, row: KeyRow, before: KnownKey | undefined): void {
    const { seq, data } = told.entry;
    if (before === undefined || before.row.id !== data.old_key_id)
      throw new Wrong(seq, `entry ${seq} lets ${row.id} follow a key that did not sign then`);
    const old = { id: before.row.id, publicKey: before.row.public_key };
    const signature = row.handover ?? new Uint8Array();
    if (!isHandover(old.publicKey, row.purpose, { old: old.id, new: row.id, signature }))
      throw new Wrong(seq, `entry ${seq} lets ${row.id} follow ${old.id}, which has not signed that`);
    new RowCheck(this.#reader, `the signing key ${old.id}`, told).time("retired_at", before.row.retired_at);
  }
}
