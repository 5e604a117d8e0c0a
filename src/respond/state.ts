import type { RowOf } from "../storage/index.ts";
import type { StateWithQuestion } from "./pages.ts";
import type { pauseOfLink } from "./queries.ts";
import type { Question } from "./view.ts";

/** Of a pause, what its page shows. */
export type ShownPause = Pick<
  RowOf<typeof pauseOfLink>,
  | "message"
  | "details"
  | "options"
  | "allow_comment"
  | "expires_at"
  | "timeout_default"
  | "status"
  | "ended_at"
  | "cancel_reason"
  | "response_choice"
  | "response_source"
  | "response_comment"
  | "responded_by"
  | "erased_at"
>;

/** The question while it waits for an answer. */
export function openState(pause: ShownPause): Extract<StateWithQuestion, { kind: "open" }> {
  return { kind: "open", question: questionOf(pause), error: null, comment: "" };
}

/** How the question stands, for the recipient at `position`. */
export function stateNow(pause: ShownPause, position: number): StateWithQuestion {
  const question = questionOf(pause);
  const at = pause.ended_at ?? pause.expires_at;
  switch (pause.status) {
    case "pending":
      return openState(pause);
    case "timed_out":
      return { kind: "expired", question, defaultChoice: null, at };
    case "cancelled":
      return { kind: "withdrawn", question, reason: pause.cancel_reason, at };
    case "responded": {
      const choice = pause.response_choice ?? "";
      if (pause.response_source === "timeout_default") return { kind: "expired", question, defaultChoice: choice, at };
      if (pause.responded_by !== position) return { kind: "answered_by_other", question, choice, at };
      return { kind: "answered", question, choice, comment: pause.response_comment, at, repeated: false };
    }
  }
}

/** How the question stood when the log says that it was in this state; null where it never was. A pause ends once. */
export function stateOf(recorded: string, pause: ShownPause, position: number): StateWithQuestion | null {
  if (recorded === "open") return openState(pause);
  const now = stateNow(pause, position);
  return now.kind === recorded ? now : null;
}

function questionOf(pause: ShownPause): Question {
  return {
    message: pause.message,
    details: JSON.parse(pause.details) as Record<string, string>,
    options: JSON.parse(pause.options) as string[],
    allowComment: pause.allow_comment === 1,
    expiresAt: pause.expires_at,
    timeoutDefault: pause.timeout_default,
    erased: pause.erased_at !== null,
  };
}
