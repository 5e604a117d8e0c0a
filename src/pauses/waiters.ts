import { afterLong, type Clock } from "../platform/clock.ts";

/** Who waits for a pause to end: held long-polls. They cost memory and nothing else; the database is never polled. */
export class Waiters {
  readonly #clock: Clock;
  /** By pause: the one who waits, or a set of them. Most pauses have one, and a set costs more than the waiting. */
  readonly #waiting = new Map<number, Settle | Set<Settle>>();
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
      let stopTimer = () => {};
      const settle = () => {
        if (!this.#forget(pauseN, settle)) return;
        stopTimer();
        signal.removeEventListener("abort", settle);
        resolve();
      };
      this.#keep(pauseN, settle);
      signal.addEventListener("abort", settle, { once: true });
      // Counted by timers: a clock that is set back holds nobody longer than was asked for.
      const left = until - this.#clock.now();
      if (left <= 0) settle();
      else stopTimer = afterLong(this.#clock, left, settle);
    });
  }

  /** Wakes everyone who waits for this pause. */
  wake(pauseN: number): void {
    const waiting = this.#waiting.get(pauseN);
    for (const settle of waiting instanceof Set ? [...waiting] : [waiting]) settle?.();
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

  #keep(pauseN: number, settle: Settle): void {
    this.#count++;
    const waiting = this.#waiting.get(pauseN);
    if (waiting === undefined) this.#waiting.set(pauseN, settle);
    else if (waiting instanceof Set) waiting.add(settle);
    else this.#waiting.set(pauseN, new Set([waiting, settle]));
  }

  /** False when it had been settled before. */
  #forget(pauseN: number, settle: Settle): boolean {
    const waiting = this.#waiting.get(pauseN);
    const found = waiting instanceof Set ? waiting.delete(settle) : waiting === settle;
    if (!found) return false;
    this.#count--;
    if (!(waiting instanceof Set) || waiting.size === 0) this.#waiting.delete(pauseN);
    return true;
  }
}

type Settle = () => void;
