import type { Clock } from "../platform/clock.ts";
import type { Random } from "../platform/random.ts";
import { jittered } from "./schedule.ts";

/** Attempts in a row without a sign of life until a destination counts as dead. */
const THRESHOLD = 5;
const FIRST_REST_MS = 1_000;
const LONGEST_REST_MS = 60_000;

/** What an attempt told about the destination as a whole, whatever became of the one message. */
export type Health =
  | { readonly kind: "up" }
  /** No sign of life. */
  | { readonly kind: "down" }
  /** It said itself that nothing gets through now, perhaps for how long (milliseconds). */
  | { readonly kind: "closed"; readonly forMs: number | null };

/**
 * A circuit breaker for one destination. While it is closed off nothing is tried; after the rest a single attempt is,
 * and the first that works opens the way for all. What waits meanwhile spends none of its attempts.
 */
export class Breaker {
  readonly #clock: Clock;
  readonly #random: Random;
  #failures = 0;
  #closedUntil = 0;
  #isProven = false;

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** When the next attempt may be made: now or earlier unless the way is closed. */
  get closedUntil(): number {
    return this.#closedUntil;
  }

  /** True from the failure that closed the way to the next success: one attempt at a time. */
  get isTesting(): boolean {
    return this.#closedUntil > 0;
  }

  /** True from the first success on: before it, nobody knows whether there is anything at the other end. */
  get isProven(): boolean {
    return this.#isProven;
  }

  /** True when the last attempt was without a sign of life. */
  get hasFailed(): boolean {
    return this.#failures > 0;
  }

  note(health: Health): void {
    if (health.kind === "up") {
      this.#isProven = true;
      this.#failures = 0;
      this.#closedUntil = 0;
      return;
    }
    this.#failures++;
    if (health.kind === "down" && this.#failures < THRESHOLD && !this.isTesting) return;
    const doubled = FIRST_REST_MS * 2 ** Math.min(20, Math.max(0, this.#failures - THRESHOLD));
    const rest = jittered(Math.min(LONGEST_REST_MS, doubled), this.#random);
    const asked = health.kind === "closed" ? Math.min(health.forMs ?? 0, LONGEST_REST_MS) : 0;
    this.#closedUntil = this.#clock.now() + Math.max(rest, asked);
  }
}
