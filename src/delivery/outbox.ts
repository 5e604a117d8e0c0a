import { appendEntry } from "../audit/index.ts";
import type { OutgoingMessage } from "../channels/channel.ts";
import { type Scripted, scriptOf } from "../channels/scripted.ts";
import type { Log } from "../platform/log.ts";
import type { Tx, Work, Writer } from "../storage/index.ts";
import { Attendant } from "./attendant.ts";
import type { DeliveryContext } from "./context.ts";
import { arrivedEntry, type Compose, type DueMessage, fail, isNeedless, settleLast } from "./messages.ts";
import * as queries from "./queries.ts";

/** Called for each message that the outbox takes. */
export type OnOutbox = (message: OutgoingMessage, due: DueMessage) => void;

const BATCH = 64;
/** Others who share a commit with it from which on the outbox rests between its batches. */
const BUSY = 4;
const REST_MS = 50;
const RETRY_MS = 1_000;
/** How long after the end of its question a late answer comes. */
const LATE_MS = 1_000;

/** The lane of what is never sent: messages are kept to be read on this machine. */
export class OutboxLane {
  readonly name: string;
  readonly #attendant: Attendant;
  readonly #parts: {
    readonly writer: Writer;
    readonly context: DeliveryContext;
    readonly log: Log;
    readonly compose: Compose;
    readonly onOutbox: OnOutbox | null;
  };
  /** Until when a long backlog rests. */
  #restUntil = 0;

  constructor(
    name: string,
    parts: {
      readonly writer: Writer;
      readonly context: DeliveryContext;
      readonly log: Log;
      readonly compose: Compose;
      readonly onOutbox: OnOutbox | null;
    },
  ) {
    this.name = name;
    this.#parts = parts;
    this.#attendant = new Attendant(parts.context.clock, () => this.#work());
  }

  /** A hint: something may be due. */
  nudge(): void {
    this.#attendant.nudge();
  }

  stop(): Promise<void> {
    return this.#attendant.stop();
  }

  async #work(): Promise<number | null> {
    const { writer, context, log, compose, onOutbox } = this.#parts;
    const { clock } = context;
    // Who asks and who answers goes first: a long backlog is worked off in between.
    if (clock.now() < this.#restUntil) return this.#restUntil;
    try {
      const delivered = await writer.write((tx) => deliverToOutbox(tx, context, this.name, BATCH));
      if (onOutbox !== null) for (const due of delivered) onOutbox(compose.ask(due), due);
      if (delivered.length === BATCH && writer.crowd > BUSY) this.#restUntil = clock.now() + REST_MS;
      const next = writer.one(queries.nextDueOf, { lane: this.name });
      return next === undefined ? null : Math.max(next.due_at, this.#restUntil);
    } catch (error) {
      log.error("deliveries could not be written", { lane: this.name, error: (error as Error).message });
      return clock.now() + RETRY_MS;
    }
  }
}

/** The outbox takes what is due at once: nothing leaves, so there is nothing to lease and nothing to fail. */
export function* deliverToOutbox(tx: Tx, context: DeliveryContext, lane: string, limit: number): Work<DueMessage[]> {
  const now = context.clock.now();
  const delivered: DueMessage[] = [];
  for (const message of yield* tx.all(queries.dueMessages, { lane, now, limit })) {
    if (yield* isNeedless(tx, context, message, now)) {
      yield* settleLast(tx, context, message, { status: "cancelled", finished_at: now });
      continue;
    }
    const scripted = message.mode === "test" ? scriptOf(message.destination) : null;
    if (scripted?.script === "unreachable") {
      yield* fail(tx, context, message, message.attempts + 1, "this scripted approver can't be reached");
      continue;
    }
    const attempts = message.attempts + 1;
    yield* settleLast(tx, context, message, {
      status: "delivered",
      attempts,
      due_at: message.due_at,
      finished_at: now,
    });
    yield* appendEntry(tx, arrivedEntry(context, message, attempts, "delivered", null, now));
    if (scripted !== null) yield* beginScript(tx, context, message, scripted);
    delivered.push(message);
  }
  return delivered;
}

/** The first act of who answers by a script stands on disk with the message, so that a restart forgets none. */
function* beginScript(tx: Tx, context: DeliveryContext, message: DueMessage, scripted: Scripted): Work<void> {
  const { script, afterMs } = scripted;
  if (script === "never") return;
  const { pause_n, position, expires_at } = message;
  const due_at = script === "late" ? expires_at + LATE_MS : context.clock.now() + afterMs;
  yield* tx.run(queries.beginScript, { pause_n, position, script, due_at });
  tx.after(() => context.script());
}
