import { appendEntry } from "../audit/index.ts";
import type { Tx, Work } from "../storage/index.ts";
import type { DeliveryContext } from "./context.ts";
import { arrivedEntry, tellFailed, tellIfOver } from "./messages.ts";
import * as queries from "./queries.ts";

/**
 * Takes a carrier's receipt for a message of its lane. Receipts come late, twice and in any order: only what was handed
 * over can still arrive or fail, and what has arrived stays so. False when it changed nothing.
 */
export function* takeReceipt(
  tx: Tx,
  context: DeliveryContext,
  lane: string,
  receipt: {
    readonly deliveryId: string;
    readonly providerIds?: readonly string[];
    readonly status: "sent" | "delivered" | "failed";
    readonly error: string | null;
    readonly isSessionOver?: boolean;
  },
): Work<boolean> {
  if (receipt.status === "sent") return false;
  const { deliveryId, providerIds = [], status } = receipt;
  const id = deliveryId === "" ? yield* knownAs(tx, lane, providerIds, status) : deliveryId;
  const found = id === undefined ? undefined : yield* tx.one(queries.messageById, { id });
  const { position, channel } = found ?? {};
  if (found === undefined || found.lane !== lane || found.kind !== "ask" || position == null || channel == null)
    return false;
  const now = context.clock.now();
  const { pause_n, ordinal } = found;
  const isErased = (yield* tx.one(queries.erasedAt, { pause_n })) !== undefined;
  const said = isErased ? null : receipt.error;
  const error = receipt.status === "failed" ? (said ?? "the carrier could not deliver it") : null;
  const row = { pause_n, ordinal, status: receipt.status, error, finished_at: now };
  let { changes } = yield* tx.run(queries.settleByReceipt, row);
  if (changes === 0 && error === null)
    ({ changes } = yield* tx.run(queries.settleUnanswered, { pause_n, ordinal, finished_at: now }));
  if (changes === 0) return false;
  tx.after(() => context.metrics.receipts.add(1, lane, status));
  const message = { ...found, position, channel };
  if (error === null) {
    yield* appendEntry(tx, arrivedEntry(context, message, found.attempts, "delivered", null, now));
    // It may have ended before this text's own answer came.
    if (found.status === "sending") yield* tellIfOver(tx, context, pause_n);
  } else {
    yield* tellFailed(tx, context, message, found.attempts, error, now);
    if (receipt.isSessionOver === true) yield* askAgain(tx, context, message, now);
  }
  return true;
}

/** Once more, and as to someone who has not written: until they do, nothing else can fail so. */
function* askAgain(
  tx: Tx,
  context: DeliveryContext,
  { pause_n, ordinal, lane }: { readonly pause_n: number; readonly ordinal: number; readonly lane: string },
  now: number,
): Work<void> {
  const ask = (yield* tx.all(queries.asksOf, { pause_n })).find((each) => each.ordinal === ordinal);
  const heard = { channel: lane, digest: context.digests.of(ask?.destination ?? "", lane) };
  if ((yield* tx.run(queries.deleteHeard, heard)).changes === 0) return;
  yield* tx.run(queries.requeue, { pause_n, ordinal, now });
  tx.after(() => context.wake(lane));
}

/**
 * The id of the message that the carrier calls by one of these names, if that is one alone. A long text has a name for each part,
 * with commas between: that one part has arrived proves nothing for the whole, that the first has failed does.
 */
function* knownAs(
  tx: Tx,
  lane: string,
  names: readonly string[],
  status: "delivered" | "failed",
): Work<string | undefined> {
  const found = new Set<string>();
  for (const name of names.slice(0, MOST_NAMES)) {
    const alone = { lane, first: name, end: `${name}\0`, limit: 2 };
    for (const { id } of yield* tx.all(queries.messagesKnownAs, alone)) found.add(id);
    if (status === "delivered") continue;
    // A minus sign is the character behind the comma.
    const asFirst = { lane, first: `${name},`, end: `${name}-`, limit: 2 };
    for (const { id } of yield* tx.all(queries.messagesKnownAs, asFirst)) found.add(id);
  }
  return found.size === 1 ? [...found][0] : undefined;
}

const MOST_NAMES = 8;
