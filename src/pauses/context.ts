import type { Attestor } from "../audit/index.ts";
import type { DeliveryContext } from "../delivery/index.ts";

/** What the units of work around a pause are made with: handed in by the composition root. */
export interface PauseContext extends DeliveryContext {
  /** Signs what is decided. */
  readonly attestor: Attestor;
  /** Hints, given after the commit: the database is the truth. */
  readonly hints: PauseHints;
}

export interface PauseHints {
  /** A pause has something due at a time. */
  due(at: number): void;
  /** A pause has ended: who waits for it may look. */
  ended(pauseN: number): void;
  /** There is an event to tell: who listens may look. */
  told(): void;
}
