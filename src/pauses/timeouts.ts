import type { Clock } from "../platform/clock.ts";
import type { Log } from "../platform/log.ts";
import type { Writer } from "../storage/index.ts";
import type { PauseContext } from "./context.ts";
import { expireDue } from "./expire.ts";
import * as queries from "./queries.ts";

const RETRY_MS = 1_000;

/**
 * The in-process scheduler of timeouts. When the next pause is due is known from an index, read once at start and
 * lowered as pauses are made; one timer is armed for it, cut to a minute and armed again, so that far deadlines, a
 * suspended machine and a clock that was set are all met. What fell due while the server was down ends on start.
 */
export class Timeouts {
  readonly #writer: Writer;
  readonly #context: PauseContext;
  readonly #clock: Clock;
  readonly #log: Log;
  /** The earliest time at which something may be due; never later than the truth. */
  #next = Number.POSITIVE_INFINITY;
  #stopTimer = () => {};
  #sweeping: Promise<void> | null = null;
  #stopped = false;

  constructor(writer: Writer, context: PauseContext, log: Log) {
    this.#writer = writer;
    this.#context = context;
    this.#clock = context.clock;
    this.#log = log;
  }

  /** Ends what fell due while nobody looked, then keeps watch. */
  async start(): Promise<void> {
    this.#next = this.#earliest();
    await this.check();
  }

  /** A hint: something is due at a time. */
  due(at: number): void {
    if (at >= this.#next) return;
    this.#next = at;
    this.#arm();
  }

  /** Ends everything that is due now, and resolves when that is done. Costs nothing when nothing is. */
  check(): Promise<void> {
    if (this.#stopped || this.#clock.now() < this.#next) {
      this.#arm();
      return Promise.resolve();
    }
    this.#sweeping ??= this.#sweep().finally(() => {
      this.#sweeping = null;
      this.#arm();
    });
    return this.#sweeping;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#stopTimer();
    await this.#sweeping;
  }

  async #sweep(): Promise<void> {
    try {
      let total = 0;
      for (let more = true; more && !this.#stopped; ) {
        const swept = await this.#writer.write((tx) => expireDue(tx, this.#context));
        total += swept.ended;
        more = swept.more;
      }
      this.#next = this.#earliest();
      if (total > 0) this.#log.debug("pauses ended by the clock", { count: total });
    } catch (error) {
      this.#log.error("timeouts could not be written", { error: (error as Error).message });
      this.#next = this.#clock.now() + RETRY_MS;
    }
  }

  #earliest(): number {
    const due = this.#writer.all(queries.nextDue, {}).map(({ next_due_at }) => next_due_at ?? Number.POSITIVE_INFINITY);
    return Math.min(Number.POSITIVE_INFINITY, ...due);
  }

  #arm(): void {
    this.#stopTimer();
    if (this.#stopped || this.#next === Number.POSITIVE_INFINITY) return;
    this.#stopTimer = this.#clock.after(this.#next - this.#clock.now(), () => void this.check());
  }
}
