import { afterLong, type Clock } from "../platform/clock.ts";
import type { Log, LogFields } from "../platform/log.ts";
import type { Random } from "../platform/random.ts";
import type { Tx, Work, Writer } from "../storage/index.ts";
import { Attendant } from "./attendant.ts";
import { Breaker, type Health } from "./breaker.ts";
import type { Places } from "./places.ts";
import * as queries from "./queries.ts";

/** What moves through a lane: how it is claimed, tried and recorded. */
export interface Traffic<Item extends { readonly id: string }, Result> {
  /** Takes what is due, until the end of a lease: after a crash between claim and send it is due again. */
  claim(tx: Tx, lane: string, limit: number, leaseMs: number): Work<readonly Item[]>;
  /** One attempt. What it throws is taken as {@link broken}. */
  attempt(item: Item, signal: AbortSignal): Promise<Result>;
  /** What an attempt comes to that was cut off, or failed in a way that nobody foresaw. */
  broken(error: Error): Result;
  record(tx: Tx, item: Item, result: Result, startedAt: number): Work<void>;
  health(result: Result): Health;
  /** Counts an attempt. */
  measure(item: Item, result: Result, tookMs: number): void;
  /** For the log: which it was, by ids. */
  about(item: Item): LogFields;
  /** For the log: what went wrong, without an address or a text; null when nothing did. */
  trouble(result: Result): LogFields | null;
}

/** What a lane is made with. */
export interface LaneParts {
  readonly writer: Writer;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Attempts under way at once. */
  readonly concurrency: number;
  /** The longest that one attempt may take. */
  readonly timeoutMs: number;
  /** Shared with other lanes, where there are many. */
  readonly places?: Places;
  /** Called when nothing waits and nothing is under way. */
  readonly onIdle?: () => void;
}

/** The traffic keeps its own time; this much later, one that does not is given up. Within the margin of the lease. */
const CUT_MARGIN_MS = 5_000;
const LEASE_MARGIN_MS = 15_000;
const RETRY_MS = 1_000;

/**
 * The queue's part for one destination: a channel, or the host of a webhook. Lanes know nothing of each other, so a
 * destination that hangs holds up what goes there alone. The rows are the truth: a nudge or a timer only says when to
 * look.
 */
export class Lane<Item extends { readonly id: string }, Result> {
  readonly name: string;
  readonly #traffic: Traffic<Item, Result>;
  readonly #parts: LaneParts;
  readonly #attendant: Attendant;
  readonly #breaker: Breaker;
  readonly #stopping = new AbortController();
  readonly #underWay = new Set<Promise<void>>();
  readonly #look = () => this.nudge();
  #closed = false;

  constructor(name: string, traffic: Traffic<Item, Result>, parts: LaneParts) {
    this.name = name;
    this.#traffic = traffic;
    this.#parts = parts;
    this.#attendant = new Attendant(parts.clock, () => this.#work());
    this.#breaker = new Breaker(parts.clock, parts.random);
  }

  /** A hint: something may be due. */
  nudge(): void {
    this.#attendant.nudge();
  }

  /** Takes nothing more, gives what is under way so long, then cuts it off: it is due again. */
  async stop(graceMs: number): Promise<void> {
    this.#closed = true;
    const cut = afterLong(this.#parts.clock, graceMs, () => this.#stopping.abort(new Cut("the appliance is stopping")));
    // What was being claimed when the stop came is under way a moment later.
    await this.#attendant.stop();
    await Promise.all(this.#underWay);
    cut();
  }

  /** Takes what is due as far as there is room, and answers when to look again. */
  async #work(): Promise<number | null> {
    const { writer, clock, log, timeoutMs, places } = this.#parts;
    try {
      if (this.#breaker.closedUntil > clock.now()) return this.#breaker.closedUntil;
      const { isTesting, isProven, hasFailed } = this.#breaker;
      // Where many share the places, whoever has shown no sign of life yet may hold one: it may be the first of many
      // that hang.
      const isUnproven = places !== undefined && !isProven;
      const isFailing = isTesting || (isUnproven && hasFailed);
      const limit = isTesting || isUnproven ? 1 : this.#parts.concurrency;
      const room = limit - this.#underWay.size;
      // With every place taken, the next result looks again by itself.
      if (room <= 0) return null;
      const free =
        places === undefined ? room : places.take(room, { isFailing, held: this.#underWay.size }, this.#look);
      if (free === 0) return null;
      let claimed: readonly Item[] = [];
      try {
        if (this.#hasDue())
          claimed = await writer.write((tx) => this.#traffic.claim(tx, this.name, free, timeoutMs + LEASE_MARGIN_MS));
      } finally {
        places?.give(free - claimed.length, isFailing);
      }
      for (const item of claimed) this.#start(item, isFailing);
      // What was claimed may have been over, with more behind it.
      const next = writer.one(queries.nextDueOf, { lane: this.name });
      if (next === undefined && this.#underWay.size === 0) this.#parts.onIdle?.();
      return next === undefined || this.#underWay.size >= limit ? null : next.due_at;
    } catch (error) {
      log.error("deliveries could not be written", { lane: this.name, error: (error as Error).message });
      return clock.now() + RETRY_MS;
    }
  }

  #hasDue(): boolean {
    const next = this.#parts.writer.one(queries.nextDueOf, { lane: this.name });
    return next !== undefined && next.due_at <= this.#parts.clock.now();
  }

  #start(item: Item, isFailing: boolean): void {
    const attempt = this.#attempt(item).finally(() => {
      this.#underWay.delete(attempt);
      this.#parts.places?.give(1, isFailing);
      if (!this.#closed) this.nudge();
    });
    this.#underWay.add(attempt);
  }

  async #attempt(item: Item): Promise<void> {
    const { writer, clock, log } = this.#parts;
    const startedAt = clock.now();
    const result = await this.#tryToSend(item);
    this.#breaker.note(this.#traffic.health(result));
    this.#traffic.measure(item, result, clock.now() - startedAt);
    const trouble = this.#traffic.trouble(result);
    const about = { delivery_id: item.id, lane: this.name, ...this.#traffic.about(item) };
    if (trouble === null) log.debug("delivered", about);
    else log.warn("not delivered", { ...about, ...trouble });
    try {
      await writer.write((tx) => this.#traffic.record(tx, item, result, startedAt));
    } catch (error) {
      // The lease brings it back: at least once, never lost.
      log.error("an attempt could not be recorded", { delivery_id: item.id, error: (error as Error).message });
    }
  }

  async #tryToSend(item: Item): Promise<Result> {
    const cut = new AbortController();
    const { clock, timeoutMs } = this.#parts;
    const stopTimer = afterLong(clock, timeoutMs + CUT_MARGIN_MS, () =>
      cut.abort(new Cut(`no end within ${timeoutMs / 1000} s`)),
    );
    const signal = AbortSignal.any([cut.signal, this.#stopping.signal]);
    try {
      return await Promise.race([this.#traffic.attempt(item, signal), aborted(signal)]);
    } catch (error) {
      return this.#traffic.broken(error as Error);
    } finally {
      stopTimer();
    }
  }
}

/** Why an attempt was cut off, in words that hold nothing of the message. */
export class Cut extends Error {
  override readonly name = "Cut";
}

/** Rejects once the signal aborts, and a moment later, so that traffic that heeds it can still tell what became of it. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => setImmediate(() => reject(signal.reason as Error)), { once: true });
  });
}
