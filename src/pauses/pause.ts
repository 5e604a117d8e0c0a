import type { PauseStatus, ResponseSource } from "../storage/index.ts";

/**
 * The pause as a pure state machine: `pending`, then exactly one of `responded`, `timed_out`, `cancelled`, for ever.
 * Everything that can happen to a pause goes through {@link decide}; nothing else ends one.
 */
export interface PauseState {
  readonly status: PauseStatus;
  readonly options: readonly string[];
  readonly timeoutDefault: string | null;
  /** Milliseconds since the epoch; from then on the clock has won, whoever looks first. */
  readonly expiresAt: number;
  readonly policy: Policy;
  /** The accepted answers so far, one a recipient. */
  readonly answers: readonly Answer[];
}

/** What answers mean. `first`: the first one decides. */
export type Policy = { readonly kind: "first" };

export interface Answer {
  /** Whose: the recipient's position. */
  readonly position: number;
  readonly choice: string;
}

export type PauseEvent =
  | { readonly type: "answer"; readonly position: number; readonly choice: string }
  | { readonly type: "cancel" }
  /** The clock looks. `forced`: a test lets the time be over now. */
  | { readonly type: "clock"; readonly forced?: boolean };

export type Ending =
  | {
      readonly status: "responded";
      readonly choice: string;
      readonly source: ResponseSource /** Null for the clock. */;
      readonly position: number | null;
    }
  | { readonly status: "timed_out" }
  | { readonly status: "cancelled" };

export type Refusal =
  /** It had ended before, or the clock ended it just now. */
  | { readonly because: "ended"; readonly status: Exclude<PauseStatus, "pending"> }
  /** The choice is none of the options, exactly. */
  | { readonly because: "not_an_option" }
  /** It is pending and its time is not over: nothing for the clock to do. */
  | { readonly because: "not_due" };

export interface Decision {
  /** How the pause ends by this, or null when it stays as it is. A late answer ends it by the clock and is refused. */
  readonly ending: Ending | null;
  /** True when an answer counts, whether or not it ends the pause. */
  readonly accepted: boolean;
  readonly refusal: Refusal | null;
}

/** What an event does to a pause at a time. Pure: the same arguments, the same decision. */
export function decide(pause: PauseState, event: PauseEvent, now: number): Decision {
  if (pause.status !== "pending") return refused({ because: "ended", status: pause.status });
  if (now >= pause.expiresAt || (event.type === "clock" && event.forced === true)) return byClock(pause, event);

  switch (event.type) {
    case "clock":
      return refused({ because: "not_due" });
    case "cancel":
      return { ending: { status: "cancelled" }, accepted: true, refusal: null };
    case "answer":
      return byAnswer(pause, event);
  }
}

function byClock(pause: PauseState, event: PauseEvent): Decision {
  const ending: Ending =
    pause.timeoutDefault === null
      ? { status: "timed_out" }
      : { status: "responded", choice: pause.timeoutDefault, source: "timeout_default", position: null };
  const late = event.type !== "clock";
  return { ending, accepted: !late, refusal: late ? { because: "ended", status: ending.status } : null };
}

function byAnswer(pause: PauseState, answer: Answer): Decision {
  if (!pause.options.includes(answer.choice)) return refused({ because: "not_an_option" });
  switch (pause.policy.kind) {
    case "first":
      return {
        ending: { status: "responded", choice: answer.choice, source: "human", position: answer.position },
        accepted: true,
        refusal: null,
      };
  }
}

function refused(refusal: Refusal): Decision {
  return { ending: null, accepted: false, refusal };
}
