import type { Channel, OutgoingMessage, SendResult } from "../channels/channel.ts";
import { afterLong } from "../platform/clock.ts";
import type { Log } from "../platform/log.ts";
import type { Writer } from "../storage/index.ts";
import * as queries from "./queries.ts";
import { claimDue, type DeliveryContext, type DueMessage, deliverToOutbox, recordAttempt } from "./record.ts";

/** Who carries messages: a configured channel, or null for the outbox. */
export interface Carrier {
  readonly name: string;
  readonly channel: Channel | null;
  /** Messages under way at once. */
  readonly concurrency: number;
  /** The longest that one attempt may take. */
  readonly timeoutMs: number;
}

/** Makes the text of a due message: the template and the link are not the queue's business. */
export type Compose = (message: DueMessage) => OutgoingMessage;

/** What every lane is made with. */
export interface LaneParts {
  readonly writer: Writer;
  readonly context: DeliveryContext;
  readonly log: Log;
  readonly compose: Compose;
  /** Called for each message that the outbox takes. */
  readonly onOutbox: (message: OutgoingMessage, due: DueMessage) => void;
}

const OUTBOX_BATCH = 64;
const OUTBOX_REST_MS = 20;
/** A channel keeps its own time; this much later, one that does not is given up. Within the margin of the lease. */
const CUT_MARGIN_MS = 5_000;
const LEASE_MARGIN_MS = 15_000;
const RETRY_MS = 1_000;

/**
 * One carrier's lane of the queue. Lanes know nothing of each other, so a carrier that hangs holds up its own messages
 * alone. The rows are the truth: a nudge or a timer only says when to look.
 */
export class Lane {
  readonly #carrier: Carrier;
  readonly #writer: Writer;
  readonly #context: DeliveryContext;
  readonly #log: Log;
  readonly #compose: Compose;
  readonly #onOutbox: (message: OutgoingMessage, due: DueMessage) => void;
  readonly #stopping = new AbortController();
  readonly #underWay = new Set<Promise<void>>();
  #stopTimer = () => {};
  #working: Promise<void> | null = null;
  #nudged = false;
  /** Until when a long backlog rests. */
  #restUntil = 0;
  #closed = false;

  constructor(carrier: Carrier, parts: LaneParts) {
    this.#carrier = carrier;
    this.#writer = parts.writer;
    this.#context = parts.context;
    this.#log = parts.log;
    this.#compose = parts.compose;
    this.#onOutbox = parts.onOutbox;
  }

  /** A hint: something may be due. */
  nudge(): void {
    if (this.#closed) return;
    this.#nudged = true;
    this.#working ??= this.#work().finally(() => {
      this.#working = null;
      if (this.#nudged && !this.#closed) this.nudge();
    });
  }

  /** Takes nothing more, gives what is under way a few seconds, then cuts it off; its lease sees to the rest. */
  async stop(graceMs: number): Promise<void> {
    this.#closed = true;
    this.#stopTimer();
    const cut = this.#context.clock.after(graceMs, () => this.#stopping.abort(new Error("the appliance is stopping")));
    // What was being claimed when the stop came is under way a moment later.
    await this.#working;
    await Promise.all(this.#underWay);
    cut();
  }

  async #work(): Promise<void> {
    this.#stopTimer();
    try {
      while (this.#nudged && !this.#closed) {
        this.#nudged = false;
        await (this.#carrier.channel === null ? this.#fillOutbox() : this.#send(this.#carrier.channel));
      }
      const next = this.#closed ? undefined : this.#writer.one(queries.nextDueOf, { carrier: this.#carrier.name });
      // With every place taken, the next result looks again by itself.
      if (next !== undefined && this.#underWay.size < this.#carrier.concurrency)
        this.#armAt(Math.max(next.due_at, this.#restUntil));
    } catch (error) {
      this.#log.error("deliveries could not be written", {
        carrier: this.#carrier.name,
        error: (error as Error).message,
      });
      this.#armAt(this.#context.clock.now() + RETRY_MS);
    }
  }

  async #fillOutbox(): Promise<void> {
    const delivered = await this.#writer.write((tx) =>
      deliverToOutbox(tx, this.#context, this.#carrier.name, OUTBOX_BATCH),
    );
    for (const due of delivered) this.#onOutbox(this.#compose(due), due);
    if (delivered.length < OUTBOX_BATCH) return;
    // Who asks and who answers goes first: a long backlog is worked off in between.
    if (this.#writer.waiting === 0) this.#nudged = true;
    else this.#restUntil = this.#context.clock.now() + OUTBOX_REST_MS;
  }

  async #send(channel: Channel): Promise<void> {
    const free = this.#carrier.concurrency - this.#underWay.size;
    if (free <= 0) return;
    const lease = this.#carrier.timeoutMs + LEASE_MARGIN_MS;
    const claimed = await this.#writer.write((tx) => claimDue(tx, this.#context, this.#carrier.name, free, lease));
    for (const due of claimed) {
      const attempt = this.#attempt(channel, due).finally(() => {
        this.#underWay.delete(attempt);
        this.nudge();
      });
      this.#underWay.add(attempt);
    }
  }

  async #attempt(channel: Channel, due: DueMessage): Promise<void> {
    const startedAt = this.#context.clock.now();
    const result = await this.#tryToSend(channel, due);
    if (result.outcome !== "sent") {
      this.#log.warn("message not sent", {
        delivery: due.id,
        pause: due.pause_id,
        carrier: this.#carrier.name,
        outcome: result.outcome,
        status: result.status,
      });
    }
    try {
      await this.#writer.write((tx) => recordAttempt(tx, this.#context, due, result, startedAt));
    } catch (error) {
      // The lease brings it back: at least once, never lost.
      this.#log.error("an attempt could not be recorded", { delivery: due.id, error: (error as Error).message });
    }
  }

  async #tryToSend(channel: Channel, due: DueMessage): Promise<SendResult> {
    const cut = new AbortController();
    const { clock } = this.#context;
    const stopTimer = afterLong(clock, this.#carrier.timeoutMs + CUT_MARGIN_MS, () =>
      cut.abort(new Error("timed out")),
    );
    const signal = AbortSignal.any([cut.signal, this.#stopping.signal]);
    try {
      return await Promise.race([channel.send(this.#compose(due), signal), aborted(signal)]);
    } catch (error) {
      return { outcome: "retry", error: (error as Error).message, status: null, excerpt: null, retryAfterMs: null };
    } finally {
      stopTimer();
    }
  }

  #armAt(time: number): void {
    this.#stopTimer();
    if (this.#closed) return;
    this.#stopTimer = this.#context.clock.after(time - this.#context.clock.now(), () => this.nudge());
  }
}

/** Rejects once the signal aborts, and a moment later, so that a channel that heeds it can still tell what became of it. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => setImmediate(() => reject(signal.reason as Error)), { once: true });
  });
}
