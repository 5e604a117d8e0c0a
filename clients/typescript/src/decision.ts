import type { PausePointError } from "./errors.ts";
import type { Pause } from "./types.ts";

/** How a question ended. */
export interface Decision {
  /** The option that counts; null when the time is over without a default, or the question was withdrawn. */
  readonly choice: string | null;
  /** True when a person chose it. A default that the clock set is no person's consent. */
  readonly isHuman: boolean;
  readonly source: "human" | "timeout_default" | null;
  readonly status: "responded" | "timed_out" | "cancelled";
  /** What the person wrote beside the answer. */
  readonly comment: string | null;
  /** Evidence for whoever carries the action out: see `verifyReceipt`. */
  readonly receipt: string | null;
  readonly pause: Pause;
}

/** What can be heard while a question is waited for. What a listener throws ends the wait. */
export interface Progress {
  /** It is open: told once it is asked, and each time the server has told of it. `reached` false: no message got through. */
  readonly onPending?: (pause: Pause) => void;
  /** A try has failed in passing, such as for a server that can't be reached, and there will be another. */
  readonly onRetry?: (error: PausePointError) => void;
}

export interface AskOptions extends Progress {
  /** Names the question over retries and restarts of your own process: asked again, nobody is texted twice. */
  readonly idempotencyKey?: string;
  readonly signal?: AbortSignal;
  /** Withdraw the question when the signal is aborted, so that nobody answers what nobody waits for. */
  readonly cancelOnAbort?: boolean;
  /**
   * What became of the question by `cancelOnAbort`: it is cancelled, or had ended before. Null where no server was there to
   * tell; not called where nothing was asked.
   */
  readonly onStopped?: (pause: Pause | null) => void;
}

/** The decision of a pause that has ended. */
export function decisionOf(pause: Pause): Decision {
  const { status, response_choice: choice, response_source: source, response_comment: comment, receipt } = pause;
  if (status === "pending") throw new TypeError(`${pause.pause_id} is still pending`);
  return { choice, isHuman: source === "human", source, status, comment, receipt, pause };
}
