/**
 * Compares what was signed with what is in the log. Whoever changes log and tables alike, and has no key, is found here.
 * What is found is kept until all else has been compared: where a table contradicts the log, that says more.
 */
import { verifyEd25519 } from "../platform/ed25519.ts";
import { sha256Hex } from "../platform/hash.ts";
import type { Reader } from "../storage/index.ts";
import { receiptClaims } from "./attest.ts";
import { checkpointText } from "./checkpoint.ts";
import type { JsonValue } from "./jcs.ts";
import type { PauseStory } from "./pause-story.ts";
import { GROUP } from "./prune.ts";
import { entryAt } from "./queries.ts";
import { sameValue } from "./read-entry.ts";
import { BEFORE_ALL, type ComparedPause, checkpointsAfter, type KeptCheckpoint } from "./verify-queries.ts";
import { isSigned, MalformedReceipt, type ReadReceipt, readReceipt } from "./verify-receipt.ts";
import type { SigningKeyCheck } from "./verify-signing-keys.ts";
import { Wrong } from "./wrong.ts";

const PAGE = 500;

export class AttestedCheck {
  readonly #reader: Reader;
  readonly #keys: SigningKeyCheck;
  #page: KeptCheckpoint[];
  /** The size of the newest checkpoint. */
  #covered = 0;
  /** The first thing that was wrong. */
  fault: Wrong | null = null;
  /** Checkpoints and receipts that are genuine and say what the log says. */
  checkpoints = 0;
  receipts = 0;

  /** @param keys that have taken the log as far as this is asked about it. */
  constructor(reader: Reader, keys: SigningKeyCheck) {
    this.#reader = reader;
    this.#keys = keys;
    this.#page = reader.all(checkpointsAfter, { after: BEFORE_ALL, limit: PAGE });
  }

  /**
   * Takes the checkpoints over less than what was pruned, `pruned` entries: they are genuine, and those of a size that the
   * stored nodes give a root of have that root.
   */
  before(pruned: number, rootOf: (size: number) => Uint8Array): void {
    for (;;) {
      const next = this.#page[0];
      if (next === undefined || next.size >= pruned) return;
      const root = next.size > 0 && next.size % GROUP === 0 ? rootOf(next.size) : next.root;
      this.#keep(() => this.#checkpoint(next, Math.max(next.size, 1), root));
      this.#advance(next);
    }
  }

  /** Takes the log's tree as it was with so many entries. */
  grown(size: number, root: () => Uint8Array): void {
    const next = this.#page[0];
    if (next === undefined || next.size > size) return;
    this.#keep(() => this.#checkpoint(next, size, root()));
    this.#advance(next);
  }

  #advance({ size }: KeptCheckpoint): void {
    this.#covered = size;
    this.#page.shift();
    if (this.#page.length === 0) this.#page = this.#reader.all(checkpointsAfter, { after: size, limit: PAGE });
  }

  /** Once the log is over. */
  finish(size: number): void {
    const next = this.#page[0];
    if (next === undefined) return;
    this.#keep(() => {
      throw new Wrong(
        size + 1,
        `a checkpoint was signed over ${next.size} entries, but there are ${size}: the end is cut off`,
      );
    });
  }

  /** A pause whose row and entries agree. */
  answered(row: ComparedPause, story: PauseStory): void {
    this.#keep(() => this.#receipt(row, story));
  }

  #keep(check: () => void): void {
    try {
      check();
    } catch (error) {
      if (!(error instanceof Wrong)) throw error;
      this.fault ??= error;
    }
  }

  #checkpoint({ size, root: signedRoot, key_n, signature }: KeptCheckpoint, entries: number, root: Uint8Array): void {
    if (size !== entries) throw new Wrong(null, `a checkpoint of size ${size} stands before the first entry`);
    if (Buffer.compare(signedRoot, root) !== 0)
      throw new Wrong(
        size,
        `the checkpoint over ${size} entries has another root than they have: one was changed since`,
      );
    const key = this.#keys.at("log", size);
    if (key === undefined || key.n !== key_n)
      throw new Wrong(size, `the checkpoint over ${size} entries is by another key than signed then`);
    const signed = { origin: key.name ?? "", size, root };
    if (!verifyEd25519(key.public_key, checkpointText(signed), signature))
      throw new Wrong(size, `the signature of the checkpoint over ${size} entries is forged`);
    this.checkpoints++;
  }

  /** An answer has a receipt, unless its entry says that signing was withheld; nothing else has one. */
  #receipt(row: ComparedPause, { created, ending, consumed }: PauseStory): void {
    const responded = ending?.entry.type === "pause.responded" ? ending.entry : null;
    const due = responded !== null && responded.data.receipt_withheld !== true;
    if (!due && row.receipt !== null)
      throw new Wrong(responded?.seq ?? null, `the pause ${row.id} has a receipt, though none was made`);
    if (due && row.receipt === null) throw new Wrong(responded.seq, `the receipt of the pause ${row.id} is gone`);
    if (!due || row.receipt === null) return;
    if (responded.seq > this.#covered)
      throw new Wrong(
        responded.seq,
        `no checkpoint stands over entry ${responded.seq}, which was signed when it was written`,
      );

    const { seq, project, mode } = responded;
    const receipt = read(row.receipt, seq, row.id);
    const key = this.#keys.at(mode === "live" ? "receipt-live" : "receipt-test", seq);
    if (key === undefined || key.id !== receipt.kid)
      throw new Wrong(seq, `the receipt of the pause ${row.id} is by another key than signed then`);
    if (!isSigned(receipt, key.public_key))
      throw new Wrong(seq, `the signature of the receipt of the pause ${row.id} is forged`);

    const { payload } = receipt;
    const { jti = null, iat = null, exp = null } = payload;
    const expected = receiptClaims(
      {
        pause: row,
        world: { n: row.world_n, project: project ?? "", mode: mode ?? "test" },
        channel: row.channel,
        options: JSON.parse(row.options) as string[],
        choice: row.response_choice ?? "",
        source: row.response_source ?? "human",
        via: row.response_via,
        position: row.responded_by,
        askedAt: row.created_at,
        answeredAt: row.ended_at ?? 0,
        actionDigest: row.action_digest,
        audience: row.audience,
        entry: { seq, hash: sha256Hex(this.#textOf(seq)) },
      },
      {
        iss: this.#keys.at("log", seq)?.name ?? "",
        created: this.#textOf(created.entry.seq),
        jti: String(jti),
        seconds: Number(exp) - Number(iat),
      },
    );
    const told: Readonly<Record<string, JsonValue>> = { ...expected };
    const names = [...Object.keys(told), ...Object.keys(payload)];
    const other = names.find((name) => !sameValue(told[name] ?? null, payload[name] ?? null));
    if (other !== undefined || Number(exp) <= Number(iat))
      throw new Wrong(
        seq,
        `the ${other ?? "exp"} in the receipt of the pause ${row.id} is not what entry ${seq} tells`,
      );
    if (consumed !== null && consumed.entry.data.jti !== jti)
      throw new Wrong(consumed.entry.seq, `entry ${consumed.entry.seq} consumes another receipt than ${row.id} has`);
    this.receipts++;
  }

  #textOf(seq: number): string {
    return this.#reader.one(entryAt, { seq })?.entry ?? "";
  }
}

function read(receipt: string, seq: number, id: string): ReadReceipt {
  try {
    return readReceipt(receipt);
  } catch (error) {
    if (!(error instanceof MalformedReceipt)) throw error;
    throw new Wrong(seq, `the receipt of the pause ${id} is none: ${error.message}`);
  }
}
