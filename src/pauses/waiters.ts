import { afterLong, type Clock } from "../platform/clock.ts";

/** Who waits for a pause to end: held long-polls. They cost memory and nothing else; the database is never polled. */
export class Waiters {
  readonly #clock: Clock;
  readonly #waiting = new Map<number, Set<() => void>>();
  #count = 0;
  #draining = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Resolves when the pause has ended, the time (milliseconds since the epoch) is over, the signal aborts, or the
   * appliance stops; which of them, the caller reads from the database. Subscribe in the same turn as the read that
   * found it pending, so that no ending falls in between.
   */
  wait(pauseN: number, until: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.#draining) return Promise.resolve();
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(pauseN) ?? new Set();
      this.#waiting.set(pauseN, waiting);
      let stopTimer = () => {};
      const settle = () => {
        if (!waiting.delete(settle)) return;
        this.#count--;
        if (waiting.size === 0) this.#waiting.delete(pauseN);
        stopTimer();
        signal.removeEventListener("abort", settle);
        resolve();
      };
      waiting.add(settle);
      this.#count++;
      signal.addEventListener("abort", settle, { once: true });
      // Counted by timers: a clock that is set back holds nobody longer than was asked for.
      const left = until - this.#clock.now();
      if (left <= 0) settle();
      else stopTimer = afterLong(this.#clock, left, settle);
    });
  }

  /** Wakes everyone who waits for this pause. */
  wake(pauseN: number): void {
    for (const settle of [...(this.#waiting.get(pauseN) ?? [])]) settle();
  }

  /** Answers all who wait now, and lets nobody wait any more: the appliance stops. */
  drain(): void {
    this.#draining = true;
    for (const pauseN of [...this.#waiting.keys()]) this.wake(pauseN);
  }

  /** How many wait. */
  get count(): number {
    return this.#count;
  }
}
