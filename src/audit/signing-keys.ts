/**
 * The keys that this installation signs with: one for the log's checkpoints, and one for receipts in each mode. They are
 * made when they are first needed, told of in the log, and follow each other: a new key's statement is signed by the one
 * before it, so that whoever trusts the first can trust all.
 */

import type { Clock } from "../platform/clock.ts";
import { ED25519_KEY_LENGTH, type SigningKey, signingKeyFrom } from "../platform/ed25519.ts";
import type { Random } from "../platform/random.ts";
import type { KeyPurpose, RowOf, SharedState, Tx, Work } from "../storage/index.ts";
import { type Actor, type NewEntry, newEntry } from "./entry.ts";
import { handoverText, thumbprint } from "./handovers.ts";
import * as queries from "./key-queries.ts";
import { appendEntry } from "./log.ts";
import { formatVerifierKey, verifierKey } from "./note.ts";
import { Seal } from "./seal.ts";
import type { ReceiptKey } from "./verify-receipt.ts";

/** A key in use. */
export interface ActiveKey extends SigningKey {
  readonly n: number;
  /** Of a log its verifier key; of receipts the `kid` of its JWK. */
  readonly id: string;
  /** Of a log its origin; null for receipts. */
  readonly name: string | null;
}

/** A key as others may know it: all that were ever used, retired ones too. */
export interface PublicSigningKey {
  readonly id: string;
  readonly purpose: KeyPurpose;
  readonly name: string | null;
  readonly publicKey: Uint8Array;
  readonly createdAt: number;
  readonly retiredAt: number | null;
  /** The signature of the key before it over {@link handoverText}; null for the first of its purpose. */
  readonly handover: Uint8Array | null;
  /** The entry that announces it. */
  readonly seq: number;
}

interface Loaded {
  readonly active: ReadonlyMap<KeyPurpose, ActiveKey>;
  readonly all: readonly PublicSigningKey[];
}

interface Announced {
  readonly purpose: KeyPurpose;
  readonly id: string;
  readonly key: SigningKey;
  readonly at: number;
  readonly actor: Actor;
  readonly old: ActiveKey | null;
  readonly handover: Uint8Array | null;
}

/** What the keys are made with. */
export interface SigningParts {
  readonly folderSecret: Uint8Array;
  readonly clock: Clock;
  readonly random: Random;
}

export class SigningKeys {
  readonly #parts: SigningParts;
  readonly #seal: Seal;
  readonly #loaded: SharedState<Loaded>;

