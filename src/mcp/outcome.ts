import type { Pause } from "../../clients/typescript/src/index.ts";

/** A pause with what it means for the agent, in words, in front. */
export function told(pause: Pause): object {
  return { next_step: nextStep(pause), ...pause };
}

/** What to do now, for a model. A choice stands in quotes, so that its words can't pass for ours. */
export function nextStep(pause: Pause): string {
  const test = pause.mode === "test" ? " This is a test pause: its message went to the outbox, not to a phone." : "";
  return `${meaning(pause)}${test}`;
}

function meaning(pause: Pause): string {
  const choice = JSON.stringify(pause.response_choice);
  switch (pause.status) {
    case "pending":
      return pause.reached === false
        ? `Still pending, but no message could be delivered (see delivery), so nobody will answer. Do not act. Cancel it with cancel_pause_request and ask through another channel or recipient, or tell the user.`
        : `Still pending: poll again with this id. Call poll_pause_request with pause_id ${pause.pause_id}; the question stays open until ${pause.expires_at}. Do not act meanwhile: silence is not consent.`;
    case "responded":
      return pause.response_source === "human"
        ? `A person chose ${choice}.${pause.response_comment === null ? "" : " They added what stands in response_comment."} Do what that choice says and nothing beyond it.`
        : `Nobody answered in time, so the default ${choice} was set by the clock. No person decided this: report it as a default, never as an approval.`;
    case "timed_out":
      return "Nobody answered in time, and there is no default. That is not consent: do not act. Tell the user, or ask again.";
    default:
      return "The question was withdrawn. There is no decision: do not act.";
  }
}
