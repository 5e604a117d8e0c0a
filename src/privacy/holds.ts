import { type Actor, appendEntry, newEntry } from "../audit/index.ts";
import type { PauseContext } from "../pauses/index.ts";
import { isoTime } from "../platform/clock.ts";
import { Problem } from "../platform/problem.ts";
import type { RowOf, Tx, Work } from "../storage/index.ts";
import * as queries from "./queries.ts";
import type { Subject } from "./subject.ts";

/** A legal hold as it is shown. Of whom it speaks, only a keyed digest is known. */
export interface Hold {
  readonly id: string;
  readonly reason: string;
  readonly set_at: string;
  readonly released_at: string | null;
}

/** Forbids that a subject is erased, until {@link releaseHolds}. */
export function* setHold(
  tx: Tx,
  context: PauseContext,
  { subject, reason, actor }: { readonly subject: Subject; readonly reason: string; readonly actor: Actor },
): Work<Hold> {
  const { id } = context.ids.next("hold");
  const at = context.clock.now();
  yield* tx.run(queries.insertHold, { id, digests: JSON.stringify(subject.digests), reason, set_at: at });
  const plain = { hold_id: id };
  const about = { at, actor, world: null, pause: null, plain };
  yield* appendEntry(tx, newEntry(context.random, { ...about, type: "legal_hold.set", committed: { reason } }));
  return { id, reason, set_at: isoTime(at), released_at: null };
}

/** Releases every hold on a subject; answers which. */
export function* releaseHolds(
  tx: Tx,
  context: PauseContext,
  { subject, actor }: { readonly subject: Subject; readonly actor: Actor },
): Work<Hold[]> {
  const at = context.clock.now();
  const released: Hold[] = [];
  for (const hold of yield* holdsOn(tx, subject)) {
    yield* tx.run(queries.releaseHold, { id: hold.id, at });
    const about = { at, actor, world: null, pause: null, plain: { hold_id: hold.id } };
    yield* appendEntry(tx, newEntry(context.random, { ...about, type: "legal_hold.released" }));
    released.push(shapeHold({ ...hold, released_at: at }));
  }
  return released;
}

/** @throws Problem `legal-hold` when the subject may not be erased. */
export function* refuseHeld(tx: Tx, subject: Subject): Work<void> {
  const [hold] = yield* holdsOn(tx, subject);
  if (hold === undefined) return;
  throw new Problem(
    "legal-hold",
    `A legal hold (${hold.id}, since ${isoTime(hold.set_at)}) forbids to erase this recipient; release it first: pausepoint privacy release.`,
  );
}

/** The keyed digests of everybody who may not be erased. */
export function* heldDigests(tx: Tx): Work<ReadonlySet<string>> {
  const rows = yield* tx.all(queries.holds, {});
  return new Set(rows.filter(({ released_at }) => released_at === null).flatMap(digestsOf));
}

export function shapeHold({ id, reason, set_at, released_at }: HoldRow): Hold {
  return { id, reason, set_at: isoTime(set_at), released_at: released_at === null ? null : isoTime(released_at) };
}

type HoldRow = RowOf<typeof queries.holds>;

function* holdsOn(tx: Tx, subject: Subject): Work<HoldRow[]> {
  const wanted = new Set(subject.digests);
  const rows = yield* tx.all(queries.holds, {});
  return rows.filter((hold) => hold.released_at === null && digestsOf(hold).some((digest) => wanted.has(digest)));
}

function digestsOf({ digests }: HoldRow): string[] {
  return JSON.parse(digests) as string[];
}
