import type { Clock } from "../../platform/clock.ts";

const FIRST_HOLD_MS = 1_000;
const LONGEST_HOLD_MS = 30_000;
/** Without a limit of our own, a carrier that complains is given this long between two parts at first. */
const FIRST_GAP_MS = 20;
const LONGEST_GAP_MS = 1_000;
const QUICKER = 0.95;
const TIMERS_LATE_MS = 50;

/**
 * How fast parts may follow each other. A carrier that asks for fewer gets a rest, longer each time in a row, and half
 * the pace; each part that it takes brings the pace a little back to what was set.
 */
export class Pace {
  readonly #clock: Clock;
  readonly #setGap: number;
  #gap: number;
  #next = Number.NEGATIVE_INFINITY;
  #heldSince = Number.NEGATIVE_INFINITY;
  #heldUntil = Number.NEGATIVE_INFINITY;
  #hold = FIRST_HOLD_MS;

  constructor(clock: Clock, partsPerSecond: number) {
    this.#clock = clock;
    this.#setGap = partsPerSecond === 0 ? 0 : 1000 / partsPerSecond;
    this.#gap = this.#setGap;
  }

  /** Milliseconds until the next part may go; 0 for now. */
  get wait(): number {
    const now = this.#clock.now();
    const wait = Math.max(this.#next, this.#heldUntil) - now;
    // A clock that was set back must not hold up everything for as long.
    return wait > LONGEST_HOLD_MS + LONGEST_GAP_MS ? 0 : Math.max(0, wait);
  }

  /** A part goes. What was not used of earlier time does not add up, but for what timers are late by. */
  start(): void {
    const now = this.#clock.now();
    const slack = this.#gap < TIMERS_LATE_MS ? TIMERS_LATE_MS : 0;
    this.#next = Math.max(Math.min(this.#next, now + this.#gap), now - slack) + this.#gap;
  }

  /** The carrier took a part. */
  taken(): void {
    this.#hold = FIRST_HOLD_MS;
    this.#gap = Math.max(this.#setGap, this.#gap * QUICKER);
    if (this.#setGap === 0 && this.#gap < 1) this.#gap = 0;
  }

  /** The carrier asked for fewer about a part that had gone at `startedAt`. */
  slowDown(startedAt: number): void {
    // Those that were on their way with it complain of the same.
    if (startedAt <= this.#heldSince) return;
    this.#heldSince = this.#clock.now();
    this.#heldUntil = this.#heldSince + this.#hold;
    this.#hold = Math.min(LONGEST_HOLD_MS, this.#hold * 2);
    this.#gap = Math.min(Math.max(LONGEST_GAP_MS, this.#setGap), Math.max(FIRST_GAP_MS, this.#gap * 2));
  }
}
