import { type Actor, appendEntry, newEntry, type World } from "../audit/index.ts";
import { cancelAsks, queueNotices, queueWebhooks } from "../delivery/index.ts";
import type { End } from "../platform/metrics/index.ts";
import type { Tx, Work } from "../storage/index.ts";
import type { PauseContext } from "./context.ts";
import { recordEvent } from "./events.ts";
import { decide, type Ending, type PauseState, type Policy } from "./pause.ts";
import * as queries from "./queries.ts";
import { plainOf, type SentPage } from "./sent-page.ts";
import type { PauseRow } from "./shape.ts";

/** A pause as a unit of work has loaded it: its row, its world and what the state machine needs. */
export interface LoadedPause {
  readonly row: PauseRow;
  readonly world: World;
  readonly state: PauseState;
}

/** Who asks over which network: committed to, never in the clear. */
export interface Origin {
  readonly ip: string | null;
  readonly userAgent: string | null;
  /** The channel's own id of who tapped, where several share the address: `U012AB3CD` in a Slack channel. */
  readonly by?: string | null;
}

/** What is known of how an answer was given. */
export interface AnswerFacts {
  readonly origin: Origin;
  /** The page that the tap came from. */
  readonly page: SentPage | null;
  /** When whoever answered first saw the page, in milliseconds. */
  readonly viewedAt: number | null;
  /** The reply as it was received. */
  readonly text: string | null;
}

/** Loads a pause for a decision; undefined when there is none with this number. */
export function* loadPause(tx: Tx, n: number): Work<LoadedPause | undefined> {
  const row = yield* tx.one(queries.pauseByNumber, { n });
  if (row === undefined) return undefined;
  const answers = yield* tx.all(queries.answersOf, { pause_n: n });
  return {
    row,
    world: { n: row.world_n, project: row.project, mode: row.mode },
    state: {
      status: row.status,
      options: JSON.parse(row.options) as string[],
      timeoutDefault: row.timeout_default,
      expiresAt: row.expires_at,
      policy: JSON.parse(row.policy) as Policy,
      answers: answers.flatMap(({ position, choice }) => (position === null ? [] : [{ position, choice }])),
    },
  };
}

/** What belongs to an ending beside the ending itself. */
export interface EndingFacts {
  readonly actor: Actor;
  readonly via: string | null;
  readonly comment: string | null;
  readonly reason: string | null;
  readonly answer: AnswerFacts;
  /** A test let the time be over. */
  readonly forced: boolean;
}

/** Ends a pause that is pending: row, answer, queued messages, audit entry, and a hint to who waits. */
export function* endPause(
  tx: Tx,
  context: PauseContext,
  { row, world, state }: LoadedPause,
  ending: Ending,
  facts: EndingFacts,
): Work<void> {
  const now = context.clock.now();
  const responded = ending.status === "responded" ? ending : null;
  // First the log, since the receipt names the entry; a second end is refused by the row, and takes all of it back.
  const withheld = responded !== null && (yield* context.attestor.withheld(tx));
  const entry = yield* appendEntry(tx, endingEntry(context, { row, world }, ending, { ...facts, withheld }, now));
  const receipt =
    responded === null
      ? null
      : yield* context.attestor.receipt(tx, answered({ row, world, state }, responded, facts, now, entry));
  const { changes } = yield* tx.run(queries.endPause, {
    n: row.n,
    status: ending.status,
    ended_at: now,
    response_choice: responded?.choice ?? null,
    response_source: responded?.source ?? null,
    response_via: responded === null ? null : facts.via,
    response_comment: facts.comment,
    responded_by: responded?.position ?? null,
    cancel_reason: facts.reason,
    receipt,
  });
  if (changes !== 1) throw new Error(`the pause ${row.id} was to end a second time`);
  if (responded !== null) {
    const { choice, source, position } = responded;
    yield* tx.run(queries.insertAnswer, {
      pause_n: row.n,
      ordinal: state.answers.length,
      position,
      choice,
      comment: facts.comment,
      source,
      via: facts.via,
      at: now,
    });
  }
  yield* tx.run(cancelAsks, { pause_n: row.n, at: now });
  tx.closing(context.attestor.checkpoint);
  const type = `pause.${ending.status}` as const;
  const id = yield* recordEvent(tx, context, { pauseN: row.n, worldN: world.n, type, at: now });
  const event = { id, type, at: now };
  yield* queueWebhooks(tx, context, { pauseN: row.n, world, webhookUrl: row.webhook_url, event });
  yield* queueNotices(tx, context, row.n, responded?.position ?? null);
  const end = endOf(ending);
  tx.after(() => {
    context.metrics.pausesEnded.add(1, world.mode, end);
    if (end === "answered") context.metrics.answerSeconds.observe(Math.max(0, now - row.created_at) / 1000, world.mode);
    context.hints.ended(row.n);
  });
}

