/**
 * Consuming a receipt: the one moment in which an approval turns into a right to act. It happens once for a receipt, in the
 * same transaction as the log's entry of it, whoever asks at the same time.
 */
import { z } from "zod";
import type { Key } from "../access/index.ts";
import { type Attestor, appendEntry, newEntry, type ReceiptFault, receiptKeys, verifyReceipt } from "../audit/index.ts";
import { type Clock, isoTime } from "../platform/clock.ts";
import { invalid, Problem } from "../platform/problem.ts";
import type { Random } from "../platform/random.ts";
import { define, type ResponseSource, type Tx, type Work } from "../storage/index.ts";

const DIGEST = "must be sha256: and 64 lower-case hex digits: the digest of what is about to be done";

/** The body of `POST /v1/receipts/consume`. */
export const consumeBody = z.strictObject(
  {
    receipt: z.string("must be text: the receipt, as the pause has it"),
    action_digest: z.string(DIGEST).regex(/^sha256:[0-9a-f]{64}$/, DIGEST),
  },
  "must be a JSON object",
);

/** What an executor is told. It is for the executor to look whether `choice` and `source` are what it asks for. */
export interface Consumed {
  readonly pause_id: string;
  readonly choice: string;
  readonly source: ResponseSource;
  /** RFC 3339, UTC. */
  readonly consumed_at: string;
}

/** What consuming is done with. */
export interface ConsumeParts {
  readonly attestor: Attestor;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * Takes a receipt, once. The key's project and mode must be the receipt's; its audience is for the executor to check, since
 * the server can't know who holds a key.
 *
 * @throws Problem `invalid` when it is not genuine, of another world, for another action or for none, expired, or not among
 *   what this server has decided; `receipt-consumed` when it was taken before.
 */
export function* consumeReceipt(
  tx: Tx,
  { attestor, clock, random }: ConsumeParts,
  key: Key,
  body: z.output<typeof consumeBody>,
): Work<Consumed> {
  const { project, mode } = key.world;
  const now = clock.now();
  const keys = receiptKeys(yield* attestor.keys.all(tx));
  const verdict = verifyReceipt(body.receipt, { keys, mode, now, actionDigest: body.action_digest });
  if (verdict.fault !== null) throw refused(verdict.fault, verdict.detail);
  const { claims } = verdict;
  if (claims.project !== project) throw refused("other project", "it is of another project than the key");

  const row = yield* tx.one(receiptOf, { id: claims.pause_id, world_n: key.world.n });
  // Genuine, and yet not what this database decided: it was signed after the backup that was restored here.
  if (row?.receipt !== body.receipt) throw refused("unknown", "it is genuine, but this server has no such decision");
  if (row.receipt_consumed_at !== null)
    throw new Problem("receipt-consumed", `The receipt was consumed at ${isoTime(row.receipt_consumed_at)}.`);
  const { changes } = yield* tx.run(markConsumed, { n: row.n, at: now });
  if (changes !== 1) throw new Error(`the receipt of ${claims.pause_id} was to be consumed a second time`);
  yield* appendEntry(
    tx,
    newEntry(random, {
      type: "receipt.consumed",
      at: now,
      actor: { type: "developer", id: key.id },
      world: key.world,
      pause: { n: row.n, id: claims.pause_id },
      plain: { jti: claims.jti, action_digest: body.action_digest },
    }),
  );
  return { pause_id: claims.pause_id, choice: claims.choice, source: claims.source, consumed_at: isoTime(now) };
}

function refused(fault: ReceiptFault | "other project" | "unknown", detail: string): Problem {
  return invalid([
    { pointer: fault === "other action" ? "/action_digest" : "/receipt", detail: inWords(fault, detail) },
  ]);
}

/** A clause about a field, as the other errors of fields are. */
function inWords(fault: ReceiptFault | "other project" | "unknown", detail: string): string {
  return fault === "other action" ? "is not the digest of the action that was approved" : `is not taken: ${detail}`;
}

const receiptOf = define<{ id: string; world_n: number }>()((db, p) =>
  db
    .selectFrom("pauses")
    .select(["n", "receipt", "receipt_consumed_at"])
    .where("id", "=", p("id"))
    .where("world_n", "=", p("world_n")),
);

const markConsumed = define<{ n: number; at: number }>()((db, p) =>
  db
    .updateTable("pauses")
    .set({ receipt_consumed_at: p("at") })
    .where("n", "=", p("n"))
    .where("receipt_consumed_at", "is", null),
);
