import type { Clock } from "../platform/clock.ts";
import type { IdSource } from "../platform/ids.ts";
import type { Random } from "../platform/random.ts";

/** What the units of work around a pause are made with: handed in by the composition root. */
export interface PauseContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly ids: IdSource;
  /** Hints, given after the commit: the database is the truth. */
  readonly hints: PauseHints;
}

export interface PauseHints {
  /** A pause has something due at a time. */
  due(at: number): void;
  /** A carrier has something to send. */
  queued(carrier: string): void;
  /** A pause has ended: who waits for it may look. */
  ended(pauseN: number): void;
}
