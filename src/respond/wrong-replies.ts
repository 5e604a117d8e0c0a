import type { Clock } from "../platform/clock.ts";

const MOST = 5;
const WINDOW_MS = 3_600_000;
/** Senders that are remembered at once. */
const SENDERS = 10_000;

/**
 * Counts replies that named no question, by sender. After five in an hour a sender is not heard until the hour is over:
 * that ends the guessing of codes, and a loop with a machine that answers every text.
 */
export class WrongReplies {
  readonly #clock: Clock;
  readonly #senders = new Map<string, { readonly since: number; readonly count: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  isMuted(lane: string, from: string): boolean {
    return (this.#current(`${lane} ${from}`)?.count ?? 0) >= MOST;
  }

  note(lane: string, from: string): void {
    const sender = `${lane} ${from}`;
    const before = this.#current(sender);
    this.#senders.delete(sender);
    this.#senders.set(sender, { since: before?.since ?? this.#clock.now(), count: (before?.count ?? 0) + 1 });
    const [oldest] = this.#senders.keys();
    if (this.#senders.size > SENDERS && oldest !== undefined) this.#senders.delete(oldest);
  }

  #current(sender: string) {
    const known = this.#senders.get(sender);
    return known === undefined || this.#clock.now() - known.since >= WINDOW_MS ? undefined : known;
  }
}
