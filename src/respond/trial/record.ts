/** What the log and the limits know of test messages that a running server sends. */
import { type Actor, appendEntry, newEntry } from "../../audit/index.ts";
import type { ConfiguredChannel } from "../../channels/configured.ts";
import { type DeliveryContext, isOptedOut, optedOutWords, takeRoom } from "../../delivery/index.ts";
import type { Tx, Work } from "../../storage/index.ts";
import type { Target } from "./target.ts";
import type { Tested } from "./tested.ts";

/** One test message of one operator. Its address stands in no entry: it is nobody's pause, and nothing would erase it. */
export interface RecordedTest {
  /** Its id, which the carrier gets too. */
  readonly id: string;
  readonly target: Target;
  readonly actor: Actor;
}

/** Why a test may not be sent; `at`: when it may, where that is known. */
export interface TestRefusal {
  readonly why: string;
  readonly at: number | null;
}

/**
 * Tells the log of a test that is about to be sent, unless its recipient wants no texts or has had enough for now: it
 * counts as any other message to one recipient. `perHour` null: there is no such limit.
 */
export function* requestTest(
  tx: Tx,
  context: DeliveryContext,
  { id, target: { name, to }, actor }: RecordedTest,
  { channel, perHour }: { readonly channel: ConfiguredChannel["channel"]; readonly perHour: number | null },
): Work<TestRefusal | null> {
  const at = context.clock.now();
  if (yield* isOptedOut(tx, context, name, to)) return { why: optedOutWords(channel), at: null };
  const planned = [{ destination: to, position: 0 }];
  const [full] = perHour === null ? [] : yield* takeRoom(tx, context, planned, perHour, at);
  const why = `this recipient has had ${perHour} messages in the last hour`;
  if (full !== undefined) return { why, at: full.at };
  const plain = { channel: name, test: id };
  const entry = { type: "channel.test_requested", at, actor, world: null, pause: null, plain } as const;
  yield* appendEntry(tx, newEntry(context.random, entry));
  return null;
}

/** Tells the log what became of a test. */
export function* recordTested(
  tx: Tx,
  { clock, random }: Pick<DeliveryContext, "clock" | "random">,
  { id, target: { name }, actor }: RecordedTest,
  outcome: NonNullable<Tested["sent"]>["result"]["outcome"],
): Work<void> {
  const plain = { channel: name, test: id, outcome };
  const entry = { type: "channel.tested", at: clock.now(), actor, world: null, pause: null, plain } as const;
  yield* appendEntry(tx, newEntry(random, entry));
}
