import type { Submission } from "./submission.ts";

/** One part of a message on its way. */
export interface Part {
  readonly submission: Submission;
  /** The carrier's id, once it took it; empty where it gave none. */
  messageId: string | null;
  /** How often it left without an answer. */
  unknown: number;
}

export interface Message {
  readonly parts: readonly Part[];
  /** The places of the parts of which no receipt has said that they arrived. */
  readonly missing: Set<number>;
}

export function messageOf(submissions: readonly Submission[]): Message {
  const parts = submissions.map((submission) => ({ submission, messageId: null, unknown: 0 }));
  return { parts, missing: new Set(parts.keys()) };
}

/** An unknown outcome is sent again at most once: two texts are better than none, three are not. */
export const MOST_UNKNOWN = 2;
const MOST_KEPT = 5_000;

/**
 * What is known of messages that are neither taken as a whole nor refused, from one attempt to the next, so that no part
 * that was taken goes out again. In memory: a restart forgets it.
 */
export class Progress {
  readonly #messages = new Map<string, Message>();

  /** What an earlier attempt left, or the message anew. */
  of(deliveryId: string, make: () => readonly Submission[]): Message {
    return this.#messages.get(deliveryId) ?? messageOf(make());
  }

  /** After an attempt: kept while it can make a difference to the next. */
  note(deliveryId: string, message: Message, isOver: boolean): void {
    this.#messages.delete(deliveryId);
    const hasBegun = message.parts.some(({ messageId, unknown }) => messageId !== null || unknown > 0);
    if (isOver || !hasBegun) return;
    this.#messages.set(deliveryId, message);
    const [oldest] = this.#messages.keys();
    if (this.#messages.size > MOST_KEPT && oldest !== undefined) this.#messages.delete(oldest);
  }
}
