import type { OutgoingMessage, SendResult } from "../channel.ts";
import type { Exchanged } from "./exchange.ts";

type Unanswered = Extract<Exchanged, { readonly failure: unknown }>;

/** Two texts are better than none, three are not. */
const MOST_SENT = 2;
const MOST_KEPT = 5_000;
const SHORTEST_WAIT_SECONDS = 30;
const LONGEST_WAIT_SECONDS = 300;

/**
 * Messages of which nobody knows whether the peer took them: it was reached, and did not answer. Each is sent once more,
 * after a wait in which a peer that is being restarted comes back, and then given up. In memory: a restart forgets it.
 */
export class Doubts {
  readonly #times = new Map<string, number>();

  /** What an attempt without an answer comes to. */
  judge(
    message: Pick<OutgoingMessage, "deliveryId" | "validForSeconds">,
    unanswered: Unanswered,
    peer: string,
  ): SendResult {
    const { failure, isDoubtful } = unanswered;
    if (!isDoubtful) return failure;
    const { deliveryId, validForSeconds } = message;
    const times = (this.#times.get(deliveryId) ?? 0) + 1;
    this.#times.delete(deliveryId);
    if (times >= MOST_SENT) {
      const error = `${peer} did not say that it took the text, also not when it was sent again; it may have arrived`;
      return { outcome: "failed", error, status: null, excerpt: null };
    }
    this.#times.set(deliveryId, times);
    const [oldest] = this.#times.keys();
    if (this.#times.size > MOST_KEPT && oldest !== undefined) this.#times.delete(oldest);
    const tenth = (validForSeconds ?? Number.POSITIVE_INFINITY) / 10;
    const seconds = Math.min(LONGEST_WAIT_SECONDS, Math.max(SHORTEST_WAIT_SECONDS, tenth));
    return { ...failure, error: `${failure.error}, which is sent once more`, retryAfterMs: seconds * 1000 };
  }

  /** What an answer comes to; a doubt from before stays until the message is taken or refused. */
  settle(deliveryId: string, result: SendResult): SendResult {
    if (result.outcome !== "retry") this.#times.delete(deliveryId);
    return result;
  }
}
