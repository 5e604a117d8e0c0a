import type { Clock } from "../platform/clock.ts";

/**
 * Does a piece of work when it is nudged and when its next time has come, never twice at once. `work` answers the time
 * (milliseconds since the epoch) to look again by itself, or null.
 */
export class Attendant {
  readonly #clock: Clock;
  readonly #work: () => Promise<number | null>;
  #working: Promise<void> | null = null;
  #nudged = false;
  #closed = false;
  #stopTimer = () => {};

  constructor(clock: Clock, work: () => Promise<number | null>) {
    this.#clock = clock;
    this.#work = work;
  }

  /** A hint: there may be something to do. */
  nudge(): void {
    if (this.#closed) return;
    this.#nudged = true;
    this.#working ??= this.#attend().finally(() => {
      this.#working = null;
      if (this.#nudged) this.nudge();
    });
  }

  /** Does nothing more; resolves when what is being done is done. */
  async stop(): Promise<void> {
    this.#closed = true;
    this.#stopTimer();
    await this.#working;
  }

  async #attend(): Promise<void> {
    this.#stopTimer();
    let next: number | null = null;
    while (this.#nudged && !this.#closed) {
      this.#nudged = false;
      next = await this.#work();
    }
    if (next === null || this.#closed) return;
    this.#stopTimer();
    this.#stopTimer = this.#clock.after(next - this.#clock.now(), () => this.nudge());
  }
}