  constructor(parts: SigningParts) {
    this.#parts = parts;
    this.#seal = new Seal(parts.folderSecret, "signing key v1");
    const open = (row: RowOf<typeof queries.signingKeys>) => this.#open(row);
    this.#loaded = {
      name: "signing keys",
      *load(tx: Tx): Work<Loaded> {
        const rows = yield* tx.all(queries.signingKeys, {});
        const used = rows.filter(({ retired_at }) => retired_at === null);
        return { all: rows.map(publicPart), active: new Map(used.map((row) => [row.purpose, open(row)])) };
      },
    };
  }

  /** The key that signs now for a purpose, made in this very unit where there is none yet. */
  *active(tx: Tx, purpose: KeyPurpose): Work<ActiveKey> {
    const { active } = yield* tx.shared(this.#loaded);
    return active.get(purpose) ?? (yield* this.#make(tx, purpose, null, SYSTEM));
  }

  /** Every key there ever was, in the order of their making. */
  *all(tx: Tx): Work<readonly PublicSigningKey[]> {
    return (yield* tx.shared(this.#loaded)).all;
  }

  /**
   * Puts a new key in the place of the one in use. What the old one signed stays good.
   *
   * @param origin the log's name from now on, where it is to have another.
   */
  *rotate(
    tx: Tx,
    purpose: KeyPurpose,
    actor: Actor,
    origin: string | null = null,
  ): Work<{ readonly key: ActiveKey; readonly old: ActiveKey }> {
    const old = yield* this.active(tx, purpose);
    return { key: yield* this.#make(tx, purpose, old, actor, origin), old };
  }

  *#make(
    tx: Tx,
    purpose: KeyPurpose,
    old: ActiveKey | null,
    actor: Actor,
    origin: string | null = null,
  ): Work<ActiveKey> {
    const { clock, random } = this.#parts;
    const at = clock.now();
    // The pool's bytes would stay in memory beside everything else that is drawn from it: the seed gets bytes of its own.
    const seed = Uint8Array.from(random.bytes(ED25519_KEY_LENGTH));
    const key = signingKeyFrom(seed);
    const name = purpose === "log" ? (origin ?? old?.name ?? (yield* this.#origin(tx))) : null;
    const id = name === null ? thumbprint(key.publicKey) : formatVerifierKey(verifierKey(name, key.publicKey));
    const handover = old === null ? null : old.sign(handoverText(purpose, old.id, id));
    if (old !== null) yield* tx.run(queries.retireSigningKeys, { purpose, at });
    const { seq } = yield* appendEntry(tx, this.#announcement({ purpose, id, key, at, actor, old, handover }));
    const { inserted: n } = yield* tx.run(queries.insertSigningKey, {
      id,
      purpose,
      name,
      public_key: key.publicKey,
      sealed: this.#seal.close(seed, placeOf(purpose, key.publicKey), random),
      created_at: at,
      handover,
      seq,
    });
    const { all, active } = yield* tx.shared(this.#loaded);
    const made: ActiveKey = { ...key, n, id, name };
    const known = { id, purpose, name, publicKey: key.publicKey, createdAt: at, retiredAt: null, handover, seq };
    const retired = all.map((one) => (one.id === old?.id ? { ...one, retiredAt: at } : one));
    tx.share(this.#loaded, { all: [...retired, known], active: new Map([...active, [purpose, made]]) });
    return made;
  }

  /** The entry that tells of a key, with the old one's signature where there is one. */
  #announcement({ purpose, id, key, at, actor, old, handover }: Announced): NewEntry {
    const common = { at, actor, world: null, pause: null };
    const plain = { purpose, key_id: id, public_key: Buffer.from(key.publicKey).toString("base64url") };
    const { random } = this.#parts;
    if (old === null || handover === null) return newEntry(random, { ...common, type: "signing_key.created", plain });
    const signature = Buffer.from(handover).toString("base64url");
    return newEntry(random, {
      ...common,
      type: "signing_key.rotated",
      plain: { ...plain, old_key_id: old.id, signature },
    });
  }

  /** A log's name must be its own in the whole world and never change: the installation's id is both. */
  *#origin(tx: Tx): Work<string> {
    const found = yield* tx.one(queries.installation, {});
    return `pausepoint/${found?.id ?? "unnamed"}`;
  }

  #open(row: RowOf<typeof queries.signingKeys>): ActiveKey {
    const seed = this.#seal.open(row.sealed, placeOf(row.purpose, row.public_key));
    if (seed === null) throw new Error(`the signing key ${row.id} does not open with this folder's secret`);
    return { ...signingKeyFrom(seed), n: row.n, id: row.id, name: row.name };
  }
}

/** Those that sign receipts, as receipts are verified with them. */
export function receiptKeys(
  keys: readonly Pick<PublicSigningKey, "id" | "purpose" | "publicKey">[],
): readonly ReceiptKey[] {
  return keys.flatMap(({ id, purpose, publicKey }) =>
    purpose === "log" ? [] : [{ id, publicKey, mode: purpose === "receipt-live" ? "live" : "test" }],
  );
}

const SYSTEM: Actor = { type: "system", id: null };

function placeOf(purpose: KeyPurpose, publicKey: Uint8Array): string {
  return `${purpose} ${Buffer.from(publicKey).toString("base64url")}`;
}

function publicPart(row: RowOf<typeof queries.signingKeys>): PublicSigningKey {
  return {
    id: row.id,
    purpose: row.purpose,
    name: row.name,
    publicKey: row.public_key,
    createdAt: row.created_at,
    retiredAt: row.retired_at,
    handover: row.handover,
    seq: row.seq,
  };
}
