/**
 * What the log is attested with: a checkpoint in every commit that holds a decision, so that its proof exists at once, and
 * a receipt for every answer. While signing is withheld (a backup was restored, and it is not yet known what was
 * published before) decisions count as always, and nothing is signed.
 */
import { base64url, sha256Hex } from "../platform/hash.ts";
import type { ResponseSource, Tx, Work } from "../storage/index.ts";
import { checkpointText } from "./checkpoint.ts";
import type { World } from "./entry.ts";
import * as keyQueries from "./key-queries.ts";
import { chainHead } from "./log.ts";
import { root } from "./merkle.ts";
import * as queries from "./queries.ts";
import { isObject, recipientsIn, rereadEntry } from "./read-entry.ts";
import { type ReceiptClaims, signReceipt } from "./receipt.ts";
import { SigningKeys, type SigningParts } from "./signing-keys.ts";
import { frontierOf } from "./tree.ts";
import { withheld } from "./withheld.ts";

/** An answer that a receipt is made for. Times are milliseconds. */
export interface AnsweredFacts {
  readonly pause: { readonly n: number; readonly id: string };
  readonly world: World;
  readonly channel: string;
  readonly options: readonly string[];
  readonly choice: string;
  readonly source: ResponseSource;
  readonly via: string | null;
  /** Who answered; null for the clock. */
  readonly position: number | null;
  readonly askedAt: number;
  readonly answeredAt: number;
  readonly actionDigest: string | null;
  readonly audience: string | null;
  /** The entry that tells of it. */
  readonly entry: { readonly seq: number; readonly hash: string };
}

/** Hours that a receipt may be used in. */
const RECEIPT_HOURS = 24;

/** What an attestor is made with. */
export interface AttestorParts extends SigningParts {
  /** How long a receipt may be used, 24 unless told. */
  readonly receiptHours?: number;
  /** Called after each commit that holds a new checkpoint. */
  readonly onSigned?: () => void;
}

export class Attestor {
  readonly keys: SigningKeys;
  readonly #parts: AttestorParts;
  /** Signs what the log has come to, unless that was done: the last thing in a commit that holds a decision. */
  readonly checkpoint: (tx: Tx) => Work<void>;

  constructor(parts: AttestorParts) {
    this.#parts = parts;
    this.keys = new SigningKeys(parts);
    // One function for all: the writer runs it once a commit, however many units ask for it.
    this.checkpoint = (tx) => this.#sign(tx);
  }

  /** Makes the keys that are not there yet, so that they can be pinned before the first decision. */
  *prepare(tx: Tx): Work<void> {
    for (const purpose of ["log", "receipt-live", "receipt-test"] as const) yield* this.keys.active(tx, purpose);
  }

  /** The receipt of an answer whose entry stands in the log, or null while signing is withheld. */
  *receipt(tx: Tx, facts: AnsweredFacts): Work<string | null> {
    if ((yield* tx.shared(withheld)) !== null) return null;
    const created = yield* tx.one(queries.firstEntryOfPause, { pause_n: facts.pause.n });
    if (created === undefined) throw new Error(`no entry tells of the pause ${facts.pause.id}`);
    const log = yield* this.keys.active(tx, "log");
    const key = yield* this.keys.active(tx, `receipt-${facts.world.mode}`);
    const claims = receiptClaims(facts, {
      iss: log.name ?? "",
      created: created.entry,
      jti: base64url(this.#parts.random.bytes(16)),
      seconds: Math.ceil((this.#parts.receiptHours ?? RECEIPT_HOURS) * 3600),
    });
    return signReceipt(claims, key.id, key);
  }

  /** Whether signing is withheld: an answer that is taken now gets no receipt. */
  *withheld(tx: Tx): Work<boolean> {
    return (yield* tx.shared(withheld)) !== null;
  }

  /**
   * Signs what the log was at `size` entries, unless a checkpoint of that size was signed: an export ends there. Does
   * nothing while signing is withheld.
   *
   * @throws {RangeError} when the log has fewer entries.
   */
  *checkpointAt(tx: Tx, size: number): Work<void> {
    const head = yield* tx.shared(chainHead);
    if (size > head.seq) throw new RangeError(`the log has ${head.seq} entries, not ${size}`);
    if ((yield* tx.one(keyQueries.checkpointOf, { size })) !== undefined) return;
    if ((yield* tx.shared(withheld)) !== null) return;
    yield* this.#signRoot(tx, size, root(yield* frontierOf(tx, size)));
  }

  *#sign(tx: Tx): Work<void> {
    if ((yield* tx.shared(withheld)) !== null) return;
    // A key made now is told of in the log, and belongs under the checkpoint that it signs.
    yield* this.keys.active(tx, "log");
    const head = yield* tx.shared(chainHead);
    const newest = yield* tx.one(keyQueries.newestCheckpoint, {});
    if (newest !== undefined && newest.size >= head.seq) return;
    yield* this.#signRoot(tx, head.seq, root(head.frontier));
  }

  *#signRoot(tx: Tx, size: number, hash: Uint8Array): Work<void> {
    const key = yield* this.keys.active(tx, "log");
    const text = checkpointText({ origin: key.name ?? "", size, root: hash });
    yield* tx.run(keyQueries.insertCheckpoint, {
      size,
      root: hash,
      key_n: key.n,
      signature: key.sign(text),
      signed_at: this.#parts.clock.now(),
    });
    const { onSigned } = this.#parts;
    if (onSigned !== undefined) tx.after(onSigned);
  }
}

/** What belongs to one receipt beside the answer. */
export interface ReceiptOrigin {
  /** The log's origin. */
  readonly iss: string;
  /** The text of the entry that the question begins with. */
  readonly created: string;
  readonly jti: string;
  /** How long it may be used. */
  readonly seconds: number;
}

/** The claims of an answer's receipt: everything in it but `jti` and `exp` follows from rows and entries. */
export function receiptClaims(facts: AnsweredFacts, { iss, created, jti, seconds }: ReceiptOrigin): ReceiptClaims {
  const { pause, world, position, entry } = facts;
  const iat = Math.floor(facts.answeredAt / 1000);
  return {
    iss,
    aud: facts.audience ?? world.project,
    iat,
    exp: iat + seconds,
    jti,
    mode: world.mode,
    project: world.project,
    pause_id: pause.id,
    question: `sha256:${sha256Hex(created)}`,
    options: facts.options,
    choice: facts.choice,
    source: facts.source,
    via: facts.via,
    channel: facts.channel,
    by: position === null ? null : addressCommitment(created, position),
    asked_at: Math.floor(facts.askedAt / 1000),
    answered_at: iat,
    action_digest: facts.actionDigest,
    seq: entry.seq,
    entry_hash: entry.hash,
  };
}

function addressCommitment(created: string, position: number): string | null {
  const address = recipientsIn(rereadEntry(created))[position]?.address;
  return isObject(address) && typeof address.commitment === "string" ? address.commitment : null;
}
