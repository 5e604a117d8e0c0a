import type { Conclusion, OutgoingMessage, Question } from "../channels/channel.ts";
import type { ClaimedMessage, Compose, DueMessage } from "../delivery/index.ts";
import type { MessageText } from "./messages.ts";
import { howToReply } from "./reply-texts.ts";

/** What goes to a person, made from a row of the queue: the question, and later word that it is over. */
export function messageComposer(parts: {
  readonly messages: MessageText;
  readonly appearance: (project: string) => { readonly displayName: string; readonly timeZone: string };
  /** How many segments a lane's texts should stay within; null where they cost nothing. */
  readonly segments: (lane: string) => number | null;
  readonly now: () => number;
}): Compose {
  const questionOf = (due: DueMessage): Question => {
    const { displayName, timeZone } = parts.appearance(due.project);
    return {
      project: displayName,
      message: due.message,
      options: JSON.parse(due.options) as string[],
      details: Object.entries(JSON.parse(due.details) as Record<string, string>),
      expiresAt: due.expires_at,
      timeoutDefault: due.timeout_default,
      timeZone,
      isTest: due.mode === "test",
    };
  };
  const textOf = (due: DueMessage, question: Question) =>
    parts.messages({
      pauseId: due.pause_id,
      position: due.position,
      mode: due.mode,
      message: due.message,
      project: due.project,
      expiresAt: due.expires_at,
      reply: due.reply_code === null ? null : { code: due.reply_code, options: question.options },
      segments: parts.segments(due.lane),
    });

  return {
    ask(due): OutgoingMessage {
      const question = questionOf(due);
      return {
        deliveryId: due.id,
        to: due.destination,
        ...textOf(due, question),
        question,
        validForSeconds: Math.max(1, Math.floor((due.expires_at - parts.now()) / 1000)),
        howToReply: due.reply_code === null ? null : howToReply({ code: due.reply_code, options: question.options }),
        heardAt: due.heardAt ?? null,
      };
    },
    notice(due): Conclusion {
      const question = questionOf(due);
      return {
        deliveryId: due.asked?.id ?? due.id,
        to: due.destination,
        link: textOf(due, question).link,
        question,
        providerId: due.asked?.providerId ?? null,
        text: conclusionText(due),
        ending: endingOf(due),
        choice: due.response_choice,
        heardAt: due.heardAt,
      };
    },
  };
}

function endingOf({ pause_status: status }: DueMessage): Conclusion["ending"] {
  return status === "cancelled" || status === "timed_out" ? status : "responded";
}

/** How it ended, for one who was asked. */
function conclusionText(due: ClaimedMessage): string {
  const choice = due.response_choice ?? "";
  if (due.pause_status === "cancelled") return "This question was withdrawn. There is nothing to answer any more.";
  if (due.pause_status === "timed_out") return "Nobody answered in time. Nothing was chosen.";
  if (due.response_source === "timeout_default") return `Nobody answered in time, so this counts: ${choice}`;
  return due.responded_by === due.position ? `You answered: ${choice}` : `Another recipient answered: ${choice}`;
}
