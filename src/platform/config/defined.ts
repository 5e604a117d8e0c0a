/**
 * A channel that the operator writes: `defineChannel({ … })`. What stands here is what such a channel is written
 * against, so it only grows; `channels/channel.ts` is what the appliance itself uses, and may change.
 */
import { z } from "zod";
import { oneOf, section, text, wholeNumber } from "./leaves.ts";

/** What the recipient is asked. */
export interface ChannelQuestion {
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

/** One message to one address. */
export interface ChannelMessage {
  /** The same over all attempts at one message: give it to a peer that can drop doubles. */
  readonly deliveryId: string;
  /** In the normal form of the channel's addresses. */
  readonly to: string;
  /** The whole text with its link. Plain text, line feeds only. */
  readonly text: string;
  /** The link alone; never cut it. */
  readonly link: string;
  /** The same question in its parts; null for a message that asks nothing, such as a test of the operator's. */
  readonly question: ChannelQuestion | null;
  /** Whole seconds that the question is still open; null for no end. */
  readonly validForSeconds: number | null;
}

/** How a question ended, for one who was asked. */
export interface ChannelConclusion {
  /** Its own, the same over all attempts at it: give it to a peer that can drop doubles. */
  readonly deliveryId: string;
  /** That of the message that asked. */
  readonly askedId: string;
  readonly to: string;
  readonly link: string;
  readonly question: ChannelQuestion;
  /** What `send` gave for the message that asked; null when it never arrived there. */
  readonly providerId: string | null;
  /** Words for a person: `Another recipient answered: Approve`. */
  readonly text: string;
  readonly ending: "responded" | "timed_out" | "cancelled";
  /** The option that counts, or null. */
  readonly choice: string | null;
}

const SENTENCE = "a sentence for the operator, as retry and failed need one";
const words = z.string(SENTENCE).min(1, SENTENCE);
const PEERS_ID = "a string of at most 256 characters, or a whole number";
/** The peer's own id for a message: a string, or a number that is taken as one. */
const peersId = z
  .union([z.string(), z.int()], PEERS_ID)
  .transform(String)
  .refine((id) => id.length <= 256, PEERS_ID);
/** What the peer answered: its status, and the start of its words. */
const answered = {
  status: z.int("a whole number or null").nullish(),
  excerpt: z.string("a string or null").nullish(),
};

/** What `send` and `conclude` resolve with. */
export const channelResult = z.discriminatedUnion(
  "outcome",
  [
    /** The peer took it; `delivered` when that means that it is where the person sees it. */
    z.strictObject({
      outcome: z.enum(["sent", "delivered"]),
      /** The peer's own id for it: receipts may name it. */
      providerId: peersId.nullish(),
      ...answered,
    }),
    /** Not now; a later attempt may succeed. */
    z.strictObject({
      outcome: z.literal("retry"),
      error: words,
      /** What the peer asked for. */
      retryAfterMs: z.number("milliseconds or null").nonnegative("milliseconds or null").nullish(),
      /** True when no message would get through now: the rest waits too. */
      isChannelDown: z.boolean("true or false").nullish(),
      ...answered,
    }),
    /** Never. */
    z.strictObject({ outcome: z.literal("failed"), error: words, ...answered }),
  ],
  '"sent", "delivered", "retry" or "failed"',
);
export type ChannelResult = z.input<typeof channelResult>;

/** What a peer tells. */
export const channelEvent = z.discriminatedUnion(
  "kind",
  [
    /** What became of a message: by the id that `send` was given, or by the one that it gave. */
    z
      .strictObject({
        kind: z.literal("receipt"),
        deliveryId: z.string("a string").max(64, "at most 64 characters").nullish(),
        /** As `send` gave it. */
        providerId: peersId.nullish(),
        status: z.enum(["sent", "delivered", "failed"], '"sent", "delivered" or "failed"'),
        /** Plain words, for `failed`. */
        error: z.string("a string or null").nullish(),
      })
      .refine(({ deliveryId, providerId }) => Boolean(deliveryId || providerId), {
        path: ["deliveryId"],
        message: "the id that send was given, or there has to be the providerId that it gave",
      }),
    /** Someone wrote. `from` is an address of the channel, in any spelling that its `normalizeAddress` reads. */
    z.strictObject({
      kind: z.literal("reply"),
      from: z.string("an address").min(1, "an address"),
      text: z.string("a string"),
    }),
  ],
  '"receipt" or "reply"',
);
export type ChannelEvent = z.input<typeof channelEvent>;

/** A request of the peer's at `/hooks/<channel's name>/<rest>`. */
export interface ChannelRequest {
  readonly method: "GET" | "POST";
  /** The whole address as the peer called it: what signatures are made over. */
  readonly url: string;
  readonly rest: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The bytes as they came, at most 64 kB. */
  readonly body: Uint8Array;
  /** The caller's address. */
  readonly address: string | null;
}

/** What the peer is answered. An object is sent as JSON. */
export const channelAnswer = z.strictObject(
  {
    status: wholeNumber(200, 599),
    headers: z
      .record(z.string().regex(/^[\w-]+$/), z.string("printable text").regex(/^[ -~]*$/, "printable text"), {
        error: (issue) => (issue.code === "invalid_key" ? "a header's name" : "an object of names and texts"),
      })
      .exactOptional(),
    body: z.union([z.string(), z.record(z.string(), z.unknown()), z.array(z.unknown())], "text or JSON").nullish(),
  },
  { error: (issue) => (issue.code === "unrecognized_keys" ? undefined : "an object with status") },
);
export type ChannelAnswer = z.input<typeof channelAnswer>;

/**
 * Hands on what a peer told. Resolves once it is on disk, with words for the one who wrote, or null. Answer the peer
 * after that; where it rejects, let it reject: the peer is answered an error and comes again.
 */
export type ChannelReport = (event: ChannelEvent) => Promise<string | null>;

/** A connection that the channel keeps. */
export interface ChannelConnection {
  /** True while the peer can be heard. */
  readonly isUp?: boolean;
  stop(): unknown;
}

/** Never a whole message or address: ids, counts, states and error codes. */
type Note = (event: string, fields?: Readonly<Record<string, string | number | boolean | null>>) => void;

/** What a channel uses of the world: in a test of yours, give it others. */
export interface ChannelTools {
  /** As everywhere. */
  fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>;
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** The server's log. What is in `secrets`, and the message's own address, link and text, are hidden in it. */
  readonly log: { readonly info: Note; readonly warn: Note; readonly error: Note };
  /** Where the peer can call this server for the channel, without a closing slash. */
  readonly hooksUrl: string;
  /** Compares in a time that tells nothing of where they differ. */
  sameSecret(given: string | null | undefined, expected: string | undefined): boolean;
}

type Send = (message: ChannelMessage, signal: AbortSignal, tools: ChannelTools) => Promise<ChannelResult>;
type Conclude = (over: ChannelConclusion, signal: AbortSignal, tools: ChannelTools) => Promise<ChannelResult>;
type Receive = (request: ChannelRequest, report: ChannelReport, tools: ChannelTools) => Promise<ChannelAnswer>;
type Connect = (report: ChannelReport, tools: ChannelTools) => ChannelConnection | Promise<ChannelConnection>;
type NormalizeAddress = (text: string) => string | null;

/** A function; what it gives is checked each time it is called. */
function callable<F>(allowed: string) {
  return z.custom<F>((value) => typeof value === "function", allowed);
}

/** The settings of `defineChannel({ … })`. */
export const definedSchema = section({
  kind: z.literal("defined"),
  /** What recipients are: of one of the known kinds, or `text` for anything in one line of at most 200 characters. */
  addressKind: oneOf(["phone", "email", "slack", "topic", "text"]),
  /** The one spelling of an address, or null for what is none. It is given what is an address of the kind. */
  normalizeAddress: callable<NormalizeAddress>("a function (text) => text or null").exactOptional(),
  /** What an address is, for whoever gave another: `a pager number of six digits`. */
  addressHint: text(
    "one line of 1 to 100 characters, such as: a pager number of six digits",
    /^[^\p{Cc}]{1,100}$/u,
  ).exactOptional(),
  /** Hands one message over, and says what became of it. */
  send: callable<Send>("a function (message, signal, tools) => a promise of { outcome }"),
  /** Tells someone who was asked that it is over. */
  conclude: callable<Conclude>("a function (over, signal, tools) => a promise of { outcome }").exactOptional(),
  /** Whether `conclude` sends another message, or changes the one that asked. Default `by message`. */
  concludes: oneOf(["by message", "in place"]).default("by message"),
  /** Answers what the peer asks at `/hooks/<name>/<rest>`. */
  receive: callable<Receive>("a function (request, report, tools) => a promise of { status }").exactOptional(),
  /** Keeps a connection, from start to stop. */
  connect: callable<Connect>("a function (report, tools) => { stop }").exactOptional(),
  /** What is never shown: each is hidden in errors, excerpts and log lines. */
  secrets: z.array(text("a string of at least 4 characters", /^.{4,}$/s), "an array of strings").default([]),
  /** What a text that someone writes back can do; as for `twilio`. Default `off`. */
  replies: oneOf(["off", "code", "open"]).default("off"),
  /** How many segments a text may take, 1 to 10; null where texts cost nothing. Default null. */
  maxSegments: wholeNumber(1, 10).nullable().default(null),
  /** How long one attempt may take, 1 to 120 s. Default 15. */
  timeoutSeconds: wholeNumber(1, 120).default(15),
  /** How many messages are handed over at the same time, 1 to 100. Default 4. */
  concurrency: wholeNumber(1, 100).default(4),
}).superRefine(({ replies, receive, connect }, context) => {
  if (replies === "off" || receive !== undefined || connect !== undefined) return;
  const message = '"off", since there is neither receive nor connect to hear a reply';
  context.addIssue({ code: "custom", path: ["replies"], message });
});

type Settings = z.input<typeof definedSchema>;

/** What `defineChannel({ … })` takes. The types allow undefined, as `process.env.X` may be; the start then refuses it. */
export type ChannelDefinition = {
  [Key in keyof Settings as Exclude<Key, "kind" | "secrets">]: Settings[Key] | undefined;
} & { readonly secrets?: readonly (string | undefined)[] | undefined };

/** A channel of the operator's own, checked, with its defaults. */
export type DefinedConfig = Readonly<z.output<typeof definedSchema>>;
