import type { KeyLimits } from "../access/index.ts";
import { type Actor, appendEntry, newEntry } from "../audit/index.ts";
import { dropFromCatalogue, type PauseContext, withdrawPause } from "../pauses/index.ts";
import type { Tx, Work } from "../storage/index.ts";
import { heldDigests } from "./holds.ts";
import * as queries from "./queries.ts";
import type { Subject } from "./subject.ts";

/** Pauses whose content is erased in one unit of work at most: others write in between, and one entry tells of all. */
export const ERASED_AT_ONCE = 50;
/** Entries of no pause in one unit at most. */
export const SEQS_AT_ONCE = 200;

/** A part of an erasure, small enough for one unit of work. */
export interface Batch {
  readonly why: "request" | "retention" | "restored";
  readonly actor: Actor;
  /** The erasure that it is a part of; null for what goes by the calendar. */
  readonly erasure: string | null;
  readonly reason: string | null;
  /** Whose addresses go. Null: those of all recipients. */
  readonly subject: Subject | null;
  readonly pauses: readonly number[];
  readonly seqs: readonly number[];
  /** Revoked keys whose limits name the subject. */
  readonly keys: readonly number[];
  /** Whether an entry is written even when there was nothing to erase. */
  readonly tellAnyway: boolean;
  /** Whether a legal hold of anybody who was asked keeps a pause. */
  readonly heedsHolds: boolean;
}

export interface Erased {
  readonly pauseIds: readonly string[];
  readonly withdrawn: number;
  readonly entries: number;
  readonly keptOnHold: number;
}

/**
 * Erases the content of some pauses, with the salts that open it in the log, and tells so in the log: all of that in
 * one transaction. A pause that still waits is withdrawn first, since nobody can be asked any more.
 */
export function* eraseBatch(tx: Tx, context: PauseContext, batch: Batch): Work<Erased> {
  const held = batch.heedsHolds ? yield* heldDigests(tx) : NONE;
  const erased: { n: number; id: string; positions: readonly number[] }[] = [];
  const cut: Cut[] = [];
  let withdrawn = 0;
  let keptOnHold = 0;
  for (const n of batch.pauses) {
    const pause = yield* tx.one(queries.pauseIdOf, { n });
    if (pause === undefined) continue;
    const recipients = yield* tx.all(queries.recipientsOf, { pause_n: n });
    if (
      recipients.some(({ address, destination }) => [address, destination].some((one) => isHeld(context, held, one)))
    ) {
      keptOnHold++;
      continue;
    }
    if (pause.status === "pending") {
      // Whom it asks can't be told any more how it ended.
      if (yield* withdrawPause(tx, { ...context, concluding: new Map() }, n, batch.actor)) withdrawn++;
    }
    const positions = yield* positionsOf(tx, batch.subject, n);
    erased.push({ n, id: pause.id, positions });
    cut.push(...(yield* cutsOf(tx, n, positions)));
  }
  for (const seq of batch.seqs) {
    const row = yield* tx.one(queries.entryAt, { seq });
    if (row?.disclosed != null) cut.push({ seq, left: without(row.disclosed, (pointer) => !LOOSE.has(pointer)) });
  }
  const done = { pauseIds: erased.map(({ id }) => id), withdrawn, entries: cut.length, keptOnHold };
  if (erased.length === 0 && cut.length === 0 && batch.keys.length === 0 && !batch.tellAnyway) return done;

  const at = context.clock.now();
  const { seq: erasedSeq } = yield* appendEntry(
    tx,
    newEntry(context.random, {
      type: "data.erased",
      at,
      actor: batch.actor,
      world: null,
      pause: null,
      plain: {
        why: batch.why,
        erasure: batch.erasure,
        pauses: erased.length,
        entries: cut.length,
        pause_ids: done.pauseIds,
        seqs: [...batch.seqs],
      },
      committed: { reason: batch.reason },
    }),
  );
  for (const { seq, left } of cut) {
    const gone = { seq, disclosed: left, erased_seq: erasedSeq };
    const { changes } = yield* tx.run(queries.eraseDisclosures, gone);
    if (changes === 0) yield* tx.run(queries.eraseKeptDisclosures, gone);
  }
  for (const pause of erased) yield* eraseRows(tx, pause, at);
  yield* forgetIdempotency(tx, erased);
  for (const n of batch.keys) yield* takeOutOfLimits(tx, n, batch.subject);
  return done;
}

