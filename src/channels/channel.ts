import type { Segments } from "../platform/sms/segments.ts";

/**
 * A channel carries one message to one address, and tells what its peer says about it. It knows nothing of pauses,
 * storage or retries: the delivery queue decides when to try again, the channel only says what happened.
 */
export interface Channel {
  /** What kind of address it needs. */
  readonly addressKind: AddressKind;
  /** The one spelling of an address that is of the kind, or null for one that the channel does not take. */
  normalizeAddress?(text: string): string | null;
  /** What an address is, where the kind alone does not say: `a pager number of six digits`. */
  readonly addressHint?: string;
  /**
   * Hands one message to the outside. Resolves with what became of it, also when the peer refused;
   * may throw or reject for what it did not foresee (that counts as worth a retry).
   * `signal` aborts when the time for one attempt is over or the appliance stops.
   */
  send(message: OutgoingMessage, signal: AbortSignal): Promise<SendResult>;
  /**
   * The text as it goes out, link included, where one text is all that the person gets: spelled as this channel spells
   * it. Absent where a message is made of more than its text (a mail, a message in Slack).
   */
  textOf?(message: OutgoingMessage): string;
  /**
   * Tells someone who was asked that the question is over: by changing what was sent, where the peer can, else by a
   * message of its own. Absent where the channel never does.
   */
  conclude?(conclusion: Conclusion, signal: AbortSignal): Promise<SendResult>;
  /**
   * Answers a request that the peer makes of us, at `/hooks/<channel's name>/<rest>`. Verifies it first: what can't be
   * proven to come from the peer gets a 401 or 403 and is reported to nobody.
   */
  receive?(request: PeerRequest, report: Report): Promise<PeerAnswer>;
  /**
   * True where the peer takes some messages only for a while after the person last wrote: then it is kept when they
   * did, and every message says so.
   */
  readonly hasSessions?: boolean;
  /**
   * Asks the peer whether it takes the settings, as cheaply as it can be asked, and sends nothing to anybody. Resolves
   * with what came of it, also when `signal` aborts. Absent where only a message could tell.
   */
  probe?(signal: AbortSignal): Promise<Probed>;
  /** Keeps a connection of its own to the peer, from start to stop; connects again by itself for as long as it runs. */
  connect?(report: Report): Connection;
}

/** What asking a peer came to, in words without a full stop. */
export type Probed =
  /** `accepted`: it takes the credentials. `reached`: it takes connections, and credentials were not tried. */
  | {
      readonly outcome: "accepted" | "reached";
      readonly found: string;
      /** What the peer says that time it is, in milliseconds, where it says so. */
      readonly date?: number | null;
    }
  /** A message would not get through now. */
  | { readonly outcome: "refused"; readonly found: string };

export type AddressKind = "phone" | "email" | "slack" | "topic" | "text";

/** What the recipient is asked, for channels that show more than a line of text. */
export interface Question {
  /** Who asks: the project's display name. */
  readonly project: string;
  readonly message: string;
  readonly options: readonly string[];
  /** Label and text, in the order given. */
  readonly details: readonly (readonly [label: string, text: string])[];
  /** Milliseconds since the Unix epoch. */
  readonly expiresAt: number;
  /** What counts when nobody answers, or null. */
  readonly timeoutDefault: string | null;
  /** The IANA zone that exact times are shown in. */
  readonly timeZone: string;
  readonly isTest: boolean;
}

export interface OutgoingMessage {
  /** Stable over the retries of one delivery; a peer that can deduplicate is given it. */
  readonly deliveryId: string;
  /** The address in the channel's own form: E.164 (`+13128471928`), an email address, a Slack id. */
  readonly to: string;
  /** The whole text, link included, as the template made it. Plain text, line feeds only. */
  readonly text: string;
  /** The link alone; it stands in `text` too, and must never be cut. */
  readonly link: string;
  /** The same question in its parts; null for a message that asks nothing (an answer to a reply). */
  readonly question: Question | null;
  /** Seconds left of the question; a peer that can drop a text it could not pass on by then is told. Null: no end. */
  readonly validForSeconds: number | null;
  /** The operator's own test: its text need not be hidden in what the peer answers. */
  readonly isProbe?: true;
  /** How the question can be answered by a reply: words that stand in `text` too; null or absent where it can't. */
  readonly howToReply?: string | null;
  /** Of a channel with sessions: when this person last wrote, in milliseconds since the Unix epoch, or null. */
  readonly heardAt?: number | null;
}

