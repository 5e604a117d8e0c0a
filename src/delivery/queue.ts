import type { Channel } from "../channels/channel.ts";
import type { Log } from "../platform/log.ts";
import type { Tx, Work, Writer } from "../storage/index.ts";
import type { DeliveryContext } from "./context.ts";
import { Lane, type LaneParts } from "./lane.ts";
import { type Compose, fail, MessageTraffic, settleLast } from "./messages.ts";
import { type OnOutbox, OutboxLane } from "./outbox.ts";
import { Places } from "./places.ts";
import * as queries from "./queries.ts";
import { isReceiver, type WebhookTraffic } from "./webhooks.ts";

/** Who carries messages: a configured channel. */
export interface Carrier {
  readonly name: string;
  readonly channel: Channel;
  /** Messages under way at once. */
  readonly concurrency: number;
  /** The longest that one attempt may take. */
  readonly timeoutMs: number;
}

/** Attempts under way at one receiver of webhooks. */
const RECEIVER_CONCURRENCY = 8;
/** The client's own deadline for one webhook; the lane gives up a little later. */
const RECEIVER_TIMEOUT_MS = 15_000;
const FAILED_AT_ONCE = 100;

interface AnyLane {
  nudge(): void;
  stop(graceMs: number): Promise<void>;
}

/**
 * Everything that leaves the building, from one durable queue: a lane for the outbox, one for each channel, and one for
 * each receiver of webhooks for as long as there is something for it.
 */
export class DeliveryQueue {
  readonly #lanes = new Map<string, AnyLane>();
  readonly #parts: {
    readonly writer: Writer;
    readonly context: DeliveryContext;
    readonly log: Log;
    readonly webhooks: WebhookTraffic;
  };
  readonly #places = new Places();
  #running = false;

  constructor(parts: {
    readonly writer: Writer;
    readonly context: DeliveryContext;
    readonly log: Log;
    readonly compose: Compose;
    readonly webhooks: WebhookTraffic;
    readonly outbox: { readonly name: string; readonly onMessage: OnOutbox | null };
    readonly carriers: readonly Carrier[];
  }) {
    this.#parts = parts;
    const { writer, context, log, compose, outbox } = parts;
    const outboxLane = new OutboxLane(outbox.name, { writer, context, log, compose, onOutbox: outbox.onMessage });
    this.#lanes.set(outbox.name, outboxLane);
    for (const { name, channel, concurrency, timeoutMs } of parts.carriers) {
      const traffic = new MessageTraffic(channel, compose, context);
      this.#lanes.set(name, new Lane(name, traffic, this.#laneParts(concurrency, timeoutMs)));
    }
  }

  /**
   * Frees what an earlier process or queue had claimed, and begins. This process holds the folder, so nobody is sending
   * it, unless another queue of it has not been stopped.
   */
  async start(): Promise<void> {
    const { writer, context } = this.#parts;
    this.#running = true;
    const now = context.clock.now();
    for (const { lane } of writer.all(queries.busyLanes, {})) {
      await writer.write(function* (tx) {
        yield* tx.run(queries.freeLeases, { lane, now });
      });
      // A channel that has been taken out of the configuration will never carry anything again.
      if (!this.#lanes.has(lane) && !isReceiver(lane)) {
        while (await writer.write((tx) => failAll(tx, context, lane)));
      } else this.nudge(lane);
    }
  }

  /** A hint: a lane has something to send. */
  nudge(lane: string): void {
    if (!this.#running) return;
    if (!this.#lanes.has(lane) && isReceiver(lane)) this.#open(lane);
    this.#lanes.get(lane)?.nudge();
  }

  /** A hint: another process may have queued something. */
  lookAgain(): void {
    if (!this.#running) return;
    for (const { lane } of this.#parts.writer.all(queries.busyLanes, {})) this.nudge(lane);
  }

  /** What waits in a lane or is under way. */
  waiting(lane: string): number {
    return this.#parts.writer.one(queries.countWaiting, { lane })?.count ?? 0;
  }

  /** Takes nothing more, lets what is under way finish for so long, and then cuts it off: it goes back into the queue. */
  async stop(graceMs: number): Promise<void> {
    this.#running = false;
    await Promise.all([...this.#lanes.values()].map((lane) => lane.stop(graceMs)));
  }

  #open(lane: string): void {
    const parts = { ...this.#laneParts(RECEIVER_CONCURRENCY, RECEIVER_TIMEOUT_MS), places: this.#places };
    const onIdle = () => void this.#lanes.delete(lane);
    this.#lanes.set(lane, new Lane(lane, this.#parts.webhooks, { ...parts, onIdle }));
  }

  #laneParts(concurrency: number, timeoutMs: number): LaneParts {
    const { writer, context, log } = this.#parts;
    return { writer, clock: context.clock, random: context.random, log, concurrency, timeoutMs };
  }
}

/** Gives up what a channel was to carry that is no longer there; true while more waits. */
function* failAll(tx: Tx, context: DeliveryContext, lane: string): Work<boolean> {
  const due = yield* tx.all(queries.dueMessages, { lane, now: Number.MAX_SAFE_INTEGER, limit: FAILED_AT_ONCE });
  for (const message of due) {
    if (message.pause_status !== "pending") {
      yield* settleLast(tx, context, message, { status: "cancelled", finished_at: context.clock.now() });
    } else yield* fail(tx, context, message, message.attempts, `the channel ${lane} is no longer configured`);
  }
  return due.length > 0;
}
