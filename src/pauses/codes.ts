import { codedAsks } from "../delivery/index.ts";
import { nextCode } from "../platform/sms/codes.ts";
import type { Tx, Work } from "../storage/index.ts";
import type { PauseContext } from "./context.ts";

/** Questions to one number that are looked at: with more waiting at once than codes, the newest get none. */
const LOOKED_AT = 200;

/**
 * A code for a reply that no other question to this address over this lane waits for, and that no option could be
 * mistaken for; null when all are taken, and then the text has the link alone.
 */
export function* freeCode(
  tx: Tx,
  context: PauseContext,
  lane: string,
  destination: string,
  options: readonly string[],
): Work<string | null> {
  const asks = yield* tx.all(codedAsks, { lane, destination, limit: LOOKED_AT });
  const taken = new Set(options.map((option) => option.toUpperCase()));
  for (const { status, code } of asks) if (status === "pending" && code !== null) taken.add(code);
  // Those of questions that have just ended are used again last, so that a late reply is not taken for another.
  const avoided = new Set([...taken, ...asks.slice(0, RECENT).flatMap(({ code }) => (code === null ? [] : [code]))]);
  return nextCode(avoided, context.random) ?? nextCode(taken, context.random);
}

const RECENT = 40;