const NONE: ReadonlySet<string> = new Set();
/** What stands of a person in entries of no pause. */
const LOOSE: ReadonlySet<string> = new Set(["/address", "/recipients"]);

interface Cut {
  readonly seq: number;
  /** The disclosures that stay, as they are stored. */
  readonly left: string | null;
}

function isHeld({ digests }: PauseContext, held: ReadonlySet<string>, address: string): boolean {
  return held.size > 0 && held.has(digests.textOf(address));
}

function* positionsOf(tx: Tx, subject: Subject | null, n: number): Work<readonly number[]> {
  const recipients = yield* tx.all(queries.recipientsOf, { pause_n: n });
  if (subject === null) return recipients.map(({ position }) => position);
  const led = (yield* tx.all(queries.deliveriesOf, { pause_n: n })).filter(({ destination }) =>
    subject.has(destination),
  );
  return recipients
    .filter(
      ({ address, destination, position }) =>
        subject.has(address) || subject.has(destination) || led.some((each) => each.position === position),
    )
    .map(({ position }) => position);
}

/** What goes from beside the entries of a pause: all, but whom else it asked. */
function* cutsOf(tx: Tx, n: number, positions: readonly number[]): Work<Cut[]> {
  const stays = (pointer: string) => {
    const position = /^\/recipients\/(\d+)\//.exec(pointer)?.[1];
    return position !== undefined && !positions.includes(Number(position));
  };
  const cuts: Cut[] = [];
  for (const { seq, disclosed } of yield* tx.all(queries.disclosedOf, { pause_n: n })) {
    if (disclosed === null) continue;
    const left = without(disclosed, stays);
    if (left !== disclosed) cuts.push({ seq, left });
  }
  return cuts;
}

function without(disclosed: string, stays: (pointer: string) => boolean): string | null {
  const left = Object.entries(JSON.parse(disclosed) as Record<string, string>).filter(([pointer]) => stays(pointer));
  return left.length === 0 ? null : JSON.stringify(Object.fromEntries(left));
}

function* eraseRows(
  tx: Tx,
  { n, positions }: { readonly n: number; readonly positions: readonly number[] },
  at: number,
): Work<void> {
  yield* dropFromCatalogue(tx, n);
  yield* tx.run(queries.erasePause, { n, at });
  yield* tx.run(queries.eraseTrace, { pause_n: n });
  yield* tx.run(queries.eraseComments, { pause_n: n });
  yield* tx.run(queries.cancelWaiting, { pause_n: n, at });
  yield* tx.run(queries.eraseDeliveries, { pause_n: n });
  yield* tx.run(queries.eraseLanes, { pause_n: n });
  yield* tx.run(queries.eraseAttempts, { pause_n: n });
  for (const position of positions) {
    yield* tx.run(queries.eraseRecipient, { pause_n: n, position });
    yield* tx.run(queries.eraseDestinations, { pause_n: n, position });
  }
}

/** A kept key compares what is sent again with a digest of what was sent first, which without a salt can be guessed. */
function* forgetIdempotency(tx: Tx, erased: readonly { readonly n: number }[]): Work<void> {
  if (erased.length === 0) return;
  const numbers = new Set(erased.map(({ n }) => n));
  const range = { first: Math.min(...numbers), last: Math.max(...numbers) };
  for (const { world_n, key, pause_n } of yield* tx.all(queries.idempotencyOf, range))
    if (numbers.has(pause_n)) yield* tx.run(queries.forgetIdempotency, { world_n, key });
}

function* takeOutOfLimits(tx: Tx, n: number, subject: Subject | null): Work<void> {
  const key = (yield* tx.all(queries.limitedKeys, {})).find((each) => each.n === n);
  if (key === undefined || key.revoked_at === null || subject === null) return;
  const limits = JSON.parse(key.limits) as KeyLimits;
  const recipients = limits.recipients?.filter((one) => !subject.has(one)) ?? null;
  yield* tx.run(queries.setLimits, { n, limits: JSON.stringify({ ...limits, recipients }) });
}
