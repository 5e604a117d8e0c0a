/** From a host's event to what it is told: by the rules alone, or by a person. Whatever goes wrong is a refusal. */

import { isPassing, rest, restMs } from "../../clients/typescript/src/http.ts";
import { type Pause, type PausePoint, PausePointError, ProblemError } from "../../clients/typescript/src/index.ts";
import { unreached } from "../platform/unreached.ts";
import { actionOf, EventError, type HookEvent, type Host, type Outcome } from "./event.ts";
import { ALLOW, NotShown, type Question, questionOf, sha256, textOfAction } from "./question.ts";
import { consumed, mayConsume, NO_SCOPE } from "./receipts.ts";
import { type Rules, RulesError } from "./rules.ts";
import type { HookState } from "./state.ts";
import { verdictOf } from "./verdict.ts";

export interface GateParts {
  readonly host: Host;
  readonly rules: Rules;
  /** @throws RulesError | Error that says what to set; called only where somebody has to be asked */
  readonly server: () => { readonly api: PausePoint; readonly secret: string };
  readonly state: HookState;
  readonly machine: string;
  /** Aborted when nobody waits any more: the question is withdrawn. */
  readonly signal: AbortSignal;
}

/** How long a server that does not answer is tried, before the call is denied. */
const PATIENCE_MS = 5_000;
const MOST_ROUNDS = 50;
/** A command that was denied is not asked again for so long, however often it is tried. */
const DENIED_MS = 600_000;

/** Never rejects, but for what `signal` was aborted with. */
export async function gate(event: HookEvent, parts: GateParts): Promise<Outcome> {
  try {
    if (event.kind === "other") return pass;
    if (event.kind === "after" || event.kind === "end") return await settle(event, parts);
    return await decide(event, parts);
  } catch (error) {
    parts.signal.throwIfAborted();
    return denied(wordsOf(error));
  }
}

/** What went wrong, for the agent and its user. */
export function wordsOf(error: unknown): string {
  if (error instanceof NotShown) return error.message;
  if (error instanceof EventError || error instanceof RulesError || error instanceof PausePointError)
    return `Nobody could be asked: ${error.message.replace(/\.$/, "")}.`;
  return `Nobody could be asked: ${error instanceof Error ? error.message.replace(/\.$/, "") : "something broke"}.`;
}

const pass: Outcome = { kind: "pass", reason: "" };

function denied(why: string): Outcome {
  return { kind: "deny", reason: `PausePoint: denied. ${why}` };
}

async function decide(event: HookEvent, parts: GateParts): Promise<Outcome> {
  const { host, rules } = parts;
  const action = actionOf(event);
  const text = textOfAction(action, event.input);
  // Reading takes time in proportion to the length, and what is as long as this can't be asked about anyway.
  const isFarTooLong = text.length > 200_000;
  const verdict =
    isFarTooLong && action.kind === "command"
      ? { kind: "ask" as const, why: "is far too long" }
      : verdictOf(action, rules);
  if (verdict.kind === "deny") return denied(`This command ${verdict.why}.`);
  if (verdict.kind === "allow") return { kind: event.kind === "prompt" ? "allow" : "pass", reason: verdict.why };
  // The host itself would ask a person here: so does this.
  const isAsked = verdict.kind === "ask" || event.kind === "prompt";
  if (!isAsked) return pass;
  if (rules.to === null) return denied(`Nobody is named who could be asked: put "to" into ${rules.file}.`);
  const { api, secret } = parts.server();
  const { channel, minutes, held: isHeld } = rules;
  const why = verdict.kind === "ask" ? verdict.why : "needs a permission, says the agent";
  const question = await questionOf({
    host,
    event,
    action,
    why,
    to: rules.to,
    channel,
    minutes,
    machine: parts.machine,
    secret,
    isHeld,
  });
  return isHeld ? await held(api, question, parts) : await waited(api, question, event, parts);
}

async function waited(api: PausePoint, question: Question, event: HookEvent, parts: GateParts): Promise<Outcome> {
  const { signal, state } = parts;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const asked = await create(api, question, round, signal);
    const isNew = asked.status === "pending";
    const forget = isNew ? state.open(event.session, callOf(event), asked.pause_id) : () => {};
    let pause: Pause;
    try {
      pause = isNew ? await api.waitForEnd(asked.pause_id, { signal, onPending: stopIfUnreached }) : asked;
    } catch (error) {
      await withdraw(api, asked.pause_id);
      throw error;
    } finally {
      forget();
    }
    const answer = answerOf(pause, question);
    if (event.callId !== null) return answer;
    // Without an id of the call, an identical later one comes to the same pause: an approval is used once, and what
    // ended without an answer is asked anew.
    if (answer.kind === "allow" ? state.use(pause.pause_id) : isNew || pause.status === "responded") return answer;
  }
  return denied("The same command was asked about too often.");
}

