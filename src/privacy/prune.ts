/** `retention.auditDays`: the log itself, and what its pauses left in the tables, goes once it is old enough. */
import { type OldestGroup, oldestGroup, pruneGroup, requestCheckpoint } from "../audit/index.ts";
import { dropFromCatalogue, type PauseContext } from "../pauses/index.ts";
import type { Tx, Work, Writer } from "../storage/index.ts";
import { nextTurn } from "./find.ts";
import { heldDigests } from "./holds.ts";
import { truncateLog } from "./privacy.ts";
import * as queries from "./prune-queries.ts";
import { deliveriesOf, forgetIdempotency, pauseIdOf, recipientsOf } from "./queries.ts";

const DAY = 86_400_000;
/** Groups of 256 entries in one run at most; the next run goes on. */
const GROUPS_A_RUN = 1_000;

export interface Pruned {
  readonly entries: number;
  readonly pauses: number;
  /** Why the run ended before everything old was gone: something in the next 256 entries stays. */
  readonly keptBy: "pending" | "hold" | null;
  /** Whether no file holds what is gone any more. */
  readonly complete: boolean;
}

/**
 * Prunes the log from its beginning, 256 entries in a transaction, as far as all of them are older than `auditDays`. It
 * stops where a pause still waits or is on legal hold. The rows of a pause go with the last of its entries.
 *
 * @param auditDays null: the log is kept for ever.
 */
export async function pruneLog(writer: Writer, context: PauseContext, auditDays: number | null): Promise<Pruned> {
  let entries = 0;
  let pauses = 0;
  let keptBy: Pruned["keptBy"] = null;
  if (auditDays === null) return { entries, pauses, keptBy, complete: true };
  const before = context.clock.now() - auditDays * DAY;
  for (let group = 0; group < GROUPS_A_RUN; group++) {
    const done = await writer.write((tx) => pruneUnit(tx, context, before));
    keptBy = done.keptBy;
    if (done.entries === 0) break;
    entries += done.entries;
    pauses += done.pauses;
    await nextTurn();
  }
  return { entries, pauses, keptBy, complete: entries === 0 || (await truncateLog(writer, context)) };
}

function* pruneUnit(tx: Tx, context: PauseContext, before: number): Work<Omit<Pruned, "complete">> {
  const group = yield* oldestGroup(tx);
  if (group === null || group.at >= before) return { ...NOTHING, keptBy: null };
  const numbers = [...new Set(group.rows.flatMap(({ pause_n }) => (pause_n === null ? [] : [pause_n])))];
  const held = yield* heldDigests(tx);
  const over: number[] = [];
  for (const n of numbers) {
    if (yield* isUnderWay(tx, n)) return { ...NOTHING, keptBy: "pending" };
    if (held.size > 0 && (yield* asksHeld(tx, context, held, n))) return { ...NOTHING, keptBy: "hold" };
    // Whatever is still told of it leads to these rows: an erasure must find them.
    if ((yield* tx.one(queries.entryBehind, { pause_n: n, after: group.last })) === undefined) over.push(n);
  }
  yield* pruneGroup(tx, group, { random: context.random, now: context.clock.now(), pauses: over.length });
  yield* dropPauses(tx, over, group);
  // Whoever fetches checkpoints has one that stands over the entry that tells of this.
  yield* requestCheckpoint(tx, context.attestor);
  return { entries: group.rows.length, pauses: over.length, keptBy: null };
}

const NOTHING = { entries: 0, pauses: 0 } as const;

/** Whether entries of a pause are still to come: it waits, or a message of it does. */
function* isUnderWay(tx: Tx, n: number): Work<boolean> {
  if ((yield* tx.one(pauseIdOf, { n }))?.status === "pending") return true;
  return (yield* tx.all(deliveriesOf, { pause_n: n })).some(
    ({ status }) => status === "queued" || status === "sending",
  );
}

function* asksHeld(tx: Tx, { digests }: PauseContext, held: ReadonlySet<string>, n: number): Work<boolean> {
  const asked = (yield* tx.all(recipientsOf, { pause_n: n })).flatMap(({ address, destination }) => [
    address,
    destination,
  ]);
  const led = (yield* tx.all(deliveriesOf, { pause_n: n })).flatMap(({ destination }) => destination ?? []);
  return [...asked, ...led].some((address) => held.has(digests.textOf(address)));
}

/** Every row of pauses that no entry tells of any more. */
function* dropPauses(tx: Tx, numbers: readonly number[], { at }: OldestGroup): Work<void> {
  if (numbers.length === 0) return;
  const gone = new Set(numbers);
  const range = { first: Math.min(...numbers), last: Math.max(...numbers) };
  for (const { world_n, key, pause_n } of yield* tx.all(queries.idempotencyUntil, { ...range, at }))
    if (gone.has(pause_n)) yield* tx.run(forgetIdempotency, { world_n, key });
  // Events are kept for a week: most often the oldest of them is younger than anything here.
  const oldest = yield* tx.one(queries.oldestEvent, {});
  if (oldest !== undefined && oldest.at <= at)
    for (const { n, pause_n } of yield* tx.all(queries.eventsOf, range))
      if (gone.has(pause_n)) yield* tx.run(queries.dropEvent, { n });
  for (const pause_n of numbers) {
    yield* dropFromCatalogue(tx, pause_n);
    for (const drop of queries.dropRows) yield* tx.run(drop, { pause_n });
  }
}
