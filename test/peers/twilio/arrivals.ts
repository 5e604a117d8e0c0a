import type { Clock } from "../../../src/platform/clock.ts";

/**
 * What arrived at a peer, in order, and a way to wait for the next one. Each arrival is handed to one waiter only,
 * so that "the next message" means the next that the test has not seen, even when it came before the test asked.
 */
export class Arrivals<T> {
  readonly all: T[] = [];
  readonly #clock: Clock;
  readonly #noun: string;
  readonly #seen = new Set<T>();
  readonly #waiters = new Set<Waiter<T>>();

  constructor(clock: Clock, noun: string) {
    this.#clock = clock;
    this.#noun = noun;
  }

  add(arrival: T): void {
    this.all.push(arrival);
    for (const waiter of this.#waiters) {
      if (!waiter.matches(arrival)) continue;
      this.#seen.add(arrival);
      waiter.resolve(arrival);
      return;
    }
  }

  /** The first match that was not handed out; rejects after `timeout` milliseconds, saying what did come. */
  next(matches: (arrival: T) => boolean, timeout: number): Promise<T> {
    const waiting = this.all.find((arrival) => !this.#seen.has(arrival) && matches(arrival));
    if (waiting !== undefined) {
      this.#seen.add(waiting);
      return Promise.resolve(waiting);
    }
    return new Promise((resolve, reject) => {
      const waiter: Waiter<T> = {
        matches,
        resolve: (arrival) => {
          release();
          resolve(arrival);
        },
        reject: (reason) => {
          release();
          reject(new Error(`${reason} (${this.all.length} came in all: ${JSON.stringify(this.all.slice(-3))})`));
        },
      };
      const cancelTimer = this.#clock.after(timeout, () =>
        waiter.reject(`no ${this.#noun} that fits within ${timeout} ms`),
      );
      const release = (): void => {
        cancelTimer();
        this.#waiters.delete(waiter);
      };
      this.#waiters.add(waiter);
    });
  }

  /** Rejects everyone who still waits. */
  close(): void {
    for (const waiter of this.#waiters) waiter.reject(`the peer was stopped while waiting for a ${this.#noun}`);
  }
}

interface Waiter<T> {
  readonly matches: (arrival: T) => boolean;
  readonly resolve: (arrival: T) => void;
  readonly reject: (reason: string) => void;
}