/** What nobody has got nobody answers: the agent need not stand still until the time is over. */
function stopIfUnreached(pause: Pause): void {
  const why = unreached(pause);
  if (why !== null) throw new PausePointError(`${why} (${pause.pause_id})`);
}

/** Denied now, and let through once, after it was approved: for hosts that can't wait. */
async function held(api: PausePoint, question: Question, { signal }: GateParts): Promise<Outcome> {
  // A person who is asked in vain trusts the next question less. The server's word is needed for a no.
  const isInVain = !(await mayConsume(api, signal).catch(() => true));
  signal.throwIfAborted();
  if (isInVain) throw new PausePointError(NO_SCOPE);
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const pause = await create(api, question, round, signal);
    if (pause.status === "pending")
      return denied(
        `It is held until a person has decided (${pause.pause_id})${withReach(pause)}. Do not go around it. Run the very same command again once it is approved: it is then let through once.`,
      );
    const answer = answerOf(pause, question);
    if (answer.kind === "allow") {
      if (await consumed(api, pause, question, signal)) return answer;
    } else if (pause.status === "responded" && Date.now() - Date.parse(pause.responded_at ?? "") < DENIED_MS) {
      return answer;
    }
  }
  return denied("The same command was approved and used too often; wait until tomorrow.");
}

/** What an ended pause says, if it is about this very question. */
function answerOf(pause: Pause, { body }: Question): Outcome {
  const isOurs =
    pause.message === body.message &&
    pause.action_digest === body.action_digest &&
    JSON.stringify(pause.options) === JSON.stringify(body.options);
  if (!isOurs) return denied("What the server answered is not about this command.");
  const { status, response_choice: choice, response_source: source, response_comment: comment } = pause;
  const said = typeof comment === "string" && comment !== "" ? ` They wrote: ${JSON.stringify(comment)}` : "";
  if (status === "responded" && source === "human") {
    if (choice === ALLOW) return { kind: "allow", reason: `Allowed once by a person (${pause.pause_id}).${said}` };
    return denied(`A person said no (${pause.pause_id}).${said}`);
  }
  if (status === "timed_out") return denied(`Nobody answered in time (${pause.pause_id})${withReach(pause)}.`);
  if (status === "cancelled") return denied(`The question was withdrawn (${pause.pause_id})${withReach(pause)}.`);
  return denied("What the server answered is no person's decision.");
}

/** To follow what is said of a pause. */
function withReach(pause: Pause): string {
  const why = unreached(pause);
  return why === null ? "" : `, but ${why}`;
}

/** Asks, and tries again what fails in passing. A create that is under way is let finish, so that it can be withdrawn. */
async function create(api: PausePoint, { body, key }: Question, round: number, signal: AbortSignal): Promise<Pause> {
  const idempotencyKey = `hook-${key}-${round}`;
  const end = Date.now() + PATIENCE_MS;
  for (let attempts = 1; ; attempts++) {
    signal.throwIfAborted();
    try {
      const pause = await api.createPause(body, { idempotencyKey });
      if (
        typeof pause.pause_id !== "string" ||
        !["pending", "responded", "timed_out", "cancelled"].includes(pause.status)
      )
        throw new PausePointError("what answered is not PausePoint: check the server's address");
      if (!signal.aborted) return pause;
      await withdraw(api, pause.pause_id);
      signal.throwIfAborted();
    } catch (error) {
      signal.throwIfAborted();
      const pauseMs = restMs(attempts, error);
      if (!isPassing(error) || Date.now() + pauseMs > end) throw error;
      await rest(pauseMs, signal);
    }
  }
}

/** The call has run, or its session has ended: whoever still looks at a question about it looks in vain. */
async function settle(event: HookEvent, { state, server }: GateParts): Promise<Outcome> {
  const open = state.opened(event.session, event.kind === "end" ? null : callOf(event));
  if (open.length > 0) {
    const { api } = server();
    await Promise.all(open.map((pauseId) => withdraw(api, pauseId, "It was settled at the terminal.")));
  }
  return pass;
}

/** As far as it goes: the question runs out by itself. */
async function withdraw(
  api: PausePoint,
  pauseId: string,
  reason = "Nobody waits for the answer any more.",
): Promise<void> {
  try {
    await api.cancelPause(pauseId, { reason, signal: AbortSignal.timeout(3_000) });
  } catch (error) {
    if (
      !(error instanceof ProblemError || error instanceof PausePointError || (error as Error).name === "TimeoutError")
    )
      throw error;
  }
}

function callOf({ tool, input }: HookEvent): string {
  return sha256([tool, JSON.stringify(input)]);
}