/** How it ended, as it is counted. */
function endOf(ending: Ending): End {
  if (ending.status !== "responded") return ending.status;
  return ending.source === "human" ? "answered" : "default";
}

/** What the receipt of an answer says. */
function answered(
  { row, world, state }: LoadedPause,
  { choice, source, position }: Extract<Ending, { readonly status: "responded" }>,
  { via }: EndingFacts,
  at: number,
  entry: { readonly seq: number; readonly hash: string },
) {
  return {
    pause: { n: row.n, id: row.id },
    world,
    channel: row.channel,
    options: state.options,
    choice,
    source,
    via,
    position,
    askedAt: row.created_at,
    answeredAt: at,
    actionDigest: row.action_digest,
    audience: row.audience,
    entry,
  };
}

/** Ends a pause whose time is over; does nothing to any other. Answers whether it did. */
export function* endByClock(tx: Tx, context: PauseContext, pause: LoadedPause, forced = false): Work<boolean> {
  const { ending } = decide(pause.state, { type: "clock", forced }, context.clock.now());
  if (ending === null) return false;
  yield* endPause(tx, context, pause, ending, {
    actor: SYSTEM,
    via: null,
    comment: null,
    reason: null,
    answer: NO_ANSWER,
    forced,
  });
  return true;
}

export const SYSTEM: Actor = { type: "system", id: null };
export const NOWHERE: Origin = { ip: null, userAgent: null };
/** Of an ending that nobody's answer brought. */
export const NO_ANSWER: AnswerFacts = { origin: NOWHERE, page: null, viewedAt: null, text: null };

/** What an entry of an answer says of how it was given. `at` is when that was. */
export function answerMembers({ origin, page, viewedAt, text }: AnswerFacts, at: number) {
  // Where the clock was set back in between, nobody knows how long it was.
  const view_ms = viewedAt === null || viewedAt > at ? null : at - viewedAt;
  return {
    plain: { view_ms, ...(page === null ? {} : plainOf(page)) },
    committed: {
      ip: origin.ip,
      user_agent: origin.userAgent,
      by: origin.by ?? null,
      page: page?.digest ?? null,
      text,
    },
  };
}

function endingEntry(
  context: PauseContext,
  { row, world }: Pick<LoadedPause, "row" | "world">,
  ending: Ending,
  facts: EndingFacts & { readonly withheld: boolean },
  at: number,
) {
  const common = { at, actor: facts.actor, world, pause: { n: row.n, id: row.id } };
  const forced = facts.forced || null;
  switch (ending.status) {
    case "responded": {
      const { choice, source, position: recipient } = ending;
      const { plain, committed } = answerMembers(facts.answer, at);
      return newEntry(context.random, {
        ...common,
        type: "pause.responded",
        plain: {
          choice,
          source,
          via: facts.via,
          recipient,
          forced,
          receipt_withheld: facts.withheld || null,
          ...plain,
        },
        committed: { comment: facts.comment, ...committed },
      });
    }
    case "timed_out":
      return newEntry(context.random, { ...common, type: "pause.timed_out", plain: { forced } });
    case "cancelled":
      return newEntry(context.random, { ...common, type: "pause.cancelled", committed: { reason: facts.reason } });
  }
}
