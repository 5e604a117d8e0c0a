import { type Actor, appendEntry, newEntry } from "../audit/index.ts";
import type { Tx, Work } from "../storage/index.ts";
import type { PauseContext } from "./context.ts";
import {
  type AnswerFacts,
  answerMembers,
  endPause,
  type LoadedPause,
  loadPause,
  NO_ANSWER,
  type Origin,
  SYSTEM,
} from "./end.ts";
import { decide, type Refusal } from "./pause.ts";
import * as queries from "./queries.ts";
import type { SentPage } from "./sent-page.ts";

/** An answer by a recipient, over the page, a reply, or a test. */
export interface AnswerPause {
  readonly pauseN: number;
  /** Whose link or address it came by. */
  readonly position: number;
  readonly choice: string;
  readonly comment: string | null;
  readonly via: "page" | "reply" | "slack" | "whatsapp" | "test";
  readonly origin: Origin;
  /** The page that the tap came from, where that is proven. */
  readonly page?: SentPage | null;
  /** The reply as it was received. */
  readonly text?: string | null;
}

export type Answered = { readonly accepted: true } | { readonly accepted: false; readonly refusal: Refusal };

/** Late and second answers are recorded, but a flood of them is not: after this many one entry closes the list. */
export const REJECTED_RECORDED = 1_000;

/**
 * Takes an answer, if the state machine lets it count. A late one ends the pause by the clock first. One that comes too
 * late or second is recorded as `response.rejected`; a choice that is no option changes nothing.
 */
export function* answerPause(tx: Tx, context: PauseContext, command: AnswerPause): Work<Answered> {
  const pause = yield* loadPause(tx, command.pauseN);
  if (pause === undefined) throw new Error(`there is no pause ${command.pauseN}`);
  const { position, choice } = command;
  const decision = decide(pause.state, { type: "answer", position, choice }, context.clock.now());
  const actor: Actor = { type: "human", id: `${pause.row.id}/${position}` };
  const { origin, via } = command;
  const viewedAt = via === "page" ? (yield* tx.one(queries.firstViewOf, { pause_n: pause.row.n, position }))?.at : null;
  const answer = { origin, page: command.page ?? null, text: command.text ?? null, viewedAt: viewedAt ?? null };

  if (decision.ending !== null) {
    const facts = decision.accepted
      ? { actor, via, comment: command.comment, reason: null, answer, forced: false }
      : { actor: SYSTEM, via: null, comment: null, reason: null, answer: NO_ANSWER, forced: false };
    yield* endPause(tx, context, pause, decision.ending, facts);
  }
  if (decision.refusal === null) return { accepted: true };
  if (decision.refusal.because === "ended")
    yield* recordRejected(tx, context, pause, { ...command, answer }, decision.refusal.status, actor);
  return { accepted: false, refusal: decision.refusal };
}

function* recordRejected(
  tx: Tx,
  context: PauseContext,
  pause: LoadedPause,
  command: AnswerPause & { readonly answer: AnswerFacts },
  why: string,
  actor: Actor,
): Work<void> {
  const count = pause.row.rejected_count;
  if (count > REJECTED_RECORDED) return;
  yield* tx.run(queries.countRejected, { n: pause.row.n });
  const at = context.clock.now();
  const common = {
    type: "response.rejected",
    at,
    world: pause.world,
    pause: { n: pause.row.n, id: pause.row.id },
  } as const;
  if (count === REJECTED_RECORDED) {
    yield* appendEntry(tx, newEntry(context.random, { ...common, actor: SYSTEM, plain: { why, closed: true } }));
    return;
  }
  const { plain, committed } = answerMembers(command.answer, at);
  yield* appendEntry(
    tx,
    newEntry(context.random, {
      ...common,
      actor,
      plain: {
        why,
        // Anything but an option is free text, and none of the log's business.
        choice: pause.state.options.includes(command.choice) ? command.choice : null,
        via: command.via,
        recipient: command.position,
        ...plain,
      },
      // Where it was erased whom it asked, the log does not begin anew with that.
      committed: pause.row.erased_at !== null ? {} : committed,
    }),
  );
}
