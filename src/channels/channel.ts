/**
 * A channel carries one message to one address. It knows nothing of pauses, storage or retries: the delivery queue
 * decides when to try again, the channel only says what happened.
 */
export interface Channel {
  /** What kind of address it needs. */
  readonly addressKind: AddressKind;
  /**
   * Hands one message to the outside. Resolves with what became of it, also when the peer refused;
   * may throw or reject for what it did not foresee (that counts as worth a retry).
   * `signal` aborts when the time for one attempt is over or the appliance stops.
   */
  send(message: OutgoingMessage, signal: AbortSignal): Promise<SendResult>;
}

export type AddressKind = "phone" | "email" | "slack";

export interface OutgoingMessage {
  /** Stable over the retries of one delivery; a peer that can deduplicate is given it. */
  readonly deliveryId: string;
  /** The address in the channel's own form: E.164 (`+13128471928`), an email address, a Slack id. */
  readonly to: string;
  /** The whole text, link included, as the template made it. Plain text, line feeds only. */
  readonly text: string;
  /** The link alone; it stands in `text` too, and must never be cut. */
  readonly link: string;
  /** Seconds left of the question; a peer that can drop a text it could not pass on by then is told. Null: no end. */
  readonly validForSeconds: number | null;
}

export type SendResult =
  /** The peer took it. `providerId` is the peer's own id for the message, if it gave one. */
  | {
      readonly outcome: "sent";
      readonly providerId: string | null;
      readonly status: number | null;
      readonly excerpt: string | null;
    }
  /** The peer did not take it now; a later attempt may succeed. `retryAfterMs` is what the peer asked for. */
  | {
      readonly outcome: "retry";
      readonly error: string;
      readonly status: number | null;
      readonly excerpt: string | null;
      readonly retryAfterMs: number | null;
    }
  /** The peer will never take it. */
  | {
      readonly outcome: "failed";
      readonly error: string;
      readonly status: number | null;
      readonly excerpt: string | null;
    };