/** How a question ended, for one who was asked. */
export interface Conclusion {
  readonly deliveryId: string;
  readonly to: string;
  readonly link: string;
  readonly question: Question;
  /** What {@link SendResult} gave for the message that asked; null when it never arrived there. */
  readonly providerId: string | null;
  /** Words for a person: `Answered: Approve, by another recipient.` */
  readonly text: string;
  readonly ending: "responded" | "timed_out" | "cancelled";
  /** The option that counts now, or null. */
  readonly choice: string | null;
  /** As in {@link OutgoingMessage}. */
  readonly heardAt?: number | null;
}

export type SendResult = Outcome & {
  /** What the text cost, in the spelling and encoding that it was handed over in; absent where texts cost nothing. */
  readonly segments?: Segments;
};

type Outcome =
  /**
   * The peer took it; `delivered` when that means that it is where the person sees it. `providerId` is the peer's own
   * id for the message, if it gave one.
   */
  | {
      readonly outcome: "sent" | "delivered";
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
      /** True when no message would get through now (a refused log-in, a dead host, "slow down"): the rest waits too. */
      readonly isChannelDown?: boolean;
    }
  /** The peer will never take it. */
  | {
      readonly outcome: "failed";
      readonly error: string;
      readonly status: number | null;
      readonly excerpt: string | null;
    };

/** A request of a peer: a receipt, a reply, a tap. */
export interface PeerRequest {
  readonly method: "GET" | "POST";
  /** The whole address as the peer called it, as seen through trusted proxies: what signatures are made over. */
  readonly url: string;
  /** What follows `/hooks/<channel's name>/` in the path. */
  readonly rest: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The bytes as they came, at most 64 kB. */
  readonly body: Uint8Array;
  /** The caller's address, as trusted proxies tell it; null behind one that is not trusted. */
  readonly address: string | null;
}

/** What the peer is answered. Objects are sent as JSON. */
export interface PeerAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: object | string | null;
}

/** What a peer tells. */
export type PeerEvent =
  /** What became of a message that was sent. */
  | {
      readonly kind: "receipt";
      /** Empty where the channel does not know it, as after a restart; then there are `providerIds`. */
      readonly deliveryId: string;
      /**
       * The peer's own id for what the receipt is of, as {@link SendResult} may have given it: under one of these. Of a
       * message in several parts it is one among others there, with commas between.
       */
      readonly providerIds?: readonly string[];
      readonly status: "sent" | "delivered" | "failed";
      /** Plain words and the peer's code, for `failed`. */
      readonly error: string | null;
      /** True of one that failed because the person's session was over: it is then sent once more, for outside of one. */
      readonly isSessionOver?: boolean;
    }
  /** Someone wrote. `from` is an address in the channel's own form. */
  | { readonly kind: "reply"; readonly from: string; readonly text: string }
  /** Someone chose by a button of a verified interaction. */
  | {
      readonly kind: "tap";
      /** The token at the end of the link of the message with the button. */
      readonly token: string;
      /** The option's place, from 0. */
      readonly option: number;
      /** The peer's own id of who tapped, as `U012AB3CD`, or their number. */
      readonly by: string;
      readonly via: "slack" | "whatsapp";
    };

/**
 * Hands on what a peer told. Resolves once it is on disk, so that the peer is answered only then, with words for the one
 * who wrote or tapped (`Recorded: Approve`, `This question was withdrawn.`), or null where there is nothing to say.
 */
export type Report = (event: PeerEvent) => Promise<string | null>;

export interface Connection {
  /** True while the peer can be heard. */
  readonly isUp: boolean;
  /** Ends it; resolves when it is closed. */
  stop(): Promise<void>;
}
